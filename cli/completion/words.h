#ifndef IOVALAB_CLI_COMPLETION_WORDS_H_
#define IOVALAB_CLI_COMPLETION_WORDS_H_

// What may follow where in a command line, for the scripts of all shells, told
// from the rows of the commands and of the axes.
//
// Not for: parsing (args.h).

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cli/command.h"

namespace iovalab {

// The tables (cli/commands.h).
struct CommandLine {
  absl::Span<const Command* const> commands;
  absl::Span<const Flag> global;
};

enum class WordKind : uint8_t {
  kNothing,   // nobody can know: a number, a list of fields
  kOneOf,     // one of `words`
  kAxis,      // AXIS=VALUE, of the axes in `words`
  kFile,      // any file
  kFolder,    // any folder
  kScenario,  // a file NAME.textproto, or a folder
};

struct WordChoice {
  WordKind kind = WordKind::kNothing;
  std::vector<std::string> words;
};

// The value of a flag; kNothing for a switch.
WordChoice ValueWords(const Flag& flag);

// The operands of a command. Those of a word of its own ("values AXIS") are not
// told apart from the first.
WordChoice OperandWords(const CommandLine& line, const Command& command);

// Flags of a command, then the global ones.
std::vector<Flag> FlagsOf(const CommandLine& line, const Command& command);

// An axis's values; "all" last.
std::vector<std::string> AxisWords(absl::string_view axis);

// Of a choice of kind kAxis, AXIS=VALUE for all axes and values, for shells
// that take it as a whole word.
std::vector<std::string> AxisPairs(const WordChoice& choice);

}  // namespace iovalab

#endif  // IOVALAB_CLI_COMPLETION_WORDS_H_
