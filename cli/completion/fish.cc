#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "cli/completion/scripts.h"
#include "cli/completion/words.h"

namespace iovalab {
namespace {

std::string FishQuoted(absl::string_view text) {
  return absl::StrCat(
      "'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

// The options of `complete` that offer this.
std::string FishOffer(const WordChoice& choice) {
  switch (choice.kind) {
    case WordKind::kOneOf:
      return absl::StrCat(" -f -a ",
                          FishQuoted(absl::StrJoin(choice.words, " ")));
    case WordKind::kAxis:
      return absl::StrCat(" -f -a ",
                          FishQuoted(absl::StrJoin(AxisPairs(choice), " ")));
    case WordKind::kScenario:
      return " -f -a '(__fish_complete_suffix .textproto)'";
    case WordKind::kFolder:
      return " -f -a '(__fish_complete_directories)'";
    case WordKind::kFile:
      return " -F";
    case WordKind::kNothing:
      break;
  }
  return " -f";
}

std::string FishFlag(absl::string_view when, const Flag& flag) {
  const bool is_long = flag.name.substr(0, 2) == "--";
  std::string line = absl::StrCat("complete -c iovalab -n ", FishQuoted(when),
                                  is_long ? " -l " : " -s ",
                                  flag.name.substr(is_long ? 2 : 1));
  if (flag.type != FlagType::kSwitch) {
    absl::StrAppend(&line, " -r", FishOffer(ValueWords(flag)));
  }
  return absl::StrCat(line, " -d ", FishQuoted(flag.says), "\n");
}

}  // namespace

std::string FishCompletion(const CommandLine& line) {
  std::string out =
      "# Completion for fish: ./iovalab completion fish | source\n"
      "complete -c iovalab -f\n";
  for (const Flag& flag : line.global) {
    absl::StrAppend(&out, FishFlag("true", flag));
  }
  for (const Command* command : line.commands) {
    absl::StrAppend(&out, "complete -c iovalab -n __fish_use_subcommand -a ",
                    command->name, " -d ", FishQuoted(command->summary), "\n");
    const std::string when =
        absl::StrCat("__fish_seen_subcommand_from ", command->name);
    for (const Flag& flag : command->flags) {
      absl::StrAppend(&out, FishFlag(when, flag));
    }
    const WordChoice operands = OperandWords(line, *command);
    if (operands.kind == WordKind::kNothing) continue;
    absl::StrAppend(&out, "complete -c iovalab -n ", FishQuoted(when),
                    FishOffer(operands), "\n");
  }
  return out;
}

}  // namespace iovalab
