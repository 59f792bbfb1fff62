#ifndef IOVALAB_LAB_TRACE_TRACE_FIELDS_H_
#define IOVALAB_LAB_TRACE_TRACE_FIELDS_H_

// Reading an event's fields by name. For reports; a loop over millions of
// events looks fields up once (FieldIndex).

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "model/event/trace.h"
#include "sim/check.h"

namespace iovalab {

// The place of a field in its kind's row; the kind has it (checked).
inline size_t FieldIndex(Kind kind, absl::string_view field) {
  const auto fields = GetKind(kind).fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == field) return i;
  }
  sim::Check(false, "the kind has the field");
  return 0;
}

class EventFields {
 public:
  EventFields(const Trace& trace, EventIndex event)
      : trace_(trace), event_(event) {}
  uint64_t operator[](absl::string_view field) const {
    return trace_.word(event_, FieldIndex(trace_.event(event_).kind, field));
  }

 private:
  const Trace& trace_;
  EventIndex event_;
};

// The label of the step that an event descends from.
inline absl::string_view StepOf(const Trace& trace, EventIndex event) {
  return trace.name(trace.word(trace.event(event).root, 0));
}

}  // namespace iovalab

#endif  // IOVALAB_LAB_TRACE_TRACE_FIELDS_H_
