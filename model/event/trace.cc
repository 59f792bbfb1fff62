#include "model/event/trace.h"

#include "sim/check.h"

namespace iovalab {

absl::Span<const uint64_t> Trace::words(EventIndex i) const {
  const EventRecord& record = events_[i];
  return words_.Run(record.word_begin, GetKind(record.kind).fields.size());
}

// Where they begin.
inline uint32_t Trace::AppendWords(Kind kind,
                                   absl::Span<const uint64_t> words) {
  sim::Check(words.size() == GetKind(kind).fields.size(),
             "an event has one word a field");
  // 2^32 words are 32 GiB: a run's bound stops far below.
  const size_t begin = words_.Append(words.data(), words.size());
  sim::Check(begin <= UINT32_MAX, "too many words");
  return static_cast<uint32_t>(begin);
}

EventIndex Trace::Append(EventRecord record, absl::Span<const uint64_t> words) {
  const auto index = static_cast<EventIndex>(events_.size());
  if (record.kind == Kind::kStep) {
    record.root = index;
    record.actor = Actor::kScript;
  } else {
    sim::Check(record.root < index && events_[record.root].kind == Kind::kStep,
               "an event's root is a step before it");
  }
  sim::Check(record.cause < index || record.cause == kNoEventIndex,
             "an event follows its cause");
  record.word_begin = AppendWords(record.kind, words);
  events_.Append(&record, 1);
  return index;
}

EventIndex Trace::Append(int64_t time, EventIndex cause, Kind kind, Actor actor,
                         Rule rule, absl::Span<const uint64_t> words) {
  const auto index = static_cast<EventIndex>(events_.size());
  EventIndex root = index;
  if (kind == Kind::kStep) {
    actor = Actor::kScript;
  } else {
    sim::Check(cause < index, "an event that is no step has a cause before it");
    root = events_[cause].root;
  }
  sim::Check(cause < index || cause == kNoEventIndex,
             "an event follows its cause");
  const uint32_t word_begin = AppendWords(kind, words);
  EventRecord& to = *events_.Grow(1).to;
  to.time = time;
  to.cause = cause;
  to.root = root;
  to.word_begin = word_begin;
  to.rule = rule;
  to.kind = kind;
  to.actor = actor;
  return index;
}

void Trace::SetWord(EventIndex i, size_t field, uint64_t value) {
  sim::Check(field < GetKind(events_[i].kind).fields.size(), "no such field");
  words_[events_[i].word_begin + field] = value;
}

uint32_t Trace::Intern(absl::string_view name) {
  const uint32_t before = names_.size();
  const uint32_t index = names_.Add(name);
  if (index == before) string_bytes_ += 2 * (name.size() + sizeof(std::string));
  return index;
}

absl::string_view Trace::name(uint64_t index) const {
  return index < names_.size() ? absl::string_view(names()[index]) : "-";
}

absl::string_view Trace::unknown(EventIndex i) const {
  const auto at = unknown_.find(i);
  return at == unknown_.end() ? absl::string_view() : at->second;
}

void Trace::SetUnknown(EventIndex i, absl::string_view fields) {
  sim::Check(i < events_.size(), "no such event");
  if (fields.empty()) return;
  unknown_[i] = std::string(fields);
  string_bytes_ += fields.size() + 2 * sizeof(std::string);
}

}  // namespace iovalab
