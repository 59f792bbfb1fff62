#include "cli/version_command.h"

#include "absl/strings/str_cat.h"
#include "cli/version.h"

namespace iovalab {
namespace {

int RunVersion(const Args&, Terminal& terminal) {
  terminal.Write(absl::StrCat("iovalab ", kVersion, "\n"));
  return kFine;
}

}  // namespace

constinit const Command kVersionCommand = {
    .name = "version",
    .summary = "the version of this tool",
    .operands = {},
    .flags = {},
    .details = "A trace names the version of the tool that wrote it.",
    .examples = "iovalab version",
    .run = RunVersion,
};

}  // namespace iovalab
