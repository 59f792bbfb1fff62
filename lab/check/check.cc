#include "lab/check/check.h"

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "lab/check/check_pool.h"
#include "lab/check/golden.h"
#include "lab/read_file.h"
#include "lab/scenario/axes.h"
#include "lab/scenario/scenario_files.h"
#include "lab/scenario/scenario_place.h"
#include "lab/trace/trace_text.h"
#include "lab/write_file.h"

namespace iovalab {
namespace {

constexpr size_t kMostGoldenBytes = size_t{1} << 30;

constexpr CheckRuleInfo kRules[] = {
    {"expectation", "an expect block of the scenario does not hold"},
    {"trace-changed", "the base policies' trace is not the golden one"},
    {"table-changed", "the comparison's table is not the golden one"},
    {"no-golden", "a golden is missing; check --update writes it"},
    {"invalid", "the scenario cannot be read or run, or a golden not be read"},
};

// One scenario on its way through the check.
struct Work {
  const CheckOptions& options;
  ScenarioCheck result = {};
  LoadedScenario scenario = {};
  std::string trace = "";  // of the base policies, as text
  std::string table = "";
};

std::string GoldenPath(const std::string& path, absl::string_view ending) {
  return absl::StrCat(absl::StripSuffix(path, kScenarioEnding), ending);
}

// A combination's values on the axes that it is told apart by.
std::string RowName(const Comparison& comparison, const CompareRow& row) {
  return absl::StrJoin(comparison.axes, " ",
                       [&](std::string* out, const std::string& axis) {
                         absl::StrAppend(out, row.policies.Get(axis));
                       });
}

// One problem a failure, with all combinations that have it.
void AddFailures(const Comparison& comparison, Work& work) {
  struct Failure {
    absl::string_view says;
    std::vector<std::string> rows;
  };
  std::vector<Failure> failures;
  for (const CompareRow& row : comparison.rows) {
    for (const std::string& says : row.failures) {
      auto at = std::find_if(failures.begin(), failures.end(),
                             [&](const Failure& f) { return f.says == says; });
      if (at == failures.end()) at = failures.insert(at, {says, {}});
      at->rows.push_back(RowName(comparison, row));
    }
  }
  for (const Failure& failure : failures) {
    const absl::string_view field =
        failure.says.substr(0, failure.says.find(": "));
    const std::string rows = absl::StrJoin(failure.rows, ", ");
    work.result.problems.push_back(
        {CheckRule::kExpectation, work.result.path,
         work.scenario.where->Line(PlaceOf(field)),
         absl::StrCat(failure.says, rows.empty() ? "" : " (", rows,
                      rows.empty() ? "" : ")"),
         ""});
  }
}

absl::Status WriteGolden(const std::string& path, absl::string_view text,
                         Work& work) {
  if (absl::Status s = WriteWholeFile(path, text); !s.ok()) return s;
  work.result.written.push_back(path);
  return absl::OkStatus();
}

// `compare` tells what differs between a golden's text and what is now.
template <typename F>
absl::Status CheckGolden(absl::string_view ending, CheckRule rule,
                         absl::string_view now, Work& work, F compare) {
  const std::string path = GoldenPath(work.result.path, ending);
  const absl::StatusOr<std::string> golden =
      ReadWholeFile(path, kMostGoldenBytes);
  const bool missing = absl::IsNotFound(golden.status());
  if (!golden.ok() && !missing) return golden.status();
  CheckProblem problem{CheckRule::kNoGolden, path, 1,
                       "missing; check --update writes it", ""};
  if (!missing) {
    std::optional<GoldenDifference> difference = compare(path, *golden, now);
    if (!difference) return absl::OkStatus();
    problem = {rule, path, difference->line, std::move(difference->says),
               std::move(difference->details)};
  }
  if (work.options.update) return WriteGolden(path, now, work);
  work.result.problems.push_back(std::move(problem));
  return absl::OkStatus();
}

absl::Status CheckGoldens(Work& work) {
  absl::Status status =
      CheckGolden(".trace", CheckRule::kTrace, work.trace, work, CompareTrace);
  if (!status.ok()) return status;
  return CheckGolden(
      ".table", CheckRule::kTable, work.table, work,
      [](absl::string_view, absl::string_view golden, absl::string_view now) {
        return CompareTable(golden, now);
      });
}

absl::Status Check(Work& work) {
  const std::string& path = work.result.path;
  const absl::StatusOr<std::string> text =
      ReadWholeFile(path, LoadLimits().max_bytes);
  if (!text.ok()) return text.status();
  absl::StatusOr<LoadedScenario> scenario = LoadScenario(path, *text);
  if (!scenario.ok()) return scenario.status();
  work.scenario = *std::move(scenario);
  const absl::StatusOr<std::vector<Policies>> product =
      Product(work.scenario.axes);
  if (!product.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", product.status().message()));
  }
  RunOptions options;
  options.tool = work.options.tool;
  const absl::StatusOr<Comparison> comparison =
      Compare(work.scenario, *product, options,
              [&](const CompareRow& row, const Trace* trace) -> absl::Status {
                if (row.policies == product->front() && trace != nullptr) {
                  work.trace = TraceToText(*trace);
                }
                return absl::OkStatus();
              });
  if (!comparison.ok()) return comparison.status();
  AddFailures(*comparison, work);
  if (work.trace.empty()) {
    return work.scenario.where->Error(
        Place().At("axis", 0),
        absl::StrCat("the first values of the axes do not go together (",
                     comparison->rows[0].not_applicable,
                     "), so there is no trace to keep; another value first"));
  }
  if (work.options.update && !work.result.ok()) return absl::OkStatus();
  work.table = work.options.table_text(work.scenario, *comparison);
  return CheckGoldens(work);
}

// "FILE:LINE: what" of an error, where it begins so.
CheckProblem ProblemOf(const absl::Status& status, const std::string& path) {
  CheckProblem problem{CheckRule::kInvalid, path, 1,
                       std::string(status.message()), ""};
  absl::string_view rest = status.message();
  if (!absl::ConsumePrefix(&rest, path + ":")) return problem;
  const size_t digits = rest.find_first_not_of("0123456789");
  if (digits != 0 && digits != absl::string_view::npos &&
      absl::SimpleAtoi(rest.substr(0, digits), &problem.line)) {
    rest.remove_prefix(digits);
    absl::ConsumePrefix(&rest, ":");
  }
  problem.says = std::string(absl::StripLeadingAsciiWhitespace(rest));
  return problem;
}

}  // namespace

const CheckRuleInfo& GetCheckRule(CheckRule rule) {
  return kRules[static_cast<size_t>(rule)];
}
absl::Span<const CheckRuleInfo> CheckRules() { return kRules; }

bool ScenarioCheck::OnlyLacksGoldens() const {
  return !ok() &&
         std::all_of(problems.begin(), problems.end(), [](const auto& p) {
           return p.rule == CheckRule::kNoGolden;
         });
}

ScenarioCheck CheckScenario(const std::string& path,
                            const CheckOptions& options) {
  Work work{options};
  work.result.path = path;
  try {
    work.result.trouble = Check(work);
  } catch (const std::bad_alloc&) {  // ends a thread's work, not the process
    work.result.trouble = absl::ResourceExhaustedError(
        absl::StrCat(path, ": memory: exhausted; fewer --jobs would do"));
  }
  if (!work.result.trouble.ok()) {
    work.result.problems.push_back(ProblemOf(work.result.trouble, path));
  }
  return std::move(work.result);
}

std::vector<ScenarioCheck> CheckScenarios(
    absl::Span<const std::string> paths, const CheckOptions& options,
    absl::FunctionRef<void(size_t)> on_progress) {
  std::vector<ScenarioCheck> checks(paths.size());
  DoInParallel(
      paths.size(), options.threads,
      [&](size_t i) { checks[i] = CheckScenario(paths[i], options); },
      on_progress);
  return checks;
}

}  // namespace iovalab
