#ifndef IOVALAB_CLI_COMMAND_H_
#define IOVALAB_CLI_COMMAND_H_

// Command: what one file of cli/ offers: a row of the table in commands.cc. To
// add a command, write its file and add its row there; parsing, help and the
// suggestions for mistyped names follow from the row.
//
// Invariant: rows are constants, built by the compiler: starting the program
// costs nothing per command.

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cli/args.h"
#include "cli/terminal/terminal.h"

namespace iovalab {

struct Command {
  absl::string_view name;
  absl::string_view summary;  // one line
  Operands operands;
  absl::Span<const Flag> flags;
  absl::string_view details;   // paragraphs; lines of at most 78 columns
  absl::string_view examples;  // a line each
  // Exit status: kFine, kDiffers or kTrouble (as Terminal::Fail returns).
  int (*run)(const Args&, Terminal&);
};

// "iovalab compare [--set AXIS=V1,V2…]… SCENARIO"
std::string Usage(const Command& command);

}  // namespace iovalab

#endif  // IOVALAB_CLI_COMMAND_H_
