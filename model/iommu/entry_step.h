#ifndef IOVALAB_MODEL_IOMMU_ENTRY_STEP_H_
#define IOVALAB_MODEL_IOMMU_ENTRY_STEP_H_

// What one entry means to one access: the answer of a family's Step, which the
// walker follows. A family is a struct of static functions:
//
//   Absent, TableEntry, LeafEntry, LeafAddress, ParseLeaf, FaultCode
//                              as the members of FormatOps (format.h)
//   Step(format, level, bits, request)
//                              what the entry says, or why it stops the walk,
//                              in the order in which that hardware checks
//
// Not for: state; entries come from a source (walker.h).

#include <cstdint>

#include "model/iommu/format.h"

namespace iovalab {

struct WalkRequest {
  uint32_t access = kAccessRead;  // one of kAccess...
  // RISC-V first stage and LPAE stage 1: supervisor or privileged, else user.
  bool supervisor = false;
  // RISC-V: supervisor may access pages of users (but not execute them).
  bool sum = false;
};

struct EntryStep {
  enum Kind : uint8_t { kTable, kLeaf, kFault };
  Kind kind = kFault;
  IommuFault reason = IommuFault::kNotPresent;
  uint8_t perm = 0;  // also of a table, where permissions add up
  uint8_t size_bits = 0;
  int8_t next_level = 0;
  uint64_t address = 0;

  static constexpr EntryStep Fault(IommuFault reason) {
    return {.kind = kFault, .reason = reason};
  }
  static constexpr EntryStep Table(int next_level, uint64_t address,
                                   uint32_t perm = 7) {
    return {.kind = kTable,
            .reason = IommuFault::kNone,
            .perm = static_cast<uint8_t>(perm),
            .next_level = static_cast<int8_t>(next_level),
            .address = address};
  }
  static constexpr EntryStep Leaf(int size_bits, uint64_t address,
                                  uint32_t perm) {
    return {.kind = kLeaf,
            .reason = IommuFault::kNone,
            .perm = static_cast<uint8_t>(perm),
            .size_bits = static_cast<uint8_t>(size_bits),
            .address = address};
  }
};

// Bits [last:first], both inclusive.
constexpr uint64_t BitMask(int last, int first) {
  return ~uint64_t{0} >> (63 - last) & ~uint64_t{0} << first;
}

// The members of FormatOps from those of a family.
template <typename F>
constexpr FormatOps OpsOf() {
  return {F::Absent,      F::TableEntry, F::LeafEntry,
          F::LeafAddress, F::ParseLeaf,  F::FaultCode};
}

// A row of a family's table of native codes.
struct FaultCodes {
  IommuFault reason;
  uint16_t read, write, exec;
};

template <size_t N>
constexpr uint32_t FindFaultCode(const FaultCodes (&rows)[N], IommuFault reason,
                                 uint32_t access) {
  for (const FaultCodes& row : rows) {
    if (row.reason != reason) continue;
    return access == kAccessWrite  ? row.write
           : access == kAccessExec ? row.exec
                                   : row.read;
  }
  return 0;
}

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_ENTRY_STEP_H_
