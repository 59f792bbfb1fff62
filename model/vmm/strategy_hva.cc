// Strategies hva and hva_id: one IOVA->HVA tree for guest RAM and host-only
// memory. hva_id also keeps the section's GPA as an id, which region_del asks
// for and the shadow queue, whose id stays 0, does not know.
//
// Sources: QEMU 34e3c94edaef (Mar 2022) as later fixed, until Feb 2025; RFC
// "Identify aliased maps in vdpa SVQ iova_tree", E. Perez, 10 Apr 2024.

#include "model/vmm/strategy.h"

namespace iovalab {
namespace {

constexpr StoreId kTree{StoreKind::kIovaHva, 0};

int AddWithId(Sink& sink, IovaRange range, const GuestSpan& span, uint64_t id,
              uint64_t* iova) {
  DmaMap map;
  map.translated_addr = span.hva;
  map.size = span.size_minus_1;
  map.perm = span.perm;
  map.id = id;
  const int err = VhostIovaTree72MapAlloc(sink, range, &map);
  *iova = map.iova;
  return err;
}

std::optional<uint64_t> DelWithId(Sink& sink, const GuestSpan& span,
                                  uint64_t id, const VmmSwitches& switches) {
  const IovaFound found =
      VhostIovaTree72FindIova(sink.stores(), id, span.hva, span.size_minus_1);
  EmitLookup(sink, kTree, span.hva, span.size_minus_1, found);
  if (!found.map) return std::nullopt;
  const DmaMap& node = *found.map;
  if (switches.remove_by_needle) {
    VhostIovaTree72Remove(sink, 0, span.size_minus_1);
  } else {
    VhostIovaTree72Remove(sink, node.iova, node.size);
  }
  return node.iova;
}

int AddHva(Sink& sink, IovaRange range, const GuestSpan& span,
           const VmmSwitches&, uint64_t* iova) {
  return AddWithId(sink, range, span, 0, iova);
}

int AddHvaId(Sink& sink, IovaRange range, const GuestSpan& span,
             const VmmSwitches&, uint64_t* iova) {
  return AddWithId(sink, range, span, span.section_gpa, iova);
}

void UndoAdd(Sink& sink, const GuestSpan& span, uint64_t iova) {
  VhostIovaTree72Remove(sink, iova, span.size_minus_1);
}

std::optional<uint64_t> DelHva(Sink& sink, const GuestSpan& span,
                               const VmmSwitches& switches) {
  return DelWithId(sink, span, 0, switches);
}

std::optional<uint64_t> DelHvaId(Sink& sink, const GuestSpan& span,
                                 const VmmSwitches& switches) {
  return DelWithId(sink, span, span.section_gpa, switches);
}

SvqFound Find(const Stores& stores, const SvqBuffer& buffer,
              uint64_t size_minus_1) {
  return {kTree, buffer.hva,
          VhostIovaTree72FindIova(stores, 0, buffer.hva, size_minus_1)};
}

bool HoldsWithId(const Stores& stores, const GuestSpan& span, uint64_t id,
                 uint64_t iova) {
  const std::optional<Entry> node = stores.Get(kTree).Find(iova);
  return node && node->first == iova &&
         node->last == iova + span.size_minus_1 && node->target == span.hva &&
         node->tag == id;
}

bool HoldsHva(const Stores& stores, const GuestSpan& span, uint64_t iova) {
  return HoldsWithId(stores, span, 0, iova);
}

bool HoldsHvaId(const Stores& stores, const GuestSpan& span, uint64_t iova) {
  return HoldsWithId(stores, span, span.section_gpa, iova);
}

}  // namespace

int HostMapByHva(Sink& sink, IovaRange range, const HostSpan& span,
                 uint64_t* iova) {
  DmaMap map;
  map.translated_addr = span.hva;
  map.size = span.size_minus_1;
  map.perm = span.perm;
  const int err = VhostIovaTree72MapAlloc(sink, range, &map);
  *iova = map.iova;
  return err;
}

void HostRemoveByIova(Sink& sink, uint64_t iova, uint64_t size_minus_1) {
  VhostIovaTree72Remove(sink, iova, size_minus_1);
}

IovaFound HostFindByHva(Sink& sink, uint64_t hva) {
  const IovaFound found = VhostIovaTree72FindIova(sink.stores(), 0, hva, 0);
  EmitLookup(sink, kTree, hva, 0, found);
  return found;
}

SvqFound FindHostByHva(const Stores& stores, uint64_t hva,
                       uint64_t size_minus_1) {
  return {kTree, hva, VhostIovaTree72FindIova(stores, 0, hva, size_minus_1)};
}

const Strategy kStrategyHva = {
    "hva",
    "one IOVA->HVA tree; region_del and buffers are looked up by HVA",
    "QEMU 34e3c94edaef (Mar 2022) to Feb 2025; recorded on QEMU 7.2",
    /*shadow_queue=*/true,
    AddHva,
    UndoAdd,
    DelHva,
    HostMapByHva,
    HostRemoveByIova,
    HostFindByHva,
    Find,
    HoldsHva,
    FindHostByHva,
};

const Strategy kStrategyHvaId = {
    "hva_id",
    "hva, and region_del also asks for the section's GPA as an id",
    "QEMU RFC 10 Apr 2024 \"Identify aliased maps in vdpa SVQ iova_tree\"",
    /*shadow_queue=*/true,
    AddHvaId,
    UndoAdd,
    DelHvaId,
    HostMapByHva,
    HostRemoveByIova,
    HostFindByHva,
    Find,
    HoldsHvaId,
    FindHostByHva,
};

}  // namespace iovalab
