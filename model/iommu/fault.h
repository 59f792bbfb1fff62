#ifndef IOVALAB_MODEL_IOMMU_FAULT_H_
#define IOVALAB_MODEL_IOMMU_FAULT_H_

// Native fault records: the bytes that an IOMMU writes for its driver, made
// from what a walk or a context said.
//
// Not for: the queue that they go into, which may drop them; text for people.
//
// Invariant: fields that the caller leaves out are zero in the record.

#include <array>
#include <cstdint>
#include <optional>

#include "model/iommu/entry_step.h"

namespace iovalab {

struct FaultEvent {
  uint32_t code = 0;  // native
  uint32_t access = kAccessRead;
  uint32_t source_id = 0;  // bus, device, function; RISC-V: 24-bit device_id
  std::optional<uint32_t> pasid = {};
  bool supervisor = false;  // with a PASID
  uint64_t address = 0;     // as the device gave it
  // Two stages: the guest address at which the second one faulted, and whether
  // an entry of the first stage was being read.
  uint64_t gpa = 0;
  bool implicit = false;
};

// VT-d FRCD, 128 bits as two words, low first: FI 63:12 | SID 15:0, PP 31, FR
// 39:32, PASID 59:40, T 62 (1 read), F 63 of the high one. (VT-d specification
// 11.4.10; QEMU 10.0 hw/i386/intel_iommu.c vtd_record_frcd)
std::array<uint64_t, 2> VtdFaultRecord(const FaultEvent& event);

// RISC-V, 32 bytes as four words: CAUSE 11:0, PID 31:12, PV 32, PRIV 33, TTYP
// 39:34, DID 63:40 | 0 | iotval | iotval2. (RISC-V IOMMU specification 3.2)
std::array<uint64_t, 4> RiscvFaultRecord(const FaultEvent& event);

// What iotval2 of a RISC-V record is: for guest page faults the guest address,
// or the page of the table that was read with bit 0 set; else 0 (recorded
// R-riscv-iommu).
uint64_t RiscvIotval2(uint32_t cause, uint64_t gpa, bool implicit);

// TTYP of an untranslated request: 1 execute, 2 read, 3 write.
uint32_t RiscvTtyp(uint32_t access);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_FAULT_H_
