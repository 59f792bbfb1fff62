// Strategy ram_addr: the full IOVA->HVA tree plus an IOVA/GPA tree; the shadow
// queue takes the RAM block's offset for the guest address, which it is only
// below the hole under 4 GiB.
//
// Source: QEMU RFC v2, J. Palmer, 4 Oct 2024. What it does when the look-up
// fails was only partly read: the buffer is refused here (derived, S0-10).

#include "model/vmm/strategy.h"

namespace iovalab {
namespace {

constexpr StoreId kIovaHva{StoreKind::kIovaHva, 0};
constexpr StoreId kGpaIova{StoreKind::kGpaIova, 0};

int Add(Sink& sink, IovaRange range, const GuestSpan& span, const VmmSwitches&,
        uint64_t* iova) {
  DmaMap map;
  map.translated_addr = span.hva;
  map.size = span.size_minus_1;
  map.perm = span.perm;
  if (const int err = VhostIovaTree72MapAlloc(sink, range, &map); err != 0) {
    return err;
  }
  *iova = map.iova;
  const uint64_t last = span.section_gpa + map.size;
  if (sink.table(kGpaIova).FirstIn(span.section_gpa, last)) {
    VhostIovaTree72Remove(sink, map.iova, map.size);
    return kIovaErrOverlap;
  }
  Entry node;
  node.first = span.section_gpa;
  node.last = last;
  node.target = map.iova;
  node.perm = span.perm;
  sink.Add(kGpaIova, node, Rule::kTreeInsert, Actor::kVmm);
  return kIovaOk;
}

void Remove(Sink& sink, const Entry& node) {
  sink.Del(kGpaIova, node, Rule::kTreeRemove, Actor::kVmm);
  VhostIovaTree72Remove(sink, node.target, node.last - node.first);
}

void UndoAdd(Sink& sink, const GuestSpan& span, uint64_t) {
  Remove(sink, *sink.table(kGpaIova).Find(span.section_gpa));
}

IovaFound FindGpa(const Stores& stores, uint64_t gpa, uint64_t size_minus_1) {
  return VhostIovaTree100FindGpa(stores, gpa, size_minus_1);
}

std::optional<uint64_t> Del(Sink& sink, const GuestSpan& span,
                            const VmmSwitches&) {
  const IovaFound found =
      FindGpa(sink.stores(), span.section_gpa, span.size_minus_1);
  EmitLookup(sink, kGpaIova, span.section_gpa, span.size_minus_1, found);
  if (!found.map) return std::nullopt;
  Remove(sink, *sink.table(kGpaIova).Find(found.map->translated_addr));
  return found.map->iova;
}

SvqFound Find(const Stores& stores, const SvqBuffer& buffer,
              uint64_t size_minus_1) {
  return {kGpaIova, buffer.ram_addr,
          FindGpa(stores, buffer.ram_addr, size_minus_1)};
}

bool Holds(const Stores& stores, const GuestSpan& span, uint64_t iova) {
  const std::optional<Entry> by_gpa = stores.Get(kGpaIova).Find(span.gpa);
  const std::optional<Entry> by_iova = stores.Get(kIovaHva).Find(iova);
  return by_gpa && by_gpa->first == span.gpa &&
         by_gpa->last == span.gpa + span.size_minus_1 &&
         by_gpa->target == iova && by_iova && by_iova->first == iova &&
         by_iova->last == iova + span.size_minus_1 &&
         by_iova->target == span.hva;
}

}  // namespace

const Strategy kStrategyRamAddr = {
    "ram_addr",
    "GPA tree, but buffers are looked up by their RAM block offset",
    "QEMU RFC v2, J. Palmer, 4 Oct 2024",
    /*shadow_queue=*/true,
    Add,
    UndoAdd,
    Del,
    HostMapByHva,
    HostRemoveByIova,
    HostFindByHva,
    Find,
    Holds,
    FindHostByHva,
};

}  // namespace iovalab
