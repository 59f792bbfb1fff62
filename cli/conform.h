#ifndef IOVALAB_CLI_CONFORM_H_
#define IOVALAB_CLI_CONFORM_H_

// `iovalab conform`: recorded vectors of real systems against the model.

#include "cli/command.h"

namespace iovalab {

extern const Command kConformCommand;

}  // namespace iovalab

#endif  // IOVALAB_CLI_CONFORM_H_
