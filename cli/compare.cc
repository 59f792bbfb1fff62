#include "cli/compare.h"

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/outputs.h"
#include "cli/scenario_flags.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/table.h"
#include "lab/compare/compare.h"
#include "lab/read_file.h"
#include "lab/trace/trace_file.h"

namespace iovalab {
namespace {

Style VerdictStyle(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSafe:
      return Style::kGreen;
    case Verdict::kFaults:
      return Style::kYellow;
    default:
      return Style::kRed;
  }
}

// "2 SW_REJECT, 1 OK"; what was deserved is not counted against a row.
std::string CountsText(const ClassCounts& counts) {
  std::vector<std::string> parts;
  for (size_t c = counts.size(); c-- > 0;) {
    if (counts[c] == 0) continue;
    parts.push_back(
        absl::StrCat(counts[c], " ", Name(static_cast<AccessClass>(c))));
  }
  return parts.empty() ? "-" : absl::StrJoin(parts, ", ");
}

std::string WorstText(const CompareRow& row) {
  if (row.ended != Ended::kCompleted) return std::string(Name(row.ended));
  if (row.worst == AccessClass::kOk) return "-";
  return absl::StrCat(Name(row.worst), " at ", row.worst_step);
}

std::string ViolationText(const CompareRow& row) {
  if (!row.first_violation) return "-";
  const auto& v = *row.first_violation;
  return absl::StrCat(GetStoreKind(v.store.kind).level, " against ",
                      GetStoreKind(v.against.kind).level, " at ", v.step);
}

Table MakeTable(const Comparison& comparison) {
  std::vector<TableColumn> columns;
  for (const std::string& axis : comparison.axes) columns.push_back({axis});
  for (const char* title :
       {"verdict", "worst", "outcomes", "first violation"}) {
    columns.push_back({title});
  }
  Table table(std::move(columns));
  for (const CompareRow& row : comparison.rows) {
    std::vector<TableCell> cells;
    for (const std::string& axis : comparison.axes) {
      cells.push_back({std::string(row.policies.Get(axis))});
    }
    if (!row.not_applicable.empty()) {
      cells.push_back({"n/a", Style::kDim});
      cells.push_back({"-"});
      cells.push_back({"-"});
      cells.push_back({row.not_applicable, Style::kDim});
    } else {
      const Style style = VerdictStyle(row.verdict);
      cells.push_back({std::string(Name(row.verdict)), style});
      cells.push_back({WorstText(row),
                       row.verdict == Verdict::kSafe ? Style::kPlain : style});
      cells.push_back({CountsText(row.counts)});
      cells.push_back({ViolationText(row)});
    }
    table.Add(std::move(cells));
  }
  return table;
}

std::string ComparisonMarkdown(const LoadedScenario& scenario,
                               const Comparison& comparison) {
  return absl::StrCat("**", comparison.scenario,
                      "**: ", scenario.proto.summary(), "\n\n",
                      MakeTable(comparison).RenderMarkdown(), "\n",
                      WhereRowsPart(comparison), "\n");
}

// The one line that makes these rows again.
std::string ReproduceLine(const ScenarioArguments& arguments,
                          const Args& args) {
  std::string line = absl::StrCat("./iovalab compare ", arguments.reproduce);
  for (const std::string& set : args.All("--set")) {
    absl::StrAppend(&line, " --set ", ShellWord(set));
  }
  return line;
}

void WriteFailures(const Comparison& comparison, Terminal& terminal) {
  for (const CompareRow& row : comparison.rows) {
    for (const std::string& failure : row.failures) {
      std::string name;
      for (const std::string& axis : comparison.axes) {
        absl::StrAppend(&name, name.empty() ? "" : " ", row.policies.Get(axis));
      }
      terminal.Write(absl::StrCat(terminal.Paint(Style::kRed, "expectation "),
                                  name.empty() ? "" : name + ": ", failure,
                                  "\n"));
    }
  }
}

std::string TraceName(std::string name, const Policies& policies) {
  for (const auto& [axis, value] : policies.Named()) {
    absl::StrAppend(&name, ".", value);
  }
  return name + ".trace";
}

// `folder` is not there yet, or one already, or "".
absl::Status MakeFolder(const std::string& folder) {
  std::error_code error;
  if (folder.empty() || std::filesystem::is_directory(folder, error)) {
    return absl::OkStatus();
  }
  std::filesystem::create_directories(folder, error);
  return error ? FileError(folder, error.value()) : absl::OkStatus();
}

// Rows that are done; a long one draws the bar as well.
struct RowProgress {
  Progress progress;
  uint64_t rows = 0;
};

absl::StatusOr<Comparison> CompareShown(const ScenarioArguments& arguments,
                                        const std::vector<Policies>& product,
                                        const std::string& traces,
                                        Terminal& terminal) {
  RowProgress shown{Progress(terminal, "rows", product.size())};
  RunOptions options = arguments.options;
  options.limits.progress = {[](void* context, uint64_t) {
                               auto* now = static_cast<RowProgress*>(context);
                               now->progress.Update(now->rows);
                             },
                             &shown};
  const std::string& name = arguments.scenario.proto.name();
  return Compare(
      arguments.scenario, product, options,
      [&](const CompareRow& row, const Trace* trace) -> absl::Status {
        shown.progress.Update(++shown.rows);
        if (traces.empty() || trace == nullptr) return absl::OkStatus();
        return WriteTraceFile(
            absl::StrCat(traces, "/", TraceName(name, row.policies)), *trace);
      });
}

absl::StatusOr<int> DoCompare(const Args& args, Terminal& terminal) {
  if (absl::Status s = CheckOutput(args, "--traces", {}); !s.ok()) return s;
  if (args.Text("--traces") == "-") {
    return absl::InvalidArgumentError(
        "--traces: a folder is needed, as each row has a trace of its own; "
        "`run` writes one to standard output");
  }
  absl::StatusOr<ScenarioArguments> arguments = LoadArguments(args);
  if (!arguments.ok()) return arguments.status();
  const absl::StatusOr<std::vector<Policies>> product =
      Product(arguments->choices);
  if (!product.ok()) return product.status();

  const std::string traces = args.Text("--traces");
  if (absl::Status s = MakeFolder(traces); !s.ok()) return s;
  const absl::StatusOr<Comparison> comparison =
      CompareShown(*arguments, *product, traces, terminal);
  if (!comparison.ok()) return comparison.status();

  const std::string format = args.Text("--format", "table");
  if (format == "json") {
    terminal.Write(ComparisonJson(*comparison));
  } else {
    const bool markdown = format == "markdown";
    terminal.Write(
        markdown ? ComparisonMarkdown(arguments->scenario, *comparison)
                 : ComparisonText(arguments->scenario, *comparison, terminal));
    WriteFailures(*comparison, terminal);
    terminal.Write(absl::StrCat(markdown ? "\n    " : "again: ",
                                ReproduceLine(*arguments, args), "\n"));
  }
  return comparison->failures == 0 ? kFine : kDiffers;
}

int RunCompare(const Args& args, Terminal& terminal) {
  const absl::StatusOr<int> status = DoCompare(args, terminal);
  return status.ok() ? *status : terminal.Fail(status.status());
}

constexpr Flag kOwnFlags[] = {
    {"--set", "AXIS=V1,V2…|all", "values of an axis to take the product of",
     FlagType::kText, FlagUse::kRepeated},
    {"--traces", "DIR",
     "write each row's trace into this folder, made if needed"},
    {"--format", "table|markdown|json", "what to print (default table)",
     FlagType::kChoice},
};
constexpr auto kFlags = WithScenarioFlags(kOwnFlags);

}  // namespace

std::string ComparisonText(const LoadedScenario& scenario,
                           const Comparison& comparison,
                           const Terminal& terminal) {
  return absl::StrCat(comparison.scenario, ": ", scenario.proto.summary(),
                      "\n\n", MakeTable(comparison).Render(terminal), "\n",
                      WhereRowsPart(comparison), "\n");
}

constinit const Command kCompareCommand = {
    .name = "compare",
    .summary = "the same guest events under every combination of policies",
    .operands = {"SCENARIO", 1, 1},
    .flags = kFlags,
    .details =
        "Runs the product of the axes that the scenario lists, or that --set\n"
        "names, and prints one row a combination: the verdict, the worst\n"
        "outcome and its step, all accesses, and the first invariant that\n"
        "stopped holding; then where and why the rows part.\n"
        "\n"
        "Exit status: 0 as expected, 1 an expectation of the scenario failed,\n"
        "2 trouble.",
    .examples =
        "iovalab compare scenarios/alias/delete_alias.textproto\n"
        "iovalab compare my.textproto --set mapping=hva,gpa --set backend=all\n"
        "iovalab import qemu-trace.log -o - | iovalab compare -",
    .run = RunCompare,
};

}  // namespace iovalab
