#ifndef IOVALAB_CLI_COMMANDS_H_
#define IOVALAB_CLI_COMMANDS_H_

// The table of commands, and the way from a command line to one of them.

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cli/command.h"
#include "cli/terminal/terminal.h"

namespace iovalab {

// In the order that help shows.
absl::Span<const Command* const> Commands();

// The row of a command, or nullptr.
const Command* FindCommand(absl::string_view name);

// The error for a name that is no command's.
absl::Status NoSuchCommand(absl::string_view typed);

// Flags that every command takes, before or after its name.
absl::Span<const Flag> GlobalFlags();

// Runs `words` (without the program's name): the exit status.
int RunCommandLine(absl::Span<const std::string> words, Terminal& terminal);

}  // namespace iovalab

#endif  // IOVALAB_CLI_COMMANDS_H_
