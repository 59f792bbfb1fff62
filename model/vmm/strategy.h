#ifndef IOVALAB_MODEL_VMM_STRATEGY_H_
#define IOVALAB_MODEL_VMM_STRATEGY_H_

// Strategy: how the VMM chooses IOVAs for guest RAM and finds them again, on
// region_del and for the shadow virtqueue's buffers. A strategy keeps its state
// in stores (L1) alone; it is a row of functions.
//
// Not for: which sections are mapped at all (listener.h), nor for talking to
// the kernel.
//
// To add one: a file strategy_NAME.cc with its row, one line in strategy.cc,
// one scenario that shows it.

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/store/sink.h"
#include "model/vmm/iova_tree.h"
#include "model/vmm/switches.h"
#include "model/vmm/vhost_iova_tree.h"

namespace iovalab {

// A section of guest RAM as the listener maps it.
struct GuestSpan {
  uint64_t section_gpa = 0;  // as delivered
  uint64_t gpa = 0;          // rounded up to the page, of the first mapped byte
  uint64_t hva = 0;          // of that byte
  uint64_t ram_addr = 0;     // of that byte
  uint64_t size_minus_1 = 0;
  uint32_t perm = kPermReadWrite;
};

// Memory of the VMM's own, and the address space of the device's that it is
// for: the shadow control queue has one to itself (QEMU's
// VHOST_VDPA_NET_CVQ_ASID, net/vhost-vdpa.c). The trees are shared, so that an
// IOVA is in one of them.
struct HostSpan {
  uint64_t hva = 0;
  uint64_t size_minus_1 = 0;
  uint32_t perm = kPermReadWrite;
  uint8_t asid = 0;
};

// A piece of a guest's buffer: contiguous in GPA, HVA and RAM address.
struct SvqBuffer {
  uint64_t gpa = 0;
  uint64_t hva = 0;
  uint64_t ram_addr = 0;
  uint64_t length = 0;  // > 0
};

// What a tree answered for a buffer.
struct SvqFound {
  StoreId store;
  uint64_t needle = 0;  // the address that was looked for
  IovaFound found;      // the node, in the needle's space
};

struct Strategy {
  absl::string_view name;
  absl::string_view help;
  absl::string_view source;
  // Without a shadow queue for the data IOVA = GPA and no tree knows the
  // guest's memory: of the functions below only those of host-only memory are
  // not null, for a control queue that is shadowed alone.
  bool shadow_queue;

  // region_add: allocates, *iova is the IOVA. kIovaOk or an error of
  // iova_tree.h, after which the VMM has cleaned up as QEMU does.
  int (*add)(Sink&, IovaRange, const GuestSpan&, const VmmSwitches&,
             uint64_t* iova);
  // The kernel refused the map of what add answered.
  void (*undo_add)(Sink&, const GuestSpan&, uint64_t iova);
  // region_del: finds the node, removes it, and answers the IOVA to unmap;
  // nothing when the tree has no such node.
  std::optional<uint64_t> (*del)(Sink&, const GuestSpan&, const VmmSwitches&);

  int (*host_map)(Sink&, IovaRange, const HostSpan&, uint64_t* iova);
  // The kernel refused the map of what host_map answered; or it is unmapped.
  void (*host_remove)(Sink&, uint64_t iova, uint64_t size_minus_1);
  // The node that holds this HVA.
  IovaFound (*host_find)(Sink&, uint64_t hva);

  // Translation of a buffer of the guest's; size_minus_1 is the needle's.
  SvqFound (*find)(const Stores&, const SvqBuffer&, uint64_t size_minus_1);

  // Whether the trees hold exactly the span's mapped pages at this IOVA: what
  // the oracle compares with the sections that the guest has.
  bool (*holds)(const Stores&, const GuestSpan&, uint64_t iova);

  // Translation of memory of the VMM's own, which has no guest address (the
  // shadow queue's gpas are NULL); size_minus_1 is the needle's.
  SvqFound (*find_host)(const Stores&, uint64_t hva, uint64_t size_minus_1);
};

// In the order of `list values mapping`.
absl::Span<const Strategy* const> Strategies();
// Null when there is none of that name.
const Strategy* StrategyByName(absl::string_view name);

// Host-only memory in the IOVA->HVA tree, shared by the strategies that have
// it.
int HostMapByHva(Sink& sink, IovaRange range, const HostSpan& span,
                 uint64_t* iova);
void HostRemoveByIova(Sink& sink, uint64_t iova, uint64_t size_minus_1);
IovaFound HostFindByHva(Sink& sink, uint64_t hva);
SvqFound FindHostByHva(const Stores& stores, uint64_t hva,
                       uint64_t size_minus_1);
// The same in the tree that holds nothing else (gpa, and a control queue that
// is shadowed alone).
int HostMapApart(Sink& sink, IovaRange range, const HostSpan& span,
                 uint64_t* iova);
void HostRemoveApart(Sink& sink, uint64_t iova, uint64_t size_minus_1);
IovaFound HostFindApart(Sink& sink, uint64_t hva);
SvqFound FindHostApart(const Stores& stores, uint64_t hva,
                       uint64_t size_minus_1);

// Records which node a search found.
void EmitLookup(Sink& sink, StoreId store, uint64_t needle,
                uint64_t size_minus_1, const IovaFound& found,
                Rule rule = Rule::kTreeFindFirst);

// The strategies' rows, one file each.
extern const Strategy kStrategyHva;
extern const Strategy kStrategyHvaId;
extern const Strategy kStrategyRamAddr;
extern const Strategy kStrategyGpa;
extern const Strategy kStrategyPassthrough;

}  // namespace iovalab

#endif  // IOVALAB_MODEL_VMM_STRATEGY_H_
