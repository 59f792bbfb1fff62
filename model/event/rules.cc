#include "model/event/rules.h"

#include <iterator>

#include "model/event/rules_qemu.h"
#include "sim/check.h"

namespace iovalab {
namespace {

// The rows after kQemuRules.
constexpr RuleInfo kRules[] = {
    {Rule::kVdpaSizeZero, "vdpa.size_zero", kRec,
     "A-simblk-setmap-pa fmt/size0_update_without_owner",
     "UPDATE with size 0 is refused before the owner check: -EINVAL, to "
     "user space as such"},
    {Rule::kVdpaOwner, "vdpa.owner", kRec,
     "A-simblk-setmap-pa fmt/no_owner_update, fmt/no_owner_invalidate",
     "only the owner's mm may send messages: -EPERM"},
    {Rule::kVdpaAsid, "vdpa.asid", kRec,
     "A-simblk-setmap-pa inval/no_as_yet, inval/as_created_by_failed_update",
     "UPDATE and BATCH_BEGIN create the address space; others need one: "
     "-EINVAL"},
    {Rule::kVdpaBatchAsid, "vdpa.batch_asid", kRec,
     "A-simnet-asid asid/batch_other_asid_rejected, "
     "asid/batch_other_asid_creates_as",
     "a message for another address space than the open batch's: -EINVAL"},
    {Rule::kVdpaType, "vdpa.type", kRec,
     "A-simblk-setmap-pa fmt/type_7_with_as, fmt/type_255_with_as, "
     "batch/unknown_type_inside",
     "an unknown message type: -EINVAL"},
    {Rule::kVdpaRange, "vdpa.range", kRec,
     "A-simblk-setmap-pa range/last_page_wrap, range/iova1000_size_max, "
     "overlap/dup_out_of_range; A-vp-platform-iommu range/at_2e39",
     "UPDATE past 2^64 or outside the device's IOVA range: -EINVAL"},
    {Rule::kVdpaOverlap, "vdpa.overlap", kRec,
     "A-simblk-setmap-pa overlap/inside, overlap/one_byte_tail, "
     "overlap/dup_bad_uaddr",
     "UPDATE that touches an existing entry: -EEXIST, nothing changed"},
    {Rule::kVdpaPaMap, "vdpa.pa_map", kRec,
     "A-simblk-setmap-pa map/scattered8, map/iova_half_crossing, "
     "seq/dma_unaligned_uaddr",
     "one entry for each physically contiguous run, pages pinned"},
    {Rule::kVdpaPaZeroPages, "vdpa.pa_zero_pages", kRec,
     "A-simblk-setmap-pa range/iova0_size_max, range/iova1_size_max",
     "a size whose page count wraps to 0: -EINVAL"},
    {Rule::kVdpaMemlock, "vdpa.memlock", kRec,
     "A-simblk-setmap-pa rlimit/alias_counts_twice, rlimit/one_call_over, "
     "rlimit/unaligned_counts_two",
     "pinned pages, every alias counted again, may not pass RLIMIT_MEMLOCK: "
     "-ENOMEM"},
    {Rule::kVdpaPinFailed, "vdpa.pin_failed", kRec,
     "A-simblk-setmap-pa uaddr/half_hole, uaddr/only_hole, "
     "uaddr/readonly_rw, range/iova0_size_2e63",
     "a hole, PROT_NONE, or read-only memory to be written: -EFAULT where a "
     "batch of 512 pages begins with it, else -ENOMEM; the message is "
     "rolled back"},
    {Rule::kVdpaVaMap, "vdpa.va_map", kRec,
     "A-simblk-setmap-va map/scattered8, uaddr/shared_file_end_plus; "
     "A-vduse vduse/hole",
     "one entry for each shared file mapping (VMA), byte by byte; the VMA "
     "is the one at or next above the user address"},
    {Rule::kVdpaVaSkipped, "vdpa.va_skipped", kRec,
     "A-simblk-setmap-va uaddr/anon_private_4k, uaddr/only_hole, uaddr/zero",
     "memory that is no shared file mapping is skipped with success: no "
     "entry"},
    {Rule::kVdpaTableFull, "vdpa.table_full", kRec,
     "A-limit limit/batch_over_vhost_limit",
     "the address space is full (2048 entries; 10 in that recording): "
     "-ENOSPC"},
    {Rule::kVdpaRollback, "vdpa.rollback", kRec,
     "A-simblk-setmap-pa uaddr/failed_map_keeps_neighbours; A-limit "
     "limit/fill_one_by_one, limit/scattered_over_limit_in_batch",
     "a failing UPDATE removes what it had mapped"},
    {Rule::kVdpaInvalidate, "vdpa.invalidate", kRec,
     "A-simblk-setmap-pa inval/one_byte, "
     "inval/scattered_partial_removes_only_touched_chunks, inval/unmapped",
     "INVALIDATE removes every whole entry that touches the range, and "
     "always succeeds"},
    {Rule::kVdpaUnpinFirst, "vdpa.unpin_first", kRec,
     "A-simblk-setmap-pa batch/remap_visibility",
     "pages are unpinned before the device lets go of them; in a batch long "
     "before"},
    {Rule::kVdpaBatch, "vdpa.batch", kRec,
     "A-simblk-setmap-pa batch/map_not_visible_until_end, batch/nested, "
     "batch/end_without_begin_with_as, batch/device_reset_inside",
     "in a batch a set_map device keeps its old table until BATCH_END; the "
     "batch is a flag, so the first END closes it"},
    {Rule::kVdpaBatchEndIgnored, "vdpa.batch_end_ignored", kRec,
     "A-limit limit/fill_in_batch, limit/dma_after_batch_overflow",
     "BATCH_END ignores set_map's error"},
    {Rule::kVdpaFlattened, "vdpa.flattened", kRec,
     "A-simblk-setmap-pa overlap/inside, fmt/type_7_with_as; Linux 6.12 "
     "drivers/vhost/vhost.c",
     "every error of the message handler is -EFAULT to user space"},
    {Rule::kVdpaInvalidateWrap, "vdpa.invalidate_wrap", kRec,
     "A-simblk-setmap-pa inval/size0_iova0_drops_everything, "
     "inval/wrap_inside, inval/wrap_below",
     "INVALIDATE's last is iova + size - 1 modulo 2^64, unchecked: an entry "
     "goes if it begins at or below last and ends at or above iova"},
    {Rule::kVdpaNoBatch, "vdpa.no_batch", kRec,
     "A-simblk-dmamap-pa batch/remap_visibility; A-vp-platform-iommu "
     "batch/remap_visibility",
     "a dma_map device and the platform IOMMU ignore batches: every message "
     "takes effect at once"},
    {Rule::kVdpaClose, "vdpa.close", kRec,
     "A-simblk-setmap-pa reset/close_drops_everything; "
     "A-simblk-setmap-pa-k61 reset/close_drops_everything",
     "close drops all entries and pins; 6.12 then calls reset_map"},
    {Rule::kVdpaVaNoVma, "vdpa.va_no_vma", kRec,
     "A-simblk-setmap-va uaddr/noncanonical, range/iova0_size_2e63",
     "no VMA at or above the user address: -EINVAL"},
    {Rule::kVdpaRollbackAll, "vdpa.rollback_all", kDer,
     "Linux 6.12 drivers/vhost/vdpa.c vhost_vdpa_va_map, vhost_vdpa_unmap",
     "an UPDATE at IOVA 0 that fails before its first entry rolls back size 0, "
     "and so removes every entry of the address space"},

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

    {Rule::kVdpaUnmapMessage, "vdpa.unmap_message", kSrc,
     "Linux 5.17 drivers/vhost/vdpa.c vhost_vdpa_unmap (before e794070af224)",
     "INVALIDATE drops and unpins every entry that it touches, and then unmaps "
     "the message's range only: what else the entries mapped stays reachable"},
    {Rule::kIommuMap, "iommu.map", kRec,
     "A-vp-platform-iommu map/scattered8, map/2M_unaligned_iova",
     "without map operations each entry is mapped in the platform's IOMMU, in "
     "the biggest leaves that its addresses allow"},
    {Rule::kIommuUnmap, "iommu.unmap", kRec,
     "A-vp-platform-iommu inval/one_byte, inval/spanning_three",
     "one unmap and one IOTLB invalidation for each entry, none gathered"},
    {Rule::kIommuPerm, "iommu.perm", kRec,
     "A-vp-platform-iommu perm/0, perm/5, perm/8",
     "a permission that is not r, w or rw is refused: -EINVAL, after an unmap "
     "of nothing"},
    {Rule::kIommuUnaligned, "iommu.unaligned", kSrc,
     "Linux 5.17 drivers/iommu/iommu.c __iommu_unmap",
     "an unmap that does not begin and end at pages unmaps nothing"},
    {Rule::kIommuSuperpage, "iommu.superpage", kDer,
     "Linux 5.17 drivers/iommu/intel/iommu.c intel_iommu_unmap",
     "VT-d: unmapping a part of a superpage drops all of it"},
    {Rule::kIommuAlreadySet, "iommu.already_set", kDer,
     "Linux 5.17 drivers/iommu/intel/iommu.c __domain_mapping",
     "VT-d: where a leaf is already, it stays; the kernel warns, and the map "
     "succeeds"},
    {Rule::kIommuFreed, "iommu.freed", kSrc,
     "Linux 5.17 drivers/vhost/vdpa.c vhost_vdpa_free_domain",
     "close frees the domain and what it still maps"},
    {Rule::kIommuTranslate, "iommu.translate", kRec,
     "A-vp-platform-iommu seq/dma_through_2M, seq/map_while_running",
     "the device's addresses go through the platform IOMMU's table"},
    {Rule::kIommuReadBit, "iommu.read_bit", kRec,
     "A-vp-platform-iommu perm/dma_wo",
     "VT-d's driver sets the read bit in every leaf: a write-only mapping can "
     "be read"},
    {Rule::kIommuNotPresent, "iommu.not_present", kRec,
     "A-vp-platform-iommu seq/dma_unmapped, seq/dma_crossing_mapping_end",
     "no leaf: the access faults at that page, and what came before it has "
     "happened"},
    {Rule::kIommuPermission, "iommu.permission", kRec,
     "A-vp-platform-iommu seq/perm_downgrade, seq/perm_differs_per_alias",
     "a write through a leaf that is not writable faults"},
    {Rule::kIommuWidth, "iommu.width", kRec, "B-type1v1 dma/beyond_aperture",
     "an address past the domain's width faults"},
    {Rule::kIommuMsiWrite, "iommu.msi_write", kSrc,
     "Intel VT-d specification 3.14 (interrupt address range); "
     "A-vp-platform-iommu range/msi_window",
     "a write to 0xfee00000-0xfeefffff is an interrupt request, whatever is "
     "mapped there: it never reaches memory"},
    {Rule::kIommuMsiRead, "iommu.msi_read", kRec,
     "A-vp-platform-iommu range/msi_window",
     "a read of 0xfee00000-0xfeefffff does not reach what is mapped there"},

    {Rule::kSvqHostBuffer, "svq.host_buffer", kSrc,
     "QEMU 10.1 net/vhost-vdpa.c vhost_vdpa_net_cvq_add",
     "a control command goes through buffers of the VMM's own, which are "
     "looked up by HVA"},

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
    {Rule::kSvqNoSpace, "svq.no_space", kSrc,
     "QEMU 10.1 hw/virtio/vhost-shadow-virtqueue.c vhost_handle_guest_kick",
     "an element that takes more descriptors than are free waits until some "
     "are used; kicks are ignored meanwhile"},
    {Rule::kSvqPop, "svq.pop", kSrc,
     "QEMU 10.1 hw/virtio/vhost-shadow-virtqueue.c vhost_handle_guest_kick",
     "the shadow queue takes elements off the guest's ring until it is empty"},
    {Rule::kVringhPop, "dev.pop", kSrc,
     "Linux 6.12 drivers/vdpa/vdpa_sim, drivers/vhost/vringh.c "
     "vringh_getdesc_iotlb",
     "the device takes chains off its ring until it is empty or one is bad; a "
     "bad one is never completed, a later kick goes on behind it"},
    {Rule::kVmmRingsFirst, "vmm.rings_first", kRec,
     "QEMU 7.2 and 10.0 logs q35-4g-novga-svq",
     "at DRIVER_OK the rings are mapped, then the listener is registered: RAM "
     "gets the IOVAs behind the rings"},
    {Rule::kIommuMapAmd, "iommu.map_amd", kSrc,
     "Linux 6.12 drivers/iommu/amd/io_pgtable.c iommu_v1_map_pages",
     "AMD: leaves of any power of two but 512 GiB, with the permission asked "
     "for"},
    {Rule::kIommuMapLpae, "iommu.map_lpae", kRec, "L-io-pgtable-arm",
     "LPAE: leaves of 4 KiB, 2 MiB and 1 GiB, with the permission asked for"},
    {Rule::kIommuMapS390, "iommu.map_s390", kSrc,
     "Linux 6.12 drivers/iommu/s390-iommu.c s390_iommu_map_pages",
     "s390: pages of 4 KiB, all of which can be read"},
    {Rule::kIommuMapRiscv, "iommu.map_riscv", kSrc,
     "Linux 6.13 drivers/iommu/riscv/iommu.c riscv_iommu_map_pages",
     "RISC-V: leaves of 4 KiB, 2 MiB, 1 GiB and 512 GiB; what can be written "
     "can be read"},
    {Rule::kIommuMapToy, "iommu.map_toy", kSrc,
     "Pierre Morel, vfio thread on 2^64 regions, 2016",
     "the toy table: pages that are valid or not, without permissions"},
    {Rule::kIommuLeafDropped, "iommu.leaf_dropped", kSrc,
     "Linux 5.17 drivers/iommu/amd/io_pgtable.c iommu_v1_unmap_page; 6.13 "
     "riscv/iommu.c riscv_iommu_unmap_pages",
     "AMD, and RISC-V where the range begins with the leaf: unmapping a part of "
     "a leaf drops all of it"},
    {Rule::kIommuSplit, "iommu.split", kRec, "L-io-pgtable-arm",
     "LPAE up to Linux 6.12: unmapping a part of a block splits it, the rest "
     "stays"},
    {Rule::kIommuPartRefused, "iommu.part_refused", kSrc,
     "Linux 6.13 drivers/iommu/riscv/iommu.c riscv_iommu_unmap_pages, "
     "io-pgtable-arm.c (commit 33729a5fc0ca)",
     "unmapping a part of a leaf is refused, and the unmap ends there"},
    {Rule::kIommuReplaced, "iommu.replaced", kSrc,
     "Linux 5.17 drivers/iommu/amd/io_pgtable.c alloc_pte, free_clear_pte",
     "a map over leaves replaces them; larger ones go whole"},
    {Rule::kIommuExists, "iommu.exists", kRec, "L-io-pgtable-arm",
     "LPAE: a map over a leaf is refused: -EEXIST"},
    {Rule::kIommuTooWide, "iommu.too_wide", kRec, "L-io-pgtable-arm",
     "a map of addresses that the format has not is refused: -ERANGE (recorded "
     "for LPAE)"},
    {Rule::kIommuNoWriteOnly, "iommu.no_write_only", kSrc,
     "Linux 6.12 drivers/iommu/s390-iommu.c s390_iommu_map_pages",
     "s390: a map that cannot be read is refused: -EINVAL"},
    {Rule::kIommuWalk, "iommu.walk", kSrc,
     "the format's specification, see model/iommu; RISC-V and LPAE recorded "
     "(R-riscv-iommu, L-io-pgtable-arm)",
     "the device's addresses are translated, or refused, by walking the "
     "format's tables page by page"},
};

constexpr size_t kFirst = std::size(kQemuRules);
constexpr size_t kRows = kFirst + std::size(kRules);

constexpr const RuleInfo& Row(size_t i) {
  return i < kFirst ? kQemuRules[i] : kRules[i - kFirst];
}

constexpr bool RowsMatchRules() {
  for (size_t i = 0; i < kRows; ++i) {
    if (Row(i).rule != static_cast<Rule>(i)) return false;
  }
  return kRows == static_cast<size_t>(Rule::kCount);
}
static_assert(RowsMatchRules(),
              "a row of the rules is missing or out of place");

}  // namespace

const RuleInfo& GetRule(Rule rule) {
  sim::Check(rule < Rule::kCount, "rule out of range");
  return Row(static_cast<size_t>(rule));
}

std::optional<Rule> RuleByName(absl::string_view name) {
  for (size_t i = 0; i < kRows; ++i) {
    if (Row(i).name == name) return Row(i).rule;
  }
  return std::nullopt;
}

absl::string_view EvidenceName(Evidence evidence) {
  switch (evidence) {
    case Evidence::kNone:
      return "-";
    case Evidence::kRecorded:
      return "recorded";
    case Evidence::kSource:
      return "source";
    case Evidence::kDerived:
      return "derived";
  }
  return "?";
}

}  // namespace iovalab
