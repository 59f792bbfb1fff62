#include "model/store/store_id.h"

#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sim/check.h"

namespace iovalab {
namespace {

using K = StoreKind;

constexpr StoreKindInfo kKinds[] = {
    {K::kFlatView, "flat_view", "L0", "gpa", "hva", "", false, true,
     "RAM sections as delivered to the VMM's listener"},
    {K::kIovaHva, "iova_hva", "L1", "iova", "hva", "id", false, true,
     "QEMU's IOVA->HVA tree (guest RAM and host-only memory)"},
    {K::kIovaOnly, "iova_only", "L1", "iova", "", "", false, false,
     "QEMU's allocated IOVA ranges (iova_map)"},
    {K::kGpaIova, "gpa_iova", "L1", "gpa", "iova", "", false, false,
     "QEMU's GPA->IOVA tree (gpa_iova_map)"},
    {K::kIovaTaddr, "iova_taddr", "L1", "iova", "hva", "", false, true,
     "QEMU's IOVA->HVA tree for host-only memory (iova_taddr_map)"},
    {K::kVhostIotlb, "iotlb", "L2", "iova", "addr", "file_offset", true, false,
     "vhost-vdpa's table of an address space: HPA targets in PA mode, HVA in "
     "VA mode"},
    {K::kDevice, "device", "L3", "iova", "addr", "passthrough", true, false,
     "the device's own table of an address space"},
    {K::kPins, "pins", "L5", "hpa", "count", "", false, false,
     "how often each host page is pinned"},
    {K::kVma, "vma", "L5", "hva", "offset", "object", false, false,
     "mappings of the VMM's process: memory object and offset in it"},
    {K::kMemory, "memory", "mem", "hpa", "iova", "bytes", false, false,
     "the IOVA that the device's last write to a host page went to; the event "
     "says whose. With bytes=1 the bytes themselves, the first one lowest"},
    {K::kViommu, "viommu", "L0", "giova", "gpa", "", false, false,
     "what the guest maps in its vIOMMU"},
    {K::kIommu, "iommu", "L3", "iova", "hpa", "", false, false,
     "the platform IOMMU's table of vhost-vdpa's domain, a run of leaves an "
     "entry"},
    {K::kCleared, "cleared", "mem", "hpa", "", "", false, false,
     "host memory that reads as zeros where nothing was written since"},
    {K::kHwIotlb, "hw_iotlb", "L4", "iova", "hpa", "generation", true, false,
     "the IOMMU's cache of leaves of 2^N bytes (hw_iotlb.12: of 4 KiB), a run "
     "of them an entry; generation: of the table when it was walked"},
    {K::kWalkCache, "walk_cache", "L4", "iova", "table", "generation", true,
     false, "the IOMMU's cache of pointers that span 2^N bytes each"},
    {K::kAtc, "atc", "L4", "iova", "hpa", "generation", true, false,
     "the device's own cache of leaves of 2^N bytes"},
    {K::kContext, "context", "L3", "source_id", "kind", "domain", false, false,
     "what the platform IOMMU knows of a device. kind: 0 nothing, 1 blocked, 2 "
     "identity, 3 translated by the domain's tables"},
    {K::kProcess, "process", "L3", "pasid", "kind", "domain", false, false,
     "what it knows of the device's processes; kind as in context"},
    {K::kPoison, "poison", "L3", "iova", "bits", "level", false, false,
     "damaged entries of the platform IOMMU's tables, by what they span; bits: "
     "what hardware reads; level: 0 the last. The store iommu has what "
     "software "
     "wrote"},
};

constexpr bool RowsMatch() {
  for (size_t i = 0; i < std::size(kKinds); ++i) {
    if (kKinds[i].kind != static_cast<K>(i)) return false;
  }
  return std::size(kKinds) == static_cast<size_t>(K::kCount);
}
static_assert(RowsMatch(), "a row of kKinds is missing or out of place");

}  // namespace

const StoreKindInfo& GetStoreKind(StoreKind kind) {
  sim::Check(kind < K::kCount, "store kind out of range");
  return kKinds[static_cast<size_t>(kind)];
}

std::optional<StoreId> StoreId::Unpack(uint64_t word) {
  if ((word & 0xff) >= static_cast<uint64_t>(K::kCount)) return std::nullopt;
  StoreId id{static_cast<StoreKind>(word & 0xff),
             static_cast<uint8_t>(word >> 8)};
  if (id.Pack() != word) return std::nullopt;
  if (id.asid != 0 && !GetStoreKind(id.kind).by_asid) return std::nullopt;
  return id;
}

StoreId StoreId::ExampleOf(StoreKind kind) {
  constexpr uint8_t kPageShift = 12;
  const bool by_size = GetStoreKind(kind).level == "L4";
  return {kind, by_size ? kPageShift : uint8_t{0}};
}

std::string StoreId::Name() const {
  const StoreKindInfo& info = GetStoreKind(kind);
  return info.by_asid ? absl::StrCat(info.name, ".", asid)
                      : std::string(info.name);
}

std::optional<StoreId> StoreId::Parse(absl::string_view name) {
  for (const StoreKindInfo& info : kKinds) {
    if (!info.by_asid) {
      if (name == info.name) return StoreId{info.kind, 0};
      continue;
    }
    const size_t n = info.name.size();
    uint32_t asid = 0;
    if (name.substr(0, n) == info.name && name.size() > n + 1 &&
        name[n] == '.' && absl::SimpleAtoi(name.substr(n + 1), &asid) &&
        asid <= UINT8_MAX) {
      const StoreId id{info.kind, static_cast<uint8_t>(asid)};
      if (id.Name() == name) return id;  // "00" is no spelling of 0
    }
  }
  return std::nullopt;
}

}  // namespace iovalab
