#include "model/iommu/context.h"

namespace iovalab {
namespace {

using enum FaultPlace;

ContextAnswer Refuse(IommuFault reason, uint32_t cause, FaultPlace place) {
  return {.reason = reason, .riscv_cause = cause, .place = place};
}

// Of a request with PASID where the device has no processes.
ContextAnswer RefusePasid() {
  return Refuse(IommuFault::kTypeBlocked, kCauseTypeDisallowed, kPasidDir);
}

// The root of a RISC-V second stage has 16 KiB and lies on a multiple of that.
bool Misconfigured(const TableRoot& second) {
  if (second.format == nullptr) return false;
  const Format& f = *second.format;
  const uint64_t bytes = f.TableBytes(f.root_level());
  return f.family == Family::kRiscvG && (second.address & (bytes - 1)) != 0;
}

}  // namespace

ContextAnswer ResolveContext(const DeviceContext& context,
                             const DeviceRequest& request) {
  switch (context.kind) {
    case ContextKind::kNone:
      return Refuse(IommuFault::kNoContext, kCauseContextInvalid, kContext);
    case ContextKind::kBlocked:
      return Refuse(IommuFault::kTypeBlocked, kCauseInboundDisallowed,
                    FaultPlace::kRoot);
    case ContextKind::kIdentity:
      if (request.pasid) return RefusePasid();
      return {.request = {.access = request.access}};
    case ContextKind::kTranslated:
      break;
  }
  if (Misconfigured(context.second))
    return Refuse(IommuFault::kNoContext, kCauseContextMisconfigured, kContext);
  ContextAnswer answer{.second = context.second,
                       .request = {.access = request.access}};
  if (!context.has_processes) {
    if (request.pasid) return RefusePasid();
    answer.first = context.first;
    return answer;
  }
  // Without a PASID there is no process, and no first stage.
  if (!request.pasid) return answer;
  for (const ProcessContext& process : context.processes) {
    if (process.pasid != *request.pasid) continue;
    if (request.supervisor && !process.supervisor)
      return Refuse(IommuFault::kTypeBlocked, kCauseTypeDisallowed,
                    kPasidContext);
    if (process.kind == ContextKind::kIdentity) {
      answer.second = {};
      return answer;
    }
    if (process.kind != ContextKind::kTranslated) break;
    answer.first = process.first;
    answer.request.supervisor = request.supervisor;
    answer.request.sum = process.supervisor_may_user;
    return answer;
  }
  return Refuse(IommuFault::kNoContext, kCauseProcessInvalid, kPasidContext);
}

}  // namespace iovalab
