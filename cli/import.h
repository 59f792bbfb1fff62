#ifndef IOVALAB_CLI_IMPORT_H_
#define IOVALAB_CLI_IMPORT_H_

// `iovalab import`.

#include "cli/command.h"

namespace iovalab {

extern const Command kImportCommand;

}  // namespace iovalab

#endif  // IOVALAB_CLI_IMPORT_H_
