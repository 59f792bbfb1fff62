#ifndef IOVALAB_MODEL_IOMMU_RISCV_H_
#define IOVALAB_MODEL_IOMMU_RISCV_H_

// RISC-V tables: Sv39, Sv48, Sv57 of the first stage and the x4 formats of the
// second, whose root has two index bits more. V 0, R 1, W 2, X 3, U 4, G 5, A
// 6, D 7, address 53:10, PBMT 62:61, N 63 (a 64 KiB leaf of 16 equal entries).
// Hardware update of A and D is off: A clear, or D clear in a write, is a page
// fault. The order of checks is that of the RISC-V IOMMU reference model
// (iommu_two_stage_trans.c, iommu_second_stage_trans.c) and recorded in the R
// vectors.
//
// Not for: Sv32; ATS requests.

#include "model/iommu/entry_step.h"

namespace iovalab {

struct RiscvBits {
  static constexpr uint64_t kValid = 1 << 0;
  static constexpr uint64_t kRead = 1 << 1;
  static constexpr uint64_t kWrite = 1 << 2;
  static constexpr uint64_t kExec = 1 << 3;
  static constexpr uint64_t kUser = 1 << 4;
  static constexpr uint64_t kGlobal = 1 << 5;
  static constexpr uint64_t kAccessed = 1 << 6;
  static constexpr uint64_t kDirty = 1 << 7;
  static constexpr uint64_t kPpn = BitMask(53, 10);
  static constexpr uint64_t kNapot = uint64_t{1} << 63;
  static constexpr int kPbmtShift = 61;
  static constexpr int kNapotBits = 16;

  static constexpr uint32_t Pbmt(uint64_t bits) { return bits >> 61 & 3; }
  static constexpr uint64_t PageOf(uint64_t bits) { return (bits & kPpn) << 2; }

