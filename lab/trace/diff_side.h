#ifndef IOVALAB_LAB_TRACE_DIFF_SIDE_H_
#define IOVALAB_LAB_TRACE_DIFF_SIDE_H_

// DiffSide: one trace as diff.cc needs it: its events by step, and a key of
// each event that is equal for events that say the same. Nobody else needs it.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "lab/trace/diff.h"
#include "lab/trace/trace_ids.h"
#include "model/event/trace.h"

namespace iovalab {

// What is not compared.
struct DiffIgnored {
  explicit DiffIgnored(const DiffOptions& options);

  bool Field(Kind kind, size_t field) const {
    return fields[static_cast<size_t>(kind)][field];
  }

  bool time = false, cause = false, rule = false;
  bool scenario = false, seed = false, policy = false, complete = false;
  std::vector<std::vector<bool>> fields;  // by kind and field
};

struct DiffSide {
  DiffSide(const Trace* trace, const DiffIgnored& ignored);

  // The events of a step, without it, in order.
  absl::Span<const EventIndex> EventsOf(EventIndex step) const;
  // The step with the label; kNoEventIndex where there is none.
  EventIndex StepOf(absl::string_view label) const;
  absl::string_view LabelOf(EventIndex step) const;

  // Equal for equal names.
  uint64_t NameKey(uint64_t name) const {
    return name < name_keys_.size() ? name_keys_[name] : name;
  }

  // Time since the cause, or since the run began.
  int64_t Delay(EventIndex i) const;

  const Trace& trace;
  EventIds ids;
  std::vector<EventIndex> steps;
  // Of what an event says, but for events that it names and, of a step, its
  // label.
  std::vector<uint64_t> keys;

 private:
  uint64_t KeyOf(EventIndex i, const DiffIgnored& ignored) const;

  std::vector<uint64_t> name_keys_;
  std::vector<EventIndex> by_step_;
  std::vector<uint32_t> begin_;  // in by_step_, by the step's number
  absl::flat_hash_map<std::string, EventIndex> labels_;
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_TRACE_DIFF_SIDE_H_
