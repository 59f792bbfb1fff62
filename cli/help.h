#ifndef IOVALAB_CLI_HELP_H_
#define IOVALAB_CLI_HELP_H_

// `iovalab help`: what the table of commands says, for people.

#include "cli/command.h"

namespace iovalab {

extern const Command kHelpCommand;

}  // namespace iovalab

#endif  // IOVALAB_CLI_HELP_H_
