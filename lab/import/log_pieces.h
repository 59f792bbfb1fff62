#ifndef IOVALAB_LAB_IMPORT_LOG_PIECES_H_
#define IOVALAB_LAB_IMPORT_LOG_PIECES_H_

// A log as a stream of pieces, gzipped or not.
//
// Not for: files that are needed whole (lab/read_file.h).

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace iovalab {

inline constexpr uint64_t kMaxLogBytes = uint64_t{16} << 30;

// What the user calls the file: "-" is standard input.
absl::string_view LogName(absl::string_view path);

// Calls `piece` with the log's bytes, in pieces of at most 1 MiB, until it
// returns false or the log ends. `max_bytes` counts unpacked bytes. Errors are
// one line, "PATH: what": NotFound, PermissionDenied, InvalidArgument (a
// directory), DataLoss (a damaged gzip file), Unavailable (reading fails),
// ResourceExhausted (more than `max_bytes`).
absl::Status ReadLogPieces(absl::string_view path, uint64_t max_bytes,
                           absl::FunctionRef<bool(absl::string_view)> piece);

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_LOG_PIECES_H_
