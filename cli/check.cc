#include "cli/check.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/compare.h"
#include "cli/outputs.h"
#include "cli/scenario_flags.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/text.h"
#include "cli/version.h"
#include "lab/check/check.h"
#include "lab/check/check_pool.h"
#include "lab/check/check_report.h"
#include "lab/scenario/scenario_files.h"
#include "lab/write_file.h"

namespace iovalab {
namespace {

constexpr uint64_t kMostJobs = 1024;
constexpr size_t kMostPathsNamed = 8;  // in the line that reproduces

// What `iovalab compare` prints where there is no terminal.
std::string GoldenTable(const LoadedScenario& scenario,
                        const Comparison& comparison) {
  const Terminal nowhere(-1, -1);
  return absl::StrCat(ComparisonText(scenario, comparison, nowhere),
                      "again: ./iovalab compare ",
                      ShellWord(scenario.where->file()), "\n");
}

struct Word {
  absl::string_view text;
  Style style;
};

Word StatusOf(const ScenarioCheck& check) {
  if (check.OnlyLacksGoldens()) return {"no golden", Style::kRed};
  if (!check.ok()) return {"FAIL", Style::kRed};
  if (!check.written.empty()) return {"written", Style::kYellow};
  return {"ok", Style::kGreen};
}

// A line, and below it what is wrong; text from files does not steer the
// terminal.
void WriteCheck(const ScenarioCheck& check, Terminal& terminal) {
  const Word word = StatusOf(check);
  const std::string pad(10 - word.text.size(), ' ');
  terminal.Write(absl::StrCat(terminal.Paint(word.style, word.text), pad,
                              Printable(check.path), "\n"));
  for (const CheckProblem& problem : check.problems) {
    terminal.Write(absl::StrCat("  ", Printable(problem.file), ":",
                                problem.line, ": ", Printable(problem.says),
                                "\n"));
    for (absl::string_view line :
         absl::StrSplit(problem.details, '\n', absl::SkipEmpty())) {
      terminal.Write(absl::StrCat("    ", Printable(line), "\n"));
    }
  }
  for (const std::string& path : check.written) {
    terminal.Write(absl::StrCat("  written: ", Printable(path), "\n"));
  }
}

std::string Joined(const std::vector<std::string>& paths) {
  std::string line;
  for (const std::string& path : paths) {
    absl::StrAppend(&line, " ", ShellWord(path));
  }
  return line;
}

void WriteSummary(const std::vector<ScenarioCheck>& checks, const Args& args,
                  Terminal& terminal) {
  std::vector<std::string> failed;
  size_t written = 0;
  bool other = false;  // a golden says something else, or is not there
  for (const ScenarioCheck& check : checks) {
    written += check.written.size();
    if (!check.ok()) failed.push_back(check.path);
    for (const CheckProblem& problem : check.problems) {
      other = other || (problem.rule != CheckRule::kExpectation &&
                        problem.rule != CheckRule::kInvalid);
    }
  }
  const bool few = !failed.empty() && failed.size() <= kMostPathsNamed;
  const std::string paths = Joined(few ? failed : args.operands());
  terminal.Write(absl::StrCat(
      "\n", checks.size(), checks.size() == 1 ? " scenario: " : " scenarios: ",
      checks.size() - failed.size(), " ok, ", failed.size(), " failed",
      args.Has("--update") ? absl::StrCat("; goldens written: ", written) : "",
      "\n"));
  if (other) {
    terminal.Write(absl::StrCat("to take what is new: ./iovalab check --update",
                                paths, "\n"));
  }
  terminal.Write(absl::StrCat("again: ./iovalab check", paths, "\n"));
}

// To a file that appears whole, or to standard output.
absl::Status WriteReport(const std::string& path, absl::string_view text,
                         Terminal& terminal) {
  if (path == "-") {
    terminal.Write(text);
    return absl::OkStatus();
  }
  return WriteWholeFile(path, text);
}

absl::Status WriteReports(const std::vector<ScenarioCheck>& checks,
                          const Args& args, Terminal& terminal) {
  if (args.Has("--junit")) {
    absl::Status status =
        WriteReport(args.Text("--junit"), CheckJunit(checks), terminal);
    if (!status.ok()) return status;
  }
  if (!args.Has("--sarif")) return absl::OkStatus();
  return WriteReport(args.Text("--sarif"), CheckSarif(checks, kVersion),
                     terminal);
}

// How many of the outputs are to be standard output; one alone may.
absl::Status CheckOutputs(const Args& args, bool* people) {
  const int taken =
      (args.Text("--junit") == "-") + (args.Text("--sarif") == "-");
  *people = taken == 0;
  if (taken + args.Has("--github") * taken > 1) {
    return absl::InvalidArgumentError(
        "standard output: one report can go there; of --junit=-, --sarif=- "
        "and --github give one");
  }
  return absl::OkStatus();
}

absl::StatusOr<int> DoCheck(const Args& args, Terminal& terminal) {
  bool people = true;
  if (absl::Status s = CheckOutputs(args, &people); !s.ok()) return s;
  const uint64_t jobs = args.Number("--jobs", HardwareThreads());
  if (jobs == 0 || jobs > kMostJobs) {
    return absl::InvalidArgumentError(
        absl::StrCat("--jobs: ", jobs, "; 1 to ", kMostJobs));
  }
  const absl::StatusOr<std::vector<std::string>> paths =
      FindScenarios(args.operands());
  if (!paths.ok()) return paths.status();
  for (const char* flag : {"--junit", "--sarif"}) {
    if (absl::Status s = CheckOutput(args, flag, *paths); !s.ok()) return s;
  }
  if (people && args.Has("--junit") &&
      args.Text("--junit") == args.Text("--sarif")) {
    return absl::InvalidArgumentError(
        absl::StrCat("--sarif: ", args.Text("--sarif"),
                     " is --junit's too; a file for each report"));
  }

  CheckOptions options;
  options.update = args.Has("--update");
  options.threads = jobs;
  options.tool = kToolName;
  options.table_text = GoldenTable;
  std::vector<ScenarioCheck> checks;
  {
    Progress progress(terminal, "scenarios", paths->size());
    checks = CheckScenarios(*paths, options,
                            [&](size_t done) { progress.Update(done); });
  }
  if (people) {
    for (const ScenarioCheck& check : checks) WriteCheck(check, terminal);
    if (args.Has("--github")) terminal.Write(CheckGithub(checks));
    WriteSummary(checks, args, terminal);
  }
  if (absl::Status s = WriteReports(checks, args, terminal); !s.ok()) return s;
  bool failed = false;
  for (const ScenarioCheck& check : checks) {
    if (!check.trouble.ok()) return check.trouble;
    failed = failed || !check.ok();
  }
  return failed ? kDiffers : kFine;
}

int RunCheck(const Args& args, Terminal& terminal) {
  const absl::StatusOr<int> status = DoCheck(args, terminal);
  return status.ok() ? *status : terminal.Fail(status.status());
}

constexpr Flag kFlags[] = {
    {"--update", "",
     "rewrite goldens that differ, where every expectation holds",
     FlagType::kSwitch},
    {"--jobs", "N", "scenarios at a time (default: the machine's threads)",
     FlagType::kNumber},
    {"--junit", "FILE", "write the results as JUnit XML"},
    {"--sarif", "FILE", "write the results as SARIF 2.1.0"},
    {"--github", "", "print annotations for a GitHub workflow",
     FlagType::kSwitch},
};

}  // namespace

constinit const Command kCheckCommand = {
    .name = "check",
    .summary = "scenarios against their goldens and expectations, for CI",
    .operands = {"PATH…", 1, kAnyNumber},
    .flags = kFlags,
    .details =
        "PATH is a scenario, NAME.textproto, or a folder: all scenarios in it\n"
        "and below. Of each, the trace of the base policies must be that of\n"
        "NAME.trace beside it, the comparison's table that of NAME.table, and\n"
        "the expect blocks must hold in every combination of its axes.\n"
        "--update writes the two files anew, never the scenario, and not\n"
        "while an expectation fails. Read what it wrote before you commit it.\n"
        "\n"
        "Exit status: 0 all as expected; 1 a golden is missing or another, or\n"
        "an expectation failed; 2 trouble, an invalid scenario among it.",
    .examples =
        "iovalab check scenarios\n"
        "iovalab check --update my.textproto\n"
        "iovalab check --github --junit=results.xml ci/scenarios",
    .run = RunCheck,
};

}  // namespace iovalab
