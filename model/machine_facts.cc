// What the oracle is told of an access (model/oracle/judge.h).

#include <algorithm>

#include "model/machine_state.h"
#include "sim/check.h"

namespace iovalab {
namespace {

constexpr StoreId kIommu{StoreKind::kIommu, 0};

}  // namespace

// Of L3 only a kernel that unmaps less than it drops leaves such entries.
bool Machine::Dropped(const DmaPiece& piece, uint8_t asid,
                      uint64_t* last) const {
  *last = piece.iova + (piece.length - 1);
  if (piece.via != DmaVia::kTables) return false;
  // Until the unmap has returned, either is right.
  if (piece.stale && piece.fault == FaultReason::kNone) {
    return !IsUnmapping(piece.iova);
  }
  if (!policies_.kernel->vdpa_unmaps_message || DeviceLags() ||
      piece.fault != FaultReason::kNone || piece.absorbed) {
    return false;
  }
  const bool platform = policies_.device.map_api == MapApi::kPlatform;
  const Stores& stores = result_.stores;
  const std::optional<Entry> l3 =
      stores.Get(platform ? kIommu : StoreId{StoreKind::kDevice, asid})
          .Find(piece.iova);
  sim::Check(l3.has_value(), "what completed has an entry");
  *last = std::min(*last, l3->last);
  const std::optional<Entry> l2 =
      stores.Get({StoreKind::kVhostIotlb, asid}).FirstIn(piece.iova, *last);
  if (!l2) return true;
  if (l2->first > piece.iova) {
    *last = l2->first - 1;
    return true;
  }
  *last = std::min(*last, l2->last);
  return l2->Translate(piece.iova) != l3->Translate(piece.iova);
}

bool Machine::LandsAsGranted(const DmaPiece& piece, uint8_t asid) const {
  if (!piece.memory) return false;
  const uint64_t hva = HvaOf(*piece.memory);
  if (const std::optional<Entry> mapped =
          result_.stores.Get({StoreKind::kViommu, asid}).Find(piece.iova)) {
    return guest_.Shows(mapped->Translate(piece.iova), hva, piece.length);
  }
  const Owner* owner = ledger_.OwnerOf(piece.iova, asid);
  if (owner == nullptr) return false;
  const uint64_t base = owner->is_section ? owner->span.hva : owner->host.hva;
  return hva == base + (piece.iova - owner->iova);
}

AccessFacts Machine::ProbeFacts(const DmaPiece& piece, bool write,
                                uint8_t asid) const {
  AccessFacts facts;
  facts.absorbed = piece.absorbed;
  facts.completed = piece.fault == FaultReason::kNone && !piece.absorbed;
  facts.has_intent = false;
  // Memory that nobody granted, at whatever IOVA.
  if (facts.completed && piece.via != DmaVia::kTables &&
      !LandsAsGranted(piece, asid)) {
    return facts;
  }
  // Behind a vIOMMU the guest's own tables say what it lets the device do.
  if (const std::optional<Entry> mapped =
          result_.stores.Get({StoreKind::kViommu, asid}).Find(piece.iova)) {
    facts.ever_owned = true;
    facts.wanted = facts.completed ||
                   (mapped->perm & (write ? kPermWrite : kPermRead)) != 0;
    return facts;
  }
  const Owner* owner = ledger_.OwnerOf(piece.iova, asid);
  facts.ever_owned = owner != nullptr;
  if (owner == nullptr) return facts;
  // A vIOMMU's mapping of which the guest unmapped this part.
  if (!owner->is_section && !owner->leaving &&
      !policies_.strategy->shadow_queue && asid == 0) {
    return facts;
  }
  if (facts.completed) {
    facts.wanted = owner->live || owner->leaving;
  } else {
    const uint32_t perm =
        owner->is_section ? owner->span.perm : owner->host.perm;
    facts.wanted = owner->live && !owner->arriving &&
                   (perm & (write ? kPermWrite : kPermRead)) != 0;
  }
  return facts;
}

// The piece's first byte is `offset` into what was meant.
AccessFacts Machine::FactsOf(const DmaPiece& piece, const MeantPiece& meant,
                             uint64_t offset) const {
  AccessFacts facts;
  facts.absorbed = piece.absorbed;
  facts.completed = piece.fault == FaultReason::kNone && !piece.absorbed;
  const uint64_t gpa = meant.buffer.gpa + offset;
  if (!facts.completed) {
    facts.wanted =
        meant.mapped && guest_.Allows(gpa, meant.buffer.hva + offset,
                                      meant.write ? kPermWrite : kPermRead);
    return facts;
  }
  // What the guest has at the address now is what real memory would be asked
  // for, also where it was other memory when the guest posted.
  facts.wanted =
      piece.memory && guest_.Shows(gpa, HvaOf(*piece.memory), piece.length);
  facts.page_right =
      facts.wanted || (meant.mapped && piece.memory &&
                       piece.memory->object == meant.memory.object &&
                       piece.memory->offset == meant.memory.offset + offset);
  // The right bytes, of a region that is gone, through a mapping of another
  // that is not: an alias does no harm.
  if (facts.page_right && !facts.wanted) {
    const Owner* owner = ledger_.OwnerOf(piece.iova);
    facts.wanted = owner != nullptr && (owner->live || owner->leaving);
  }
  return facts;
}

uint64_t Machine::HvaOf(const ObjectOffset& memory) const {
  // Objects are mapped whole and in order: blocks, then host buffers.
  const size_t blocks = scenario_.ram_blocks.size();
  const Range<Hva>& hva =
      memory.object < blocks
          ? scenario_.ram_blocks[memory.object].hva
          : scenario_.host_buffers[memory.object - blocks].hva;
  return hva.first.value + memory.offset;
}

}  // namespace iovalab
