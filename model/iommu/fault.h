#ifndef IOVALAB_MODEL_IOMMU_FAULT_H_
#define IOVALAB_MODEL_IOMMU_FAULT_H_

// A DMA fault as an IOMMU sees it: one normalized reason, and the code that
// each family of hardware has for it, in one table.
//
// Not for: how a fault reaches software (fault_queue.h), its bytes
// (fault_record.h), or what Linux prints (model/kernel/iommu_fault_text.h).
//
// Invariants: a code of a dialect has one row; a row's code fits the dialect's
// record; FaultRow(dialect, FaultCode(dialect, cause)) fits the cause.

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/iommu/format.h"

namespace iovalab {

// Whose codes and records. VT-d has one set for legacy mode and one for
// scalable mode.
enum class FaultDialect : uint8_t {
  kVtdLegacy,
  kVtdScalable,
  kAmd,
  kSmmuV3,
  kRiscv,
  kS390,
};
inline constexpr int kFaultDialects = 6;

inline constexpr int kIommuFaults =
    static_cast<int>(IommuFault::kTypeBlocked) + 1;

enum class FaultAccess : uint8_t { kRead, kWrite, kExecute };
inline constexpr int kFaultAccesses = 3;

// The table in which the walk stopped.
enum class FaultPlace : uint8_t {
  kPages,         // page tables, the usual place
  kRoot,          // root table, device directory
  kContext,       // context entry, device table entry, stream table entry
  kPasidDir,      // PASID directory
  kPasidContext,  // PASID table entry, context descriptor, process context
};
inline constexpr int kFaultPlaces = 5;

struct FaultCause {
  IommuFault reason = IommuFault::kNotPresent;
  FaultAccess access = FaultAccess::kRead;
  uint8_t stage = 2;  // 1: first stage, 2: second stage
  FaultPlace place = FaultPlace::kPages;

  friend bool operator==(const FaultCause&, const FaultCause&) = default;
};

// One native code, and the causes that it stands for.
struct FaultRowInfo {
  FaultDialect dialect;
  uint16_t code;
  IommuFault reason;
  uint8_t accesses;          // bit FaultAccess
  uint8_t stages;            // bit 0: first stage, bit 1: second stage
  uint8_t places;            // bit FaultPlace
  absl::string_view name;    // the specification's or QEMU's
  absl::string_view phrase;  // VT-d: what Linux prints for the code
};

// All rows, by dialect; within one, where two rows fit a cause, the first is
// meant.
absl::Span<const FaultRowInfo> FaultRows();

// Nothing where the hardware has no such fault (an access flag on VT-d).
std::optional<uint16_t> FaultCode(FaultDialect dialect,
                                  const FaultCause& cause);
// Null for a code that has no row.
const FaultRowInfo* FaultRow(FaultDialect dialect, uint16_t code);

absl::string_view FaultDialectName(FaultDialect dialect);

// One refused access.
struct DmaFault {
  FaultDialect dialect = FaultDialect::kVtdLegacy;
  FaultCause cause;
  uint16_t code = 0;       // native, of the dialect
  uint32_t source_id = 0;  // bus << 8 | device << 3 | function, or stream id
  bool has_pasid = false;
  uint32_t pasid = 0;  // 20 bits
  bool privileged = false;
  uint16_t domain = 0;   // AMD reports it
  uint64_t address = 0;  // the first byte that was refused
  // Second stage: the guest physical address (SMMU: IPA; RISC-V: iotval2 with
  // its low bits). 0: not known.
  uint64_t second = 0;
  bool implicit = false;  // the access was the walker's own

  friend bool operator==(const DmaFault&, const DmaFault&) = default;
};

// The fault of that cause, its code filled in. Nothing where the dialect has
// no code for it.
std::optional<DmaFault> MakeFault(FaultDialect dialect, const FaultCause& cause,
                                  uint32_t source_id, uint64_t address);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_FAULT_H_
