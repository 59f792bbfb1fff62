#ifndef IOVALAB_MODEL_VMM_IOVA_TREE_H_
#define IOVALAB_MODEL_VMM_IOVA_TREE_H_

// The IOVA tree of QEMU's util/iova-tree.c (7.2 to 10.1): nodes with disjoint
// IOVA ranges and translated addresses that may alias, kept in a store and
// changed through a Sink. Errors are QEMU's numbers, because callers and
// recordings (vectors QT-*) compare them.
//
// Not for: the kernel's vhost IOTLB, whose overlaps and errors differ; nor for
// a tree ordered by guest address (vhost_iova_tree.h).
//
// Invariants: `size` is QEMU's DMAMap.size, the length in bytes minus 1; a
// key's last byte is iova + size modulo 2^64, and a key that wraps touches only
// a node that holds both its ends (recorded QT-h014). An entry's tag is the
// map's id.

#include <cstdint>
#include <optional>

#include "model/addr/entry.h"
#include "model/addr/interval_table.h"
#include "model/event/rules.h"
#include "model/store/sink.h"
#include "model/store/store_id.h"

namespace iovalab {

inline constexpr int kIovaOk = 0;
inline constexpr int kIovaErrInvalid = -1;
inline constexpr int kIovaErrOverlap = -2;
inline constexpr int kIovaErrNomem = -3;

// QEMU's DMAMap. `id` is the field that the RFC of 10 April 2024 adds (strategy
// hva_id); 0 everywhere else.
struct DmaMap {
  uint64_t iova = 0;
  uint64_t translated_addr = 0;
  uint64_t size = 0;
  uint64_t id = 0;
  uint32_t perm = kPermNone;

  friend bool operator==(const DmaMap&, const DmaMap&) = default;
};

struct IovaFound {
  std::optional<DmaMap> map;
  // Nodes that QEMU's linear scan would have visited.
  uint64_t scanned = 0;
};

// iova_tree_insert. kIovaErrInvalid where iova + size wraps or perm is none,
// kIovaErrOverlap where a node touches the range. A translated address that
// wraps or aliases is accepted (recorded QT-h004).
int IovaTreeInsert(Sink& sink, StoreId tree, const DmaMap& map);

// iova_tree_remove: deletes every node that touches [iova, iova + size] and
// returns how many there were.
uint64_t IovaTreeRemove(Sink& sink, StoreId tree, uint64_t iova, uint64_t size);

// iova_tree_find: the lowest node that touches [iova, iova + size]. Where
// several do, QEMU's answer depends on the shape of GLib's balanced tree; no
// caller in QEMU asks such a question.
std::optional<DmaMap> IovaTreeFind(const IntervalTable& tree, uint64_t iova,
                                   uint64_t size);

// iova_tree_find_address: the node that holds the byte.
std::optional<DmaMap> IovaTreeFindAddress(const IntervalTable& tree,
                                          uint64_t iova);

// iova_tree_find_iova: first in IOVA order among the nodes with this id whose
// translated range touches [translated_addr, translated_addr + size]; ends
// modulo 2^64 on both sides. Permissions are not looked at.
IovaFound IovaTreeFindIova(const IntervalTable& tree, uint64_t id,
                           uint64_t translated_addr, uint64_t size);

// The search of iova_tree_alloc_map, without the insert: the IOVA it settles
// on, before `last` is compared. Nothing where no hole is big enough. The two
// places where QEMU's arithmetic wraps answer `begin` although it is taken: a
// node that straddles begin (QT-h007, QT-h008) and, when no hole is left, a
// node that ends at 2^64 - 1 (QT-h005, QT-h006).
struct IovaHole {
  std::optional<uint64_t> iova;
  uint64_t scanned = 0;  // nodes that QEMU's traversal would have visited
};
IovaHole IovaTreeFindHole(const IntervalTable& tree, uint64_t size,
                          uint64_t begin);

// iova_tree_alloc_map: first fit from `begin`, then insert. Writes map->iova as
// soon as an address is chosen, so also when the insert then fails.
// kIovaErrInvalid where last < begin or the insert says so, kIovaErrNomem where
// no hole is big enough or the chosen one ends past `last` (inclusive).
int IovaTreeAllocMap(Sink& sink, StoreId tree, DmaMap* map, uint64_t begin,
                     uint64_t last);

// For the trees built from this one (vhost_iova_tree.h).

// The lowest entry that touches [first, last]; the wrapping rule above where
// last < first.
std::optional<Entry> FirstTouching(const IntervalTable& table, uint64_t first,
                                   uint64_t last);
// Deletes every entry that touches [first, first + size]; how many there were.
uint64_t RemoveTouching(Sink& sink, StoreId store, uint64_t first,
                        uint64_t size, Rule rule = Rule::kTreeRemove);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_VMM_IOVA_TREE_H_
