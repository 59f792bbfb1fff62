#ifndef IOVALAB_MODEL_IOMMU_IOTLB_SHAPE_H_
#define IOVALAB_MODEL_IOMMU_IOTLB_SHAPE_H_

// IotlbShape: what kind of translation cache there is.
//
// Not for: contents (iotlb.h).

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace iovalab {

enum class IotlbReplacement : uint8_t {
  kLru,    // the least recently used of the set goes
  kFifo,   // the first that came
  kClear,  // a full cache is emptied (QEMU's VT-d; sets = 1)
};

enum class IotlbPartial : uint8_t {
  kOverlap,  // an entry that the pages meant touch goes, whole
  // An entry larger than the pages meant stays: what an address mask that is
  // too small for a superpage may do (VT-d spec 6.5.2.3 asks software for a
  // mask that covers it).
  kCovered,
};

struct IotlbShape {
  uint32_t sets = 1;  // a power of two, up to 2^16
  uint32_t ways = 1;  // 1 to 2^16; at most 2^20 entries in all
  IotlbReplacement replacement = IotlbReplacement::kLru;
  IotlbPartial partial = IotlbPartial::kOverlap;
  // Bit s: entries of 2^s bytes. At least one; a leaf larger than all is cut,
  // one smaller than all is not kept.
  uint64_t shifts = uint64_t{1} << 12;
  // Bits of the page number that an invalidation of pages compares.
  uint64_t compared = UINT64_MAX;

  friend bool operator==(const IotlbShape&, const IotlbShape&) = default;
};

constexpr uint64_t ShiftBit(int shift) { return uint64_t{1} << shift; }

// log2 of the bytes of the entries that the cache keeps of a leaf of
// 2^leaf_shift bytes; nothing where it keeps none.
std::optional<int> KeptShift(const IotlbShape& shape, int leaf_shift);

struct NamedIotlbShape {
  absl::string_view name;
  IotlbShape shape;
  absl::string_view source;
};

// By name: "iotlb" 16 x 4 with superpages; "split" keeps pieces of 4 KiB only;
// "qemu_vtd" 1024, emptied when full, and "qemu_vtd_7_2" whose invalidations
// compare 8 bits of the page number; "walk" a page-walk cache of tables; "atc";
// "none" keeps nothing.
absl::Span<const NamedIotlbShape> IotlbShapes();
// Of a name in that list.
const IotlbShape& IotlbShapeOf(absl::string_view name);

// InvalidArgument that names the field and what it may be.
absl::Status CheckIotlbShape(const IotlbShape& shape);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_IOTLB_SHAPE_H_
