#ifndef IOVALAB_MODEL_EVENT_TRACE_H_
#define IOVALAB_MODEL_EVENT_TRACE_H_

// Trace: what happened in a run, in memory: compact records in order, and the
// facts that name the run. lab/trace_text and lab/trace_binary encode it.
//
// An event's id for people is not stored: it is the label of the step it
// descends from (its root), its actor, and its number among that step's events
// of that actor; so an added event renames none outside its step.
//
// Invariants: an event's cause and root precede it (a kStep's root is itself);
// the words of event i are words[word_begin, word_begin + number of fields).

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/event/kinds.h"
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
  };

  Header header;

  size_t size() const { return events_.size(); }
  const EventRecord& event(EventIndex i) const { return events_[i]; }
  absl::Span<const uint64_t> words(EventIndex i) const;
  uint64_t word(EventIndex i, size_t field) const { return words(i)[field]; }

  // Appends an event; `words` has one value a field of the kind (checked).
  EventIndex Append(EventRecord record, absl::Span<const uint64_t> words);
  // Completes a record whose answer is known only after its effects.
  void SetWord(EventIndex i, size_t field, uint64_t value);
  // Likewise for the rule that decided it.
  void SetRule(EventIndex i, Rule rule) { events_[i].rule = rule; }

  // The index of a name in names(), added when new. Linear in nothing: names
  // are found by binary search.
  uint32_t Intern(absl::string_view name);
  const std::vector<std::string>& names() const { return names_; }
  absl::string_view name(uint64_t index) const;

  // Bytes held in memory, for the trace bound.
  size_t bytes() const {
    return events_.size() * sizeof(EventRecord) + words_.size() * 8;
  }

 private:
  std::vector<EventRecord> events_;
  std::vector<uint64_t> words_;
  std::vector<std::string> names_;
  std::vector<uint32_t> sorted_names_;  // indexes into names_, by name
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_EVENT_TRACE_H_
