#ifndef IOVALAB_CLI_OUTPUTS_H_
#define IOVALAB_CLI_OUTPUTS_H_

// Flags that name files to write: what is refused before any work is done.
//
// Not for: whether such a file can be written; only writing it tells.

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cli/args.h"

namespace iovalab {

// Refuses, of a flag that is given, a name that is empty (an unset variable in
// a script, where nothing would be written and nobody told) and that of a file
// which is read too, however either is written: a log of a real machine cannot
// be had again. What is no regular file may be read and written.
absl::Status CheckOutput(const Args& args, absl::string_view flag,
                         absl::Span<const std::string> inputs);

}  // namespace iovalab

#endif  // IOVALAB_CLI_OUTPUTS_H_
