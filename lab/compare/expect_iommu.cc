#include "lab/compare/expect_iommu.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lab/trace/trace_fields.h"

namespace iovalab {
namespace {

absl::string_view ReasonOf(const EventFields& f) {
  for (const FieldInfo& field : GetKind(Kind::kIommuFault).fields) {
    if (field.name == "reason" && f["reason"] < field.values.size()) {
      return field.values[f["reason"]];
    }
  }
  return "?";
}

}  // namespace

std::string MissingIommuFault(const pb::Expect::IommuFault& wanted,
                              const Trace& trace) {
  std::string seen;
  for (EventIndex i = 0; i < trace.size(); ++i) {
    if (trace.event(i).kind != Kind::kIommuFault) continue;
    const EventFields f(trace, i);
    if (trace.name(f["request"]) != wanted.step()) continue;
    const auto level = static_cast<int64_t>(f["level"]);
    if ((wanted.reason().empty() || wanted.reason() == ReasonOf(f)) &&
        (!wanted.has_code() || wanted.code() == f["code"]) &&
        (!wanted.has_level() || wanted.level() == level) &&
        (!wanted.has_reported() || wanted.reported() == (f["reported"] != 0)) &&
        (!wanted.has_iova() || wanted.iova() == f["iova"]) &&
        (!wanted.has_pasid() || wanted.pasid() == f["pasid"])) {
      return "";
    }
    if (seen.empty()) {
      seen = absl::StrFormat("%s, code 0x%x, level %d, %sreported, IOVA 0x%x",
                             ReasonOf(f), f["code"], level,
                             f["reported"] != 0 ? "" : "not ", f["iova"]);
      if (f["pasid"] != UINT64_MAX) {
        absl::StrAppendFormat(&seen, ", PASID %d", f["pasid"]);
      }
    }
  }
  return absl::StrCat("step ", wanted.step(), " has ",
                      seen.empty() ? "no fault of the IOMMU's" : seen);
}

}  // namespace iovalab
