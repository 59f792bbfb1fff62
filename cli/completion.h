#ifndef IOVALAB_CLI_COMPLETION_H_
#define IOVALAB_CLI_COMPLETION_H_

// `iovalab completion`: a script that makes a shell complete our command lines.

#include "cli/command.h"

namespace iovalab {

extern const Command kCompletionCommand;

}  // namespace iovalab

#endif  // IOVALAB_CLI_COMPLETION_H_
