#ifndef IOVALAB_CLI_VERSION_COMMAND_H_
#define IOVALAB_CLI_VERSION_COMMAND_H_

// `iovalab version`.

#include "cli/command.h"

namespace iovalab {

extern const Command kVersionCommand;

}  // namespace iovalab

#endif  // IOVALAB_CLI_VERSION_COMMAND_H_
