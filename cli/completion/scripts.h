#ifndef IOVALAB_CLI_COMPLETION_SCRIPTS_H_
#define IOVALAB_CLI_COMPLETION_SCRIPTS_H_

// Scripts that make shells complete our command lines.
//
// Not for: what may follow where (words.h).
//
// Invariant: a script calls nothing but its shell, so that completing starts no
// program.

#include <string>

#include "cli/completion/words.h"

namespace iovalab {

std::string BashCompletion(const CommandLine& line);
std::string ZshCompletion(const CommandLine& line);
std::string FishCompletion(const CommandLine& line);

}  // namespace iovalab

#endif  // IOVALAB_CLI_COMPLETION_SCRIPTS_H_
