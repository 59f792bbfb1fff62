#ifndef IOVALAB_CLI_COMPARE_H_
#define IOVALAB_CLI_COMPARE_H_

// `iovalab compare`.

#include "cli/command.h"

namespace iovalab {

extern const Command kCompareCommand;

}  // namespace iovalab

#endif  // IOVALAB_CLI_COMPARE_H_
