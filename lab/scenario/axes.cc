#include "lab/scenario/axes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "lab/utf8.h"
#include "sim/check.h"
#include "util/nearest.h"

namespace iovalab {
namespace {

template <typename Rows>
std::vector<absl::string_view> NamesOf(const Rows& rows) {
  std::vector<absl::string_view> names;
  for (const auto& row : rows) names.push_back(row.name);
  return names;
}

// 'no WHAT "typed"; did you mean X?' or '; one of A, B'.
absl::Status UnknownName(absl::string_view what, absl::string_view typed,
                         absl::Span<const absl::string_view> names) {
  const absl::string_view near = Nearest(typed, names);
  return absl::InvalidArgumentError(absl::StrCat(
      typed.empty() ? absl::StrCat(what, " is missing")
                    : absl::StrCat("no ", what, " ", Quote(typed)),
      "; ",
      near.empty() ? absl::StrCat("one of ", absl::StrJoin(names, ", "))
                   : absl::StrCat("did you mean ", near, "?")));
}

// The same, and all names in either case: there is no other way to see them
// where a file is read.
absl::Status UnknownValue(const AxisInfo& axis, absl::string_view typed) {
  const std::vector<absl::string_view> names = NamesOf(axis.values);
  const absl::Status unknown =
      UnknownName(absl::StrCat("value of axis ", axis.name), typed, names);
  if (Nearest(typed, names).empty()) return unknown;
  return absl::InvalidArgumentError(
      absl::StrCat(unknown.message(), " All: ", absl::StrJoin(names, ", ")));
}

const AxisChoice* FindChoice(absl::Span<const AxisChoice> choices,
                             absl::string_view axis) {
  for (const AxisChoice& choice : choices) {
    if (choice.axis == axis) return &choice;
  }
  return nullptr;
}

// The values of an axis that are asked for.
std::vector<std::string> ValuesOf(const AxisInfo& axis,
                                  absl::Span<const AxisChoice> choices) {
  const AxisChoice* choice = FindChoice(choices, axis.name);
  if (choice == nullptr) return {std::string(axis.default_value)};
  sim::Check(!choice->values.empty(), "an axis is chosen without a value");
  return choice->values;
}

}  // namespace

absl::StatusOr<const AxisInfo*> FindAxis(absl::string_view name) {
  for (const AxisInfo& axis : Axes()) {
    if (axis.name == name) return &axis;
  }
  return UnknownName("axis", name, NamesOf(Axes()));
}

absl::Status CheckAxisValue(const AxisInfo& axis, absl::string_view value) {
  for (const AxisValue& known : axis.values) {
    if (known.name == value) return absl::OkStatus();
  }
  return UnknownValue(axis, value);
}

absl::string_view Policies::Get(absl::string_view axis) const {
  for (const auto& [name, value] : values) {
    if (name == axis) return value;
  }
  return "";
}

std::vector<std::pair<std::string, std::string>> Policies::Named() const {
  std::vector<std::pair<std::string, std::string>> named;
  for (const auto& [name, value] : values) {
    const absl::StatusOr<const AxisInfo*> axis = FindAxis(name);
    if (axis.ok() && (*axis)->implied && value == (*axis)->default_value) {
      continue;
    }
    named.emplace_back(name, value);
  }
  return named;
}

absl::StatusOr<AxisChoice> ParseSet(absl::string_view text) {
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        Quote(text), " has no '='; AXIS=VALUE, AXIS=V1,V2 or AXIS=all"));
  }
  const absl::StatusOr<const AxisInfo*> axis = FindAxis(text.substr(0, equals));
  if (!axis.ok()) return axis.status();
  AxisChoice choice{std::string((*axis)->name), {}};
  if (text.substr(equals + 1) == "all") {
    for (const AxisValue& value : (*axis)->values) {
      choice.values.emplace_back(value.name);
    }
    return choice;
  }
  for (absl::string_view value : absl::StrSplit(text.substr(equals + 1), ',')) {
    if (absl::Status s = CheckAxisValue(**axis, value); !s.ok()) return s;
    if (std::find(choice.values.begin(), choice.values.end(), value) !=
        choice.values.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "axis ", choice.axis, " has ", value, " twice; each value once"));
    }
    choice.values.emplace_back(value);
  }
  return choice;
}

absl::StatusOr<std::vector<AxisChoice>> MergeChoices(
    absl::Span<const AxisChoice> scenario, absl::Span<const AxisChoice> flags) {
  std::vector<AxisChoice> merged;
  for (const AxisChoice& flag : flags) {
    if (FindChoice(merged, flag.axis) != nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("axis ", flag.axis, " is set twice; ", flag.axis,
                       "=V1,V2 sets several values"));
    }
    merged.push_back(flag);
  }
  for (const AxisChoice& choice : scenario) {
    if (FindChoice(merged, choice.axis) == nullptr) merged.push_back(choice);
  }
  return merged;
}

Policies BasePolicies(absl::Span<const AxisChoice> choices) {
  Policies base;
  for (const AxisInfo& axis : Axes()) {
    base.values.emplace_back(axis.name, ValuesOf(axis, choices).front());
  }
  return base;
}

absl::StatusOr<std::vector<Policies>> Product(
    absl::Span<const AxisChoice> choices, size_t most) {
  std::vector<Policies> rows = {{}};
  for (const AxisInfo& axis : Axes()) {
    const std::vector<std::string> values = ValuesOf(axis, choices);
    if (values.size() > most / rows.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("more than ", most, " combinations from axis ",
                       axis.name, " on; fewer values"));
    }
    std::vector<Policies> longer;
    for (const Policies& row : rows) {
      for (const std::string& value : values) {
        longer.push_back(row);
        longer.back().values.emplace_back(axis.name, value);
      }
    }
    rows = std::move(longer);
  }
  return rows;
}

}  // namespace iovalab
