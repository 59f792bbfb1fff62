#include "lab/trace/trace_builder.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "model/store/store_id.h"
#include "sim/check.h"

namespace iovalab {
namespace {

// What Trace can number: words have 32-bit places.
constexpr uint64_t kMostEvents = kNoEventIndex - 1;
constexpr uint64_t kMostBytes = uint64_t{UINT32_MAX} * 8;

absl::Status Wrong(absl::string_view field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", what));
}

}  // namespace

TraceBuilder::TraceBuilder(TraceLimits limits)
    : limits_{std::min(limits.max_events, kMostEvents),
              std::min(limits.max_bytes, kMostBytes)},
      ids_(&trace_) {}

absl::Status TraceBuilder::CheckLimits() const {
  if (trace_.size() >= limits_.max_events) {
    return absl::ResourceExhaustedError(
        absl::StrCat("events: more than the limit of ", limits_.max_events));
  }
  if (trace_.bytes() > limits_.max_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "bytes: in memory more than the limit of ", limits_.max_bytes));
  }
  return absl::OkStatus();
}

absl::Status TraceBuilder::CheckRecord(const EventRecord& record) const {
  sim::Check(record.kind < Kind::kCount && record.actor < Actor::kCount &&
                 record.rule < Rule::kCount,
             "readers look kinds, actors and rules up by name");
  int64_t since = 0;
  if (record.cause != kNoEventIndex) {
    if (record.cause >= trace_.size()) {
      return Wrong("cause", "must be an earlier event");
    }
    since = trace_.event(record.cause).time;
  }
  if (record.time < since) {
    return Wrong("time", "must not be before the cause's");
  }
  if (record.kind == Kind::kStep) return absl::OkStatus();
  if (record.root >= trace_.size() ||
      trace_.event(record.root).kind != Kind::kStep) {
    return Wrong("id", "must begin with the label of an earlier step");
  }
  return absl::OkStatus();
}

absl::Status TraceBuilder::CheckLabel(uint64_t name) {
  if (name >= trace_.names().size()) {
    return Wrong("id", "a step must have a label");
  }
  is_label_.resize(std::max<size_t>(is_label_.size(), name + 1));
  if (is_label_[name]) {
    return Wrong("id", "another step has this label; labels must be unique");
  }
  is_label_[name] = true;
  return absl::OkStatus();
}

absl::Status TraceBuilder::CheckWord(const FieldInfo& field,
                                     uint64_t word) const {
  switch (field.type) {
    case FieldType::kName:
      if (word == kNoName || word < trace_.names().size()) break;
      return Wrong(field.name, "must be a name that the trace holds");
    case FieldType::kEvent:
      if (word == kNoEvent || word < trace_.size()) break;
      return Wrong(field.name, "must be an earlier event");
    case FieldType::kStore:
      if (StoreId::Unpack(word)) break;
      return Wrong(field.name, "must be a store");
    case FieldType::kRule:
      if (word < static_cast<uint64_t>(Rule::kCount)) break;
      return Wrong(field.name, "must be a rule");
    default:
      break;
  }
  return absl::OkStatus();
}

absl::Status TraceBuilder::Add(const EventRecord& record,
                               absl::Span<const uint64_t> words,
                               absl::string_view unknown) {
  const absl::Span<const FieldInfo> fields = GetKind(record.kind).fields;
  if (absl::Status s = CheckLimits(); !s.ok()) return s;
  if (absl::Status s = CheckRecord(record); !s.ok()) return s;
  if (record.kind == Kind::kStep) {
    if (absl::Status s = CheckLabel(words[kStepLabel]); !s.ok()) return s;
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    if (absl::Status s = CheckWord(fields[i], words[i]); !s.ok()) return s;
  }
  const EventIndex index = trace_.Append(record, words);
  if (!unknown.empty()) trace_.SetUnknown(index, unknown);
  ids_.Extend();
  return absl::OkStatus();
}

}  // namespace iovalab
