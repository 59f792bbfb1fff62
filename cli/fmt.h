#ifndef IOVALAB_CLI_FMT_H_
#define IOVALAB_CLI_FMT_H_

// `iovalab fmt`: scenarios in their canonical layout, comments kept.

#include "cli/command.h"

namespace iovalab {

extern const Command kFmtCommand;

}  // namespace iovalab

#endif  // IOVALAB_CLI_FMT_H_
