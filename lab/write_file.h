#ifndef IOVALAB_LAB_WRITE_FILE_H_
#define IOVALAB_LAB_WRITE_FILE_H_

// A whole output file at once.
//
// Not for: output that is made piece by piece (sim/byte_sink.h).

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace iovalab {

// The file appears whole or not at all; "-" is standard output, and what exists
// and is no regular file is written directly. Errors name the path.
absl::Status WriteWholeFile(absl::string_view path, absl::string_view bytes);

}  // namespace iovalab

#endif  // IOVALAB_LAB_WRITE_FILE_H_
