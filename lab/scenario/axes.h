#ifndef IOVALAB_LAB_SCENARIO_AXES_H_
#define IOVALAB_LAB_SCENARIO_AXES_H_

// Axes: in what ways runs of one scenario can differ, and which combinations a
// scenario or the flags ask for.
//
// Not for: what a value does; the machine's parts know that by its name.
//
// Invariants: names of axes and of an axis's values are unique; policies hold
// every axis once, in the table's order.

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace iovalab {

struct AxisValue {
  absl::string_view name;
  absl::string_view help;    // a line
  absl::string_view source;  // where the behaviour comes from
};

struct AxisInfo {
  absl::string_view name;
  absl::string_view help;
  absl::string_view source;
  std::vector<AxisValue> values;
  absl::string_view default_value;
  // Traces do not name the axis where it has its default: it came after traces
  // were first kept.
  bool implied = false;
};

// The table: strategies and switches as the model has them registered. Names
// live as long as the program.
const std::vector<AxisInfo>& Axes();

// The row, or an InvalidArgument that suggests the nearest name.
absl::StatusOr<const AxisInfo*> FindAxis(absl::string_view name);
absl::Status CheckAxisValue(const AxisInfo& axis, absl::string_view value);

// One value of every axis: what names a run.
struct Policies {
  std::vector<std::pair<std::string, std::string>> values;  // axis, value

  // The axis's value; "" for an axis that is not in the table.
  absl::string_view Get(absl::string_view axis) const;
  // Without the defaults of implied axes: what a trace names.
  std::vector<std::pair<std::string, std::string>> Named() const;
  friend bool operator==(const Policies&, const Policies&) = default;
};

// An axis and those of its values that are asked for, the base policy first.
struct AxisChoice {
  std::string axis;
  std::vector<std::string> values;
  friend bool operator==(const AxisChoice&, const AxisChoice&) = default;
};

// "mapping=hva,gpa", "mapping=all". Unknown names, no value, and a value given
// twice are errors.
absl::StatusOr<AxisChoice> ParseSet(absl::string_view text);

// The scenario's choices, replaced axis by axis by those of the flags. An axis
// that the flags name twice is an error.
absl::StatusOr<std::vector<AxisChoice>> MergeChoices(
    absl::Span<const AxisChoice> scenario, absl::Span<const AxisChoice> flags);

// The first value of each choice, the default for other axes.
Policies BasePolicies(absl::Span<const AxisChoice> choices);

// Every combination: axes in the table's order, values as chosen, the last
// axis varying fastest. More than `most` of them is an error.
absl::StatusOr<std::vector<Policies>> Product(
    absl::Span<const AxisChoice> choices, size_t most = 10'000);

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_AXES_H_
