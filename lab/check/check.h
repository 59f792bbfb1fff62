#ifndef IOVALAB_LAB_CHECK_CHECK_H_
#define IOVALAB_LAB_CHECK_CHECK_H_

// check: whether scenarios still do what their goldens and their expectations
// say. Beside NAME.textproto, NAME.trace is the trace of its base policies and
// NAME.table the comparison of its product.
//
// Not for: looking into one run (run, compare, diff).
//
// Invariants: results are in the order of the paths, whatever the threads;
// goldens are written only with `update`, and never while an expectation of
// that scenario fails: a golden is no way round it.

#include <cstddef>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lab/compare/compare.h"
#include "lab/scenario/scenario_load.h"

namespace iovalab {

enum class CheckRule : uint8_t {
  kExpectation,  // an expect block does not hold
  kTrace,        // the golden trace is another
  kTable,        // the golden table is another
  kNoGolden,     // a golden is missing
  kInvalid,      // the scenario or a golden cannot be read, or not run
};

struct CheckRuleInfo {
  absl::string_view id;  // "trace-changed"
  absl::string_view says;
};
const CheckRuleInfo& GetCheckRule(CheckRule rule);
absl::Span<const CheckRuleInfo> CheckRules();  // in the order of the enum

struct CheckProblem {
  CheckRule rule = CheckRule::kInvalid;
  std::string file;  // as the user's path has it
  int line = 1;
  std::string says;     // a sentence
  std::string details;  // lines, or ""
};

struct ScenarioCheck {
  std::string path;
  std::vector<CheckProblem> problems;
  std::vector<std::string> written;  // goldens that --update changed
  // Not OK where the scenario could not be read, run or its goldens be written;
  // then the last problem says the same.
  absl::Status trouble;

  bool ok() const { return problems.empty(); }
  bool OnlyLacksGoldens() const;
};

struct CheckOptions {
  bool update = false;
  size_t threads = 1;
  absl::string_view tool;  // for the traces' headers
  // What a golden table holds. Called from several threads at a time.
  std::string (*table_text)(const LoadedScenario&, const Comparison&) = nullptr;
};

ScenarioCheck CheckScenario(const std::string& path,
                            const CheckOptions& options);

// on_progress is called from this thread with how many are done.
std::vector<ScenarioCheck> CheckScenarios(
    absl::Span<const std::string> paths, const CheckOptions& options,
    absl::FunctionRef<void(size_t)> on_progress);

}  // namespace iovalab

#endif  // IOVALAB_LAB_CHECK_CHECK_H_
