#include "model/device/dma.h"

#include <algorithm>

#include "model/device/vdpa_device.h"
#include "model/host/vma.h"
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
         last.stale == next.stale && last.via == next.via && last.memory &&
         next.memory && last.memory->object == next.memory->object &&
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

// A damaged entry at the address, and up to where what is there stays so.
std::optional<Entry> DamageAt(const Sink& sink, uint64_t iova, uint64_t* last) {
  const IntervalTable& poison = sink.table({StoreKind::kPoison, 0});
  const std::optional<Entry> next = poison.FirstIn(iova, *last);
  if (!next) return std::nullopt;
  if (next->first > iova) {
    *last = next->first - 1;
    return std::nullopt;
  }
  *last = std::min(*last, next->last);
  return next;
}

// The walk met damage, and went where that says. Or a cache answered from
// before, as the driver means it.
void NoteDamage(const Entry& damage, const Translation& t, DmaPiece* piece) {
  if (t.walk.ok && piece->entry &&
      piece->entry->Translate(piece->iova) == t.walk.pa) {
    piece->stale = false;
    return;
  }
  if (t.stale) return;
  piece->via = DmaVia::kDamage;
  piece->rule = Rule::kIommuDamaged;
  piece->decided_by = damage.born;
}

// As much of [iova, last] as is translated alike; one walk stands for all of a
// run, whose leaves differ in their addresses alone.
void TranslateAt(Sink& sink, const PlatformIommu& platform, bool write,
                 uint64_t last, DmaPiece* piece) {
  piece->entry = sink.table({StoreKind::kIommu, 0}).Find(piece->iova);
  if (piece->entry) last = std::min(last, piece->entry->last);
  const std::optional<Entry> damage = DamageAt(sink, piece->iova, &last);
  const Translation t = Translate(*platform.unit, *platform.table, piece->iova,
                                  last, write, sink);
  piece->walk = t.walk;
  piece->cached = t.cached;
  piece->stale = t.stale;
  piece->fault = ReasonOf(t.walk.reason);
  piece->rule = t.stale        ? Rule::kIommuOld
                : platform.vtd ? VtdRuleOf(piece->fault)
                               : Rule::kIommuWalk;
  if (damage) NoteDamage(*damage, t, piece);
  if (!t.walk.ok) return;
  last = t.last;
  // Garbage may be a leaf that is smaller than what the entry spans.
  if (damage) {
    last =
        std::min(last, piece->iova | ((uint64_t{1} << t.walk.size_bits) - 1));
  }
  piece->length = last - piece->iova + 1;
  piece->hpa = t.walk.pa;
  sim::Check(
      damage || t.stale ||
          (piece->entry && piece->entry->Translate(piece->iova) == piece->hpa),
      "the IOMMU's tables hold what its store shows");
}

// True where the context lets the access go on to the tables.
bool ContextAllows(const Sink& sink, const PlatformIommu& platform, bool write,
                   DmaPiece* piece) {
  if (platform.context == nullptr) return true;
  const ContextAnswer answer = ResolveContext(
      *platform.context,
      {.access = write ? kAccessWrite : kAccessRead, .pasid = platform.pasid});
  if (answer.reason == IommuFault::kNone && !answer.identity()) return true;
  const bool by_process =
      platform.pasid && (answer.reason == IommuFault::kNone ||
                         answer.place >= FaultPlace::kPasidDir);
  const std::optional<Entry> context =
      by_process ? sink.table({StoreKind::kProcess, 0}).Find(*platform.pasid)
                 : sink.table({StoreKind::kContext, 0}).AtOrAfter(0);
  if (context) piece->decided_by = context->born;
  if (answer.reason == IommuFault::kNone) {
    piece->via = DmaVia::kIdentity;
    piece->rule = Rule::kIommuIdentity;
    piece->hpa = piece->iova;
    return false;
  }
  piece->fault = FaultReason::kContext;
  piece->rule = Rule::kIommuRefused;
  piece->place = answer.place;
  piece->walk.reason = answer.reason;
  piece->walk.native_code = answer.riscv_cause;
  return false;
}

// From `iova` to where the MSI window begins or ends, at most `length` bytes.
uint64_t UntilMsiBorder(uint64_t iova, uint64_t length) {
  const uint64_t border = IsMsiAddress(iova) ? kMsiLast
                          : iova < kMsiFirst ? kMsiFirst - 1
                                             : UINT64_MAX;
  return std::min(length - 1, border - iova) + 1;
}

void PlatformAccess(Sink& sink, uint64_t iova, uint64_t length, bool write,
                    const PlatformIommu& platform, const HostMemory& memory,
                    std::vector<DmaPiece>* pieces) {
  sim::Check(platform.table != nullptr && platform.unit != nullptr,
             "a platform IOMMU has tables");
  while (length > 0) {
    DmaPiece piece;
    piece.iova = iova;
    piece.length = length;
    piece.pasid = platform.pasid;
    const uint64_t alike =
        platform.msi_window ? UntilMsiBorder(iova, length) : length;
    if (platform.msi_window && IsMsiAddress(iova)) {
      TakeForInterrupt(write, &piece);
    } else if (ContextAllows(sink, platform, write, &piece)) {
      TranslateAt(sink, platform, write, iova + (alike - 1), &piece);
    }
    if (piece.fault != FaultReason::kNone) return pieces->push_back(piece);
    if (piece.absorbed || piece.via == DmaVia::kIdentity) piece.length = alike;
    if (!piece.absorbed) ResolvePhysical(memory, &piece);
    iova += piece.length;
    length -= piece.length;
    Append(piece, pieces);
  }
}

}  // namespace

void DmaAccess(Sink& sink, uint8_t asid, uint64_t iova, uint64_t length,
               bool write, const DeviceProfile& device,
               const PlatformIommu& platform, const HostMemory& memory,
               std::vector<DmaPiece>* pieces) {
  if (device.map_api == MapApi::kPlatform) {
    return PlatformAccess(sink, iova, length, write, platform, memory, pieces);
  }
  const Stores& stores = sink.stores();
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
