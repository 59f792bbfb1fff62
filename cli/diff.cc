#include "cli/diff.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lab/trace/diff.h"
#include "lab/trace/trace_file.h"

namespace iovalab {
namespace {

int RunDiff(const Args& args, Terminal& terminal) {
  DiffOptions options;
  if (args.Has("--ignore")) {
    absl::StatusOr<DiffOptions> parsed = ParseDiffIgnore(args.Text("--ignore"));
    if (!parsed.ok()) return terminal.Fail(parsed.status());
    options = *std::move(parsed);
  }
  const absl::StatusOr<Trace> a = ReadTraceFile(args.operands()[0]);
  if (!a.ok()) return terminal.Fail(a.status());
  const absl::StatusOr<Trace> b = ReadTraceFile(args.operands()[1]);
  if (!b.ok()) return terminal.Fail(b.status());
  const DiffResult result = DiffTraces(*a, *b, options);
  terminal.Write(args.Text("--format", "text") == "json" ? DiffJson(result)
                                                         : DiffText(result));
  return result.same ? kFine : kDiffers;
}

constexpr Flag kFlags[] = {
    {"--ignore", "FIELD,…",
     "fields that may differ: any field's name, time, cause, rule, policy"},
    {"--format", "text|json", "what to print (default text)",
     FlagType::kChoice},
};

}  // namespace

constinit const Command kDiffCommand = {
    .name = "diff",
    .summary = "what changed between two traces, event by event",
    .operands = {"A B", 2, 2},
    .flags = kFlags,
    .details =
        "Events are the same by what they say and by the step they descend\n"
        "from, never by absolute place or time: an event added early changes\n"
        "none of those that follow. Text and binary traces may be mixed.\n"
        "\n"
        "Exit status: 0 the same, 1 they differ, 2 trouble.",
    .examples =
        "iovalab diff golden.trace now.trace\n"
        "iovalab diff hva.trace gpa.trace --ignore=policy,time",
    .run = RunDiff,
};

}  // namespace iovalab
