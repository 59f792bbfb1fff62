#ifndef IOVALAB_CLI_RUN_H_
#define IOVALAB_CLI_RUN_H_

// `iovalab run`.

#include "cli/command.h"

namespace iovalab {

extern const Command kRunCommand;

}  // namespace iovalab

#endif  // IOVALAB_CLI_RUN_H_
