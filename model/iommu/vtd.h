#ifndef IOVALAB_MODEL_IOMMU_VTD_H_
#define IOVALAB_MODEL_IOMMU_VTD_H_

// VT-d second-stage tables of 3, 4 or 5 levels (39, 48, 57 bits): R bit 0, W
// bit 1, PS bit 7 of 2 MiB and 1 GiB leaves, SNP bit 11, address 51:12. There
// is no present bit: an entry with neither R nor W is not present, and both
// "not present" and "no permission" have the code of the access. Permissions
// add up over the levels. The order of checks (access, then reserved bits) is
// that of QEMU 10.0 hw/i386/intel_iommu.c vtd_iova_to_slpte.
//
// Not for: first-stage tables; that drivers set the read bit of write-only
// mappings (the format can say write-only).

#include "model/iommu/entry_step.h"

namespace iovalab {

struct VtdFamily {
  static constexpr uint64_t kRead = 1 << 0;
  static constexpr uint64_t kWrite = 1 << 1;
  static constexpr uint64_t kPageSize = 1 << 7;
  static constexpr uint64_t kSnoop = 1 << 11;
  static constexpr uint64_t kAddress = BitMask(51, 12);

  static constexpr uint64_t Absent(const Format&, int) { return 0; }
  static constexpr uint64_t TableEntry(const Format&, int, uint64_t address) {
    return (address & kAddress) | kRead | kWrite;
  }
  static constexpr uint64_t LeafEntry(const Format&, int level, int,
                                      uint32_t perm) {
    return (perm & kAccessRead ? kRead : 0) |
           (perm & kAccessWrite ? kWrite : 0) | (level > 0 ? kPageSize : 0);
  }
  static constexpr uint64_t LeafAddress(const Format&, int, int,
                                        uint64_t address) {
    return address & kAddress;
  }
  static constexpr uint32_t Perm(uint64_t bits) {
    return (bits & kRead ? kAccessRead | kAccessExec : 0) |
           (bits & kWrite ? kAccessWrite : 0);
  }
  static constexpr LeafFields ParseLeaf(const Format& f, int level,
                                        uint64_t bits) {
    return {bits & kAddress, f.level[level].shift, Perm(bits) & 3,
            bits & ~kAddress};
  }
  // Legacy mode (Linux 6.12 drivers/iommu/intel/dmar.c dma_remap_fault_reasons;
  // QEMU intel_iommu_internal.h).
  static constexpr FaultCodes kCodes[] = {
      {IommuFault::kNoContext, 2, 2, 2},
      {IommuFault::kTableFetch, 7, 7, 7},
      {IommuFault::kTableCorrupt, 7, 7, 7},
      {IommuFault::kNotPresent, 6, 5, 6},
      {IommuFault::kPermission, 6, 5, 6},
      {IommuFault::kInputWidth, 4, 4, 4},
      {IommuFault::kReservedBits, 0xc, 0xc, 0xc},
      {IommuFault::kOutputWidth, 0xc, 0xc, 0xc},
      {IommuFault::kTypeBlocked, 0xd, 0xd, 0xd},
  };
  static constexpr uint32_t FaultCode(IommuFault reason, uint32_t access) {
    return FindFaultCode(kCodes, reason, access);
  }

  static constexpr EntryStep Step(const Format& f, int level, uint64_t bits,
                                  const WalkRequest& request) {
    const uint64_t needed = request.access == kAccessWrite ? kWrite : kRead;
    if ((bits & needed) == 0) {
      return EntryStep::Fault((bits & (kRead | kWrite)) == 0
                                  ? IommuFault::kNotPresent
                                  : IommuFault::kPermission);
    }
    const bool leaf = level == 0 || (bits & kPageSize) != 0;
    // Bit 62 and the address bits that the machine lacks; a leaf's address is
    // aligned to its size; a pointer has no SNP.
    uint64_t reserved = uint64_t{1} << 62;
    if (f.output_bits < 52) reserved |= BitMask(51, f.output_bits);
    if (!leaf) {
      if ((bits & (reserved | kSnoop)) != 0)
        return EntryStep::Fault(IommuFault::kReservedBits);
      return EntryStep::Table(level - 1, bits & kAddress, Perm(bits));
    }
    const int shift = f.level[level].shift;
    if (level > 0) reserved |= BitMask(shift - 1, 12);
    if ((bits & reserved) != 0 || !f.HasLeafSize(shift))
      return EntryStep::Fault(IommuFault::kReservedBits);
    return EntryStep::Leaf(shift, bits & kAddress, Perm(bits));
  }
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_VTD_H_
