#ifndef IOVALAB_MODEL_IOMMU_FAULT_RECORD_H_
#define IOVALAB_MODEL_IOMMU_FAULT_RECORD_H_

// A fault as the bytes that each family's hardware hands to software.
//
//   VT-d      16 bytes: fault recording register (spec 11.4.7.6)
//   AMD       16 bytes: event log entry
//   SMMUv3    32 bytes: event queue record
//   RISC-V    32 bytes: fault queue record
//   s390      none: the adapter interrupt's fields are not modelled
//
// Not for: which faults get a record (fault_queue.h).
//
// Invariant: FromRecord(ToRecord(f)) is f, less what the record cannot say
// (VT-d and AMD: the byte within the page for VT-d, the stage, the place where
// a code has several). All records are little endian.

#include <array>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "model/iommu/fault.h"

namespace iovalab {

struct FaultRecord {
  std::array<uint64_t, 4> words = {};  // in memory order
  uint8_t size = 0;                    // bytes: 0, 16 or 32

  std::array<uint8_t, 32> Bytes() const;
  friend bool operator==(const FaultRecord&, const FaultRecord&) = default;
};

// What an implementation leaves where the specification leaves it open.
struct FaultRecordShape {
  // VT-d: PASID field of a request without PASID. QEMU 7.2 writes the low 16
  // bits of its "none" (recorded, q35-2g-vtd-linux: 0xffff); hardware zero.
  uint32_t vtd_no_pasid = 0;
};

// The VT-d register's F bit (bit 63 of the upper half) says that it is valid;
// QEMU's trace prints the register before it sets that.
inline constexpr uint64_t kVtdRecordValid = uint64_t{1} << 63;

// Flags of an AMD event (bits 27:16 of its second 32-bit word).
inline constexpr uint32_t kAmdFaultInterrupt = 0x008;
inline constexpr uint32_t kAmdFaultPresent = 0x010;
inline constexpr uint32_t kAmdFaultWrite = 0x020;
inline constexpr uint32_t kAmdFaultPermission = 0x040;
inline constexpr uint32_t kAmdFaultReserved = 0x080;
inline constexpr uint32_t kAmdFaultTranslation = 0x100;

uint32_t AmdFaultFlags(const DmaFault& fault);

// RISC-V's transaction type (TTYP) of an untranslated request: 1 execute, 2
// read, 3 write.
uint32_t RiscvTransactionType(FaultAccess access);

FaultRecord ToRecord(const DmaFault& fault, const FaultRecordShape& shape = {});
// Nothing for a code without a row, a dialect without records, and for VT-d
// registers without F bit.
std::optional<DmaFault> FromRecord(FaultDialect dialect,
                                   const FaultRecord& record);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_FAULT_RECORD_H_
