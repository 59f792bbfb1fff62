#include "model/iommu/fault.h"

#include "sim/check.h"

namespace iovalab {
namespace {

constexpr uint8_t kR = 1, kW = 2, kX = 4, kRX = 5, kAny = 7;
constexpr uint8_t kS1 = 1, kS2 = 2, kS12 = 3;
constexpr uint8_t Bit(FaultPlace place) {
  return static_cast<uint8_t>(1u << static_cast<unsigned>(place));
}
constexpr uint8_t kPages = Bit(FaultPlace::kPages);
constexpr uint8_t kRoot = Bit(FaultPlace::kRoot);
constexpr uint8_t kContext = Bit(FaultPlace::kContext);
constexpr uint8_t kDir = Bit(FaultPlace::kPasidDir);
constexpr uint8_t kPasid = Bit(FaultPlace::kPasidContext);
constexpr uint8_t kTables = kRoot | kContext | kDir | kPasid;
constexpr uint8_t kAll = kPages | kTables;

constexpr auto kLegacy = FaultDialect::kVtdLegacy;
constexpr auto kScalable = FaultDialect::kVtdScalable;
constexpr auto kAmd = FaultDialect::kAmd;
constexpr auto kSmmu = FaultDialect::kSmmuV3;
constexpr auto kRiscv = FaultDialect::kRiscv;
constexpr auto kS390 = FaultDialect::kS390;
using enum IommuFault;

// Codes: QEMU hw/i386/intel_iommu_internal.h, amd_iommu.h,
// hw/arm/smmuv3-internal.h, hw/s390x/s390-pci-bus.h; Linux 6.1
// drivers/iommu/intel/dmar.c (VT-d, with what it prints); RISC-V IOMMU 1.0
// table 11 and the recordings R-riscv-iommu.
constexpr FaultRowInfo kRows[] = {
    {kLegacy, 1, kNoContext, kAny, kS12, kRoot, "ROOT_ENTRY_P",
     "Present bit in root entry is clear"},
    {kLegacy, 2, kNoContext, kAny, kS12, kAll & ~kRoot, "CONTEXT_ENTRY_P",
     "Present bit in context entry is clear"},
    // Present, and of a width or type that the hardware lacks: read, never made
    // from a cause.
    {kLegacy, 3, kNoContext, kAny, kS12, 0, "CONTEXT_ENTRY_INV",
     "Invalid context entry"},
    {kLegacy, 4, kInputWidth, kAny, kS12, kAll, "ADDR_BEYOND_MGAW",
     "Access beyond MGAW"},
    {kLegacy, 5, kNotPresent, kW, kS12, kAll, "WRITE",
     "PTE Write access is not set"},
    {kLegacy, 6, kNotPresent, kRX, kS12, kAll, "READ",
     "PTE Read access is not set"},
    {kLegacy, 7, kTableFetch, kAny, kS12, kPages, "PAGING_ENTRY_INV",
     "Next page table ptr is invalid"},
    {kLegacy, 8, kTableFetch, kAny, kS12, kRoot, "ROOT_TABLE_INV",
     "Root table address invalid"},
    {kLegacy, 9, kTableFetch, kAny, kS12, kContext | kDir | kPasid,
     "CONTEXT_TABLE_INV", "Context table ptr is invalid"},
    {kLegacy, 0xA, kReservedBits, kAny, kS12, kRoot, "ROOT_ENTRY_RSVD",
     "non-zero reserved fields in RTP"},
    {kLegacy, 0xB, kReservedBits, kAny, kS12, kContext | kDir,
     "CONTEXT_ENTRY_RSVD", "non-zero reserved fields in CTP"},
    {kLegacy, 0xC, kReservedBits, kAny, kS12, kPages, "PAGING_ENTRY_RSVD",
     "non-zero reserved fields in PTE"},
    // A request with PASID; of a root table in legacy mode (TTM 0).
    {kLegacy, 0x31, kTypeBlocked, kAny, kS12, kDir | kPasid, "RTADDR_INV_TTM",
     "SM: TTM 0 for request with PASID"},
    {kLegacy, 0xD, kTypeBlocked, kAny, kS12, kAll, "CONTEXT_ENTRY_TT",
     "PCE for translation request specifies blocking"},

    {kScalable, 0x39, kNoContext, kAny, kS12, kRoot, "ROOT_ENTRY_P",
     "SM: Present bit in Root Entry is clear"},
    {kScalable, 0x41, kNoContext, kAny, kS12, kContext | kPages,
     "CONTEXT_ENTRY_P", "SM: Present bit in Context Entry is clear"},
    {kScalable, 0x51, kNoContext, kAny, kS12, kDir, "PASID_DIR_ENTRY_P",
     "SM: Present bit in Directory Entry is clear"},
    {kScalable, 0x59, kNoContext, kAny, kS12, kPasid, "PASID_ENTRY_P",
     "SM: Present bit in PASID Table Entry is clear"},
    {kScalable, 0x38, kTableFetch, kAny, kS12, kRoot, "ROOT_TABLE_INV",
     "SM: Error attempting to access Root Entry"},
    {kScalable, 0x40, kTableFetch, kAny, kS12, kContext, "CONTEXT_TABLE_INV",
     "SM: Error attempting to access Context Entry"},
    {kScalable, 0x50, kTableFetch, kAny, kS12, kDir, "PASID_DIR_ACCESS_ERR",
     "SM: Error attempting to access the PASID Directory Entry"},
    {kScalable, 0x58, kTableFetch, kAny, kS12, kPasid, "PASID_TABLE_ACCESS_ERR",
     "SM: Error attempting to access PASID Table Entry"},
    {kScalable, 0x70, kTableFetch, kAny, kS1, kPages, "FS_PAGING_ENTRY_INV",
     "SM: Error attempting to access first-level paging entry"},
    {kScalable, 0x78, kTableFetch, kAny, kS2, kPages, "SS_PAGING_ENTRY_INV",
     "SM: Error attempting to access second-level paging entry"},
    {kScalable, 0x71, kNotPresent, kAny, kS1, kAll, "FS_PAGING_ENTRY_P",
     "SM: Present bit in first-level paging entry is clear"},
    {kScalable, 0x79, kNotPresent, kAny, kS2, kAll, "SS_PAGING_ENTRY_PERM",
     "SM: Read/Write permission error in second-level paging entry"},
    {kScalable, 0x85, kPermission, kW, kS1, kAll, "SM_WRITE",
     "SM: No write permission for Write/AtomicOp request"},
    {kScalable, 0x86, kPermission, kR, kS1, kAll, "SM_READ",
     "SM: No read permission for Read/AtomicOp request"},
    {kScalable, 0x82, kPermission, kX, kS1, kAll, "SM_EXECUTE",
     "SM: No execute permission for request with PASID and ER=1"},
    {kScalable, 0x80, kInputWidth, kAny, kS1, kAll, "FS_NON_CANONICAL",
     "SM: Address in first-level translation is not canonical"},
    {kScalable, 0x84, kInputWidth, kAny, kS2, kAll, "SS_BEYOND_MAX",
     "SM: Second-level entry address beyond the max"},
    {kScalable, 0x3A, kReservedBits, kAny, kS12, kRoot, "ROOT_ENTRY_RSVD",
     "SM: Non-zero reserved field set in Root Entry"},
    {kScalable, 0x42, kReservedBits, kAny, kS12, kContext, "CONTEXT_ENTRY_RSVD",
     "SM: Non-zero reserved field set in the Context Entry"},
    {kScalable, 0x52, kReservedBits, kAny, kS12, kDir, "PASID_DIR_ENTRY_RSVD",
     "SM: Non-zero reserved field set in PASID Directory Entry"},
    {kScalable, 0x5B, kReservedBits, kAny, kS12, kPasid,
     "PASID_TABLE_ENTRY_INV", "SM: Invalid Scalable-Mode PASID Table Entry"},
    {kScalable, 0x72, kReservedBits, kAny, kS1, kPages, "FS_PAGING_ENTRY_RSVD",
     "SM: Non-zero reserved field set in first-level paging entry"},
    {kScalable, 0x7A, kReservedBits, kAny, kS2, kPages, "SS_PAGING_ENTRY_RSVD",
     "SM: Non-zero reserved field set in second-level paging entry"},
    {kScalable, 0x44, kTypeBlocked, kAny, kS12, kAll, "DTE_CLEAR",
     "SM: DTE field in Context Entry is clear"},

    // AMD tells the cases of an IO_PAGE_FAULT apart by flags (fault_record.h).
    {kAmd, 1, kNoContext, kAny, kS12, kAll, "ILLEGAL_DEV_TABLE_ENTRY", ""},
    {kAmd, 2, kNotPresent, kAny, kS12, kAll, "IO_PAGE_FAULT", ""},
    {kAmd, 3, kTableFetch, kAny, kS12, kTables, "DEV_TAB_HARDWARE_ERROR", ""},
    {kAmd, 4, kTableFetch, kAny, kS12, kPages, "PAGE_TAB_HARDWARE_ERROR", ""},

    {kSmmu, 0x02, kNoContext, kAny, kS12, kRoot, "C_BAD_STREAMID", ""},
    {kSmmu, 0x04, kNoContext, kAny, kS12, kContext | kPages, "C_BAD_STE", ""},
    {kSmmu, 0x08, kNoContext, kAny, kS12, kDir | kPasid, "C_BAD_SUBSTREAMID",
     ""},
    {kSmmu, 0x03, kTableFetch, kAny, kS12, kRoot | kContext, "F_STE_FETCH", ""},
    {kSmmu, 0x09, kTableFetch, kAny, kS12, kDir | kPasid, "F_CD_FETCH", ""},
    {kSmmu, 0x0B, kTableFetch, kAny, kS12, kPages, "F_WALK_EABT", ""},
    {kSmmu, 0x10, kNotPresent, kAny, kS12, kAll, "F_TRANSLATION", ""},
    {kSmmu, 0x13, kPermission, kAny, kS12, kAll, "F_PERMISSION", ""},
    {kSmmu, 0x11, kOutputWidth, kAny, kS12, kAll, "F_ADDR_SIZE", ""},
    {kSmmu, 0x0A, kReservedBits, kAny, kS12, kDir | kPasid, "C_BAD_CD", ""},
    {kSmmu, 0x12, kAccessFlag, kAny, kS12, kAll, "F_ACCESS", ""},
    {kSmmu, 0x06, kTypeBlocked, kAny, kS12, kRoot | kContext,
     "F_STREAM_DISABLED", ""},
    {kSmmu, 0x07, kTypeBlocked, kAny, kS12, kPages, "F_TRANSL_FORBIDDEN", ""},

    {kRiscv, 257, kTableFetch, kAny, kS12, kRoot | kContext, "DDT_LOAD_FAULT",
     ""},
    {kRiscv, 258, kNoContext, kAny, kS12, kPages | kRoot | kContext,
     "DDT_INVALID", ""},
    {kRiscv, 259, kReservedBits, kAny, kS12, kRoot | kContext,
     "DDT_MISCONFIGURED", ""},
    {kRiscv, 265, kTableFetch, kAny, kS12, kDir | kPasid, "PDT_LOAD_FAULT", ""},
    {kRiscv, 266, kNoContext, kAny, kS12, kDir | kPasid, "PDT_INVALID", ""},
    {kRiscv, 267, kReservedBits, kAny, kS12, kDir | kPasid, "PDT_MISCONFIGURED",
     ""},
    {kRiscv, 1, kTableFetch, kX, kS12, kPages, "INST_ACCESS_FAULT", ""},
    {kRiscv, 5, kTableFetch, kR, kS12, kPages, "READ_ACCESS_FAULT", ""},
    {kRiscv, 7, kTableFetch, kW, kS12, kPages, "WRITE_ACCESS_FAULT", ""},
    {kRiscv, 268, kTableCorrupt, kAny, kS12, kRoot | kContext, "DDT_CORRUPTED",
     ""},
    {kRiscv, 269, kTableCorrupt, kAny, kS12, kDir | kPasid, "PDT_CORRUPTED",
     ""},
    {kRiscv, 274, kTableCorrupt, kAny, kS12, kPages, "PT_CORRUPTED", ""},
    {kRiscv, 12, kNotPresent, kX, kS1, kAll, "INST_PAGE_FAULT", ""},
    {kRiscv, 13, kNotPresent, kR, kS1, kAll, "READ_PAGE_FAULT", ""},
    {kRiscv, 15, kNotPresent, kW, kS1, kAll, "WRITE_PAGE_FAULT", ""},
    {kRiscv, 20, kNotPresent, kX, kS2, kAll, "INST_GUEST_PAGE_FAULT", ""},
    {kRiscv, 21, kNotPresent, kR, kS2, kAll, "READ_GUEST_PAGE_FAULT", ""},
    {kRiscv, 23, kNotPresent, kW, kS2, kAll, "WRITE_GUEST_PAGE_FAULT", ""},
    {kRiscv, 256, kTypeBlocked, kAny, kS12, kRoot, "DMA_DISABLED", ""},
    {kRiscv, 260, kTypeBlocked, kAny, kS12, kAll & ~kRoot,
     "TRANS_TYPE_DISALLOWED", ""},

    {kS390, 2, kInputWidth, kAny, kS12, kAll, "OORANGE", ""},
    {kS390, 3, kNotPresent, kAny, kS12, kRoot | kContext, "INVALTF", ""},
    {kS390, 4, kPermission, kAny, kS12, kPages, "TPROTE", ""},
    {kS390, 5, kPermission, kAny, kS12, kTables, "APROTE", ""},
    {kS390, 7, kNotPresent, kAny, kS12, kPages | kDir | kPasid, "INVALTE", ""},
    {kS390, 8, kReservedBits, kAny, kS12, kAll, "INVALTL", ""},
};

// Where a dialect has one code for several reasons, the reason whose rows hold
// it. VT-d's second stage has no present bit, and its legacy mode none at all;
// AMD has one page fault; RISC-V reports any defect of a leaf as page fault.
IommuFault Folded(FaultDialect dialect, const FaultCause& c) {
  IommuFault r = c.reason;
  if (r == kTableCorrupt && dialect != kRiscv) r = kTableFetch;
  if (r == kOutputWidth && dialect != kSmmu) {
    r = dialect == kRiscv ? kTableFetch : kReservedBits;
  }
  switch (dialect) {
    case kLegacy:
      return r == kPermission ? kNotPresent : r;
    case kScalable:
      // A device without processes has no entry for any of them.
      if (r == kTypeBlocked && c.place >= FaultPlace::kPasidDir)
        return kNoContext;
      return r == kPermission && c.stage == 2 ? kNotPresent : r;
    case kAmd:
      if (r == kReservedBits && c.place == FaultPlace::kPages)
        return kTableFetch;
      if (r == kReservedBits) return kNoContext;
      return r == kPermission || r == kInputWidth || r == kTypeBlocked
                 ? kNotPresent
                 : r;
    case kSmmu:
      if (r == kInputWidth) return kNotPresent;
      // Substreams are off.
      if (r == kTypeBlocked && c.place >= FaultPlace::kPasidDir)
        return kNoContext;
      if (r != kReservedBits) return r;
      if (c.place == FaultPlace::kPages) return kNotPresent;
      return c.place <= FaultPlace::kContext ? kNoContext : r;
    case kRiscv: {
      const bool leaf = r == kReservedBits && c.place == FaultPlace::kPages;
      return leaf || r == kPermission || r == kInputWidth || r == kAccessFlag
                 ? kNotPresent
                 : r;
    }
    case kS390:
      return r == kTableFetch ? kReservedBits : r;
  }
  return r;
}

bool Has(uint8_t set, int bit) { return (set >> bit & 1) != 0; }

constexpr absl::string_view kDialectNames[kFaultDialects] = {
    "vtd", "vtd_scalable", "amd", "smmuv3", "riscv", "s390"};

}  // namespace

absl::Span<const FaultRowInfo> FaultRows() { return kRows; }

std::optional<uint16_t> FaultCode(FaultDialect dialect,
                                  const FaultCause& cause) {
  sim::Check(cause.stage == 1 || cause.stage == 2, "a stage is 1 or 2");
  const IommuFault reason = Folded(dialect, cause);
  for (const FaultRowInfo& row : kRows) {
    if (row.dialect == dialect && row.reason == reason &&
        Has(row.accesses, static_cast<int>(cause.access)) &&
        Has(row.stages, cause.stage - 1) &&
        Has(row.places, static_cast<int>(cause.place))) {
      return row.code;
    }
  }
  return std::nullopt;
}

const FaultRowInfo* FaultRow(FaultDialect dialect, uint16_t code) {
  for (const FaultRowInfo& row : kRows) {
    if (row.dialect == dialect && row.code == code) return &row;
  }
  return nullptr;
}

absl::string_view FaultDialectName(FaultDialect dialect) {
  return kDialectNames[static_cast<int>(dialect)];
}

std::optional<DmaFault> MakeFault(FaultDialect dialect, const FaultCause& cause,
                                  uint32_t source_id, uint64_t address) {
  const std::optional<uint16_t> code = FaultCode(dialect, cause);
  if (!code.has_value()) return std::nullopt;
  DmaFault fault;
  fault.dialect = dialect;
  fault.cause = cause;
  fault.code = *code;
  fault.source_id = source_id;
  fault.address = address;
  return fault;
}

}  // namespace iovalab
