#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/completion/scripts.h"
#include "cli/completion/words.h"
#include "lab/scenario/axes.h"

namespace iovalab {
namespace {

// What _iovalab_offer takes: a kind and words.
std::string BashOffer(const WordChoice& choice) {
  constexpr absl::string_view kKinds[] = {"nothing", "words",  "axis",
                                          "file",    "folder", "scenario"};
  std::string offer(kKinds[static_cast<size_t>(choice.kind)]);
  for (const std::string& word : choice.words) {
    absl::StrAppend(&offer, " ", word);
  }
  return offer;
}

constexpr absl::string_view kBashEnd = R"bash(
# Offers what fits to $cur: a kind, then words. Readline takes what stands
# before the last "=" as a word of its own, so it is left out of the answer.
_iovalab_offer() {
  local kind=$1 value=$cur before= answers=
  shift
  if [[ $cur == --*=* ]]; then
    before=${cur%%=*}= value=${cur#*=}
  fi
  case $kind in
    words) answers=$(compgen -W "$*" -- "$value") ;;
    axis)
      if [[ $value == *=* ]]; then
        before+=${value%%=*}=
        local list=${value#*=} last
        last=${list##*,}
        answers=$(compgen -P "${list%"$last"}" \
          -W "$(_iovalab_values "${value%%=*}")" -- "$last")
      else
        answers=$(compgen -S = -W "$*" -- "$value")
        compopt -o nospace 2>/dev/null
      fi
      ;;
    file) answers=$(compgen -f -- "$value") ;;
    folder) answers=$(compgen -d -- "$value") ;;
    scenario)
      answers=$(compgen -f -X '!*.textproto' -- "$value"; compgen -d -- "$value")
      ;;
  esac
  case $kind in
    file | folder | scenario) compopt -o filenames 2>/dev/null ;;
  esac
  local IFS=$'\n'
  COMPREPLY=($answers)
  if [[ $COMP_WORDBREAKS != *=* ]]; then
    COMPREPLY=("${COMPREPLY[@]/#/$before}")
  fi
}

_iovalab() {
  local words=() word= last= i cur command= previous=
  # Words as typed: Readline splits them at "=".
  for ((i = 1; i <= COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if ((${#words[@]})) && [[ $word == "=" || $last == "=" ]]; then
      words[${#words[@]}-1]+=$word
    else
      words+=("$word")
    fi
    last=$word
  done
  cur=${words[${#words[@]}-1]}
  for ((i = 0; i < ${#words[@]} - 1; ++i)); do
    if [[ -z $command && ${words[i]} != -* && $previous != --color ]]; then
      command=${words[i]}
    fi
    previous=${words[i]}
  done
  COMPREPLY=()
  local offer=
  if [[ $cur == --*=* ]]; then
    offer=$(_iovalab_flag "$command" "${cur%%=*}")
  elif [[ $previous == -* ]]; then
    offer=$(_iovalab_flag "$command" "$previous")
  fi
  if [[ -z $offer && $cur == -* ]]; then
    offer="words $(_iovalab_flags "$command")"
  elif [[ -z $offer ]]; then
    offer=$(_iovalab_operand "$command" "$previous")
  fi
  _iovalab_offer $offer
}
complete -F _iovalab iovalab ./iovalab
)bash";

}  // namespace

std::string BashCompletion(const CommandLine& line) {
  std::string flags;   // of a command
  std::string values;  // of a command's flag
  std::string operands;
  std::vector<std::string> commands;
  const auto add_values = [&](absl::string_view command, const Flag& flag) {
    if (flag.type == FlagType::kSwitch) return;
    absl::StrAppend(&values, "    \"", command, " ", flag.name, "\") echo ",
                    BashOffer(ValueWords(flag)), " ;;\n");
  };
  const auto names = [](const std::vector<Flag>& all) {
    return absl::StrJoin(all, " ", [](std::string* out, const Flag& flag) {
      absl::StrAppend(out, flag.name);
    });
  };
  for (const Command* command : line.commands) {
    commands.emplace_back(command->name);
    const std::vector<Flag> all = FlagsOf(line, *command);
    absl::StrAppend(&flags, "    ", command->name, ") echo ", names(all),
                    " ;;\n");
    for (const Flag& flag : all) add_values(command->name, flag);
    absl::StrAppend(&operands, "    ", command->name, "*) echo ",
                    BashOffer(OperandWords(line, *command)), " ;;\n");
  }
  const std::vector<Flag> global(line.global.begin(), line.global.end());
  for (const Flag& flag : global) add_values("", flag);
  std::string axes;
  std::vector<std::string> axis_names;
  for (const AxisInfo& axis : Axes()) {
    axis_names.emplace_back(axis.name);
    absl::StrAppend(&axes, "    ", axis.name, ") echo ",
                    absl::StrJoin(AxisWords(axis.name), " "), " ;;\n");
  }
  return absl::StrCat(
      "# Completion for bash: source <(./iovalab completion bash)\n"
      "_iovalab_flags() {\n  case $1 in\n",
      flags, "    *) echo ", names(global),
      " ;;\n  esac\n}\n"
      "_iovalab_flag() {\n  case \"$1 $2\" in\n",
      values,
      "  esac\n}\n"
      "_iovalab_operand() {\n  case \"$1 $2\" in\n"
      "    \"list values\") echo words ",
      absl::StrJoin(axis_names, " "), " ;;\n", operands, "    *) echo words ",
      absl::StrJoin(commands, " "),
      " ;;\n  esac\n}\n"
      "_iovalab_values() {\n  case $1 in\n",
      axes, "  esac\n}\n", kBashEnd);
}

}  // namespace iovalab
