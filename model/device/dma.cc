#include "model/device/dma.h"

#include <algorithm>

#include "model/device/vdpa_device.h"
#include "model/host/vma.h"
#include "model/iommu/page_table_source.h"
#include "sim/check.h"

namespace iovalab {
namespace {

void Fault(uint64_t iova, uint64_t length, FaultReason reason, Rule rule,
           const std::optional<Entry>& entry, std::vector<DmaPiece>* pieces) {
  DmaPiece piece;
  piece.iova = iova;
  piece.length = length;
  piece.fault = reason;
  piece.rule = rule;
  piece.entry = entry;
  pieces->assign(1, piece);
}

// A user address in the owner's mm, when the device accesses it.
bool ResolveUser(const Stores& stores, const HostMemory& memory,
                 DmaPiece* piece) {
  const std::optional<Entry> vma = stores.Get(kVmaStore).Find(piece->hva);
  if (!vma || vma->perm == kPermNone) return false;
  piece->length = std::min(piece->length - 1, vma->last - piece->hva) + 1;
  const auto object = static_cast<ObjectIndex>(vma->tag);
  piece->memory = ObjectOffset{object, vma->Translate(piece->hva)};
  piece->hpa = memory.Resolve(object, piece->memory->offset).hpa.value;
  return true;
}

// Host physical memory: as long as it stays in one object's chunk.
void ResolvePhysical(const HostMemory& memory, DmaPiece* piece) {
  piece->memory = memory.FindByHpa(Hpa(piece->hpa));
  if (!piece->memory) return;
  const PhysicalSpan span =
      memory.Resolve(piece->memory->object, piece->memory->offset);
  piece->length = std::min(piece->length, span.length);
}

// The access goes on where the last piece ended, in the same way.
bool Continues(const DmaPiece& last, const DmaPiece& next) {
  return last.fault == FaultReason::kNone && next.fault == FaultReason::kNone &&
         last.memory && next.memory &&
         last.memory->object == next.memory->object &&
         last.memory->offset + last.length == next.memory->offset;
}

void Append(const DmaPiece& piece, std::vector<DmaPiece>* pieces) {
  if (!pieces->empty() && Continues(pieces->back(), piece)) {
    pieces->back().length += piece.length;
  } else {
    pieces->push_back(piece);
  }
}

// The kinds of refusal that a trace tells apart; the event iommu_fault has all.
FaultReason ReasonOf(IommuFault fault) {
  switch (fault) {
    case IommuFault::kNone:
      return FaultReason::kNone;
    case IommuFault::kPermission:
      return FaultReason::kPermission;
    case IommuFault::kInputWidth:
      return FaultReason::kAddressWidth;
    default:
      return FaultReason::kNotPresent;
  }
}

Rule VtdRuleOf(FaultReason reason) {
  switch (reason) {
    case FaultReason::kPermission:
      return Rule::kIommuPermission;
    case FaultReason::kAddressWidth:
      return Rule::kIommuWidth;
    case FaultReason::kNotPresent:
      return Rule::kIommuNotPresent;
    default:
      return Rule::kIommuTranslate;
  }
}

void TakeForInterrupt(bool write, DmaPiece* piece) {
  piece->absorbed = write;
  piece->fault = write ? FaultReason::kNone : FaultReason::kInterruptRange;
  piece->rule = write ? Rule::kIommuMsiWrite : Rule::kIommuMsiRead;
}

// One walk stands for all of a run: its leaves differ in their addresses alone.
void WalkAt(const Stores& stores, const PlatformIommu& platform, bool write,
            DmaPiece* piece) {
  piece->entry = stores.Get({StoreKind::kIommu, 0}).Find(piece->iova);
  piece->walk = WalkTable(*platform.table, piece->iova,
                          {.access = write ? kAccessWrite : kAccessRead});
  piece->fault = ReasonOf(piece->walk.reason);
  piece->rule = platform.vtd ? VtdRuleOf(piece->fault) : Rule::kIommuWalk;
  if (!piece->walk.ok) return;
  piece->hpa = piece->walk.pa;
  sim::Check(piece->entry && piece->entry->Translate(piece->iova) == piece->hpa,
             "the IOMMU's tables hold what its store shows");
}

// From `iova` to where the MSI window begins or ends, at most `length` bytes.
uint64_t UntilMsiBorder(uint64_t iova, uint64_t length) {
  const uint64_t border = IsMsiAddress(iova) ? kMsiLast
                          : iova < kMsiFirst ? kMsiFirst - 1
                                             : UINT64_MAX;
  return std::min(length - 1, border - iova) + 1;
}

void PlatformAccess(const Stores& stores, uint64_t iova, uint64_t length,
                    bool write, const PlatformIommu& platform,
                    const HostMemory& memory, std::vector<DmaPiece>* pieces) {
  sim::Check(platform.table != nullptr, "a platform IOMMU has tables");
  while (length > 0) {
    DmaPiece piece;
    piece.iova = iova;
    piece.length = length;
    if (platform.msi_window && IsMsiAddress(iova)) {
      TakeForInterrupt(write, &piece);
    } else {
      WalkAt(stores, platform, write, &piece);
    }
    if (piece.fault != FaultReason::kNone) return pieces->push_back(piece);
    if (platform.msi_window) piece.length = UntilMsiBorder(iova, length);
    if (!piece.absorbed) {
      piece.length = std::min(piece.length - 1, piece.entry->last - iova) + 1;
      ResolvePhysical(memory, &piece);
    }
    iova += piece.length;
    length -= piece.length;
    Append(piece, pieces);
  }
}

}  // namespace

void DmaAccess(const Stores& stores, uint8_t asid, uint64_t iova,
               uint64_t length, bool write, const DeviceProfile& device,
               const PlatformIommu& platform, const HostMemory& memory,
               std::vector<DmaPiece>* pieces) {
  if (device.map_api == MapApi::kPlatform) {
    return PlatformAccess(stores, iova, length, write, platform, memory,
                          pieces);
  }
  const IntervalTable& table = stores.Get({StoreKind::kDevice, asid});
  const uint32_t need = write ? kPermWrite : kPermRead;
  while (length > 0) {
    const std::optional<Entry> entry = table.Find(iova);
    if (!entry) {
      return Fault(iova, length, FaultReason::kNotPresent, Rule::kDevNoEntry,
                   entry, pieces);
    }
    if ((entry->perm & need) == 0) {
      return Fault(iova, length, FaultReason::kPermission, Rule::kDevPermission,
                   entry, pieces);
    }
    DmaPiece piece;
    piece.iova = iova;
    piece.length = std::min(length - 1, entry->last - iova) + 1;
    piece.entry = entry;
    if (entry->tag == kPassthrough) piece.rule = Rule::kDevIdentity;
    if (device.use_va) {
      piece.hva = entry->Translate(iova);
      if (!ResolveUser(stores, memory, &piece)) {
        return Fault(iova, length, FaultReason::kUserMemory,
                     Rule::kDevUserMemory, entry, pieces);
      }
    } else {
      piece.hpa = entry->Translate(iova);
      ResolvePhysical(memory, &piece);
    }
    iova += piece.length;
    length -= piece.length;
    Append(piece, pieces);
  }
}

}  // namespace iovalab
