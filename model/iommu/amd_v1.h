#ifndef IOVALAB_MODEL_IOMMU_AMD_V1_H_
#define IOVALAB_MODEL_IOMMU_AMD_V1_H_

// AMD IOMMU v1 host tables, modes 1 to 6 (the number of levels; mode 6 has the
// whole 64 bits, 7 of them in the root): PR bit 0, next level 11:9, address
// 51:12, FC 60, IR 61, IW 62. Next level 0 is a leaf of the level's own size, 7
// one of any power of two: the address's bits below the size are ones but for
// the highest of them. A leaf larger than its level's entry is repeated in all
// entries that it covers. A pointer may skip levels whose index bits are zero.
// Permissions add up over the levels. (AMD I/O Virtualization Technology
// specification 48882 2.2.3; Linux 6.12 drivers/iommu/amd/io_pgtable.c)
//
// Not for: v2 (guest) tables, which are those of the processor.

#include "model/iommu/entry_step.h"

namespace iovalab {

struct AmdV1Family {
  static constexpr uint64_t kPresent = 1;
  static constexpr int kNextLevelShift = 9;
  static constexpr uint64_t kNextLevel = BitMask(11, 9);
  static constexpr uint64_t kSizeEncoded = 7;
  static constexpr uint64_t kAddress = BitMask(51, 12);
  static constexpr uint64_t kForceCoherent = uint64_t{1} << 60;
  static constexpr uint64_t kRead = uint64_t{1} << 61;
  static constexpr uint64_t kWrite = uint64_t{1} << 62;

  static constexpr uint64_t Absent(const Format&, int) { return 0; }
  static constexpr uint64_t TableEntry(const Format&, int level,
                                       uint64_t address) {
    return (address & kAddress) | kPresent | kRead | kWrite |
           static_cast<uint64_t>(level) << kNextLevelShift;
  }
  // Linux marks every leaf coherent.
  static constexpr uint64_t LeafEntry(const Format& f, int level, int size_bits,
                                      uint32_t perm) {
    return kPresent | kForceCoherent | (perm & kAccessRead ? kRead : 0) |
           (perm & kAccessWrite ? kWrite : 0) |
           (size_bits == f.level[level].shift
                ? 0
                : kSizeEncoded << kNextLevelShift);
  }
  static constexpr uint64_t LeafAddress(const Format& f, int level,
                                        int size_bits, uint64_t address) {
    if (size_bits == f.level[level].shift) return address & kAddress;
    const uint64_t size = uint64_t{1} << size_bits;
    return ((address & ~(size - 1)) | ((size - 1) & ~(size >> 1))) & kAddress;
  }
  static constexpr uint32_t Perm(uint64_t bits) {
    return (bits & kRead ? kAccessRead | kAccessExec : 0) |
           (bits & kWrite ? kAccessWrite : 0);
  }
  // log2 of the size that an address with next level 7 encodes.
  static constexpr int EncodedSizeBits(uint64_t bits) {
    // 12 and up: ones, then a zero at bit size_bits - 1.
    return 13 + __builtin_ctzll(~((bits & kAddress) >> 12));
  }
  static constexpr LeafFields ParseLeaf(const Format& f, int level,
                                        uint64_t bits) {
    const bool encoded = (bits & kNextLevel) != 0;
    const int size_bits =
        encoded ? EncodedSizeBits(bits) : f.level[level].shift;
    const uint64_t address = bits & kAddress;
    return {encoded ? address & ~((uint64_t{1} << size_bits) - 1) : address,
            static_cast<uint8_t>(size_bits), Perm(bits) & 3, bits & ~kAddress};
  }
  // Event codes (48882 2.5; QEMU hw/i386/amd_iommu.h).
  static constexpr FaultCodes kCodes[] = {
      {IommuFault::kNoContext, 1, 1, 1},
      {IommuFault::kTableFetch, 4, 4, 4},
      {IommuFault::kTableCorrupt, 4, 4, 4},
      {IommuFault::kNotPresent, 2, 2, 2},
      {IommuFault::kPermission, 2, 2, 2},
      {IommuFault::kInputWidth, 2, 2, 2},
      {IommuFault::kOutputWidth, 4, 4, 4},
      {IommuFault::kReservedBits, 4, 4, 4},
      {IommuFault::kTypeBlocked, 2, 2, 2},
  };
  static constexpr uint32_t FaultCode(IommuFault reason, uint32_t access) {
    return FindFaultCode(kCodes, reason, access);
  }

  static constexpr EntryStep Step(const Format& f, int level, uint64_t bits,
                                  const WalkRequest& request) {
    if ((bits & kPresent) == 0)
      return EntryStep::Fault(IommuFault::kNotPresent);
    if (f.output_bits < 52 && (bits & BitMask(51, f.output_bits)) != 0)
      return EntryStep::Fault(IommuFault::kReservedBits);
    const uint64_t needed = request.access == kAccessWrite ? kWrite : kRead;
    if ((bits & needed) == 0) return EntryStep::Fault(IommuFault::kPermission);
    const int next = static_cast<int>((bits & kNextLevel) >> kNextLevelShift);
    if (next != 0 && next != kSizeEncoded) {
      // Native level `next` is our next - 1; it must be below this one.
      if (next > level) return EntryStep::Fault(IommuFault::kReservedBits);
      return EntryStep::Table(next - 1, bits & kAddress, Perm(bits));
    }
    const int shift = f.level[level].shift;
    const bool encoded = next == kSizeEncoded;
    const int size_bits = encoded ? EncodedSizeBits(bits) : shift;
    const uint64_t below = (uint64_t{1} << size_bits) - 1;
    uint64_t address = bits & kAddress;
    if (encoded) address &= ~below;
    if ((address & below) != 0 || size_bits < shift ||
        size_bits >= shift + f.level[level].bits)
      return EntryStep::Fault(IommuFault::kReservedBits);
    return EntryStep::Leaf(size_bits, address, Perm(bits));
  }
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_AMD_V1_H_