  static constexpr uint64_t Absent(const Format&, int) { return 0; }
  static constexpr uint64_t TableEntry(const Format&, int, uint64_t address) {
    return (address >> 2 & kPpn) | kValid;
  }
  static constexpr uint64_t LeafEntry(const Format&, int level, int size_bits,
                                      uint32_t perm) {
    return kValid | kUser | kAccessed | kDirty |
           (perm & kAccessRead ? kRead : 0) |
           (perm & kAccessWrite ? kWrite : 0) |
           (perm & kAccessExec ? kExec : 0) |
           (level == 0 && size_bits == kNapotBits ? kNapot : 0);
  }
  static constexpr uint64_t LeafAddress(const Format&, int level, int size_bits,
                                        uint64_t address) {
    if (level == 0 && size_bits == kNapotBits)
      address = (address & ~uint64_t{0xffff}) | 0x8000;
    return address >> 2 & kPpn;
  }
  // R, W and X, which have the bits of kAccess... one higher.
  static constexpr uint32_t Perm(uint64_t bits) { return bits >> 1 & 7; }
  static constexpr LeafFields ParseLeaf(const Format& f, int level,
                                        uint64_t bits) {
    const bool napot = (bits & kNapot) != 0;
    const uint64_t page = PageOf(bits);
    return {napot ? page & ~uint64_t{0xffff} : page,
            napot ? uint8_t{kNapotBits} : f.level[level].shift, Perm(bits),
            bits & ~kPpn};
  }
  static constexpr bool Malformed(const Format& f, int level, uint64_t bits) {
    const uint64_t reserved = f.svrsw60t59b ? BitMask(58, 54) : BitMask(60, 54);
    return ((bits & kRead) == 0 && (bits & kWrite) != 0) ||
           (Pbmt(bits) != 0 && !f.svpbmt) || Pbmt(bits) == 3 ||
           (bits & reserved) != 0 || (level > 0 && (bits & kNapot) != 0);
  }
};

// What is left of a step: the rules of user and supervisor pages.
template <typename Stage>
struct RiscvFamily : RiscvBits {
  static constexpr uint32_t FaultCode(IommuFault reason, uint32_t access) {
    return FindFaultCode(Stage::kCodes, reason, access);
  }
  static constexpr EntryStep Step(const Format& f, int level, uint64_t bits,
                                  const WalkRequest& request) {
    if ((bits & kValid) == 0) return EntryStep::Fault(IommuFault::kNotPresent);
    if (Malformed(f, level, bits))
      return EntryStep::Fault(IommuFault::kReservedBits);
    if ((bits & (kRead | kExec)) == 0) {
      if (level == 0 || Pbmt(bits) != 0 ||
          (bits & (kDirty | kAccessed | kUser)) != 0)
        return EntryStep::Fault(IommuFault::kReservedBits);
      return EntryStep::Table(level - 1, PageOf(bits));
    }
    const uint32_t perm = Perm(bits);
    if ((perm & request.access) == 0 || !Stage::Allows(bits, request))
      return EntryStep::Fault(IommuFault::kPermission);
    const int shift = f.level[level].shift;
    uint64_t page = PageOf(bits);
    if ((page & ((uint64_t{1} << shift) - 1)) != 0)
      return EntryStep::Fault(IommuFault::kReservedBits);
    const bool napot = (bits & kNapot) != 0;
    if (napot) {
      if ((page & 0xf000) != 0x8000)
        return EntryStep::Fault(IommuFault::kReservedBits);
      page &= ~uint64_t{0xffff};
    }
    if ((bits & kAccessed) == 0 ||
        (request.access == kAccessWrite && (bits & kDirty) == 0))
      return EntryStep::Fault(IommuFault::kAccessFlag);
    return EntryStep::Leaf(napot ? kNapotBits : shift, page, perm);
  }
};

struct RiscvFirstStage {
  static constexpr bool Allows(uint64_t bits, const WalkRequest& request) {
    const bool user_page = (bits & RiscvBits::kUser) != 0;
    if (!request.supervisor) return user_page;
    return !user_page || (request.sum && request.access != kAccessExec);
  }
  // Access faults 5, 7, 1; page faults 13, 15, 12; 274 corruption; 258 no
  // device context; 260 transaction type disallowed.
  static constexpr FaultCodes kCodes[] = {
      {IommuFault::kNoContext, 258, 258, 258},
      {IommuFault::kTableFetch, 5, 7, 1},
      {IommuFault::kTableCorrupt, 274, 274, 274},
      {IommuFault::kNotPresent, 13, 15, 12},
      {IommuFault::kPermission, 13, 15, 12},
      {IommuFault::kInputWidth, 13, 15, 12},
      {IommuFault::kOutputWidth, 5, 7, 1},
      {IommuFault::kReservedBits, 13, 15, 12},
      {IommuFault::kAccessFlag, 13, 15, 12},
      {IommuFault::kTypeBlocked, 260, 260, 260},
  };
};

struct RiscvSecondStage {
  static constexpr bool Allows(uint64_t bits, const WalkRequest&) {
    return (bits & RiscvBits::kUser) != 0;
  }
  static constexpr FaultCodes kCodes[] = {
      {IommuFault::kNoContext, 258, 258, 258},
      {IommuFault::kTableFetch, 5, 7, 1},
      {IommuFault::kTableCorrupt, 274, 274, 274},
      {IommuFault::kNotPresent, 21, 23, 20},
      {IommuFault::kPermission, 21, 23, 20},
      {IommuFault::kInputWidth, 21, 23, 20},
      {IommuFault::kOutputWidth, 5, 7, 1},
      {IommuFault::kReservedBits, 21, 23, 20},
      {IommuFault::kAccessFlag, 21, 23, 20},
      {IommuFault::kTypeBlocked, 260, 260, 260},
  };
};

using RiscvSFamily = RiscvFamily<RiscvFirstStage>;
using RiscvGFamily = RiscvFamily<RiscvSecondStage>;

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_RISCV_H_
