#ifndef IOVALAB_LAB_TRACE_TRACE_BINARY_H_
#define IOVALAB_LAB_TRACE_TRACE_BINARY_H_

// Binary form of a trace (.trace.pb): one protobuf message, described by
// lab/trace/trace.proto and docs/trace.md, with checksums over its parts.
//
// Not for: goldens and review (trace_text.h).
//
// Invariants: nothing is lost: TraceFromBinary(TraceToBinary(t)) equals t but
// for the order of names(). A file that is cut off or damaged at any byte is an
// error. Readers take schema version kTraceSchema and the one before it; there
// is none before 1. Fields of header and events that a reader does not know
// are kept in the Trace and written back.

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lab/trace/trace_limits.h"
#include "model/event/trace.h"

namespace iovalab {

inline constexpr uint32_t kTraceSchema = 1;

// What a binary trace begins with.
inline constexpr absl::string_view kTraceMagic = "\x0a\x08iovalab\n";

std::string TraceToBinary(const Trace& trace);

// `file` is what errors call it: FILE: byte N: FIELD: what would be right.
absl::StatusOr<Trace> TraceFromBinary(absl::string_view file,
                                      absl::string_view bytes,
                                      TraceLimits limits = {});

}  // namespace iovalab

#endif  // IOVALAB_LAB_TRACE_TRACE_BINARY_H_
