#include "cli/run.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/outputs.h"
#include "cli/scenario_flags.h"
#include "cli/terminal/progress.h"
#include "lab/compare/compare.h"
#include "lab/compare/expect.h"
#include "lab/compare/run_policies.h"
#include "lab/compare/story.h"
#include "lab/trace/trace_file.h"
#include "lab/trace/trace_text.h"

namespace iovalab {
namespace {

std::string ReproduceLine(const ScenarioArguments& arguments,
                          const Policies& policies) {
  std::string line = absl::StrCat("./iovalab run ", arguments.reproduce);
  for (const AxisChoice& choice : arguments.choices) {
    absl::StrAppend(&line, " --set ", choice.axis, "=",
                    policies.Get(choice.axis));
  }
  return line;
}

std::string VerdictLine(const Outcome& outcome, const std::string& story,
                        const Terminal& terminal) {
  const Style style = outcome.verdict == Verdict::kSafe     ? Style::kGreen
                      : outcome.verdict == Verdict::kFaults ? Style::kYellow
                                                            : Style::kRed;
  std::string line = terminal.Paint(style, Name(outcome.verdict));
  if (outcome.ended != Ended::kCompleted) {
    absl::StrAppend(&line, " (", Name(outcome.ended), ")");
  }
  absl::StrAppend(&line, ": ");
  if (story.empty()) {
    absl::StrAppend(&line, "nothing went wrong");
  } else if (outcome.verdict == Verdict::kSafe) {
    absl::StrAppend(&line, "no access went wrong, yet ", story);
  } else {
    absl::StrAppend(&line, story);
  }
  // The first incident need not be what the verdict rests on.
  const Worst worst = WorstOf(outcome);
  const std::string where = absl::StrCat("at ", worst.step);
  if (worst.access_class != AccessClass::kOk &&
      !absl::StrContains(story, where)) {
    absl::StrAppend(&line, "; worst, ", Name(worst.access_class), " ", where);
  }
  return absl::StrCat("verdict ", line, "\n");
}

std::string RulesLine(const RuleCounts& rules) {
  return absl::StrCat(rules.derived, " of ", rules.total(),
                      " rules used are derived, ", rules.recorded,
                      " recorded, ", rules.source, " read in sources\n");
}

RunResult RunShown(const LoadedScenario& scenario, const Policies& policies,
                   const RunPolicies& run, RunOptions options,
                   Terminal& terminal) {
  Progress progress(terminal, "events", 0);
  options.limits.progress = {[](void* context, uint64_t events) {
                               static_cast<Progress*>(context)->Update(events);
                             },
                             &progress};
  return RunOne(scenario, policies, run, options);
}

absl::Status DoesNotApply(const ScenarioArguments& arguments,
                          const Policies& policies, absl::string_view reason,
                          const Args& args) {
  std::vector<std::string> named;
  for (const AxisChoice& choice : arguments.choices) {
    named.push_back(absl::StrCat(choice.axis, "=", policies.Get(choice.axis)));
  }
  const std::string what =
      absl::StrCat(named.empty() ? "the default" : absl::StrJoin(named, " "),
                   " does not apply: ", reason);
  if (args.Has("--set")) {
    return absl::InvalidArgumentError(absl::StrCat("--set: ", what));
  }
  const std::string hint =
      absl::StrCat(what, "; another value first, or --set");
  // Where no axis is written the whole file is the place.
  return arguments.scenario.where->Error(
      arguments.scenario.axes.empty() ? Place() : Place().At("axis", 0), hint);
}

absl::StatusOr<int> DoRun(const Args& args, Terminal& terminal) {
  if (absl::Status s = CheckOutput(args, "--trace", args.operands()); !s.ok()) {
    return s;
  }
  absl::StatusOr<ScenarioArguments> arguments = LoadArguments(args);
  if (!arguments.ok()) return arguments.status();
  for (const std::string& text : args.All("--set")) {
    const absl::StatusOr<AxisChoice> choice = ParseSet(text);
    if (choice.ok() && choice->values.size() > 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--set ", text, ": one value for a run; compare takes several"));
    }
  }
  const Policies policies = BasePolicies(arguments->choices);
  const ResolvedPolicies resolved =
      ResolvePolicies(policies, arguments->scenario.spec);
  if (!resolved.not_applicable.empty()) {
    return DoesNotApply(*arguments, policies, resolved.not_applicable, args);
  }
  const LoadedScenario& scenario = arguments->scenario;
  const RunResult result =
      RunShown(scenario, policies, resolved.run, arguments->options, terminal);
  const Outcome outcome = ReadOutcome(result);
  std::vector<std::string> failures;
  for (int i = 0; i < scenario.proto.expect_size(); ++i) {
    if (!Applies(scenario.proto.expect(i), policies)) continue;
    for (std::string& failure :
         CheckExpect(scenario.proto.expect(i), i, result, outcome)) {
      failures.push_back(std::move(failure));
    }
  }
  const std::string trace = args.Text("--trace");
  if (!trace.empty() && trace != "-") {
    if (absl::Status s = WriteTraceFile(trace, result.trace); !s.ok()) return s;
  }
  const std::string again = ReproduceLine(*arguments, policies);
  if (trace == "-") {
    terminal.Write(TraceToText(result.trace));
    for (const std::string& failure : failures) {
      terminal.Note(absl::StrCat("expectation ", failure));
    }
  } else if (args.Text("--format", "text") == "json") {
    CompareRow row = SummarizeRun(policies, result.trace, outcome);
    row.failures = failures;
    Comparison comparison;
    comparison.scenario = scenario.proto.name();
    comparison.rows.push_back(std::move(row));
    terminal.Write(ComparisonJson(comparison));
  } else {
    const std::string story = StoryOf(scenario.spec, result.trace, outcome);
    const auto named = policies.Named();
    std::vector<absl::string_view> values;
    for (const auto& [axis, value] : named) values.push_back(value);
    terminal.Write(absl::StrCat(
        scenario.proto.name(), " (", absl::StrJoin(values, ", "),
        "): ", scenario.proto.summary(), "\n\n",
        Narrative(scenario.spec, result.trace), "\n",
        VerdictLine(outcome, story, terminal), RulesLine(outcome.rules)));
    for (const std::string& failure : failures) {
      terminal.Write(absl::StrCat(terminal.Paint(Style::kRed, "expectation "),
                                  failure, "\n"));
    }
    terminal.Write(absl::StrCat("again: ", again, "\n"));
  }
  return failures.empty() ? kFine : kDiffers;
}

int RunRun(const Args& args, Terminal& terminal) {
  const absl::StatusOr<int> status = DoRun(args, terminal);
  return status.ok() ? *status : terminal.Fail(status.status());
}

constexpr Flag kOwnFlags[] = {
    {"--set", "AXIS=VALUE", "policy of an axis; see iovalab list axes",
     FlagType::kText, FlagUse::kRepeated},
    {"--trace", "FILE",
     "write the trace: .trace text, .trace.pb binary, - standard output"},
    {"--format", "text|json", "what to print (default text)",
     FlagType::kChoice},
};
constexpr auto kFlags = WithScenarioFlags(kOwnFlags);

}  // namespace

constinit const Command kRunCommand = {
    .name = "run",
    .summary = "one run of a scenario, told step by step, and its verdict",
    .operands = {"SCENARIO", 1, 1},
    .flags = kFlags,
    .details =
        "Runs the scenario under its base policies (the first value of each\n"
        "axis) or those of --set. With --trace=- the trace alone goes to\n"
        "standard output.\n"
        "\n"
        "Exit status: 0 as expected, 1 an expectation of the scenario failed,\n"
        "2 trouble.",
    .examples =
        "iovalab run scenarios/alias/delete_alias.textproto\n"
        "iovalab run my.textproto --set mapping=gpa --trace my.trace\n"
        "iovalab run my.textproto --trace=- | less",
    .run = RunRun,
};

}  // namespace iovalab
