#ifndef IOVALAB_CLI_DIFF_H_
#define IOVALAB_CLI_DIFF_H_

// `iovalab diff`.

#include "cli/command.h"

namespace iovalab {

extern const Command kDiffCommand;

}  // namespace iovalab

#endif  // IOVALAB_CLI_DIFF_H_
