#ifndef IOVALAB_MODEL_IOMMU_LPAE_H_
#define IOVALAB_MODEL_IOMMU_LPAE_H_

// ARM's long-descriptor tables (VMSAv8-64) of the SMMU: stages 1 and 2, 4K, 16K
// and 64K granules. Bit 0 valid, bit 1 set in pointers and pages, clear in
// blocks; AF bit 10; stage 2: S2AP 7:6 (1 read, 2 write), XN 54:53; stage 1:
// AP[2:1] 7:6 (2 read-only, 1 unprivileged too), PXN 53, UXN 54. The root of
// stage 2 joins up to 16 tables where that saves a level. 64K granules keep
// address bits 51:48 in 15:12. Hardware checks, in this order: type, output
// address, AF, permission. (ARM DDI 0487 D8; Linux 6.1
// drivers/iommu/io-pgtable-arm.c for the attributes of what Linux writes)
//
// Not for: 52-bit addresses of 4K and 16K granules (LPA2), hierarchical
// permissions, hardware update of AF; when Linux splits blocks or refuses
// (model/kernel/io_pgtable_arm.h).

#include "model/iommu/entry_step.h"

namespace iovalab {

// What both stages share.
struct LpaeBits {
  static constexpr uint64_t kValid = 1 << 0;
  static constexpr uint64_t kTableOrPage = 1 << 1;
  static constexpr uint64_t kAccessFlag = 1 << 10;
  static constexpr uint64_t kAddress = BitMask(47, 12);
  static constexpr uint64_t kOuterShareable = 2 << 8;
  static constexpr uint64_t kPrivExecNever = uint64_t{1} << 53;
  static constexpr uint64_t kExecNever = uint64_t{1} << 54;

  static constexpr bool Is64K(const Format& f) {
    return f.level[0].shift == 16;
  }
  static constexpr uint64_t Pack(const Format& f, uint64_t address) {
    if (!Is64K(f)) return address & kAddress;
    return (address & BitMask(47, 16)) | (address & BitMask(51, 48)) >> 36;
  }
  static constexpr uint64_t Unpack(const Format& f, uint64_t bits) {
    if (!Is64K(f)) return bits & kAddress;
    return (bits & BitMask(47, 16)) | (bits & BitMask(15, 12)) << 36;
  }
  static constexpr uint64_t Absent(const Format&, int) { return 0; }
  static constexpr uint64_t TableEntry(const Format& f, int, uint64_t address) {
    return Pack(f, address) | kValid | kTableOrPage;
  }
  static constexpr uint64_t LeafType(int level) {
    return level == 0 ? kValid | kTableOrPage : uint64_t{kValid};
  }
  static constexpr uint64_t LeafAddress(const Format& f, int, int,
                                        uint64_t address) {
    return Pack(f, address);
  }
  // F_TRANSLATION, F_ADDR_SIZE, F_ACCESS, F_PERMISSION, F_WALK_EABT,
  // C_BAD_STE, F_TRANS_FORBIDDEN (ARM IHI 0070 7.3; QEMU smmuv3-internal.h).
  static constexpr FaultCodes kCodes[] = {
      {IommuFault::kNoContext, 4, 4, 4},
      {IommuFault::kTableFetch, 0xb, 0xb, 0xb},
      {IommuFault::kTableCorrupt, 0xb, 0xb, 0xb},
      {IommuFault::kNotPresent, 0x10, 0x10, 0x10},
      {IommuFault::kReservedBits, 0x10, 0x10, 0x10},
      {IommuFault::kInputWidth, 0x10, 0x10, 0x10},
      {IommuFault::kOutputWidth, 0x11, 0x11, 0x11},
      {IommuFault::kAccessFlag, 0x12, 0x12, 0x12},
      {IommuFault::kPermission, 0x13, 0x13, 0x13},
      {IommuFault::kTypeBlocked, 7, 7, 7},
  };
  static constexpr uint32_t FaultCode(IommuFault reason, uint32_t access) {
    return FindFaultCode(kCodes, reason, access);
  }
};

template <typename Stage>
struct LpaeFamily : LpaeBits {
  static constexpr uint64_t LeafEntry(const Format&, int level, int,
                                      uint32_t perm) {
    return LeafType(level) | kAccessFlag | kOuterShareable |
           Stage::PermBits(perm);
  }
  static constexpr LeafFields ParseLeaf(const Format& f, int level,
                                        uint64_t bits) {
    const uint64_t field = Pack(f, ~uint64_t{0});
    return {Unpack(f, bits), f.level[level].shift, Stage::Perm(bits, false) & 3,
            bits & ~field};
  }
  static constexpr EntryStep Step(const Format& f, int level, uint64_t bits,
                                  const WalkRequest& request) {
    if ((bits & kValid) == 0) return EntryStep::Fault(IommuFault::kNotPresent);
    const bool bit1 = (bits & kTableOrPage) != 0;
    const uint64_t address = Unpack(f, bits);
    const bool wide = f.output_bits < 52 && address >> f.output_bits != 0;
    if (level > 0 && bit1) {
      if (wide) return EntryStep::Fault(IommuFault::kOutputWidth);
      return EntryStep::Table(level - 1, address);
    }
    const int shift = f.level[level].shift;
    // A block where the level has none, or a last level without bit 1.
    if (level > 0 ? !f.HasLeafSize(shift) : !bit1)
      return EntryStep::Fault(IommuFault::kReservedBits);
    if (wide) return EntryStep::Fault(IommuFault::kOutputWidth);
    if ((bits & kAccessFlag) == 0)
      return EntryStep::Fault(IommuFault::kAccessFlag);
    const uint32_t perm = Stage::Perm(bits, request.supervisor);
    if ((perm & request.access) == 0)
      return EntryStep::Fault(IommuFault::kPermission);
    // The bits of the address below the size are not looked at.
    return EntryStep::Leaf(shift, address & ~((uint64_t{1} << shift) - 1),
                           perm);
  }
};

struct LpaeStage1 {
  static constexpr uint64_t kUnprivileged = 1 << 6;
  static constexpr uint64_t kReadOnly = 1 << 7;
  static constexpr uint64_t kNotGlobal = 1 << 11;

