#include "model/iommu/format.h"

#include <array>

#include "model/iommu/families.h"

namespace iovalab {
namespace {

constexpr uint64_t Sizes(std::initializer_list<int> bits) {
  uint64_t sizes = 0;
  for (int b : bits) sizes |= uint64_t{1} << b;
  return sizes;
}

// Levels of 9 bits over 4 KiB pages; the root has what is left.
constexpr void NineBitLevels(Format& f) {
  for (int l = 0; l < f.levels; ++l) {
    const int shift = 12 + 9 * l;
    f.level[l] = {shift, l == f.levels - 1 ? f.input_bits - shift : 9};
  }
}

constexpr FormatOps kToyOps = OpsOf<ToyFamily>();
constexpr FormatOps kVtdOps = OpsOf<VtdFamily>();
constexpr FormatOps kAmdOps = OpsOf<AmdV1Family>();
constexpr FormatOps kS390Ops = OpsOf<S390Family>();
constexpr FormatOps kRiscvSOps = OpsOf<RiscvSFamily>();
constexpr FormatOps kRiscvGOps = OpsOf<RiscvGFamily>();

constexpr Format Toy() {
  Format f;
  f.family = Family::kToy;
  f.levels = 2;
  f.level[0] = {12, 8};
  f.level[1] = {20, 12};
  f.input_bits = 32;
  f.output_bits = 32;
  f.entry_bytes = 4;
  // The thread's numbers: level 1 is the root.
  f.native_last = 2;
  f.native_step = -1;
  f.leaf_sizes = Sizes({12});
  PlaceTables(f, 0xf0000000, 26);
  f.ops = &kToyOps;
  return f;
}

constexpr Format Vtd(int levels) {
  Format f;
  f.family = Family::kVtd;
  f.levels = static_cast<uint8_t>(levels);
  f.input_bits = static_cast<uint8_t>(12 + 9 * levels);
  f.output_bits = 52;
  NineBitLevels(f);
  f.leaf_sizes = Sizes({12, 21, 30});
  PlaceTables(f, uint64_t{1} << 51, 48);
  f.ops = &kVtdOps;
  return f;
}

constexpr Format AmdV1(int mode) {
  Format f;
  f.family = Family::kAmdV1;
  f.levels = static_cast<uint8_t>(mode);
  f.input_bits = static_cast<uint8_t>(mode == 6 ? 64 : 12 + 9 * mode);
  f.output_bits = 52;
  NineBitLevels(f);
  f.leaf_sizes = BitMask(f.input_bits - 1 < 51 ? f.input_bits - 1 : 51, 12);
  PlaceTables(f, uint64_t{1} << 51, 48);
  f.ops = &kAmdOps;
  return f;
}

constexpr Format S390() {
  Format f;
  f.family = Family::kS390;
  f.levels = 3;
  f.level[0] = {12, 8};
  f.level[1] = {20, 11};
  f.level[2] = {31, 11};
  f.input_bits = 42;
  f.output_bits = 64;
  f.native_last = 0;
  f.leaf_sizes = Sizes({12, 20});
  PlaceTables(f, uint64_t{1} << 51, 51);
  f.ops = &kS390Ops;
  return f;
}

constexpr Format Riscv(int stage, int levels) {
  Format f;
  f.family = stage == 1 ? Family::kRiscvS : Family::kRiscvG;
  f.levels = static_cast<uint8_t>(levels);
  f.input_bits = static_cast<uint8_t>(12 + 9 * levels + (stage == 1 ? 0 : 2));
  f.output_bits = 56;
  NineBitLevels(f);
  f.sign_extended = stage == 1;
  f.native_last = 0;
  f.leaf_sizes = Sizes({12, 16, 21, 30});
  if (levels > 3) f.leaf_sizes |= Sizes({39});
  if (levels > 4) f.leaf_sizes |= Sizes({48});
  PlaceTables(f, uint64_t{1} << 55, 51);
  f.ops = stage == 1 ? &kRiscvSOps : &kRiscvGOps;
  return f;
}

Format Named(absl::string_view name, absl::string_view help, Format f) {
  f.name = name;
  f.help = help;
  return f;
}

}  // namespace

absl::Span<const Format> Formats() {
  static const auto* const kFormats = new std::array{
      Named("toy", "2 levels of 12 and 8 bits, valid or not: the vfio thread",
            Toy()),
      Named("vtd3", "VT-d second stage, 39 bits", Vtd(3)),
      Named("vtd4", "VT-d second stage, 48 bits", Vtd(4)),
      Named("vtd5", "VT-d second stage, 57 bits", Vtd(5)),
      Named("amdv1", "AMD v1 mode 6, 64 bits", AmdV1(6)),
      Named("amdv1_1", "AMD v1 mode 1, 21 bits", AmdV1(1)),
      Named("amdv1_2", "AMD v1 mode 2, 30 bits", AmdV1(2)),
      Named("amdv1_3", "AMD v1 mode 3, 39 bits", AmdV1(3)),
      Named("amdv1_4", "AMD v1 mode 4, 48 bits", AmdV1(4)),
      Named("amdv1_5", "AMD v1 mode 5, 57 bits", AmdV1(5)),
      Named("lpae_s1", "SMMU stage 1, 4K, 48 bits", LpaeFormat(1, 12, 48, 48)),
      Named("lpae_s2", "SMMU stage 2, 4K, 48 bits", LpaeFormat(2, 12, 48, 48)),
      Named("lpae_s2_40", "SMMU stage 2, 4K, 40 bits: a root of two tables",
            LpaeFormat(2, 12, 40, 48)),
      Named("lpae_s1_16k", "SMMU stage 1, 16K, 47 bits",
            LpaeFormat(1, 14, 47, 48)),
      Named("lpae_s2_16k", "SMMU stage 2, 16K, 48 bits: a root of two tables",
            LpaeFormat(2, 14, 48, 48)),
      Named("lpae_s1_64k", "SMMU stage 1, 64K, 48 bits",
            LpaeFormat(1, 16, 48, 52)),
      Named("lpae_s2_64k", "SMMU stage 2, 64K, 48 bits",
            LpaeFormat(2, 16, 48, 52)),
      Named("s390", "s390 zPCI, 42 bits: region third, segment, page tables",
            S390()),
      Named("riscv39", "RISC-V Sv39, first stage", Riscv(1, 3)),
      Named("riscv48", "RISC-V Sv48, first stage", Riscv(1, 4)),
      Named("riscv57", "RISC-V Sv57, first stage", Riscv(1, 5)),
      Named("riscv39x4", "RISC-V Sv39x4, second stage", Riscv(2, 3)),
      Named("riscv48x4", "RISC-V Sv48x4, second stage", Riscv(2, 4)),
      Named("riscv57x4", "RISC-V Sv57x4, second stage", Riscv(2, 5)),
  };
  return *kFormats;
}

const Format* FindFormat(absl::string_view name) {
  for (const Format& f : Formats()) {
    if (f.name == name) return &f;
  }
  return nullptr;
}

absl::string_view IommuFaultName(IommuFault reason) {
  switch (reason) {
    case IommuFault::kNone:
      return "none";
    case IommuFault::kNoContext:
      return "no_context";
    case IommuFault::kTableFetch:
      return "table_fetch";
    case IommuFault::kTableCorrupt:
      return "table_corrupt";
    case IommuFault::kNotPresent:
      return "not_present";
    case IommuFault::kPermission:
      return "permission";
    case IommuFault::kInputWidth:
      return "input_width";
    case IommuFault::kOutputWidth:
      return "output_width";
    case IommuFault::kReservedBits:
      return "reserved_bits";
    case IommuFault::kAccessFlag:
      return "access_flag";
    case IommuFault::kTypeBlocked:
      return "type_blocked";
  }
  return "?";
}

}  // namespace iovalab
