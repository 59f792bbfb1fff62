#include "model/event/trace.h"

#include <algorithm>

#include "sim/check.h"

namespace iovalab {

absl::Span<const uint64_t> Trace::words(EventIndex i) const {
  const EventRecord& record = events_[i];
  return absl::MakeConstSpan(words_).subspan(
      record.word_begin, GetKind(record.kind).fields.size());
}

EventIndex Trace::Append(EventRecord record, absl::Span<const uint64_t> words) {
  sim::Check(words.size() == GetKind(record.kind).fields.size(),
             "an event has one word a field");
  const auto index = static_cast<EventIndex>(events_.size());
  if (record.kind == Kind::kStep) record.root = index;
  sim::Check(record.root <= index, "an event follows its root");
  record.word_begin = static_cast<uint32_t>(words_.size());
  words_.insert(words_.end(), words.begin(), words.end());
  events_.push_back(record);
  return index;
}

void Trace::SetWord(EventIndex i, size_t field, uint64_t value) {
  sim::Check(field < GetKind(events_[i].kind).fields.size(), "no such field");
  words_[events_[i].word_begin + field] = value;
}

uint32_t Trace::Intern(absl::string_view name) {
  const auto at = std::lower_bound(
      sorted_names_.begin(), sorted_names_.end(), name,
      [this](uint32_t i, absl::string_view n) { return names_[i] < n; });
  if (at != sorted_names_.end() && names_[*at] == name) return *at;
  const auto index = static_cast<uint32_t>(names_.size());
  sorted_names_.insert(at, index);
  names_.emplace_back(name);
  return index;
}

absl::string_view Trace::name(uint64_t index) const {
  return index < names_.size() ? absl::string_view(names_[index]) : "-";
}

}  // namespace iovalab
