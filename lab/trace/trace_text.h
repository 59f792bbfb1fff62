#ifndef IOVALAB_LAB_TRACE_TRACE_TEXT_H_
#define IOVALAB_LAB_TRACE_TRACE_TEXT_H_

// Text form of a trace (.trace): one line an event, made for code review and
// for goldens. docs/trace.md describes it with an example.
//
// Not for: millions of events (trace_binary.h is smaller and faster).
//
// Invariants: nothing is lost: TraceFromText(TraceToText(t)) equals t but for
// the order of names(), and a text that is read is, byte for byte, what would
// be written for it. Columns have fixed widths and no line holds an absolute
// position or time, so an added event changes no line but those that name later
// events of its own step and actor, and the last.

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lab/trace/trace_ids.h"
#include "lab/trace/trace_limits.h"
#include "model/event/trace.h"

namespace iovalab {

std::string TraceToText(const Trace& trace);

// One event's line, without the newline. `ids` are those of the trace.
void AppendEventLine(const Trace& trace, const EventIds& ids, EventIndex i,
                     std::string* out);

// Of that line, what the event says: kind, fields, rule.
void AppendEventBody(const Trace& trace, const EventIds& ids, EventIndex i,
                     std::string* out);

// `file` is what errors call the text: FILE:LINE: FIELD: what would be right.
absl::StatusOr<Trace> TraceFromText(absl::string_view file,
                                    absl::string_view text,
                                    TraceLimits limits = {});

}  // namespace iovalab

#endif  // IOVALAB_LAB_TRACE_TRACE_TEXT_H_
