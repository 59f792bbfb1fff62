// What a scenario expects of the platform IOMMU's faults.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lab/scenario/scenario_expect.h"
#include "model/event/kinds.h"

namespace iovalab {
namespace {

absl::Span<const absl::string_view> Reasons() {
  for (const FieldInfo& field : GetKind(Kind::kIommuFault).fields) {
    if (field.name == "reason") return field.values;
  }
  return {};
}

}  // namespace

absl::Status CheckIommuFaultExpect(const Loading& l, const Place& at,
                                   const pb::Expect::IommuFault& fault) {
  if (fault.step().empty()) {
    return l.where.Error(at.At("step"),
                         "missing; the label of a post or probe");
  }
  if (l.steps.Find(fault.step()) == kNoIndex) {
    return l.where.Error(at.At("step"), l.steps.Unknown(fault.step()));
  }
  const absl::Span<const absl::string_view> reasons = Reasons().subspan(1);
  if (fault.reason().empty() || std::find(reasons.begin(), reasons.end(),
                                          fault.reason()) != reasons.end()) {
    return absl::OkStatus();
  }
  return l.where.Error(at.At("reason"),
                       absl::StrCat("no reason ", Quote(fault.reason()),
                                    "; one of ", absl::StrJoin(reasons, ", ")));
}

}  // namespace iovalab
