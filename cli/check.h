#ifndef IOVALAB_CLI_CHECK_H_
#define IOVALAB_CLI_CHECK_H_

// `iovalab check`: scenarios against their goldens and expectations, for CI.

#include "cli/command.h"

namespace iovalab {

extern const Command kCheckCommand;

}  // namespace iovalab

#endif  // IOVALAB_CLI_CHECK_H_
