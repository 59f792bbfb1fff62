#ifndef IOVALAB_MODEL_EVENT_RULES_QEMU_H_
#define IOVALAB_MODEL_EVENT_RULES_QEMU_H_

// Rows of the table of rules (rules.h): QEMU's memory API, listener, trees,
// shadow virtqueue and control queue; the guest's driver.
//
// Not for: anybody but rules.cc.
// Invariant: in the order of the enum.

#include "model/event/rules_evidence.h"

namespace iovalab {

inline constexpr RuleInfo kQemuRules[] = {
    {Rule::kNone, "-", Evidence::kNone, "", ""},

    {Rule::kMemFlatView, "mem.flat_view", kSrc,
     "QEMU 10.1 system/memory.c render_memory_region",
     "the highest priority region wins an address; neighbours that continue "
     "each other merge"},
    {Rule::kMemDelBeforeAdd, "mem.del_before_add", kSrc,
     "QEMU 10.1 system/memory.c address_space_update_topology",
     "a transaction delivers all region_del before any region_add, each in "
     "address order"},

    {Rule::kLsnSkipNotRam, "lsn.not_ram", kSrc,
     "QEMU 10.1 hw/virtio/vhost-vdpa.c",
     "a section that is neither RAM nor an IOMMU is skipped"},
    {Rule::kLsnSkipRamDevice, "lsn.ram_device", kSrc,
     "QEMU 10.1 hw/virtio/vhost-vdpa.c",
     "vDPA never maps MMIO: a ram_device section is skipped"},
    {Rule::kLsnSkipProtected, "lsn.protected", kSrc,
     "QEMU 10.1 hw/virtio/vhost-vdpa.c", "a protected section is skipped"},
    {Rule::kLsnBelowRange, "lsn.below_range", kSrc,
     "QEMU 10.1 hw/virtio/vhost-vdpa.c",
     "a section that begins below iova_range.first is reported and skipped"},
    {Rule::kLsnAboveRange, "lsn.above_range", kDer,
     "QEMU 10.1 hw/virtio/vhost-vdpa.c (R3)",
     "the page-masked exclusive end is compared with the inclusive "
     "iova_range.last"},
    {Rule::kLsnMisaligned, "lsn.misaligned", kSrc,
     "QEMU 10.1 hw/virtio/vhost-vdpa.c",
     "guest address and region offset that differ within the page: silently "
     "unmapped"},
    {Rule::kLsnAlign, "lsn.align", kSrc, "QEMU 10.1 hw/virtio/vhost-vdpa.c",
     "the start is rounded up and the end down to the target page"},
    {Rule::kLsnBatchOnce, "lsn.batch_once", kRec,
     "QEMU 7.2 log q35-4g-novga-svq",
     "one BATCH_BEGIN before the first map or unmap of a commit, BATCH_END at "
     "its end"},
    {Rule::kLsnMapFailed, "lsn.map_failed", kSrc,
     "QEMU 10.1 hw/virtio/vhost-vdpa.c; 7dab70bec3",
     "a failed map is logged, the node leaves the tree, the guest runs on with "
     "a hole"},
    {Rule::kLsnDelUnknown, "lsn.del_unknown", kSrc, "QEMU commit 10dab9f263",
     "region_del of a section that is not in the tree returns without "
     "unmapping"},
    {Rule::kLsnUnmapHalves, "lsn.unmap_halves", kSrc, "QEMU commit 2fbef6aad8",
     "an unmap of 2^64 bytes is sent as two of 2^63"},
    {Rule::kLsnUnmapAsserts, "lsn.unmap_asserts", kDer,
     "QEMU before commit 2fbef6aad8; int128_get64",
     "a 2^64 length does not fit the 64 bits of a message: the VMM aborts"},
    {Rule::kLsnIommuRegion, "lsn.iommu_region", kSrc,
     "QEMU 10.1 hw/virtio/vhost-vdpa.c",
     "an IOMMU section registers a notifier; its deletion unmaps the whole "
     "section"},
    {Rule::kLsnNotify, "lsn.notify", kSrc,
     "QEMU 10.1 hw/virtio/vhost-vdpa.c vhost_vdpa_iommu_map_notify",
     "a vIOMMU's notification is mapped at its own IOVA, or unmapped where it "
     "grants no access"},
    {Rule::kLsnNotifyRange, "lsn.notify_range", kSrc,
     "QEMU 10.1 hw/virtio/vhost-vdpa.c vhost_vdpa_iommu_map_notify",
     "a notification that ends past iova_range.last is reported and dropped"},
    {Rule::kLsnNotifyNoRam, "lsn.notify_no_ram", kSrc,
     "QEMU 10.1 system/memory.c memory_get_xlat_addr",
     "a notification for what is no RAM, or not in one section, is dropped"},
    {Rule::kLsnDiscard, "lsn.discard", kSrc,
     "QEMU 10.1 hw/virtio/vhost-vdpa.c vhost_vdpa_init",
     "discarding RAM is disabled while a vDPA device is there"},
    {Rule::kLsnReset, "lsn.reset", kRec,
     "QEMU 7.2 and 10.0 logs, vhost_vdpa_reset_device",
     "a reset is status 0; the listener is unregistered after it"},
    {Rule::kLsnMap, "lsn.map", kRec, "QEMU 7.2 and 10.0 logs",
     "region_add maps the aligned section"},
    {Rule::kLsnUnmap, "lsn.unmap", kRec,
     "QEMU 7.2 log q35-4g-novga-svq line 1920",
     "region_del unmaps the found node's IOVA with the deleted section's "
     "length"},

    {Rule::kTreeFirstFit, "tree.first_fit", kRec, "vectors Q72-h002...h011",
     "the lowest hole that is big enough, from one page up"},
    {Rule::kTreeInsert, "tree.insert", kRec, "vectors Q-iova-tree",
     "an insert is refused only where IOVAs overlap; aliased targets are "
     "accepted"},
    {Rule::kTreeRemove, "tree.remove", kRec, "vectors Q100-h022",
     "a remove deletes every node that touches the key"},
    {Rule::kTreeFindFirst, "tree.find_first", kRec,
     "vectors Q72-h004, Q100-h037",
     "a reverse look-up answers the first node in key order whose target "
     "touches the needle"},
    {Rule::kTreeRefused, "tree.refused", kRec,
     "vectors Q72-h007, Q100-h031; QEMU 10.1 hw/virtio/vhost-vdpa.c",
     "no IOVA or an overlap: the section is not mapped, the guest runs on with "
     "a hole"},
    {Rule::kTreeGpaCleanup, "tree.gpa_cleanup", kDer,
     "QEMU 10.0 hw/virtio/vhost-vdpa.c (R2); vectors Q100-h031",
     "the clean-up after a refused GPA, whose IOVA range stays allocated, "
     "removes by key, so the older node too"},

    {Rule::kSvqTranslate, "svq.translate", kSrc,
     "QEMU 10.1 hw/virtio/vhost-shadow-virtqueue.c",
     "a buffer's IOVA is the node's IOVA plus the offset of the needle in it"},
    {Rule::kSvqNoMap, "svq.no_map", kSrc,
     "QEMU 10.1 hw/virtio/vhost-shadow-virtqueue.c",
     "a buffer that no node touches is refused: -EINVAL"},
    {Rule::kSvqExpands, "svq.expands", kSrc,
     "QEMU 10.1 hw/virtio/vhost-shadow-virtqueue.c",
     "a buffer that leaves the node it was found in is refused: -EINVAL"},
    {Rule::kSvqNeedle, "svq.needle", kSrc,
     "QEMU 10.1 hw/virtio/vhost-shadow-virtqueue.c vhost_svq_translate_addr",
     "the needle's inclusive size is the length, one byte too long"},
    {Rule::kSvqVring, "svq.vring", kRec,
     "QEMU 7.2 and 10.0 logs, first dma_map lines",
     "rings of the shadow queue are host-only memory with IOVAs of their own"},
    {Rule::kSvqHostBuffer, "svq.host_buffer", kSrc,
     "QEMU 10.1 net/vhost-vdpa.c vhost_vdpa_net_cvq_add",
     "a control command goes through buffers of the VMM's own, which are "
     "looked up by HVA"},
    {Rule::kSvqNoSpace, "svq.no_space", kSrc,
     "QEMU 10.1 hw/virtio/vhost-shadow-virtqueue.c vhost_handle_guest_kick",
     "an element that takes more descriptors than are free waits until some "
     "are used; kicks are ignored meanwhile"},
    {Rule::kSvqPop, "svq.pop", kSrc,
     "QEMU 10.1 hw/virtio/vhost-shadow-virtqueue.c vhost_handle_guest_kick",
     "the shadow queue takes elements off the guest's ring until it is empty"},

    {Rule::kVmmRingsFirst, "vmm.rings_first", kRec,
     "QEMU 7.2 and 10.0 logs q35-4g-novga-svq",
     "at DRIVER_OK the rings are mapped, then the listener is registered: RAM "
     "gets the IOVAs behind the rings"},

    {Rule::kCvqBuffers, "cvq.buffers", kSrc,
     "QEMU 10.1 net/vhost-vdpa.c vhost_vdpa_net_cvq_start, "
     "vhost_vdpa_cvq_map_buf",
     "before the control queue's shadow ring a page for commands is mapped, "
     "which the device may read, and one for answers"},
    {Rule::kCvqCopy, "cvq.copy", kSrc,
     "QEMU 10.1 net/vhost-vdpa.c vhost_vdpa_net_handle_ctrl_avail; QEMU commit "
     "fee364e4b1 (8.1: a page; before it the longest known command)",
     "the VMM copies a command, at most a page of it, into a buffer of its own "
     "and gives the device that"},
    {Rule::kCvqAnnounce, "cvq.announce", kSrc,
     "QEMU 10.1 net/vhost-vdpa.c vhost_vdpa_net_handle_ctrl_avail",
     "VIRTIO_NET_CTRL_ANNOUNCE is the VMM's own affair; the device does not "
     "see it"},
    {Rule::kCvqAnswer, "cvq.answer", kSrc,
     "QEMU 10.1 net/vhost-vdpa.c vhost_vdpa_net_handle_ctrl_avail",
     "the VMM waits for the device to use the command, reads the answer's "
     "byte, and gives the guest VIRTIO_NET_OK or VIRTIO_NET_ERR"},
    {Rule::kCvqTimeout, "cvq.timeout", kSrc,
     "QEMU 10.1 hw/virtio/vhost-shadow-virtqueue.c vhost_svq_poll; J. Palmer, "
     "15 Feb 2024, vdpa/mlx5: Allow CVQ size changes",
     "a command that the device has not used after 10 s: \"Insufficient "
     "written data (0)\", the guest gets VIRTIO_NET_ERR"},
    {Rule::kCvqShort, "cvq.short", kSrc,
     "QEMU 10.1 net/vhost-vdpa.c vhost_vdpa_net_handle_ctrl_avail",
     "a command that is used without a byte written, as of an id that is not "
     "outstanding: the guest gets VIRTIO_NET_ERR"},
    {Rule::kCvqRefused, "cvq.refused", kSrc,
     "QEMU 10.1 net/vhost-vdpa.c vhost_vdpa_net_handle_ctrl_avail, "
     "hw/virtio/vhost-shadow-virtqueue.c vhost_handle_guest_kick",
     "a command that does not get into the shadow ring is answered with "
     "VIRTIO_NET_ERR, and further kicks are ignored"},
    {Rule::kCvqLate, "cvq.late", kDer,
     "QEMU 10.1 hw/virtio/vhost-shadow-virtqueue.c vhost_svq_get_buf, "
     "vhost_svq_flush (elem is NULL)",
     "a command that is used after the VMM gave it up only frees its "
     "descriptors"},

    {Rule::kCtrlTaken, "guest.ctrl_taken", kSrc,
     "Linux 6.12 drivers/net/virtio_net.c virtnet_send_command",
     "the driver spins until its command is used, interrupt or not, and looks "
     "at the answer's byte"},
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_EVENT_RULES_QEMU_H_
