#ifndef IOVALAB_CLI_OUTPUT_FILE_H_
#define IOVALAB_CLI_OUTPUT_FILE_H_

// An output file that appears whole or not at all: written beside its place,
// then renamed. A place that is taken by something else than a regular file (a
// pipe, the null device) is written directly; "-" is standard output.
//
// Not for: files that others read while they grow.

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cli/terminal.h"

namespace iovalab {

// Errors are "PATH: what"; whatever stood at `path` is then untouched. An
// existing file keeps its permissions; a symbolic link goes on being one, and
// what it points to is replaced.
absl::Status WriteOutput(absl::string_view path, absl::string_view bytes,
                         Terminal& terminal);

}  // namespace iovalab

#endif  // IOVALAB_CLI_OUTPUT_FILE_H_
