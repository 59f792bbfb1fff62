#include "cli/completion.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands.h"
#include "cli/completion/scripts.h"
#include "util/nearest.h"

namespace iovalab {
namespace {

struct Shell {
  absl::string_view name;
  std::string (*script)(const CommandLine&);
};
constexpr Shell kShells[] = {
    {"bash", BashCompletion}, {"zsh", ZshCompletion}, {"fish", FishCompletion}};

int RunCompletion(const Args& args, Terminal& terminal) {
  const std::string& name = args.operands()[0];
  std::vector<absl::string_view> names;
  for (const Shell& shell : kShells) {
    names.push_back(shell.name);
    if (shell.name != name) continue;
    terminal.Write(shell.script({Commands(), GlobalFlags()}));
    return kFine;
  }
  return terminal.Fail(absl::InvalidArgumentError(
      absl::StrCat(name, ": no such shell; one of ", absl::StrJoin(names, ", "),
                   DidYouMean(name, names))));
}

}  // namespace

constinit const Command kCompletionCommand = {
    .name = "completion",
    .summary = "a script that completes command lines in a shell",
    .operands = {"bash|zsh|fish", 1, 1},
    .flags = {},
    .details =
        "Commands, flags and their values, axes and their values, and files\n"
        "that are scenarios. The script is made from the tables that help\n"
        "shows.",
    .examples =
        "source <(iovalab completion bash)   # in ~/.bashrc\n"
        "iovalab completion fish > ~/.config/fish/completions/iovalab.fish",
    .run = RunCompletion,
};

}  // namespace iovalab
