#ifndef IOVALAB_CLI_LIST_LIST_SCENARIOS_H_
#define IOVALAB_CLI_LIST_LIST_SCENARIOS_H_

// `iovalab list scenarios [FOLDER]`.

#include "absl/status/status.h"
#include "cli/args.h"
#include "cli/terminal/terminal.h"

namespace iovalab {

absl::Status ListScenarios(const Args& args, Terminal& terminal);

}  // namespace iovalab

#endif  // IOVALAB_CLI_LIST_LIST_SCENARIOS_H_
