#ifndef IOVALAB_MODEL_VMM_SVQ_H_
#define IOVALAB_MODEL_VMM_SVQ_H_

// Translation of buffers by the shadow virtqueue: a guest's addresses to pieces
// of host memory, and these and memory of the VMM's own to IOVAs.
//
// Not for: ring layout and descriptors.
//
// Source: QEMU 10.1 hw/virtio/virtio.c virtqueue_map_desc,
// hw/virtio/vhost-shadow-virtqueue.c vhost_svq_translate_addr.

#include <cstdint>
#include <vector>

#include "model/event/rules.h"
#include "model/store/sink.h"
#include "model/vmm/strategy.h"

namespace iovalab {

// The RAM blocks, by HVA: target = RAM address. What qemu_ram_block_from_host
// searches.
using RamBlockIndex = IntervalTable;

// Cuts [gpa, gpa + length) into pieces that each lie in one section of the flat
// view (store kFlatView). False where a byte is in no section; `pieces` then
// holds what came before it and *bad_gpa is that byte. Length > 0, not
// wrapping.
bool MapGuestBuffer(const IntervalTable& flat_view, const RamBlockIndex& blocks,
                    uint64_t gpa, uint64_t length,
                    std::vector<SvqBuffer>* pieces, uint64_t* bad_gpa);

struct SvqTranslation {
  int err = 0;  // 0 or -EINVAL
  Rule rule = Rule::kNone;
  uint64_t iova = 0;  // where err is 0
};
// Translates one piece; records the look-up.
SvqTranslation SvqTranslate(const Strategy& strategy,
                            const VmmSwitches& switches, const SvqBuffer& piece,
                            Sink& sink);
// The same of `length` > 0 bytes of the VMM's own, which have no guest address.
SvqTranslation SvqTranslateHost(const Strategy& strategy,
                                const VmmSwitches& switches, uint64_t hva,
                                uint64_t length, Sink& sink);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_VMM_SVQ_H_
