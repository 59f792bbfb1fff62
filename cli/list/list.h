#ifndef IOVALAB_CLI_LIST_LIST_H_
#define IOVALAB_CLI_LIST_LIST_H_

// `iovalab list`: what there is to name on a command line or to meet in a
// trace.

#include "cli/command.h"

namespace iovalab {

extern const Command kListCommand;

}  // namespace iovalab

#endif  // IOVALAB_CLI_LIST_LIST_H_
