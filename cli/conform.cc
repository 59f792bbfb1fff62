#include "cli/conform.h"

#include "absl/status/statusor.h"
#include "cli/terminal/progress.h"
#include "lab/conform/conform.h"

namespace iovalab {
namespace {

constexpr Flag kFlags[] = {
    {"--format", "text|json", "text for people, json for programs",
     FlagType::kChoice},
};

absl::StatusOr<ConformReport> Replay(const Args& args, Terminal& terminal) {
  Progress progress(terminal, "operations", 0);
  return ConformFiles(args.operands(),
                      [&](uint64_t done) { progress.Update(done); });
}

int RunConform(const Args& args, Terminal& terminal) {
  const absl::StatusOr<ConformReport> report = Replay(args, terminal);
  if (!report.ok()) return terminal.Fail(report.status());
  terminal.Write(args.Text("--format") == "json" ? ConformJson(*report)
                                                 : ConformText(*report));
  return report->AllMatched() ? kFine : kDiffers;
}

}  // namespace

constinit const Command kConformCommand = {
    .name = "conform",
    .summary = "replay recorded vectors of real systems against the model",
    .operands = {"FILE…", 1, kAnyNumber},
    .flags = kFlags,
    .details =
        "A vector file holds operations that a real system carried out, a "
        "JSON\n"
        "object a line, plain or gzipped, with what they returned and the "
        "tables\n"
        "after each. The model repeats them. An operation matches when its\n"
        "results and all tables do; after a mismatch the rest of that case "
        "counts\n"
        "as unmatched. Calls of a driver (ev) are counted apart. Exit status "
        "1:\n"
        "something did not match.",
    .examples =
        "iovalab conform testdata/vectors/Q-iova-tree.jsonl.gz\n"
        "iovalab conform --format=json testdata/vectors/*.jsonl.gz",
    .run = RunConform,
};

}  // namespace iovalab
