#include "model/iommu/iotlb_shape.h"

#include <bit>

#include "absl/strings/str_cat.h"
#include "sim/check.h"

namespace iovalab {
namespace {

constexpr uint64_t k4K = ShiftBit(12), k2M = ShiftBit(21), k1G = ShiftBit(30);
constexpr uint64_t k512G = ShiftBit(39), k256T = ShiftBit(48);

constexpr NamedIotlbShape kShapes[] = {
    {"iotlb",
     {16, 4, IotlbReplacement::kLru, IotlbPartial::kOverlap, k4K | k2M | k1G,
      UINT64_MAX},
     "ours: the size of a small hardware IOTLB"},
    {"split",
     {16, 4, IotlbReplacement::kLru, IotlbPartial::kOverlap, k4K, UINT64_MAX},
     "ours: an IOTLB without superpage entries"},
    {"covered",
     {16, 4, IotlbReplacement::kLru, IotlbPartial::kCovered, k4K | k2M | k1G,
      UINT64_MAX},
     "VT-d spec 6.5.2.3: the mask must cover a superpage"},
    {"qemu_vtd",
     {1, 1024, IotlbReplacement::kClear, IotlbPartial::kOverlap,
      k4K | k2M | k1G, UINT64_MAX},
     "QEMU 9.2 hw/i386/intel_iommu.c vtd_update_iotlb"},
    {"qemu_vtd_7_2",
     {1, 1024, IotlbReplacement::kClear, IotlbPartial::kOverlap,
      k4K | k2M | k1G, 0xff},
     "QEMU 7.2 VTDIOTLBPageInvInfo.mask is 8 bits wide, repaired by commit "
     "d7258f7a2507; recorded, q35-2g-vtd-linux"},
    {"walk",
     {4, 4, IotlbReplacement::kLru, IotlbPartial::kOverlap,
      k2M | k1G | k512G | k256T, UINT64_MAX},
     "ours: tables of the upper levels"},
    {"atc",
     {8, 4, IotlbReplacement::kLru, IotlbPartial::kOverlap, k4K | k2M,
      UINT64_MAX},
     "ours: PCIe ATS leaves the size open"},
    {"none",
     {1, 1, IotlbReplacement::kLru, IotlbPartial::kOverlap, ShiftBit(63),
      UINT64_MAX},
     "ours: no leaf is as large as its only size"},
};

}  // namespace

absl::Span<const NamedIotlbShape> IotlbShapes() { return kShapes; }

const IotlbShape& IotlbShapeOf(absl::string_view name) {
  for (const NamedIotlbShape& row : kShapes) {
    if (row.name == name) return row.shape;
  }
  sim::Check(false, "no IOTLB shape of this name");
  return kShapes[0].shape;
}

std::optional<int> KeptShift(const IotlbShape& shape, int leaf_shift) {
  const uint64_t fits = shape.shifts & (UINT64_MAX >> (63 - leaf_shift));
  if (fits == 0) return std::nullopt;
  return std::bit_width(fits) - 1;
}

absl::Status CheckIotlbShape(const IotlbShape& shape) {
  const auto bad = [](absl::string_view field, uint64_t value,
                      absl::string_view range) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ": ", value, " is not ", range));
  };
  if (shape.sets == 0 || (shape.sets & (shape.sets - 1)) != 0 ||
      shape.sets > 1u << 16) {
    return bad("sets", shape.sets, "a power of two from 1 to 65536");
  }
  if (shape.ways == 0 || shape.ways > 1u << 16) {
    return bad("ways", shape.ways, "1 to 65536");
  }
  if (uint64_t{shape.sets} * shape.ways > 1u << 20) {
    return bad("sets * ways", uint64_t{shape.sets} * shape.ways,
               "at most 1048576");
  }
  if (shape.shifts == 0) return bad("shifts", 0, "a set with a size in it");
  if (shape.replacement == IotlbReplacement::kClear && shape.sets != 1) {
    return bad("sets", shape.sets, "1, as a cache that is emptied has");
  }
  return absl::OkStatus();
}

}  // namespace iovalab
