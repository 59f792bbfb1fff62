// Strategy gpa: an allocator of its own, a GPA->IOVA tree for guest RAM, an
// IOVA->HVA tree for host-only memory.
//
// Source: QEMU PATCH v2 17 Feb 2025 (92cf61e708, 05063f5584, 332859dd59), in
// 10.0; recorded on QEMU 10.0.

#include "model/vmm/strategy.h"

namespace iovalab {
namespace {

constexpr StoreId kIovaOnly{StoreKind::kIovaOnly, 0};
constexpr StoreId kGpaIova{StoreKind::kGpaIova, 0};
constexpr StoreId kIovaTaddr{StoreKind::kIovaTaddr, 0};

int Add(Sink& sink, IovaRange range, const GuestSpan& span,
        const VmmSwitches& switches, uint64_t* iova) {
  DmaMap map;
  map.translated_addr = ~span.section_gpa;  // not yet the GPA
  map.size = span.size_minus_1;
  map.perm = span.perm;
  const int err =
      VhostIovaTree100MapAllocGpa(sink, range, &map, span.section_gpa);
  *iova = map.iova;
  if (err == kIovaOk) return err;
  // The listener takes translated_addr == gpa to mean that the IOVA was
  // allocated and the GPA tree refused, and removes by both keys. The map began
  // as all zeros there, so that it also looks so for GPA 0 where no IOVA was
  // found.
  const bool refused = map.translated_addr == span.section_gpa;
  if (switches.cleanup_removes_older && (refused || span.section_gpa == 0)) {
    VhostIovaTree100RemoveGpa(sink, map.iova, span.section_gpa, map.size,
                              Rule::kTreeGpaCleanup);
  } else if (refused) {
    IovaTreeRemove(sink, kIovaOnly, map.iova, map.size);
  }
  return err;
}

void UndoAdd(Sink& sink, const GuestSpan& span, uint64_t iova) {
  VhostIovaTree100RemoveGpa(sink, iova, span.section_gpa, span.size_minus_1);
}

std::optional<uint64_t> Del(Sink& sink, const GuestSpan& span,
                            const VmmSwitches&) {
  const IovaFound found = VhostIovaTree100FindGpa(
      sink.stores(), span.section_gpa, span.size_minus_1);
  EmitLookup(sink, kGpaIova, span.section_gpa, span.size_minus_1, found);
  if (!found.map) return std::nullopt;
  VhostIovaTree100RemoveGpa(sink, found.map->iova, found.map->translated_addr,
                            found.map->size);
  return found.map->iova;
}

SvqFound Find(const Stores& stores, const SvqBuffer& buffer,
              uint64_t size_minus_1) {
  return {kGpaIova, buffer.gpa,
          VhostIovaTree100FindGpa(stores, buffer.gpa, size_minus_1)};
}

bool Holds(const Stores& stores, const GuestSpan& span, uint64_t iova) {
  const std::optional<Entry> node = stores.Get(kGpaIova).Find(span.gpa);
  const std::optional<Entry> range = stores.Get(kIovaOnly).Find(iova);
  return node && node->first == span.gpa &&
         node->last == span.gpa + span.size_minus_1 && node->target == iova &&
         range && range->first == iova &&
         range->last == iova + span.size_minus_1;
}

}  // namespace

int HostMapApart(Sink& sink, IovaRange range, const HostSpan& span,
                 uint64_t* iova) {
  DmaMap map;
  map.translated_addr = span.hva;
  map.size = span.size_minus_1;
  map.perm = span.perm;
  const int err = VhostIovaTree100MapAlloc(sink, range, &map);
  *iova = map.iova;
  return err;
}

void HostRemoveApart(Sink& sink, uint64_t iova, uint64_t size_minus_1) {
  VhostIovaTree100Remove(sink, iova, size_minus_1);
}

IovaFound HostFindApart(Sink& sink, uint64_t hva) {
  const SvqFound at = FindHostApart(sink.stores(), hva, 0);
  EmitLookup(sink, at.store, hva, 0, at.found);
  return at.found;
}

SvqFound FindHostApart(const Stores& stores, uint64_t hva,
                       uint64_t size_minus_1) {
  return {kIovaTaddr, hva, VhostIovaTree100FindIova(stores, hva, size_minus_1)};
}

const Strategy kStrategyGpa = {
    "gpa",
    "own allocator, GPA->IOVA tree for guest RAM, HVA tree for the rest",
    "QEMU PATCH v2 17 Feb 2025 (92cf61e708 and two more); recorded on QEMU "
    "10.0",
    /*shadow_queue=*/true,
    Add,
    UndoAdd,
    Del,
    HostMapApart,
    HostRemoveApart,
    HostFindApart,
    Find,
    Holds,
    FindHostApart,
};

}  // namespace iovalab
