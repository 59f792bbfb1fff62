#include "lab/compare/compare.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lab/compare/expect.h"
#include "lab/compare/run_policies.h"
#include "lab/compare/story.h"
#include "lab/trace/trace_ids.h"

namespace iovalab {

CompareRow SummarizeRun(const Policies& policies, const Trace& trace,
                        const Outcome& outcome) {
  CompareRow row;
  row.policies = policies;
  row.verdict = outcome.verdict;
  row.ended = outcome.ended;
  row.counts = outcome.counts;
  row.deserved = outcome.deserved;
  row.rules = outcome.rules;
  row.digest = outcome.digest;
  const Worst worst = WorstOf(outcome);
  row.worst = worst.access_class;
  row.worst_step = std::string(worst.step);
  if (outcome.first_violation) {
    const ViolationOutcome& v = *outcome.first_violation;
    row.first_violation = {EventIds(&trace).Id(v.event), std::string(v.step),
                           v.store, v.against};
  }
  return row;
}

namespace {

std::vector<std::string> Failures(const LoadedScenario& scenario,
                                  const Policies& policies,
                                  const ResolvedPolicies& resolved,
                                  const RunResult& result,
                                  const Outcome& outcome) {
  std::vector<std::string> failures;
  for (int i = 0; i < scenario.proto.expect_size(); ++i) {
    const pb::Expect& expect = scenario.proto.expect(i);
    if (!Applies(expect, policies)) continue;
    std::vector<std::string> found =
        resolved.not_applicable.empty()
            ? CheckExpect(expect, i, result, outcome)
            : CheckNotApplicable(expect, i, resolved.not_applicable);
    failures.insert(failures.end(), found.begin(), found.end());
  }
  return failures;
}

}  // namespace

RunResult RunOne(const LoadedScenario& scenario, const Policies& policies,
                 const RunPolicies& run, const RunOptions& options) {
  const uint64_t seed = options.seed.value_or(scenario.spec.seed);
  RunResult result = RunScenario(scenario.spec, run, seed, options.limits);
  Trace::Header& header = result.trace.header;
  header.scenario = scenario.canonical;
  header.policies = policies.Named();
  header.tool = std::string(options.tool);
  return result;
}

absl::StatusOr<Comparison> Compare(const LoadedScenario& scenario,
                                   absl::Span<const Policies> product,
                                   const RunOptions& options, OnRow on_row) {
  Comparison comparison;
  comparison.scenario = scenario.proto.name();
  for (const Policies& policies : product) {
    CompareRow row;
    row.policies = policies;
    const ResolvedPolicies resolved = ResolvePolicies(policies, scenario.spec);
    row.not_applicable = resolved.not_applicable;
    RunResult result;
    Outcome outcome;
    if (row.not_applicable.empty()) {
      result = RunOne(scenario, policies, resolved.run, options);
      outcome = ReadOutcome(result);
      row = SummarizeRun(policies, result.trace, outcome);
      row.story = StoryOf(scenario.spec, result.trace, outcome);
    }
    row.failures = Failures(scenario, policies, resolved, result, outcome);
    comparison.failures += row.failures.size();
    const Trace* trace = row.not_applicable.empty() ? &result.trace : nullptr;
    if (absl::Status status = on_row(row, trace); !status.ok()) return status;
    comparison.rows.push_back(std::move(row));
  }
  for (const auto& [axis, value] : product.front().values) {
    // clang 14 captures no structured binding by itself.
    const auto differs = [&axis = axis, &value = value](const Policies& p) {
      return p.Get(axis) != value;
    };
    if (std::any_of(product.begin(), product.end(), differs)) {
      comparison.axes.push_back(axis);
    }
  }
  return comparison;
}

namespace {

using Rows = std::vector<const CompareRow*>;

// A row's values on these axes: "hva vdpa_set_map_pa".
std::string ValuesOn(const std::vector<std::string>& axes,
                     const CompareRow& row) {
  return absl::StrJoin(axes, " ",
                       [&](std::string* out, const std::string& axis) {
                         absl::StrAppend(out, row.policies.Get(axis));
                       });
}

std::vector<std::string> DistinctNames(const std::vector<std::string>& axes,
                                       const Rows& rows) {
  std::vector<std::string> names;
  for (const CompareRow* row : rows) {
    std::string name = ValuesOn(axes, *row);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

// The fewest leading axes, or the one axis, whose values tell these rows from
// the others.
std::vector<std::string> TellingAxes(const Comparison& comparison,
                                     const Rows& rows, const Rows& others) {
  const auto tells = [&](const std::vector<std::string>& axes) {
    const std::vector<std::string> a = DistinctNames(axes, rows);
    const std::vector<std::string> b = DistinctNames(axes, others);
    return std::none_of(a.begin(), a.end(), [&](const std::string& name) {
      return std::find(b.begin(), b.end(), name) != b.end();
    });
  };
  for (const std::string& axis : comparison.axes) {
    if (tells({axis})) return {axis};
  }
  std::vector<std::string> axes;
  for (const std::string& axis : comparison.axes) {
    axes.push_back(axis);
    if (tells(axes)) break;
  }
  return axes;
}

}  // namespace

std::string WhereRowsPart(const Comparison& comparison) {
  const auto severity = [](const CompareRow& row) {
    return std::pair(row.verdict, Severity(row.worst));
  };
  const CompareRow* worst = nullptr;
  for (const CompareRow& row : comparison.rows) {
    if (!row.not_applicable.empty()) continue;
    if (worst == nullptr || severity(row) > severity(*worst)) worst = &row;
  }
  if (worst == nullptr) return "No combination applies.";
  if (worst->story.empty()) {
    return "Every row that applies came to the same: nothing went wrong.";
  }
  if (comparison.axes.empty()) return absl::StrCat(worst->story, ".");
  const auto any = [&](auto is) {
    return std::any_of(comparison.rows.begin(), comparison.rows.end(),
                       [&](const CompareRow& row) {
                         return row.not_applicable.empty() && is(row);
                       });
  };
  // Where no row is fine, rows may begin to go wrong in the same way and yet
  // come to another end.
  const bool parts_later = !any([](const CompareRow& row) {
    return row.story.empty();
  }) && any([&](const CompareRow& row) {
    return row.story == worst->story && row.verdict != worst->verdict;
  });
  Rows same;
  Rows better;
  for (const CompareRow& row : comparison.rows) {
    if (!row.not_applicable.empty()) continue;
    if (row.story == worst->story &&
        (!parts_later || row.verdict == worst->verdict)) {
      same.push_back(&row);
    } else if (parts_later ? row.verdict < worst->verdict : row.story.empty()) {
      better.push_back(&row);
    }
  }
  const std::vector<std::string> axes = TellingAxes(comparison, same, better);
  std::string text = absl::StrCat(
      absl::StrJoin(DistinctNames(axes, same), ", "), ": ", worst->story);
  if (parts_later && worst->worst != AccessClass::kOk) {
    absl::StrAppend(&text, "; then ", Name(worst->worst), " at ",
                    worst->worst_step);
  }
  absl::StrAppend(&text, ".");
  if (!better.empty()) {
    absl::StrAppend(&text, " Not so ",
                    absl::StrJoin(DistinctNames(axes, better), ", "), ".");
  }
  return text;
}

}  // namespace iovalab
