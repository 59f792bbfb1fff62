#ifndef IOVALAB_MODEL_EVENT_RULES_KERNEL_H_
#define IOVALAB_MODEL_EVENT_RULES_KERNEL_H_

// Rows of the table of rules (rules.h): Linux vhost-vdpa and IOMMU drivers.
//
// Not for: anybody but rules.cc.
// Invariant: in the order of the enum.

#include "model/event/rules_evidence.h"

namespace iovalab {

inline constexpr RuleInfo kKernelRules[] = {
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
     "one unmap for each entry, none gathered; VT-d's strict driver "
     "invalidates "
     "each"},
    {Rule::kIommuPerm, "iommu.perm", kRec,
     "A-vp-platform-iommu perm/0, perm/5, perm/8",
     "a permission that is not r, w or rw is refused: -EINVAL, after an unmap "
     "of nothing"},
    {Rule::kIommuUnaligned, "iommu.unaligned", kSrc,
     "Linux 5.17 drivers/iommu/iommu.c __iommu_unmap",
     "an unmap that does not begin and end at pages unmaps nothing"},
    {Rule::kIommuSuperpage, "iommu.superpage", kDer,
     "Linux 5.17 drivers/iommu/intel/iommu.c intel_iommu_unmap, where the "
     "range "
     "begins with the leaf. Where it begins inside, dma_pte_clear_level takes "
     "the leaf's page for a table and clears words of it, which is not "
     "modelled",
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
     "AMD, and RISC-V where the range begins with the leaf: unmapping a part "
     "of "
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
    {Rule::kIommuCached, "iommu.cached", kSrc,
     "RISC-V IOMMU specification 2.8; VT-d specification 6.2.3",
     "caches keep what a walk found, never a refusal: a new mapping needs no "
     "invalidation"},
    {Rule::kIommuEvicted, "iommu.evicted", kDer,
     "hardware keeps its replacement to itself; QEMU's VT-d empties a full "
     "cache",
     "an entry made room for another, or was asked for more than it grants and "
     "walked anew"},
    {Rule::kIommuStrict, "iommu.strict", kSrc,
     "Linux 6.12 drivers/iommu/iommu.c iommu_unmap; of VT-d the invalidation "
     "of "
     "each unmap is recorded (A-vp-platform-iommu, q35-2g-vtd-linux)",
     "iommu_unmap invalidates what it cleared and waits for the hardware"},
    {Rule::kIommuLazy, "iommu.lazy", kSrc,
     "Linux 6.1 drivers/iommu/dma-iommu.c queue_iova, fq_flush_timeout",
     "what was cleared waits in a ring of 256 that is flushed when full, and "
     "after 10 ms; for vhost-vdpa a what-if, since only the DMA API is lazy"},
    {Rule::kIommuNoFlush, "iommu.no_flush", kDer,
     "semantics of a defect: no unmap is followed by an invalidation",
     "nothing is invalidated"},
    {Rule::kIommuShortFlush, "iommu.short_flush", kSrc,
     "Linux 5.17 drivers/iommu/amd/iommu.c amd_iommu_unmap (fc65d0acaf23 to "
     "6b080c4e815c, 6.1); with other drivers a defect that none had",
     "the pages asked for are invalidated, not the whole leaf that was "
     "cleared"},
    {Rule::kIommuInvalidated, "iommu.invalidated", kSrc,
     "VT-d specification 6.5.2, RISC-V IOMMU specification 3.1; of VT-d "
     "recorded (q35-2g-vtd-linux vtd_inv_desc lines)",
     "the hardware forgets what the invalidation names"},
    {Rule::kIommuOld, "iommu.old", kSrc, "RISC-V IOMMU specification 2.8",
     "until the covering invalidation is done hardware may use what it cached "
     "before the tables changed"},
    {Rule::kIommuTableReplaced, "iommu.table_replaced", kSrc,
     "Linux 6.1 drivers/iommu/intel/iommu.c switch_to_super_page, "
     "io-pgtable-arm.c arm_lpae_init_pte, amd/io_pgtable.c free_clear_pte",
     "a superpage where a table was: its pointer is invalidated by the map"},
    {Rule::kIommuTableFreed, "iommu.table_freed", kSrc,
     "Linux 6.1 drivers/iommu/io-pgtable-arm.c __arm_lpae_unmap "
     "(io_pgtable_tlb_flush_walk)",
     "LPAE: a table that an unmap frees is invalidated at once, also where "
     "leaves wait in a flush queue"},
    {Rule::kIommuAttached, "iommu.attached", kSrc,
     "Linux 6.12 drivers/vhost/vdpa.c vhost_vdpa_alloc_domain",
     "opening the device attaches it to a domain of vhost-vdpa's: its context "
     "names that domain's tables"},
    {Rule::kIommuContext, "iommu.context", kSrc,
     "Linux 6.12 drivers/iommu/iommu.c __iommu_device_set_domain, "
     "drivers/iommu/intel/iommu.c device_block_translation, "
     "drivers/iommu/intel/pasid.c intel_context_flush_present",
     "the host's driver puts the device into another domain, or takes its "
     "context away, and invalidates context and IOTLB"},
    {Rule::kIommuProcess, "iommu.process", kSrc,
     "VT-d specification 9.6 (scalable-mode PASID table entry); RISC-V IOMMU "
     "specification 2.2",
     "what the IOMMU knows of a process of the device (PASID)"},
    {Rule::kIommuRefused, "iommu.refused", kSrc,
     "VT-d specification 7.1.3; SMMUv3 specification 7.3; RISC-V IOMMU "
     "specification 2.3, 3.2; AMD 48882 2.5",
     "no context, one that blocks, or a PASID without one: the access is "
     "refused before any table is walked"},
    {Rule::kIommuIdentity, "iommu.identity", kSrc,
     "VT-d specification 9.3 (translation type 10b); RISC-V IOMMU "
     "specification 2.3 (Bare)",
     "the context says that addresses are physical: no table is walked, no "
     "cache asked"},
    {Rule::kIommuPoison, "iommu.poison", kDer, "a fault injection",
     "somebody overwrites an entry of the IOMMU's tables; no invalidation "
     "follows"},
    {Rule::kIommuNoTable, "iommu.no_table", kDer, "a fault injection",
     "there is no table of that level at the address, so no entry to damage"},
    {Rule::kIommuDamaged, "iommu.damaged", kSrc,
     "the format's specification, see model/iommu",
     "the walk met a damaged entry and did what it says"},
    {Rule::kIommuHealed, "iommu.healed", kDer,
     "drivers write entries without a look at what is there but for its "
     "presence; a table that a damaged pointer lost is taken to be found again",
     "a map or unmap that touches what a damaged entry spans puts back what "
     "the driver wrote"},
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_EVENT_RULES_KERNEL_H_
