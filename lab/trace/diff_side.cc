#include "lab/trace/diff_side.h"

#include <algorithm>

namespace iovalab {
namespace {

uint64_t Mix(uint64_t h, uint64_t v) {
  h = (h ^ v) * 0x9e3779b97f4a7c15;
  return h ^ h >> 32;
}

// FNV-1a; not absl::Hash, whose values differ from run to run.
uint64_t HashBytes(absl::string_view bytes) {
  uint64_t h = 0xcbf29ce484222325;
  for (const char c : bytes) {
    h = (h ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  }
  return h;
}

}  // namespace

DiffIgnored::DiffIgnored(const DiffOptions& options) {
  const auto has = [&options](absl::string_view name) {
    return std::find(options.ignore.begin(), options.ignore.end(), name) !=
           options.ignore.end();
  };
  time = has("time");
  cause = has("cause");
  rule = has("rule");
  scenario = has("scenario");
  seed = has("seed");
  policy = has("policy");
  complete = has("complete");
  for (size_t k = 0; k < static_cast<size_t>(Kind::kCount); ++k) {
    std::vector<bool>& row = fields.emplace_back();
    for (const FieldInfo& field : GetKind(static_cast<Kind>(k)).fields) {
      row.push_back(has(field.name));
    }
  }
}

DiffSide::DiffSide(const Trace* t, const DiffIgnored& ignored)
    : trace(*t), ids(t) {
  for (const std::string& name : trace.names())
    name_keys_.push_back(HashBytes(name));
  keys.reserve(trace.size());
  for (EventIndex i = 0; i < trace.size(); ++i) {
    keys.push_back(KeyOf(i, ignored));
    if (trace.event(i).kind != Kind::kStep) continue;
    labels_.try_emplace(LabelOf(i), i);
    steps.push_back(i);
  }
  // Events by step: count, then place.
  begin_.assign(steps.size() + 1, 0);
  const auto number = [this](EventIndex i) {
    return ids.Number(trace.event(i).root);
  };
  for (EventIndex i = 0; i < trace.size(); ++i) {
    if (trace.event(i).kind != Kind::kStep) ++begin_[number(i) + 1];
  }
  for (size_t s = 0; s < steps.size(); ++s) begin_[s + 1] += begin_[s];
  by_step_.resize(begin_.back());
  std::vector<uint32_t> next = begin_;
  for (EventIndex i = 0; i < trace.size(); ++i) {
    if (trace.event(i).kind != Kind::kStep) by_step_[next[number(i)]++] = i;
  }
}

absl::Span<const EventIndex> DiffSide::EventsOf(EventIndex step) const {
  const uint32_t s = ids.Number(step);
  return absl::MakeConstSpan(by_step_).subspan(begin_[s],
                                               begin_[s + 1] - begin_[s]);
}

EventIndex DiffSide::StepOf(absl::string_view label) const {
  const auto at = labels_.find(label);
  return at == labels_.end() ? kNoEventIndex : at->second;
}

absl::string_view DiffSide::LabelOf(EventIndex step) const {
  return trace.name(trace.word(step, kStepLabel));
}

int64_t DiffSide::Delay(EventIndex i) const {
  const EventRecord& record = trace.event(i);
  return record.cause == kNoEventIndex
             ? record.time
             : record.time - trace.event(record.cause).time;
}

uint64_t DiffSide::KeyOf(EventIndex i, const DiffIgnored& ignored) const {
  const EventRecord& record = trace.event(i);
  uint64_t h = Mix(static_cast<uint64_t>(record.kind) << 8 |
                       static_cast<uint64_t>(record.actor),
                   ignored.rule ? 0 : static_cast<uint64_t>(record.rule));
  if (!ignored.time) h = Mix(h, static_cast<uint64_t>(Delay(i)));
  const absl::Span<const FieldInfo> fields = GetKind(record.kind).fields;
  const absl::Span<const uint64_t> words = trace.words(i);
  for (size_t f = 0; f < fields.size(); ++f) {
    if (ignored.Field(record.kind, f)) continue;
    if (fields[f].type == FieldType::kEvent) continue;
    const bool name = fields[f].type == FieldType::kName;
    h = Mix(h, name ? NameKey(words[f]) : words[f]);
  }
  if (trace.has_unknown()) h = Mix(h, HashBytes(trace.unknown(i)));
  return h;
}

}  // namespace iovalab
