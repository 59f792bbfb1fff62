#include "model/iommu/invalidation.h"

namespace iovalab {
namespace {

using enum InvalidationKind;
constexpr auto kVtd = FaultDialect::kVtdLegacy;
constexpr auto kScalable = FaultDialect::kVtdScalable;
constexpr auto kAmd = FaultDialect::kAmd;
constexpr auto kSmmu = FaultDialect::kSmmuV3;
constexpr auto kRiscv = FaultDialect::kRiscv;
constexpr auto kS390 = FaultDialect::kS390;

// VT-d spec 6.5.2; AMD spec 2.4; SMMUv3 spec 4; RISC-V IOMMU spec 3.1 (opcode
// + function << 7); s390: the RPCIT instruction. Numbers as in QEMU's headers.
constexpr InvalidationCommand kCommands[] = {
    {kVtd, 1, "CC", kContext},
    {kVtd, 2, "IOTLB (global)", kGlobal},
    {kVtd, 2, "IOTLB (domain)", kDomain},
    {kVtd, 2, "IOTLB (pages)", kPages},
    {kVtd, 3, "DEV_IOTLB", kDevice},
    {kVtd, 4, "IEC", kInterrupts},
    {kVtd, 5, "WAIT", kWait},
    {kScalable, 1, "CC", kContext},
    {kScalable, 2, "IOTLB (global)", kGlobal},
    {kScalable, 2, "IOTLB (domain)", kDomain},
    {kScalable, 2, "IOTLB (pages)", kPages},
    {kScalable, 3, "DEV_IOTLB", kDevice},
    {kScalable, 4, "IEC", kInterrupts},
    {kScalable, 5, "WAIT", kWait},
    {kScalable, 6, "PIOTLB", kPasid},
    {kScalable, 6, "PIOTLB (pages)", kPasidPages},
    {kAmd, 1, "COMPLETION_WAIT", kWait},
    {kAmd, 2, "INVALIDATE_DEVTAB_ENTRY", kContext},
    {kAmd, 3, "INVALIDATE_IOMMU_PAGES", kPages},
    {kAmd, 4, "INVALIDATE_IOTLB_PAGES", kDevice},
    {kAmd, 5, "INVALIDATE_INTERRUPT_TABLE", kInterrupts},
    {kAmd, 8, "INVALIDATE_IOMMU_ALL", kGlobal},
    {kSmmu, 0x03, "CFGI_STE", kContext},
    {kSmmu, 0x28, "TLBI_S12_VMALL", kDomain},
    {kSmmu, 0x2a, "TLBI_S2_IPA", kPages},
    {kSmmu, 0x30, "TLBI_NSNH_ALL", kGlobal},
    {kSmmu, 0x11, "TLBI_NH_ASID", kPasid},
    {kSmmu, 0x12, "TLBI_NH_VA", kPasidPages},
    {kSmmu, 0x40, "ATC_INV", kDevice},
    {kSmmu, 0x46, "SYNC", kWait},
    {kRiscv, 1 | 0 << 7, "IOTINVAL.VMA", kPasidPages},
    {kRiscv, 1 | 1 << 7, "IOTINVAL.GVMA", kPages},
    {kRiscv, 2, "IOFENCE.C", kWait},
    {kRiscv, 3 | 0 << 7, "IODIR.INVAL_DDT", kContext},
    {kRiscv, 4, "ATS.INVAL", kDevice},
    {kS390, 0xd3, "RPCIT", kPages},
};

constexpr absl::string_view kNames[kInvalidationKinds] = {
    "context",          "global", "domain", "pages",     "pasid",
    "pages of a pasid", "device", "wait",   "interrupts"};

constexpr uint64_t kPage = ~uint64_t{0xfff};

uint64_t Bits(uint64_t word, int first, int count) {
  return word >> first & ((uint64_t{1} << count) - 1);
}

// A device's pages: with S the number of ones from bit 12 up is the mask.
uint64_t DeviceAddress(uint64_t address, uint8_t mask) {
  if (mask == 0) return address & kPage;
  if (mask >= 52) return (kPage >> 1 & kPage) | 1;
  const uint64_t ones = ((uint64_t{1} << mask) - 1) >> 1 << 12;
  const uint64_t aligned = address & ~(((uint64_t{1} << mask) << 12) - 1);
  return aligned | ones | 1;
}

void FromDeviceAddress(uint64_t word, Invalidation& i) {
  i.address = word & kPage;
  if ((word & 1) == 0) return;
  uint8_t ones = 0;
  while (ones < 52 && (word >> (12 + ones) & 1) != 0) ++ones;
  i.mask = static_cast<uint8_t>(ones + 1);
  if (i.mask >= 52) {
    i.mask = 52;
    i.address = 0;
    return;
  }
  i.address &= ~(((uint64_t{1} << i.mask) << 12) - 1);
}

uint64_t PageWord(const Invalidation& i) {
  return (i.address & kPage) | uint64_t{i.leaf_only} << 6 | (i.mask & 0x3f);
}

}  // namespace

absl::Span<const InvalidationCommand> InvalidationCommands() {
  return kCommands;
}

const InvalidationCommand* CommandFor(FaultDialect dialect,
                                      InvalidationKind kind) {
  for (const InvalidationCommand& row : kCommands) {
    if (row.dialect == dialect && row.kind == kind) return &row;
  }
  return nullptr;
}

absl::string_view InvalidationKindName(InvalidationKind kind) {
  return kNames[static_cast<int>(kind)];
}

VtdDescriptor ToVtdDescriptor(const Invalidation& i) {
  constexpr uint64_t kDrain = 0xc0;  // reads and writes
  const uint64_t domain = uint64_t{i.domain & 0xffff} << 16;
  const uint64_t pasid = uint64_t{i.pasid & 0xfffff} << 32;
  switch (i.kind) {
    case kContext:  // device-selective
      return {0x31 | domain | uint64_t{i.source_id & 0xffff} << 32, 0};
    case kGlobal:
      return {0x12 | kDrain, 0};
    case kDomain:
      return {0x22 | kDrain | domain, 0};
    case kPages:
      return {0x32 | kDrain | domain, PageWord(i)};
    case kPasid:
      return {0x26 | domain | pasid, 0};
    case kPasidPages:
      return {0x36 | domain | pasid, PageWord(i)};
    case kDevice:
      return {0x3 | uint64_t{i.source_id & 0xffff} << 32,
              DeviceAddress(i.address, i.mask)};
    case kWait:  // status write, fence
      return {0x65 | uint64_t{i.status_data} << 32,
              i.status_address & ~uint64_t{3}};
    case kInterrupts:
      return {0x4, 0};
  }
  return {};
}

std::optional<Invalidation> FromVtdDescriptor(const VtdDescriptor& words) {
  Invalidation i;
  const uint64_t type = Bits(words[0], 0, 4);
  const uint64_t granularity = Bits(words[0], 4, 2);
  const auto pages = [&] {
    i.address = words[1] & kPage;
    i.mask = static_cast<uint8_t>(words[1] & 0x3f);
    if (i.mask > 52) i.mask = 52;
    i.leaf_only = Bits(words[1], 6, 1) != 0;
  };
  const bool global = type == 2 && granularity == 1;
  if (type == 1 || (type == 2 && !global) || type == 6) {
    i.domain = static_cast<uint32_t>(Bits(words[0], 16, 16));
  }
  switch (type) {
    case 1:
      i.kind = kContext;
      i.source_id = static_cast<uint32_t>(Bits(words[0], 32, 16));
      return i;
    case 2:
      if (granularity == 0) return std::nullopt;
      i.kind = granularity == 1 ? kGlobal : granularity == 2 ? kDomain : kPages;
      if (i.kind == kPages) pages();
      return i;
    case 3:
      i.kind = kDevice;
      i.source_id = static_cast<uint32_t>(Bits(words[0], 32, 16));
      FromDeviceAddress(words[1], i);
      return i;
    case 4:
      i.kind = kInterrupts;
      return i;
    case 5:
      i.kind = kWait;
      i.status_data = static_cast<uint32_t>(words[0] >> 32);
      i.status_address = words[1] & ~uint64_t{3};
      return i;
    case 6:
      if (granularity < 2) return std::nullopt;
      i.kind = granularity == 2 ? kPasid : kPasidPages;
      i.pasid = static_cast<uint32_t>(Bits(words[0], 32, 20));
      if (i.kind == kPasidPages) pages();
      return i;
    default:
      return std::nullopt;
  }
}

InvalidationEffect Apply(const Invalidation& i, IommuCaches& caches) {
  InvalidationEffect effect;
  IotlbMatch match;
  match.domain = i.domain;
  match.pasid = i.pasid;
  match.address = i.address;
  match.mask = i.mask;
  switch (i.kind) {
    case kWait:
    case kInterrupts:
    case kContext:  // contexts are looked up anew each time
      return effect;
    case kDevice:
      match.any_domain = true;
      match.any_address = false;
      for (IommuCaches::Device& device : caches.devices) {
        if (device.source_id == i.source_id) {
          effect.device += device.atc.Invalidate(match);
        }
      }
      return effect;
    case kGlobal:
      match.any_domain = true;
      break;
    case kDomain:
      break;
    case kPages:
      match.any_address = false;
      break;
    case kPasid:
      match.any_pasid = false;
      break;
    case kPasidPages:
      match.any_pasid = false;
      match.any_address = false;
      break;
  }
  effect.iotlb = caches.iotlb.Invalidate(match);
  if (!i.leaf_only) effect.walk = caches.walk.Invalidate(match);
  return effect;
}

}  // namespace iovalab
