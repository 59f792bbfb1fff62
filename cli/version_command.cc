#include "cli/version_command.h"

#include "absl/strings/str_cat.h"
#include "cli/version.h"
#include "lab/trace/trace_binary.h"

namespace iovalab {
namespace {

int RunVersion(const Args&, Terminal& terminal) {
  terminal.Write(absl::StrCat("iovalab ", kVersion, "\ntrace schema ",
                              kTraceSchema, "\n"));
  return kFine;
}

}  // namespace

constinit const Command kVersionCommand = {
    .name = "version",
    .summary = "the versions of this tool and of the traces it writes",
    .operands = {},
    .flags = {},
    .details =
        "A trace names the version of the tool that wrote it. Traces of the\n"
        "schema before this one can be read too.",
    .examples = "iovalab version",
    .run = RunVersion,
};

}  // namespace iovalab
