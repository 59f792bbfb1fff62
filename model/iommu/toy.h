#ifndef IOVALAB_MODEL_IOMMU_TOY_H_
#define IOVALAB_MODEL_IOMMU_TOY_H_

// The two-level table of the vfio thread on 2^64 regions (Pierre Morel, January
// 2016): 32 bits as 12 + 8 + 12, entries that are valid or not. Each entry of a
// table must be written, also the invalid ones. The layout of the 4 bytes is
// ours: bit 0 valid, the address above.
//
// Not for: real hardware.

#include "model/iommu/entry_step.h"

namespace iovalab {

struct ToyFamily {
  static constexpr uint64_t kValid = 1;
  static constexpr uint64_t kPage = BitMask(31, 12);
  static constexpr uint64_t kTable = BitMask(31, 10);  // 256 entries, 1 KiB

  static constexpr uint64_t Absent(const Format&, int) { return 0; }
  static constexpr uint64_t TableEntry(const Format&, int, uint64_t address) {
    return (address & kTable) | kValid;
  }
  static constexpr uint64_t LeafEntry(const Format&, int, int, uint32_t) {
    return kValid;
  }
  static constexpr uint64_t LeafAddress(const Format&, int, int,
                                        uint64_t address) {
    return address & kPage;
  }
  static constexpr LeafFields ParseLeaf(const Format&, int, uint64_t bits) {
    return {bits & kPage, 12, kAccessRead | kAccessWrite, bits & ~kPage};
  }
  static constexpr uint32_t FaultCode(IommuFault reason, uint32_t) {
    return static_cast<uint32_t>(reason);  // it has no codes of its own
  }
  static constexpr EntryStep Step(const Format&, int level, uint64_t bits,
                                  const WalkRequest&) {
    if ((bits & kValid) == 0) return EntryStep::Fault(IommuFault::kNotPresent);
    if (level > 0) {
      if ((bits & (BitMask(9, 1) | BitMask(63, 32))) != 0)
        return EntryStep::Fault(IommuFault::kReservedBits);
      return EntryStep::Table(level - 1, bits & kTable);
    }
    if ((bits & (BitMask(11, 1) | BitMask(63, 32))) != 0)
      return EntryStep::Fault(IommuFault::kReservedBits);
    return EntryStep::Leaf(12, bits & kPage, 7);
  }
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_TOY_H_
