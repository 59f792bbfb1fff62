#include "model/kernel/iommu_driver.h"

#include <vector>

#include "sim/check.h"

namespace iovalab {
namespace {

constexpr uint64_t Sizes(std::initializer_list<int> bits) {
  uint64_t sizes = 0;
  for (const int b : bits) sizes |= uint64_t{1} << b;
  return sizes;
}

IommuDriver Row(absl::string_view name, absl::string_view help,
                absl::string_view source) {
  IommuDriver d;
  d.name = name;
  d.help = help;
  d.source = source;
  d.format = FindFormat(name);
  sim::Check(d.format != nullptr, "a driver's format is in the table");
  d.aperture_bits = d.format->input_bits;
  return d;
}

// One fault recording register, faults of a source compressed: QEMU 7.2's
// (recorded, q35-2g-vtd-linux). A flush is one aligned mask
// (drivers/iommu/intel/cache.c calculate_psi_aligned_address), of at most 2^18
// pages (capability register MAMV, QEMU's), and says what it knows of tables
// (IH: recorded, 1 on 6.12 where none was freed). A blocking domain clears the
// context entry (device_block_translation).
IommuDriver Vtd(absl::string_view name, absl::string_view help) {
  IommuDriver d =
      Row(name, help, "Linux 6.12 drivers/iommu/intel/iommu.c; recorded");
  d.leaf_sizes = Sizes({12, 21, 30});
  d.perms = LeafPerms::kReadAlways;
  d.frees_tables = true;
  d.msi_window = true;
  d.dialect = FaultDialect::kVtdLegacy;
  d.fault_records = 1;
  d.compress_source = true;
  d.flush = FlushStyle::kAlignedMask;
  d.flush_limit = 18;
  d.blocked = BlockedDevice::kCleared;
  d.flush_hint = FlushHint::kAsKnown;
  return d;
}

// Any power of two but 512 GiB, which the hardware has a defect in
// (AMD_IOMMU_PGSIZES). The number of levels is fixed here; Linux begins with
// three or four and adds more as addresses need them. The event log has 512
// entries (EVT_BUFFER_SIZE). A flush is one aligned mask unless bit 52 or a
// higher one differs (drivers/iommu/amd/iommu.c build_inv_address), always with
// the tables (build_inv_iommu_pages, PDE). In a virtual machine, told by the
// non-present cache, Linux sends exact powers of two; that is not modelled. A
// device table entry that blocks is valid, without tables and without read and
// write (clear_dte_entry).
IommuDriver AmdV1() {
  IommuDriver d = Row("amdv1", "AMD v1, 6 levels; leaves of any power of two",
                      "Linux 6.12 drivers/iommu/amd/io_pgtable.c");
  d.leaf_sizes = d.format->leaf_sizes & ~Sizes({39});
  d.over = MapOver::kReplaces;
  d.msi_window = true;
  d.dialect = FaultDialect::kAmd;
  d.fault_records = 512;
  d.map_rule = Rule::kIommuMapAmd;
  d.flush = FlushStyle::kAlignedMask;
  d.flush_limit = 40;
  return d;
}

// A block is split up to 6.12; from 6.13 on it is refused. The size of the
// event queue is ours. An SMMU without range commands: a TLBI for each leaf,
// with the leaf bit (arm-smmu-v3.c arm_smmu_iotlb_sync,
// __arm_smmu_tlb_inv_range). From 512 on (CMDQ_MAX_TLBI_OPS) one for the VMID:
// in 6.12 only where the CPU's tables are shared (arm-smmu-v3-sva.c), later for
// all (arm_smmu_domain_inv_range); that stage 2 of 6.1 does so is derived. A
// stream table entry that blocks says "abort" (arm_smmu_make_abort_ste), of
// which the hardware records nothing (specification 5.2, Config 0b000).
IommuDriver LpaeS2() {
  IommuDriver d = Row("lpae_s2", "SMMUv3 stage 2, 4 KiB granule, 48 bits",
                      "Linux 6.1 drivers/iommu/io-pgtable-arm.c; recorded "
                      "L-io-pgtable-arm");
  d.leaf_sizes = Sizes({12, 21, 30});
  d.partial = PartialUnmap::kSplitsLeaf;
  d.over = MapOver::kRefuses;
  d.stops_at_hole = true;
  d.frees_tables = true;
  d.dialect = FaultDialect::kSmmuV3;
  d.fault_records = 128;
  d.blocked = BlockedDevice::kBlocksSilently;
  d.map_rule = Rule::kIommuMapLpae;
  d.flush = FlushStyle::kEachLeaf;
  d.flush_limit = 511;
  d.flush_hint = FlushHint::kAsKnown;
  d.flushes_freed_tables = true;
  return d;
}

// The hardware has frames of 1 MiB; the driver writes pages. A flush is one
// RPCIT of the range (s390_iommu_iotlb_sync).
IommuDriver S390() {
  IommuDriver d = Row("s390", "s390 zPCI, 42 bits, pages of 4 KiB",
                      "Linux 6.12 drivers/iommu/s390-iommu.c");
  d.leaf_sizes = Sizes({12});
  d.over = MapOver::kReplaces;
  d.perms = LeafPerms::kNoWriteOnly;
  d.dialect = FaultDialect::kS390;
  d.map_rule = Rule::kIommuMapS390;
  d.flush = FlushStyle::kExact;
  return d;
}

// Of the first stage the lower half alone: addresses are sign-extended, and who
// asks for IOVAs does not know it. The second stage is not what the driver uses
// for its own domains; it is taken to treat it alike. 128 fault records
// (RISCV_IOMMU_DEF_FQ_COUNT). An IOTINVAL for each page, which leaves tables
// alone, below 2 MiB, else one for all (RISCV_IOMMU_IOTLB_INVAL_LIMIT,
// riscv_iommu_iotlb_inval). A blocking domain makes the device context invalid
// (riscv_iommu_attach_blocking_domain).
IommuDriver Riscv(absl::string_view name, absl::string_view help) {
  IommuDriver d = Row(name, help, "Linux 6.13 drivers/iommu/riscv/iommu.c");
  if (d.format->sign_extended) --d.aperture_bits;
  d.leaf_sizes = d.format->leaf_sizes & Sizes({12, 21, 30, 39});
  d.partial = PartialUnmap::kRefusesInside;
  d.over = MapOver::kReplaces;
  d.perms = LeafPerms::kReadAlways;
  d.stops_at_hole = true;
  d.dialect = FaultDialect::kRiscv;
  d.fault_records = 128;
  d.blocked = BlockedDevice::kCleared;
  d.map_rule = Rule::kIommuMapRiscv;
  d.flush = FlushStyle::kEachPage;
  d.flush_limit = 511;
  d.flush_hint = FlushHint::kLeavesOnly;
  return d;
}

// The thread says nothing of caches; a driver as plain as the table forgets
// everything (derived).
IommuDriver Toy() {
  IommuDriver d = Row("toy", "the vfio thread's two levels, 32 bits, no r or w",
                      "Pierre Morel, vfio thread on 2^64 regions, 2016");
  d.leaf_sizes = Sizes({12});
  d.over = MapOver::kReplaces;
  d.perms = LeafPerms::kNone;
  d.map_rule = Rule::kIommuMapToy;
  return d;
}

}  // namespace

absl::Span<const IommuDriver> IommuDrivers() {
  static const auto* const kDrivers = new std::vector<IommuDriver>{
      Vtd("vtd3", "VT-d second stage, 3 levels, 39 bits"),
      Vtd("vtd4", "VT-d second stage, 4 levels, 48 bits"),
      Vtd("vtd5", "VT-d second stage, 5 levels, 57 bits"),
      AmdV1(),
      LpaeS2(),
      S390(),
      Riscv("riscv39", "RISC-V Sv39, first stage (6.13's driver, a what-if)"),
      Riscv("riscv48", "RISC-V Sv48, first stage (a what-if)"),
      Riscv("riscv57", "RISC-V Sv57, first stage (a what-if)"),
      Riscv("riscv39x4", "RISC-V Sv39x4, second stage, 41 bits (a what-if)"),
      Riscv("riscv48x4", "RISC-V Sv48x4, second stage, 50 bits (a what-if)"),
      Riscv("riscv57x4", "RISC-V Sv57x4, second stage, 59 bits (a what-if)"),
      Toy(),
  };
  return *kDrivers;
}

const IommuDriver* FindIommuDriver(absl::string_view name) {
  for (const IommuDriver& d : IommuDrivers()) {
    if (d.name == name) return &d;
  }
  return nullptr;
}

const IommuDriver* VtdDriverFor(uint64_t last) {
  for (const IommuDriver& d : IommuDrivers()) {
    if (d.is_vtd() && last <= d.aperture_last()) return &d;
  }
  return FindIommuDriver("vtd5");
}

std::optional<uint32_t> LeafPerm(const IommuDriver& driver, uint32_t perm) {
  switch (driver.perms) {
    case LeafPerms::kAsGiven:
      return perm;
    case LeafPerms::kReadAlways:
      return perm | kAccessRead;
    case LeafPerms::kNoWriteOnly:
      if (perm == kAccessWrite) return std::nullopt;
      return perm;
    case LeafPerms::kNone:
      break;
  }
  return kAccessRead | kAccessWrite;
}

}  // namespace iovalab
