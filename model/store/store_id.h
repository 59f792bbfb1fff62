#ifndef IOVALAB_MODEL_STORE_STORE_ID_H_
#define IOVALAB_MODEL_STORE_STORE_ID_H_

// StoreId: which of the stores a delta, a look-up or an invariant is about, and
// the one table that says what each is.
//
// The stores are held apart because every bug that this project is about is
// two of them disagreeing (docs/design.md). The levels: L0 what the guest
// believes, L1 the VMM's trees, L2 the kernel's table, L3 the device's or
// IOMMU's, L4 copies of its entries in caches, L5 pins and VMAs.

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace iovalab {

enum class StoreKind : uint8_t {
  kFlatView,    // L0: sections as delivered to the VMM's listener
  kIovaHva,     // L1: IOVA -> HVA tree (hva, hva_id, ram_addr)
  kIovaOnly,    // L1: allocated IOVA ranges (gpa)
  kGpaIova,     // L1: GPA -> IOVA tree (gpa, ram_addr)
  kIovaTaddr,   // L1: IOVA -> host-only HVA tree (gpa)
  kVhostIotlb,  // L2: vhost_vdpa_as.iotlb, one for each address space
  kDevice,      // L3: the device's own table, one for each address space
  kPins,        // L5: pin counts of host pages
  kVma,         // L5: the VMM process's mappings
  kMemory,      // what was written to host memory: provenance, or bytes
  kViommu,      // L0: the guest's vIOMMU, GIOVA -> GPA
  kIommu,       // L3: the platform IOMMU's table of vhost-vdpa's domain
  kCleared,     // host memory that somebody filled with zeros
  kHwIotlb,     // L4: the IOMMU's cache of leaves, by their size
  kWalkCache,   // L4: the IOMMU's cache of pointers to tables, by their span
  kAtc,         // L4: the device's own cache of leaves, by their size
  kContext,     // L3: what the platform IOMMU knows of a device
  kProcess,     // L3: what it knows of the device's processes (PASIDs)
  kPoison,      // L3: entries of the platform IOMMU's tables that are damaged
  kCount,
};

// What a store's keys, targets and tags are: for printing and for readers.
struct StoreKindInfo {
  StoreKind kind;
  absl::string_view name;   // in traces; with an address space "iotlb.0"
  absl::string_view level;  // "L0"
  absl::string_view key;    // "gpa"
  absl::string_view target;
  absl::string_view tag;  // "" where unused (always 0)
  bool by_asid;           // several: one an address space, or a size of entries
  bool by_target;         // reverse look-ups happen
  absl::string_view says;
};

const StoreKindInfo& GetStoreKind(StoreKind kind);

struct StoreId {
  StoreKind kind = StoreKind::kFlatView;
  uint8_t asid = 0;  // L4: log2 of the bytes that each of its entries is for

  friend constexpr auto operator<=>(StoreId, StoreId) = default;

  // As one word of an event.
  constexpr uint64_t Pack() const {
    return static_cast<uint64_t>(kind) | uint64_t{asid} << 8;
  }
  // Nothing where the word names no store.
  static std::optional<StoreId> Unpack(uint64_t word);
  // One of the kind, to name as an example: "iotlb.0", "hw_iotlb.12".
  static StoreId ExampleOf(StoreKind kind);
  // "iova_hva", "iotlb.0"; parsed back by Parse.
  std::string Name() const;
  static std::optional<StoreId> Parse(absl::string_view name);
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_STORE_STORE_ID_H_