  // Every entry can be read: there is no write-only.
  static constexpr uint64_t PermBits(uint32_t perm) {
    return kNotGlobal | kUnprivileged |
           ((perm & kAccessWrite) == 0 && (perm & kAccessRead) != 0 ? kReadOnly
                                                                    : 0);
  }
  static constexpr uint32_t Perm(uint64_t bits, bool privileged) {
    const bool may = privileged || (bits & kUnprivileged) != 0;
    if (!may) return 0;
    const uint64_t never =
        privileged ? LpaeBits::kPrivExecNever : LpaeBits::kExecNever;
    return kAccessRead | (bits & kReadOnly ? 0 : kAccessWrite) |
           (bits & never ? 0 : kAccessExec);
  }
};

struct LpaeStage2 {
  static constexpr uint64_t kRead = 1 << 6;
  static constexpr uint64_t kWrite = 1 << 7;
  static constexpr uint64_t kMemAttrNonCacheable = 5 << 2;

  static constexpr uint64_t PermBits(uint32_t perm) {
    return kMemAttrNonCacheable | (perm & kAccessRead ? kRead : 0) |
           (perm & kAccessWrite ? kWrite : 0);
  }
  // S2AP has the order of kAccessRead and kAccessWrite.
  static constexpr uint32_t Perm(uint64_t bits, bool) {
    const uint32_t access = bits >> 6 & 3;
    const bool exec = (bits & (kRead | LpaeBits::kExecNever)) == kRead;
    return access | (exec ? kAccessExec : 0);
  }
};

using LpaeS1Family = LpaeFamily<LpaeStage1>;
using LpaeS2Family = LpaeFamily<LpaeStage2>;

// Of input and output addresses.
constexpr int LpaeMostBits(int granule_bits) {
  return granule_bits == 16 ? 52 : 48;
}

// Tables of `stage` (1 or 2) with granule_bits 12, 14 or 16; input_bits and
// output_bits more than that and at most LpaeMostBits. The start level is that
// of Linux 6.1 arm_lpae_alloc_pgtable: as few levels as the bits need, and in
// stage 2 a level 0 of at most 16 entries is joined into level 1.
Format LpaeFormat(int stage, int granule_bits, int input_bits, int output_bits);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_LPAE_H_
