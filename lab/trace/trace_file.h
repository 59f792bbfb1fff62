#ifndef IOVALAB_LAB_TRACE_TRACE_FILE_H_
#define IOVALAB_LAB_TRACE_TRACE_FILE_H_

// Traces in files: the encoding is chosen by the name when writing, and told
// from the contents when reading.
//
// Not for: scenarios and logs (read_file.h).

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lab/trace/trace_limits.h"
#include "model/event/trace.h"

namespace iovalab {

// Text, or binary where the path ends in .pb; "-" is standard output, text. The
// file appears whole or not at all.
absl::Status WriteTraceFile(absl::string_view path, const Trace& trace);

// Either encoding; "-" is standard input. Errors name file and place.
absl::StatusOr<Trace> ReadTraceFile(absl::string_view path,
                                    const TraceLimits& limits = {});

}  // namespace iovalab

#endif  // IOVALAB_LAB_TRACE_TRACE_FILE_H_
