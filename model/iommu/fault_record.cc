#include "model/iommu/fault_record.h"

namespace iovalab {
namespace {

constexpr uint64_t kPageMask = ~uint64_t{0xfff};

uint64_t Field(uint64_t word, int first_bit, int bits) {
  return word >> first_bit & ((uint64_t{1} << bits) - 1);
}

// The cause that a row stands for, as far as it is one.
FaultCause CauseOf(const FaultRowInfo& row) {
  FaultCause cause;
  cause.reason = row.reason;
  while ((row.accesses >> static_cast<int>(cause.access) & 1) == 0) {
    cause.access = static_cast<FaultAccess>(static_cast<int>(cause.access) + 1);
  }
  cause.stage = (row.stages & 2) != 0 ? 2 : 1;
  while (row.places != 0 &&
         (row.places >> static_cast<int>(cause.place) & 1) == 0) {
    cause.place = static_cast<FaultPlace>(static_cast<int>(cause.place) + 1);
  }
  return cause;
}

// VT-d spec 11.4.7.6; QEMU vtd_record_frcd. An execute request is a read with
// EXE (bit 30) set, in scalable mode.
FaultRecord ToVtd(const DmaFault& f, const FaultRecordShape& shape) {
  const bool scalable = f.dialect == FaultDialect::kVtdScalable;
  const uint64_t pasid = f.has_pasid ? f.pasid : shape.vtd_no_pasid;
  uint64_t high = f.source_id & 0xffff;
  high |= uint64_t{f.code & 0xffu} << 32;
  high |= (pasid & 0xfffff) << 40;
  high |= uint64_t{f.has_pasid} << 31;
  if (scalable && f.cause.access == FaultAccess::kExecute) high |= 1u << 30;
  if (f.privileged) high |= 1u << 29;
  if (f.cause.access != FaultAccess::kWrite) high |= uint64_t{1} << 62;
  return {{f.address & kPageMask, high | kVtdRecordValid}, 16};
}

std::optional<DmaFault> FromVtd(FaultDialect dialect, const FaultRecord& r) {
  const uint64_t high = r.words[1];
  if ((high & kVtdRecordValid) == 0) return std::nullopt;
  const uint16_t code = static_cast<uint16_t>(Field(high, 32, 8));
  const FaultRowInfo* const row = FaultRow(dialect, code);
  if (row == nullptr) return std::nullopt;
  DmaFault f;
  f.dialect = dialect;
  f.cause = CauseOf(*row);
  const bool read = Field(high, 62, 1) != 0;
  const bool execute =
      dialect == FaultDialect::kVtdScalable && Field(high, 30, 1) != 0;
  f.cause.access = !read     ? FaultAccess::kWrite
                   : execute ? FaultAccess::kExecute
                             : FaultAccess::kRead;
  f.code = code;
  f.source_id = static_cast<uint32_t>(Field(high, 0, 16));
  f.has_pasid = Field(high, 31, 1) != 0;
  if (f.has_pasid) f.pasid = static_cast<uint32_t>(Field(high, 40, 20));
  f.privileged = Field(high, 29, 1) != 0;
  f.address = r.words[0] & kPageMask;
  return f;
}

// AMD spec 2.5; Linux drivers/iommu/amd/iommu.c iommu_print_event. For a page
// fault the field of the PASID's low bits holds the domain.
FaultRecord ToAmd(const DmaFault& f) {
  const bool domain = f.code == 2;
  const uint32_t id = domain ? f.domain : f.has_pasid ? f.pasid : 0;
  const uint64_t first =
      (f.source_id & 0xffff) | (domain ? 0 : uint64_t{id} & 0xf0000);
  const uint64_t second =
      (id & 0xffff) | uint64_t{AmdFaultFlags(f)} << 16 | uint64_t{f.code} << 28;
  return {{first | second << 32, f.address}, 16};
}

std::optional<DmaFault> FromAmd(const FaultRecord& r) {
  const uint16_t code = static_cast<uint16_t>(Field(r.words[0], 60, 4));
  const FaultRowInfo* const row = FaultRow(FaultDialect::kAmd, code);
  if (row == nullptr) return std::nullopt;
  const uint32_t flags = static_cast<uint32_t>(Field(r.words[0], 48, 12));
  DmaFault f;
  f.dialect = FaultDialect::kAmd;
  f.cause = CauseOf(*row);
  if (code == 2 && (flags & kAmdFaultPermission) != 0) {
    f.cause.reason = IommuFault::kPermission;
  }
  f.cause.access =
      (flags & kAmdFaultWrite) != 0 ? FaultAccess::kWrite : FaultAccess::kRead;
  f.code = code;
  f.source_id = static_cast<uint32_t>(Field(r.words[0], 0, 16));
  const uint32_t id = static_cast<uint32_t>(Field(r.words[0], 32, 16));
  if (code == 2) {
    f.domain = static_cast<uint16_t>(id);
  } else {
    f.pasid = id | static_cast<uint32_t>(r.words[0] & 0xf0000);
    f.has_pasid = f.pasid != 0;
  }
  f.address = r.words[1];
  return f;
}

// SMMUv3 spec 7.3; Linux arm-smmu-v3.h EVTQ_*. CLASS: 0 context descriptor, 1
// table, 2 the input address.
FaultRecord ToSmmu(const DmaFault& f) {
  uint64_t first = f.code | uint64_t{f.source_id} << 32;
  if (f.has_pasid) first |= 1u << 11 | uint64_t{f.pasid & 0xfffff} << 12;
  const bool write = f.cause.access == FaultAccess::kWrite;
  uint64_t second = uint64_t{f.privileged} << 33;
  second |= uint64_t{f.cause.access == FaultAccess::kExecute} << 34;
  second |= uint64_t{!write} << 35;
  second |= uint64_t{f.cause.stage == 2} << 39;
  second |= uint64_t{f.implicit ? 1u : 2u} << 40;
  return {{first, second, f.address, f.second & 0xffffffffff000}, 32};
}

std::optional<DmaFault> FromSmmu(const FaultRecord& r) {
  const uint16_t code = static_cast<uint16_t>(Field(r.words[0], 0, 8));
  const FaultRowInfo* const row = FaultRow(FaultDialect::kSmmuV3, code);
  if (row == nullptr) return std::nullopt;
  DmaFault f;
  f.dialect = FaultDialect::kSmmuV3;
  f.cause = CauseOf(*row);
  f.cause.access = Field(r.words[1], 35, 1) == 0   ? FaultAccess::kWrite
                   : Field(r.words[1], 34, 1) != 0 ? FaultAccess::kExecute
                                                   : FaultAccess::kRead;
  f.cause.stage = Field(r.words[1], 39, 1) != 0 ? 2 : 1;
  f.code = code;
  f.source_id = static_cast<uint32_t>(r.words[0] >> 32);
  f.has_pasid = Field(r.words[0], 11, 1) != 0;
  if (f.has_pasid) f.pasid = static_cast<uint32_t>(Field(r.words[0], 12, 20));
  f.privileged = Field(r.words[1], 33, 1) != 0;
  f.implicit = Field(r.words[1], 40, 2) == 1;
  f.address = r.words[2];
  f.second = r.words[3];
  return f;
}

// RISC-V IOMMU spec 3.2. Bits 1:0 of iotval2: an implicit access, a write.
FaultRecord ToRiscv(const DmaFault& f) {
  uint64_t first = f.code;
  if (f.has_pasid) {
    first |= uint64_t{f.pasid & 0xfffff} << 12 | uint64_t{1} << 32;
    if (f.privileged) first |= uint64_t{1} << 33;
  }
  first |= uint64_t{RiscvTransactionType(f.cause.access)} << 34;
  first |= uint64_t{f.source_id & 0xffffff} << 40;
  const uint64_t second = f.implicit ? f.second | 1 : f.second;
  return {{first, 0, f.address, second}, 32};
}

std::optional<DmaFault> FromRiscv(const FaultRecord& r) {
  const uint16_t code = static_cast<uint16_t>(Field(r.words[0], 0, 12));
  const FaultRowInfo* const row = FaultRow(FaultDialect::kRiscv, code);
  if (row == nullptr) return std::nullopt;
  const uint64_t type = Field(r.words[0], 34, 6);
  if (type < 1 || type > 3) return std::nullopt;  // translated, ATS, message
  DmaFault f;
  f.dialect = FaultDialect::kRiscv;
  f.cause = CauseOf(*row);
  f.cause.access = type == 1   ? FaultAccess::kExecute
                   : type == 2 ? FaultAccess::kRead
                               : FaultAccess::kWrite;
  f.code = code;
  f.source_id = static_cast<uint32_t>(r.words[0] >> 40);
  f.has_pasid = Field(r.words[0], 32, 1) != 0;
  if (f.has_pasid) f.pasid = static_cast<uint32_t>(Field(r.words[0], 12, 20));
  f.privileged = Field(r.words[0], 33, 1) != 0;
  f.address = r.words[2];
  f.second = r.words[3];
  f.implicit = (r.words[3] & 1) != 0;
  return f;
}

}  // namespace

std::array<uint8_t, 32> FaultRecord::Bytes() const {
  std::array<uint8_t, 32> bytes = {};
  for (int i = 0; i < 32; ++i) {
    bytes[i] = static_cast<uint8_t>(words[i / 8] >> (i % 8 * 8));
  }
  return bytes;
}

uint32_t AmdFaultFlags(const DmaFault& f) {
  uint32_t flags = 0;
  if (f.cause.access == FaultAccess::kWrite) flags |= kAmdFaultWrite;
  if (f.code != 2) return flags;
  if (f.cause.reason == IommuFault::kPermission) {
    flags |= kAmdFaultPresent | kAmdFaultPermission;
  }
  return flags;
}

uint32_t RiscvTransactionType(FaultAccess access) {
  switch (access) {
    case FaultAccess::kExecute:
      return 1;
    case FaultAccess::kRead:
      return 2;
    case FaultAccess::kWrite:
      return 3;
  }
  return 0;
}

FaultRecord ToRecord(const DmaFault& fault, const FaultRecordShape& shape) {
  switch (fault.dialect) {
    case FaultDialect::kVtdLegacy:
    case FaultDialect::kVtdScalable:
      return ToVtd(fault, shape);
    case FaultDialect::kAmd:
      return ToAmd(fault);
    case FaultDialect::kSmmuV3:
      return ToSmmu(fault);
    case FaultDialect::kRiscv:
      return ToRiscv(fault);
    case FaultDialect::kS390:
      return {};
  }
  return {};
}

std::optional<DmaFault> FromRecord(FaultDialect dialect,
                                   const FaultRecord& record) {
  switch (dialect) {
    case FaultDialect::kVtdLegacy:
    case FaultDialect::kVtdScalable:
      return FromVtd(dialect, record);
    case FaultDialect::kAmd:
      return FromAmd(record);
    case FaultDialect::kSmmuV3:
      return FromSmmu(record);
    case FaultDialect::kRiscv:
      return FromRiscv(record);
    case FaultDialect::kS390:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace iovalab
