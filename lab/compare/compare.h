#ifndef IOVALAB_LAB_COMPARE_COMPARE_H_
#define IOVALAB_LAB_COMPARE_COMPARE_H_

// Compare: the same guest events under every combination of policies, one row
// each, what each row's expectations say, and where and why the rows part.
//
// Not for: traces side by side (diff.h).
//
// Invariant: rows are in the order of the product (axes.h); the same arguments
// give the same rows.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lab/compare/outcome.h"
#include "lab/scenario/axes.h"
#include "lab/scenario/scenario_load.h"
#include "model/machine.h"

namespace iovalab {

struct RunOptions {
  std::optional<uint64_t> seed;  // instead of the scenario's
  RunLimits limits;
  absl::string_view tool;  // name and version, for the trace's header
};

// One run, with a complete trace header.
RunResult RunOne(const LoadedScenario& scenario, const Policies& policies,
                 const RunPolicies& run, const RunOptions& options);

struct CompareRow {
  Policies policies;
  std::string not_applicable;         // else the reason; nothing below
  std::vector<std::string> failures;  // expectations that do not hold
  Verdict verdict = Verdict::kSafe;
  Ended ended = Ended::kCompleted;
  ClassCounts counts{};  // undeserved
  ClassCounts deserved{};
  RuleCounts rules;
  uint64_t digest = 0;
  AccessClass worst = AccessClass::kOk;
  std::string worst_step;
  struct FirstViolation {
    std::string event;  // id
    std::string step;
    StoreId store;
    StoreId against;
  };
  std::optional<FirstViolation> first_violation;
  // What first went wrong, in a sentence without its end; "" for nothing.
  std::string story;
};

struct Comparison {
  std::string scenario;
  std::vector<std::string> axes;  // with more than one value, in table order
  std::vector<CompareRow> rows;
  size_t failures = 0;
};

// A row of a run, without failures and story.
CompareRow SummarizeRun(const Policies& policies, const Trace& trace,
                        const Outcome& outcome);

// Called after each row; the run is null where the row was not applicable.
using OnRow = absl::FunctionRef<absl::Status(const CompareRow&, const Trace*)>;

// Stops at the first error of on_row.
absl::StatusOr<Comparison> Compare(const LoadedScenario& scenario,
                                   absl::Span<const Policies> product,
                                   const RunOptions& options, OnRow on_row);

// A sentence or two: where the worst row parts from the best one, and why.
std::string WhereRowsPart(const Comparison& comparison);

// As CLI.md has it; one line, with a newline.
std::string ComparisonJson(const Comparison& comparison);

}  // namespace iovalab

#endif  // IOVALAB_LAB_COMPARE_COMPARE_H_
