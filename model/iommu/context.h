#ifndef IOVALAB_MODEL_IOMMU_CONTEXT_H_
#define IOVALAB_MODEL_IOMMU_CONTEXT_H_

// DeviceContext: what an IOMMU knows of a device before any table is walked:
// nothing, that it is blocked, that its addresses are physical, or which tables
// translate it; and for requests with a process id (PASID), which first stage
// is that process's. The names of the fields are RISC-V's, whose rules these
// are where formats differ (RISC-V IOMMU specification 2.3; VT-d and SMMUv3
// have the same four kinds).
//
// Not for: directories in memory that hold contexts; walks (two_stage.h).
//
// Invariant: a stage without a format is bare: it translates nothing.

#include <cstdint>
#include <optional>
#include <vector>

#include "model/iommu/entry_step.h"
#include "model/iommu/fault.h"
#include "model/iommu/format.h"

namespace iovalab {

enum class ContextKind : uint8_t { kNone, kBlocked, kIdentity, kTranslated };

struct TableRoot {
  const Format* format = nullptr;  // null: bare
  uint64_t address = 0;            // a guest's where a second stage is below
};

struct ProcessContext {
  uint32_t pasid = 0;
  // kNone, kBlocked: it is not valid, as if it were not there. kIdentity:
  // neither stage translates (VT-d's pass-through; RISC-V cannot say it under a
  // second stage).
  ContextKind kind = ContextKind::kTranslated;
  uint16_t asid = 0;                 // tags what caches keep of it
  bool supervisor = false;           // ENS: may make supervisor requests
  bool supervisor_may_user = false;  // SUM
  TableRoot first = {};
};

struct DeviceContext {
  ContextKind kind = ContextKind::kNone;
  uint16_t domain = 0;
  bool has_processes = false;  // PDTV: the first stage is the process's
  TableRoot first;             // of requests without PASID, unless PDTV
  TableRoot second;
  std::vector<ProcessContext> processes;
};

struct DeviceRequest {
  uint32_t access = kAccessRead;
  std::optional<uint32_t> pasid = {};
  bool supervisor = false;  // means nothing without a PASID
};

// RISC-V causes of refusals before a walk.
inline constexpr uint32_t kCauseInboundDisallowed = 256;
inline constexpr uint32_t kCauseContextInvalid = 258;
inline constexpr uint32_t kCauseContextMisconfigured = 259;
inline constexpr uint32_t kCauseTypeDisallowed = 260;
inline constexpr uint32_t kCauseProcessInvalid = 266;

// Which tables to walk how; or a refusal, with RISC-V's cause (other formats
// take their code from the reason: FormatOps.fault_code).
struct ContextAnswer {
  IommuFault reason = IommuFault::kNone;
  uint32_t riscv_cause = 0;
  FaultPlace place = FaultPlace::kPages;  // of a refusal: where it was found
  TableRoot first = {};
  TableRoot second = {};
  WalkRequest request = {};

  // No stage translates.
  bool identity() const {
    return first.format == nullptr && second.format == nullptr;
  }
};

ContextAnswer ResolveContext(const DeviceContext& context,
                             const DeviceRequest& request);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_CONTEXT_H_
