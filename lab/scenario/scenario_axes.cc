// The axes that a scenario names.

#include <algorithm>

#include "absl/container/btree_map.h"
#include "absl/strings/str_cat.h"
#include "lab/scenario/axes.h"
#include "lab/scenario/scenario_check.h"
#include "lab/scenario/scenario_iommu.h"

namespace iovalab {
namespace {

absl::Status CheckAxis(const Loading& l, int i,
                       absl::btree_map<absl::string_view, int>& named) {
  const pb::Axis& in = l.in.axis(i);
  const Place at = Place().At("axis", i);
  const absl::StatusOr<const AxisInfo*> axis = FindAxis(in.name());
  if (!axis.ok()) {
    return l.where.Error(at.At("name"), axis.status().message());
  }
  const auto [it, added] = named.insert({in.name(), i});
  if (!added) {
    return l.where.Error(at.At("name"),
                         absl::StrCat(Quote(in.name()), " is axis[", it->second,
                                      "]'s; all its values in one axis block"));
  }
  if (in.value_size() == 0) {
    return l.where.Error(
        at.At("value", 0),
        absl::StrCat("missing; at least one value of axis ", in.name(),
                     " (iovalab list values ", in.name(), ")"));
  }
  absl::btree_map<absl::string_view, int> values;
  for (int k = 0; k < in.value_size(); ++k) {
    const Place value_at = at.At("value", k);
    if (absl::Status s = CheckAxisValue(**axis, in.value(k)); !s.ok()) {
      return l.where.Error(value_at, s.message());
    }
    if (!values.insert({in.value(k), k}).second) {
      return l.where.Error(value_at, absl::StrCat(Quote(in.value(k)),
                                                  " again; each value once"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckAxes(const Loading& l) {
  absl::btree_map<absl::string_view, int> named;
  for (int i = 0; i < l.in.axis_size(); ++i) {
    if (absl::Status s = CheckAxis(l, i, named); !s.ok()) return s;
  }
  return CheckFormats(l);
}

}  // namespace iovalab
