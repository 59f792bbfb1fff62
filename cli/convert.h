#ifndef IOVALAB_CLI_CONVERT_H_
#define IOVALAB_CLI_CONVERT_H_

// `iovalab convert`: a trace from one of its encodings to another.

#include "cli/command.h"

namespace iovalab {

extern const Command kConvertCommand;

}  // namespace iovalab

#endif  // IOVALAB_CLI_CONVERT_H_
