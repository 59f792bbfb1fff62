#ifndef IOVALAB_MODEL_EVENT_TRACE_H_
#define IOVALAB_MODEL_EVENT_TRACE_H_

// Trace: what happened in a run, in memory: compact records in order, and the
// facts that name the run. lab/trace/trace_text and lab/trace/trace_binary
// encode it.
//
// An event's id for people is not stored: it is the label of the step it
// descends from (its root), its actor, and its number among that step's events
// of that actor; so an added event renames none outside its step.
//
// Not for: encoding (lab/trace/trace_text, lab/trace/trace_binary) nor for
// checking a trace that comes from a file (lab/trace/trace_builder).
//
// Invariants: an event's cause and root precede it, and so do the events that
// its fields name; a root is a kStep; a kStep is its own root, and its actor
// the script; no event is earlier than its cause; step labels (field 0 of a
// kStep) are unique; the words of event i are words[word_begin, word_begin +
// number of fields).

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/event/chunked.h"
#include "model/event/kinds.h"
#include "model/event/name_table.h"
#include "model/event/rules.h"

namespace iovalab {

using EventIndex = uint32_t;
inline constexpr EventIndex kNoEventIndex = UINT32_MAX;

struct EventRecord {
  int64_t time = 0;                  // ns since the run began
  EventIndex cause = kNoEventIndex;  // kNoEventIndex: none (a timed step)
  EventIndex root = kNoEventIndex;   // the kStep it descends from
  uint32_t word_begin = 0;
  Rule rule = Rule::kNone;
  Kind kind = Kind::kStep;
  Actor actor = Actor::kScript;
};

class Trace {
 public:
  // What names the run; both encodings hold it.
  struct Header {
    std::string scenario_name;
    std::string scenario;  // canonical text form of the scenario
    std::vector<std::pair<std::string, std::string>> policies;  // axis, value
    uint64_t seed = 0;
    std::string tool;      // version of the tool that wrote it
    bool complete = true;  // false: the run was cut off by a bound
    std::string unknown;   // protobuf fields that this version does not know
  };

  Header header;

  size_t size() const { return events_.size(); }
  const EventRecord& event(EventIndex i) const { return events_[i]; }
  absl::Span<const uint64_t> words(EventIndex i) const;
  uint64_t word(EventIndex i, size_t field) const { return words(i)[field]; }

  // Appends an event; `words` has one value a field of the kind (checked). Of a
  // kStep, root and actor are set here.
  EventIndex Append(EventRecord record, absl::Span<const uint64_t> words);
  // The same for an event that a run records, field by field: no record is put
  // together first. Its root is its cause's; without a cause it has none and is
  // a kStep (checked).
  EventIndex Append(int64_t time, EventIndex cause, Kind kind, Actor actor,
                    Rule rule, absl::Span<const uint64_t> words);
  // Completes a record whose answer is known only after its effects.
  void SetWord(EventIndex i, size_t field, uint64_t value);
  // Likewise for the rule that decided it.
  void SetRule(EventIndex i, Rule rule) { events_[i].rule = rule; }

  // The index of a name in names(), added when new. Constant time.
  uint32_t Intern(absl::string_view name);
  const std::vector<std::string>& names() const { return names_.names(); }
  absl::string_view name(uint64_t index) const;

  // Protobuf fields of event i that this version does not know, as read; both
  // encodings write them back.
  absl::string_view unknown(EventIndex i) const;
  void SetUnknown(EventIndex i, absl::string_view fields);
  bool has_unknown() const { return !unknown_.empty(); }

  // Bytes held in memory, about, for the trace bound.
  size_t bytes() const {
    return events_.size() * sizeof(EventRecord) + words_.size() * 8 +
           string_bytes_;
  }

 private:
  uint32_t AppendWords(Kind kind, absl::Span<const uint64_t> words);

  Chunked<EventRecord> events_;
  Chunked<uint64_t> words_;
  NameTable names_;
  std::map<EventIndex, std::string> unknown_;
  size_t string_bytes_ = 0;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_EVENT_TRACE_H_
