#ifndef IOVALAB_MODEL_IOMMU_S390_H_
#define IOVALAB_MODEL_IOMMU_S390_H_

// s390 zPCI DMA tables: region third (11 bits), segment (11) and page (8)
// tables, 42 bits. Entries are invalid by a bit that is set: 0x20 in region and
// segment entries, 0x400 in page entries, so empty tables are not zero. Protect
// 0x200 forbids writes and counts at every level; a segment entry with 0x400 is
// a 1 MiB frame. Page tables have 2 KiB. (Linux 6.12
// arch/s390/include/asm/pci_dma.h; QEMU hw/s390x/s390-pci-bus.c)
//
// Not for: region first and second tables (longer addresses).

#include "model/iommu/entry_step.h"

namespace iovalab {

struct S390Family {
  static constexpr uint64_t kInvalid = 0x20;
  static constexpr uint64_t kPageInvalid = 0x400;
  static constexpr uint64_t kProtected = 0x200;
  static constexpr uint64_t kLarge = 0x400;  // in a segment entry
  static constexpr uint64_t kTypeMask = 0xc;
  static constexpr uint64_t kTypeRegionThird = 0x4;
  static constexpr uint64_t kLengthMask = 0x3;  // all of the next table
  static constexpr uint64_t kRegionOrigin = BitMask(63, 14);
  static constexpr uint64_t kSegmentOrigin = BitMask(63, 11);

  static constexpr uint64_t Absent(const Format&, int level) {
    return level == 0   ? kPageInvalid
           : level == 1 ? kInvalid
                        : kInvalid | kTypeRegionThird | kLengthMask;
  }
  static constexpr uint64_t TableEntry(const Format&, int level,
                                       uint64_t address) {
    return level == 1
               ? address & kSegmentOrigin
               : (address & kRegionOrigin) | kTypeRegionThird | kLengthMask;
  }
  static constexpr uint64_t FrameMask(int level) {
    return level == 0 ? BitMask(63, 12) : BitMask(63, 20);
  }
  // Everything can be read.
  static constexpr uint64_t LeafEntry(const Format&, int level, int,
                                      uint32_t perm) {
    return (perm & kAccessWrite ? 0 : kProtected) | (level > 0 ? kLarge : 0);
  }
  static constexpr uint64_t LeafAddress(const Format&, int level, int,
                                        uint64_t address) {
    return address & FrameMask(level);
  }
  static constexpr uint32_t Perm(uint64_t bits) {
    return kAccessRead | kAccessExec | (bits & kProtected ? 0 : kAccessWrite);
  }
  static constexpr LeafFields ParseLeaf(const Format& f, int level,
                                        uint64_t bits) {
    return {bits & FrameMask(level), f.level[level].shift, Perm(bits) & 3,
            bits & ~FrameMask(level)};
  }
  // Error event codes (QEMU s390-pci-bus.h): out of range, invalid region or
  // segment entry, protected.
  static constexpr FaultCodes kCodes[] = {
      {IommuFault::kInputWidth, 2, 2, 2},
      {IommuFault::kNotPresent, 7, 7, 7},
      {IommuFault::kPermission, 4, 4, 4},
      {IommuFault::kReservedBits, 8, 8, 8},
      {IommuFault::kOutputWidth, 8, 8, 8},
      {IommuFault::kTableFetch, 8, 8, 8},
      {IommuFault::kTableCorrupt, 8, 8, 8},
  };
  static constexpr uint32_t FaultCode(IommuFault reason, uint32_t access) {
    return FindFaultCode(kCodes, reason, access);
  }

  static constexpr EntryStep Step(const Format& f, int level, uint64_t bits,
                                  const WalkRequest& request) {
    if ((bits & (level == 0 ? kPageInvalid : kInvalid)) != 0)
      return EntryStep::Fault(IommuFault::kNotPresent);
    if (level > 0 && (bits & kTypeMask) != (level == 1 ? 0 : kTypeRegionThird))
      return EntryStep::Fault(IommuFault::kReservedBits);
    const uint32_t perm = Perm(bits);
    if ((perm & request.access) == 0)
      return EntryStep::Fault(IommuFault::kPermission);
    if (level == 2) return EntryStep::Table(1, bits & kRegionOrigin, perm);
    if (level == 1 && (bits & kLarge) == 0)
      return EntryStep::Table(0, bits & kSegmentOrigin, perm);
    return EntryStep::Leaf(f.level[level].shift, bits & FrameMask(level), perm);
  }
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_S390_H_
