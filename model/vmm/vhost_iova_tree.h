#ifndef IOVALAB_MODEL_VMM_VHOST_IOVA_TREE_H_
#define IOVALAB_MODEL_VMM_VHOST_IOVA_TREE_H_

// The allocator and translation trees of QEMU's hw/virtio/vhost-iova-tree.c, in
// the two shapes that exist: 7.2's one IOVA -> HVA tree, and 10.0's three trees
// (allocated IOVAs; GPA -> IOVA for guest RAM; IOVA -> HVA for host-only
// memory). They differ in what a reverse look-up is keyed by, which is what the
// project is about.
//
// Not for: deciding which of them a section goes to (the strategies).
//
// Invariants: sizes are lengths minus 1, as in iova_tree.h, whose error numbers
// are used. All behaviour is recorded (vectors Q72-*, Q100-*), the defects
// included: a refused GPA leaves its range allocated; removing by the wrong key
// frees only the IOVA-only tree.

#include <cstdint>

#include "model/store/sink.h"
#include "model/store/stores.h"
#include "model/vmm/iova_tree.h"

namespace iovalab {

// What the device can address, both inclusive.
struct IovaRange {
  uint64_t first = 0;
  uint64_t last = UINT64_MAX;
};
// vhost_iova_tree_new: a first below one page is raised to it, as some devices
// dislike address 0 (recorded Q72-h009).
IovaRange EffectiveIovaRange(uint64_t first, uint64_t last);

// The map_alloc functions take an effective range. They set map->iova as
// IovaTreeAllocMap does, also on some failures, and answer kIovaErrInvalid
// where the translated address plus size wraps or perm is none.

// QEMU 7.2: one tree, store kIovaHva.
int VhostIovaTree72MapAlloc(Sink& sink, IovaRange range, DmaMap* map);
IovaFound VhostIovaTree72FindIova(const Stores& stores, uint64_t id,
                                  uint64_t translated_addr, uint64_t size);
// Nodes removed.
uint64_t VhostIovaTree72Remove(Sink& sink, uint64_t iova, uint64_t size);

// QEMU 10.0: stores kIovaOnly, kGpaIova (keyed by GPA, target = IOVA) and
// kIovaTaddr.

// Host-only memory. A range that kIovaTaddr refuses stays in kIovaOnly.
int VhostIovaTree100MapAlloc(Sink& sink, IovaRange range, DmaMap* map);
// Guest RAM. map->translated_addr becomes gpa once an IOVA is allocated, also
// where the GPA is then refused: callers tell a leaked range by it.
int VhostIovaTree100MapAllocGpa(Sink& sink, IovaRange range, DmaMap* map,
                                uint64_t gpa);
IovaFound VhostIovaTree100FindIova(const Stores& stores,
                                   uint64_t translated_addr, uint64_t size);
// First in GPA order; the found map's translated_addr is its GPA.
IovaFound VhostIovaTree100FindGpa(const Stores& stores, uint64_t gpa,
                                  uint64_t size);
// Nodes removed, over both trees that each call looks at. RemoveGpa uses one
// size for the GPA key and the IOVA key (recorded Q100-h034).
uint64_t VhostIovaTree100Remove(Sink& sink, uint64_t iova, uint64_t size);
uint64_t VhostIovaTree100RemoveGpa(Sink& sink, uint64_t iova, uint64_t gpa,
                                   uint64_t size,
                                   Rule rule = Rule::kTreeRemove);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_VMM_VHOST_IOVA_TREE_H_
