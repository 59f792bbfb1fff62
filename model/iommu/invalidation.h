#ifndef IOVALAB_MODEL_IOMMU_INVALIDATION_H_
#define IOVALAB_MODEL_IOMMU_INVALIDATION_H_

// Invalidation: what software asks an IOMMU to forget, what each family calls
// it, VT-d's descriptors as bits, and what it does to the caches.
//
// Not for: when it happens (invalidation_queue.h), or when an operating system
// asks for it (model/kernel/iommu_flush.h).
//
// Invariants: an invalidation removes entries and never adds one; a wait does
// nothing to caches.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/iommu/fault.h"
#include "model/iommu/iotlb.h"

namespace iovalab {

enum class InvalidationKind : uint8_t {
  kContext,     // cached device contexts
  kGlobal,      // every translation
  kDomain,      // those of a domain
  kPages,       // those of 2^mask pages in a domain
  kPasid,       // those of a domain's PASID
  kPasidPages,  // those of 2^mask pages of a domain's PASID
  kDevice,      // a device's own cache: 2^mask pages
  kWait,        // completes after everything before it
  kInterrupts,  // interrupt remapping, of no use here
};
inline constexpr int kInvalidationKinds = 9;

struct Invalidation {
  InvalidationKind kind = InvalidationKind::kGlobal;
  uint32_t domain = 0;
  uint32_t pasid = kNoPasid;
  uint32_t source_id = 0;  // kDevice, kContext
  uint64_t address = 0;    // kPages, kPasidPages, kDevice
  uint8_t mask = 0;        // log2 of the number of 4 KiB pages; 52: all
  // IH: only leaf entries changed, so that page-walk caches may stay.
  bool leaf_only = false;
  // kWait: where the hardware writes what when it is done.
  uint64_t status_address = 0;
  uint32_t status_data = 0;

  friend bool operator==(const Invalidation&, const Invalidation&) = default;
};

// What a family calls an invalidation.
struct InvalidationCommand {
  FaultDialect dialect;
  uint16_t opcode;
  absl::string_view name;
  InvalidationKind kind;
};
absl::Span<const InvalidationCommand> InvalidationCommands();
// The command by which a family does it. Null where it has none of its own.
const InvalidationCommand* CommandFor(FaultDialect dialect,
                                      InvalidationKind kind);
absl::string_view InvalidationKindName(InvalidationKind kind);

// VT-d queued invalidation descriptors of 128 bits (spec 6.5.2; recorded by
// qi_submit lines of q35-2g-vtd-linux: words 0 and 1). Encoding sets the drain
// bits, as Linux does.
using VtdDescriptor = std::array<uint64_t, 2>;
VtdDescriptor ToVtdDescriptor(const Invalidation& invalidation);
// Nothing for reserved types and granularities.
std::optional<Invalidation> FromVtdDescriptor(const VtdDescriptor& words);

// The caches that an IOMMU unit's commands reach.
struct IommuCaches {
  struct Device {
    uint32_t source_id = 0;
    Iotlb atc;
  };
  Iotlb iotlb;
  Iotlb walk;                   // tables of the upper levels
  std::vector<Device> devices;  // with a cache of their own
};

struct InvalidationEffect {
  uint64_t iotlb = 0;  // entries removed
  uint64_t walk = 0;
  uint64_t device = 0;
};
InvalidationEffect Apply(const Invalidation& invalidation, IommuCaches& caches);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_INVALIDATION_H_
