#include "cli/help.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/commands.h"
#include "cli/terminal/table.h"
#include "util/nearest.h"

namespace iovalab {
namespace {

constexpr absl::string_view kIntroduction =
    "iovalab compares strategies for mapping guest memory into a device's\n"
    "address space by simulating guest, VMM, kernel and device, and showing\n"
    "where their tables part.\n";

constexpr absl::string_view kEpilogue =
    "`iovalab help COMMAND` says more about one. `-` stands for standard "
    "input\n"
    "or output. Exit status: 0 fine, same or as expected; 1 differs, or an\n"
    "expectation failed; 2 trouble: bad usage, bad input, no space.\n";

void AddFlags(absl::Span<const Flag> flags, Table& table) {
  for (const Flag& flag : flags) {
    table.Add(
        {{""},
         {absl::StrCat(flag.name, flag.value.empty() ? "" : " ", flag.value)},
         {std::string(flag.says)}});
  }
}

std::string Heading(const Terminal& terminal, absl::string_view text) {
  return absl::StrCat("\n", terminal.Paint(Style::kBold, text), "\n");
}

std::string Overview(const Terminal& terminal) {
  std::string out = absl::StrCat(
      kIntroduction,
      "\nusage: iovalab [--color=auto|always|never] [--quiet] COMMAND "
      "[ARGUMENTS]\n");
  Table commands({{}, {}, {}});
  for (const Command* command : Commands()) {
    commands.Add({{""},
                  {std::string(command->name), Style::kCyan},
                  {std::string(command->summary)}});
  }
  Table flags({{}, {}, {}});
  AddFlags(GlobalFlags(), flags);
  absl::StrAppend(&out, Heading(terminal, "commands"),
                  commands.Render(terminal), Heading(terminal, "flags"),
                  flags.Render(terminal), "\n", kEpilogue);
  return out;
}

std::string About(const Command& command, const Terminal& terminal) {
  std::string out = absl::StrCat(
      terminal.Paint(Style::kBold, absl::StrCat("iovalab ", command.name)),
      ": ", command.summary, "\n\nusage: ", Usage(command), "\n\n",
      command.details, "\n");
  Table flags({{}, {}, {}});
  AddFlags(command.flags, flags);
  AddFlags(GlobalFlags(), flags);
  absl::StrAppend(&out, Heading(terminal, "flags"), flags.Render(terminal));
  if (command.examples.empty()) return out;
  absl::StrAppend(&out, Heading(terminal, "examples"));
  for (absl::string_view line : absl::StrSplit(command.examples, '\n')) {
    absl::StrAppend(&out, "  ", line, "\n");
  }
  return out;
}

int RunHelp(const Args& args, Terminal& terminal) {
  if (args.operands().empty()) {
    terminal.Write(Overview(terminal));
    return kFine;
  }
  const std::string& name = args.operands()[0];
  const Command* command = FindCommand(name);
  if (command == nullptr) return terminal.Fail(NoSuchCommand(name));
  terminal.Write(About(*command, terminal));
  return kFine;
}

}  // namespace

constinit const Command kHelpCommand = {
    .name = "help",
    .summary = "all commands, or all about one of them",
    .operands = {"[COMMAND]", 0, 1},
    .flags = {},
    .details = "`iovalab COMMAND --help` is the same.",
    .examples = "iovalab help\niovalab help list",
    .run = RunHelp,
};

}  // namespace iovalab
