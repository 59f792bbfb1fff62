#ifndef IOVALAB_MODEL_KERNEL_IOMMU_DRIVER_H_
#define IOVALAB_MODEL_KERNEL_IOMMU_DRIVER_H_

// IommuDriver: what Linux's driver of one page-table format does with it where
// drivers differ: which leaves it writes, what it does to a leaf of which a
// part is unmapped, to one that is there already, to permissions that the
// format lacks. A row of iommu_driver.cc, with its source, for each value of
// the axis `format`.
//
// Not for: the bits of entries (model/iommu/format.h); what the IOMMU core does
// for every driver (iommu_domain.h); the commands of a flush, of which this
// says only the style (iommu_flush.h).
//
// Invariants: every format has leaves of 4 KiB, and the driver writes them; no
// flush takes more than 511 commands.

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/event/rules.h"
#include "model/iommu/fault.h"
#include "model/iommu/format.h"

namespace iovalab {

// What becomes of a leaf of which a part is to be unmapped.
enum class PartialUnmap : uint8_t {
  kDropsLeaf,   // it goes, whole
  kSplitsLeaf,  // the rest stays, in smaller leaves
  // It stays, and the unmap ends there.
  kRefuses,
  // It goes whole where the range begins with it; else as kRefuses.
  kRefusesInside,
};

// What becomes of a map where a leaf is already.
enum class MapOver : uint8_t {
  kOldStays,  // the rest is mapped
  kReplaces,  // the leaves that are touched go, whole
  kRefuses,   // -EEXIST, and nothing is mapped
};

// What a leaf can say of r, w and rw.
enum class LeafPerms : uint8_t {
  kAsGiven,
  kReadAlways,   // w is mapped as rw
  kNoWriteOnly,  // r always, and w is -EINVAL
  kNone,         // rw always
};

// Which invalidation commands follow an unmap.
enum class FlushStyle : uint8_t {
  kAlignedMask,  // one, of the smallest aligned power of two of pages
  kEachLeaf,     // one for each leaf
  kEachPage,     // one for each page of 4 KiB
  kExact,        // the range and nothing beside it
  kDomain,       // the domain, whatever the range
};

// What the commands say of page-walk caches.
enum class FlushHint : uint8_t {
  kAsKnown,     // only leaves changed: they may stay
  kTablesToo,   // never that they may stay
  kLeavesOnly,  // always: its unmap frees no table
};

// What the driver's blocking domain makes of the device's context.
enum class BlockedDevice : uint8_t {
  kBlocks,          // a context that says so
  kBlocksSilently,  // and the hardware records no fault
  kCleared,         // none
};

struct IommuDriver {
  absl::string_view name;  // value of the axis `format`
  absl::string_view help;
  absl::string_view source;
  const Format* format = nullptr;
  uint64_t leaf_sizes = 0;  // bit n: it writes leaves of 2^n bytes
  // Of the IOVAs that it lets be mapped.
  int aperture_bits = 0;
  PartialUnmap partial = PartialUnmap::kDropsLeaf;
  MapOver over = MapOver::kOldStays;
  LeafPerms perms = LeafPerms::kAsGiven;
  // An unmap ends where nothing is mapped.
  bool stops_at_hole = false;
  // Tables that an unmap leaves empty are freed where it covers them whole.
  bool frees_tables = false;
  // 0xfee00000-0xfeefffff is for interrupts, whatever is mapped there.
  bool msi_window = false;
  // Whose fault records; nothing: it has none. And how many wait for the
  // driver; 0: no bound is known.
  std::optional<FaultDialect> dialect;
  uint32_t fault_records = 0;
  bool compress_source = false;
  Rule map_rule = Rule::kIommuMap;
  FlushStyle flush = FlushStyle::kDomain;
  // kAlignedMask: the largest log2 of pages; kEachLeaf, kEachPage: the most
  // commands. Beyond it the domain is flushed.
  uint32_t flush_limit = 0;
  FlushHint flush_hint = FlushHint::kTablesToo;
  // Tables that an unmap frees are invalidated at once, also where leaves wait.
  bool flushes_freed_tables = false;
  BlockedDevice blocked = BlockedDevice::kBlocks;

  uint64_t aperture_last() const {
    return ~uint64_t{0} >> (64 - aperture_bits);
  }
  bool is_vtd() const { return format->family == Family::kVtd; }
};

absl::Span<const IommuDriver> IommuDrivers();
// Null where there is none of that name.
const IommuDriver* FindIommuDriver(absl::string_view name);
// VT-d with as few levels as hold addresses up to `last`: 39, 48 or 57 bits.
const IommuDriver* VtdDriverFor(uint64_t last);

// The permission that a leaf has which was asked for with `perm` (r, w or rw);
// nothing where the driver refuses it.
std::optional<uint32_t> LeafPerm(const IommuDriver& driver, uint32_t perm);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_KERNEL_IOMMU_DRIVER_H_
