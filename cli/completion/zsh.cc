#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "cli/completion/scripts.h"
#include "cli/completion/words.h"

namespace iovalab {
namespace {

std::string SingleQuoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

// An action of _arguments.
std::string ZshAction(const WordChoice& choice) {
  switch (choice.kind) {
    case WordKind::kOneOf:
      return absl::StrCat("(", absl::StrJoin(choice.words, " "), ")");
    case WordKind::kAxis:
      return absl::StrCat("(", absl::StrJoin(AxisPairs(choice), " "), ")");
    case WordKind::kFile:
      return "_files";
    case WordKind::kFolder:
      return "_files -/";
    case WordKind::kScenario:
      return "_files -g \"*.textproto\"";
    case WordKind::kNothing:
      break;
  }
  return " ";
}

// A specification of _arguments.
std::string ZshFlag(const Flag& flag) {
  const std::string says = absl::StrReplaceAll(
      flag.says, {{"[", "("}, {"]", ")"}, {":", "\\:"}, {"\\", "\\\\"}});
  std::string spec = flag.use == FlagUse::kRepeated ? "*" : "";
  const bool is_switch = flag.type == FlagType::kSwitch;
  const bool is_short = flag.name.substr(0, 2) != "--";
  absl::StrAppend(&spec, flag.name,
                  is_switch  ? ""
                  : is_short ? "+"
                             : "=",
                  "[", says, "]");
  if (!is_switch) {
    absl::StrAppend(&spec, ":value:", ZshAction(ValueWords(flag)));
  }
  return SingleQuoted(spec);
}

}  // namespace

std::string ZshCompletion(const CommandLine& line) {
  std::string commands;
  std::string cases;
  for (const Command* command : line.commands) {
    absl::StrAppend(&commands, "    ",
                    SingleQuoted(absl::StrCat(
                        command->name, ":",
                        absl::StrReplaceAll(command->summary, {{":", "\\:"}}))),
                    "\n");
    absl::StrAppend(&cases, "        ", command->name,
                    ")\n          _arguments");
    for (const Flag& flag : FlagsOf(line, *command)) {
      absl::StrAppend(&cases, " \\\n            ", ZshFlag(flag));
    }
    const WordChoice operands = OperandWords(line, *command);
    absl::StrAppend(
        &cases, " \\\n            ",
        SingleQuoted(absl::StrCat("*:operand:", ZshAction(operands))),
        "\n          ;;\n");
  }
  std::string global;
  for (const Flag& flag : line.global) {
    absl::StrAppend(&global, " \\\n    ", ZshFlag(flag));
  }
  return absl::StrCat(
      "#compdef iovalab\n"
      "# Completion for zsh: source <(./iovalab completion zsh)\n"
      "_iovalab() {\n  local -a commands\n  commands=(\n",
      commands, "  )\n  local curcontext=$curcontext context state line\n",
      "  _arguments -C", global,
      " \\\n    '1:command:->command' '*::argument:->argument'\n"
      "  case $state in\n"
      "    command) _describe command commands ;;\n"
      "    argument)\n      case $words[1] in\n",
      cases,
      "      esac\n      ;;\n  esac\n}\n"
      "compdef _iovalab iovalab\n");
}

}  // namespace iovalab
