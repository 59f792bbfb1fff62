#include "cli/commands.h"

#include <algorithm>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/check.h"
#include "cli/compare.h"
#include "cli/completion.h"
#include "cli/conform.h"
#include "cli/convert.h"
#include "cli/diff.h"
#include "cli/fmt.h"
#include "cli/help.h"
#include "cli/import.h"
#include "cli/list/list.h"
#include "cli/run.h"
#include "cli/version_command.h"
#include "util/nearest.h"

namespace iovalab {
namespace {

constexpr const Command* kCommands[] = {
    &kRunCommand,      // in the order that help shows
    &kCompareCommand,  //
    &kCheckCommand,    //
    &kDiffCommand,     //
    &kConvertCommand,  //
    &kConformCommand,  //
    &kImportCommand,   //
    &kListCommand,     //
    &kFmtCommand,      //
    &kHelpCommand,     //
    &kVersionCommand,  //
    &kCompletionCommand,
};

constexpr Flag kGlobalFlags[] = {
    {"--color", "auto|always|never",
     "colour in results; auto: on a terminal, unless NO_COLOR is set",
     FlagType::kChoice, FlagUse::kLastWins},
    {"--quiet", "", "no progress and no remarks on standard error",
     FlagType::kSwitch},
    {"--help", "", "this text; after a command's name, all about it",
     FlagType::kSwitch},
};

// Where in `words` the command's name is; the end when there is none.
size_t FindCommandWord(absl::Span<const std::string> words) {
  size_t i = 0;
  while (i < words.size() && absl::StartsWith(words[i], "-")) {
    i += words[i] == "--color" ? 2 : 1;
  }
  return std::min(i, words.size());
}

bool AsksForHelp(absl::Span<const std::string> words) {
  for (const std::string& word : words) {
    if (word == "--") return false;
    if (word == "--help" || word == "-h") return true;
  }
  return false;
}

// `--help` wins over whatever else is wrong with the line.
std::vector<std::string> HelpArguments(absl::Span<const std::string> words) {
  std::vector<std::string> arguments;
  const size_t at = FindCommandWord(words);
  if (at < words.size() && FindCommand(words[at]) != nullptr) {
    arguments.push_back(words[at]);
  }
  for (const std::string& word : words) {
    if (absl::StartsWith(word, "--color=")) arguments.push_back(word);
  }
  return arguments;
}

int RunCommand(const Command& command, absl::Span<const std::string> words,
               Terminal& terminal) {
  std::vector<Flag> flags(command.flags.begin(), command.flags.end());
  flags.insert(flags.end(), std::begin(kGlobalFlags), std::end(kGlobalFlags));
  absl::StatusOr<Args> args =
      ParseArgs(words, flags, command.operands, Usage(command));
  if (!args.ok()) return terminal.Fail(args.status());
  const std::string color = args->Text("--color", "auto");
  terminal.SetColor(color == "always"  ? ColorMode::kAlways
                    : color == "never" ? ColorMode::kNever
                                       : ColorMode::kAuto);
  terminal.SetQuiet(args->Has("--quiet"));
  return command.run(*args, terminal);
}

}  // namespace

absl::Span<const Command* const> Commands() { return kCommands; }
absl::Span<const Flag> GlobalFlags() { return kGlobalFlags; }

const Command* FindCommand(absl::string_view name) {
  for (const Command* command : kCommands) {
    if (command->name == name) return command;
  }
  return nullptr;
}

absl::Status NoSuchCommand(absl::string_view typed) {
  std::vector<absl::string_view> names;
  for (const Command* command : Commands()) names.push_back(command->name);
  const std::string hint = DidYouMean(typed, names);
  return absl::InvalidArgumentError(absl::StrCat(
      typed, ": no such command",
      hint.empty() ? absl::StrCat("; there are ", absl::StrJoin(names, ", "))
                   : hint));
}

std::string Usage(const Command& command) {
  std::string usage = absl::StrCat("iovalab ", command.name);
  if (!command.operands.usage.empty()) {
    absl::StrAppend(&usage, " ", command.operands.usage);
  }
  for (const Flag& flag : command.flags) {
    absl::StrAppend(&usage, " [", flag.name, flag.value.empty() ? "" : " ",
                    flag.value, "]", flag.use == FlagUse::kRepeated ? "…" : "");
  }
  return usage;
}

int RunCommandLine(absl::Span<const std::string> words, Terminal& terminal) {
  if (AsksForHelp(words)) {
    return RunCommand(kHelpCommand, HelpArguments(words), terminal);
  }
  if (words.size() == 1 && words[0] == "--version") {
    return RunCommand(kVersionCommand, {}, terminal);
  }
  const size_t at = FindCommandWord(words);
  const absl::Span<const std::string> before = words.first(at);
  // What precedes the name is right or wrong whatever the command.
  if (absl::StatusOr<Args> args = ParseArgs(before, kGlobalFlags, {}, "");
      !args.ok()) {
    return terminal.Fail(args.status());
  }
  if (at == words.size()) {
    return terminal.Fail(absl::InvalidArgumentError(
        "COMMAND: missing; `iovalab help` lists the commands"));
  }
  const Command* command = FindCommand(words[at]);
  if (command == nullptr) return terminal.Fail(NoSuchCommand(words[at]));
  std::vector<std::string> rest(before.begin(), before.end());
  rest.insert(rest.end(), words.begin() + at + 1, words.end());
  return RunCommand(*command, rest, terminal);
}

}  // namespace iovalab
