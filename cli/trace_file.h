#ifndef IOVALAB_CLI_TRACE_FILE_H_
#define IOVALAB_CLI_TRACE_FILE_H_

// Traces as files, in whichever of their encodings.

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/event/trace.h"

namespace iovalab {

enum class TraceEncoding : uint8_t { kText, kBinary };

// The encoding that a file's name asks for (.trace, .trace.pb), or `otherwise`.
TraceEncoding EncodingByName(absl::string_view path, TraceEncoding otherwise);

std::string EncodeTrace(const Trace& trace, TraceEncoding encoding);

// Reads a trace, "-" from standard input. Its encoding is told from its bytes,
// and kept in *encoding when that is asked for.
absl::StatusOr<Trace> ReadTrace(absl::string_view path,
                                TraceEncoding* encoding = nullptr);

}  // namespace iovalab

#endif  // IOVALAB_CLI_TRACE_FILE_H_
