#ifndef IOVALAB_MODEL_EVENT_RULES_DEVICE_H_
#define IOVALAB_MODEL_EVENT_RULES_DEVICE_H_

// Rows of the table of rules (rules.h): vDPA devices and virtqueues.
//
// Not for: anybody but rules.cc.
// Invariant: in the order of the enum.

#include "model/event/rules_evidence.h"

namespace iovalab {

inline constexpr RuleInfo kDeviceRules[] = {
    {Rule::kDevIdentity, "dev.identity", kRec,
     "A-simblk-setmap-pa info/defaults, reset/status0_without_persist; "
     "A-simblk-setmap-pa-k61 info/defaults",
     "before its first mapping, and after a reset, vdpa_sim of 6.12 passes "
     "every address through; that of 6.1 none"},
    {Rule::kDevSetMap, "dev.set_map", kRec,
     "A-simblk-setmap-pa nobatch/bulk64, map/scattered8",
     "set_map replaces the device's table by a copy of the address space"},
    {Rule::kDevSetMapFull, "dev.set_map_full", kRec,
     "A-limit limit/fill_in_batch, limit/fill_one_by_one",
     "a device table that cannot hold the address space is left empty"},
    {Rule::kDevDmaMap, "dev.dma_map", kRec,
     "A-simblk-dmamap-pa map/scattered8, batch/remap_visibility",
     "dma_map and dma_unmap change the device's table at once"},
    {Rule::kDevTranslate, "dev.translate", kRec,
     "A-simblk-setmap-pa seq/map_while_running, seq/dma_through_2M",
     "the device translates through its own table"},
    {Rule::kDevNoEntry, "dev.no_entry", kRec,
     "A-simblk-setmap-pa seq/dma_unmapped, seq/dma_crossing_mapping_end",
     "no entry for the address: the access fails there"},
    {Rule::kDevPermission, "dev.permission", kRec,
     "A-simblk-setmap-pa perm/dma_wo, seq/perm_downgrade, "
     "seq/perm_differs_per_alias",
     "an access that the entry's permission lacks fails"},
    {Rule::kDevUserMemory, "dev.user_memory", kRec,
     "A-simblk-setmap-va mem/munmap_under_mapping, "
     "mem/new_memory_at_same_hva",
     "in VA mode the address must be mapped in the owner's mm when the "
     "device accesses it"},
    {Rule::kDevReset, "dev.reset", kRec,
     "A-simblk-setmap-pa reset/status0_without_persist, "
     "reset/dma_after_reset_with_persist; A-simblk-setmap-pa-k61 "
     "reset/dma_after_reset_with_persist",
     "without IOTLB_PERSIST a reset drops the device's table and not the "
     "kernel's"},
    {Rule::kDevDmaMapFull, "dev.dma_map_full", kRec,
     "A-limit-dmamap limit/fill_one_by_one",
     "dma_map into a full device table: -ENOSPC, the table stays"},
    {Rule::kVringhPop, "dev.pop", kSrc,
     "Linux 6.12 drivers/vdpa/vdpa_sim, drivers/vhost/vringh.c "
     "vringh_getdesc_iotlb",
     "the device takes chains off its ring until it is empty or one is bad; a "
     "bad one is never completed, a later kick goes on behind it"},
    {Rule::kCtrlMac, "dev.ctrl_mac", kSrc,
     "Linux 6.12 drivers/vdpa/vdpa_sim/vdpa_sim_net.c vdpasim_handle_ctrl_mac",
     "VIRTIO_NET_CTRL_MAC_ADDR_SET with six bytes of address is done: "
     "VIRTIO_NET_OK"},
    {Rule::kCtrlOther, "dev.ctrl_other", kSrc,
     "Linux 6.12 drivers/vdpa/vdpa_sim/vdpa_sim_net.c vdpasim_handle_cvq",
     "any other command is answered with VIRTIO_NET_ERR"},
    {Rule::kCtrlNoHeader, "dev.ctrl_no_header", kSrc,
     "Linux 6.12 drivers/vdpa/vdpa_sim/vdpa_sim_net.c vdpasim_handle_cvq",
     "a command whose class and command cannot be read is never completed"},
    {Rule::kCtrlNoAnswer, "dev.ctrl_no_answer", kDer,
     "Linux 6.12 drivers/vdpa/vdpa_sim/vdpa_sim_net.c vdpasim_handle_cvq, "
     "drivers/vhost/vringh.c xfer_to_iotlb",
     "a command whose answer cannot be written is completed with -EFAULT as "
     "the length, which reads as 0xfffffff2 bytes written"},

    {Rule::kRingHeadRange, "ring.head_range", kSrc,
     "QEMU 10.1 hw/virtio/virtio.c virtqueue_get_head; Linux 6.12 "
     "drivers/vhost/vringh.c __vringh_get_head",
     "a head that is no descriptor of the ring is refused"},
    {Rule::kRingNextRange, "ring.next_range", kSrc,
     "QEMU 10.1 hw/virtio/virtio.c virtqueue_split_read_next_desc; Linux 6.12 "
     "drivers/vhost/vringh.c __vringh_iov",
     "a next that is past the table ends the chain with an error"},
    {Rule::kRingLoop, "ring.loop", kSrc,
     "QEMU 10.1 hw/virtio/virtio.c virtqueue_split_pop; Linux 6.12 "
     "drivers/vhost/vringh.c __vringh_iov",
     "a chain with more descriptors than its table has is taken for a loop"},
    {Rule::kRingOrder, "ring.order", kSrc,
     "QEMU 10.1 hw/virtio/virtio.c virtqueue_split_pop; Linux commit "
     "e74cfa91f42c",
     "a buffer that the device reads may not follow one that it writes"},
    {Rule::kRingZeroLength, "ring.zero_length", kSrc,
     "QEMU 10.1 hw/virtio/virtio.c virtqueue_map_desc",
     "QEMU takes no buffer of length 0; vringh does"},
    {Rule::kRingTooMany, "ring.too_many", kSrc,
     "QEMU 10.1 hw/virtio/virtio.c VIRTQUEUE_MAX_SIZE",
     "QEMU takes at most 1024 segments of one element"},
    {Rule::kRingIndirectSize, "ring.indirect_size", kSrc,
     "QEMU 10.1 hw/virtio/virtio.c virtqueue_split_pop; Linux 6.12 "
     "drivers/vhost/vringh.c move_to_indirect",
     "an indirect table's length is a multiple of a descriptor's"},
    {Rule::kRingIndirectNested, "ring.indirect_nested", kSrc,
     "Linux 6.12 drivers/vhost/vringh.c move_to_indirect",
     "vringh follows no indirect table out of another; QEMU takes it for a "
     "buffer"},
    {Rule::kRingSizeExceeded, "ring.size_exceeded", kSrc,
     "QEMU 10.1 hw/virtio/virtio.c virtqueue_split_pop",
     "QEMU refuses a further element while as many as the ring has entries are "
     "in use"},
    {Rule::kRingUnreachable, "ring.unreachable", kSrc,
     "QEMU 10.1 hw/virtio/virtio.c virtio_init_region_cache; Linux 6.12 "
     "drivers/vhost/vringh.c iotlb_translate",
     "a ring or table that cannot be reached: the queue does no more"},
    {Rule::kRingUsedId, "ring.used_id", kSrc,
     "Linux 6.12 drivers/virtio/virtio_ring.c virtqueue_get_buf_ctx_split; "
     "QEMU 10.1 vhost-shadow-virtqueue.c vhost_svq_get_buf",
     "a used id that is not outstanding: Linux breaks the queue, the shadow "
     "queue passes it over"},
    {Rule::kRingQuiet, "ring.quiet", kSrc,
     "Linux 6.12 drivers/vhost/vringh.c __vringh_need_notify, "
     "drivers/virtio/virtio_ring.c virtqueue_kick_prepare_split",
     "a ring whose other side set the flag gets no kick or no interrupt"},
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_EVENT_RULES_DEVICE_H_
