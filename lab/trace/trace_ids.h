#ifndef IOVALAB_LAB_TRACE_TRACE_IDS_H_
#define IOVALAB_LAB_TRACE_TRACE_IDS_H_

// EventIds: what people call an event. A step is its label; any other event is
// LABEL/ACTOR.N, the N-th event (from 1) of that actor in the step that it
// descends from. So an id tells where to look, and an event added in one step
// renames nothing in another.
//
// Invariants: Find(Id(i)) == i for every event of a valid trace. The trace
// outlives this, and may grow: Extend() takes in the new events.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "model/event/trace.h"

namespace iovalab {

class EventIds {
 public:
  explicit EventIds(const Trace* trace) : trace_(trace) { Extend(); }

  // Takes in the events appended to the trace since. Linear in their number.
  void Extend();

  void Append(EventIndex i, std::string* out) const;
  std::string Id(EventIndex i) const;
  // The number N of an event that is no step.
  uint32_t Number(EventIndex i) const { return numbers_[i]; }
  // The number that the next event of this step and actor gets.
  uint32_t NextNumber(EventIndex root, Actor actor) const;

 private:
  using Counts = std::array<uint32_t, static_cast<size_t>(Actor::kCount)>;

  const Trace* trace_;
  std::vector<uint32_t> numbers_;  // of a step: its place in counts_
  std::vector<Counts> counts_;     // events so far, by step and actor
};

// The way back from ids to events. Kept apart as few need it.
class EventFinder {
 public:
  EventFinder(const Trace* trace, const EventIds* ids)
      : trace_(trace), ids_(ids) {
    Extend();
  }
  void Extend();

  // The step with this label.
  std::optional<EventIndex> FindStep(absl::string_view label) const;
  // The event with this id.
  std::optional<EventIndex> Find(absl::string_view id) const;
  // The same for an id at the front of `in`, which moves past it when the event
  // is found.
  std::optional<EventIndex> ConsumeId(absl::string_view* in) const;

 private:
  // root and, in one word, actor and number.
  using Key = std::pair<EventIndex, uint64_t>;
  static Key MakeKey(EventIndex root, Actor actor, uint64_t number) {
    return {root, static_cast<uint64_t>(actor) << 56 | number};
  }

  const Trace* trace_;
  const EventIds* ids_;
  EventIndex known_ = 0;
  absl::flat_hash_map<std::string, EventIndex> steps_;
  absl::flat_hash_map<Key, EventIndex> events_;
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_TRACE_TRACE_IDS_H_
