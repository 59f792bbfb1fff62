#include "model/kernel/iommu_fault_text.h"

#include <cstdint>
#include <optional>

#include "fmt/format.h"
#include "util/fmt_absl.h"

namespace iovalab {
namespace {

std::string VtdText(const DmaFault& f) {
  const FaultRowInfo* const row = FaultRow(f.dialect, f.code);
  const absl::string_view phrase = row == nullptr ? "Unknown" : row->phrase;
  return fmt::format(
      "DMAR: [DMA {} {}] Request device [{}] fault addr 0x{:x} [fault reason "
      "0x{:02x}] {}",
      f.cause.access == FaultAccess::kWrite ? "Write" : "Read",
      f.has_pasid ? fmt::format("PASID 0x{:x}", f.pasid) : "NO_PASID",
      DeviceText(f.source_id), f.address, f.code, phrase);
}

std::string AmdText(const DmaFault& f) {
  const FaultRowInfo* const row = FaultRow(f.dialect, f.code);
  std::string id;
  if (f.code == 1) id = fmt::format(" pasid=0x{:05x}", f.pasid);
  if (f.code == 2) id = fmt::format(" domain=0x{:04x}", f.domain);
  if (f.code == 4) id = fmt::format(" pasid=0x{:04x}", f.pasid);
  return fmt::format(
      "AMD-Vi: Event logged [{} device=0000:{}{} address=0x{:x} "
      "flags=0x{:04x}]",
      row->name, DeviceText(f.source_id), id, f.address, AmdFaultFlags(f));
}

std::vector<std::string> SmmuText(const FaultRecord& record) {
  constexpr absl::string_view kPrefix = "arm-smmu-v3 arm-smmu-v3.0.auto: ";
  std::vector<std::string> lines = {fmt::format(
      "{}event 0x{:02x} received:", kPrefix, record.words[0] & 0xff)};
  for (const uint64_t word : record.words) {
    lines.push_back(fmt::format("{}\t0x{:016x}", kPrefix, word));
  }
  return lines;
}

}  // namespace

std::string DeviceText(uint32_t source_id) {
  return fmt::format("{:02x}:{:02x}.{}", source_id >> 8 & 0xff,
                     source_id >> 3 & 0x1f, source_id & 7);
}

std::vector<std::string> FaultText(FaultDialect dialect,
                                   const FaultRecord& record) {
  if (dialect == FaultDialect::kSmmuV3) return SmmuText(record);
  const std::optional<DmaFault> f = FromRecord(dialect, record);
  if (!f.has_value()) return {};
  switch (dialect) {
    case FaultDialect::kAmd:
      return {AmdText(*f)};
    case FaultDialect::kRiscv:
      return {fmt::format(
          "riscv,iommu: Fault {} devid: 0x{:x} iotval: {:x} iotval2: {:x}",
          f->code, f->source_id, f->address, f->second)};
    default:
      return {VtdText(*f)};
  }
}

std::string VtdStatusText(bool overflow, bool pending) {
  return fmt::format("DMAR: DRHD: handling fault status reg {:x}",
                     (overflow ? 1 : 0) | (pending ? 2 : 0));
}

}  // namespace iovalab
