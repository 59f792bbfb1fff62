#ifndef IOVALAB_LAB_READ_FILE_H_
#define IOVALAB_LAB_READ_FILE_H_

// A whole input file in memory, up to a bound.
//
// Not for: binary traces and logs that are read as streams.

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace iovalab {

// The bytes of the file; "-" is standard input. The bound is checked while
// reading, so a file that is too big, or has no end, is not read to refuse it.
// Errors are "PATH: what": NotFound, PermissionDenied, InvalidArgument (a
// directory, more than `max_bytes`), Unavailable (any other).
absl::StatusOr<std::string> ReadWholeFile(absl::string_view path,
                                          size_t max_bytes);

// The Status of a failed open or read of an input, by errno; `name` is what
// users call the file. Codes as above.
absl::Status FileError(absl::string_view name, int error);

}  // namespace iovalab

#endif  // IOVALAB_LAB_READ_FILE_H_
