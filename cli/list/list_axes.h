#ifndef IOVALAB_CLI_LIST_LIST_AXES_H_
#define IOVALAB_CLI_LIST_LIST_AXES_H_

// `iovalab list axes` and `iovalab list values AXIS`.

#include "absl/status/status.h"
#include "cli/args.h"
#include "cli/terminal/terminal.h"

namespace iovalab {

absl::Status ListAxes(const Args& args, Terminal& terminal);
absl::Status ListValues(const Args& args, Terminal& terminal);

}  // namespace iovalab

#endif  // IOVALAB_CLI_LIST_LIST_AXES_H_
