#include "model/iommu/unit_shape.h"

#include <bit>
#include <string>

#include "absl/strings/str_cat.h"

namespace iovalab {
namespace {

absl::Status CheckCache(absl::string_view field, const IotlbShape& shape) {
  if (absl::Status s = CheckIotlbShape(shape); !s.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(field, ".", s.message()));
  }
  const uint64_t entries = uint64_t{shape.sets} * shape.ways;
  if (entries > kMaxUnitEntries) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ": ", entries,
                     " entries (sets * ways) are not 1 to ", kMaxUnitEntries));
  }
  // So that a long run of misses goes round in it (translation_unit.h).
  if (shape.replacement == IotlbReplacement::kClear &&
      !std::has_single_bit(shape.ways)) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".ways: ", shape.ways,
                     " is not a power of two, as a cache that is emptied has"));
  }
  return absl::OkStatus();
}

// The caches that are not emptied.
std::string NamesOfKept() {
  std::string names;
  for (const NamedIotlbShape& row : IotlbShapes()) {
    if (row.shape.replacement == IotlbReplacement::kClear) continue;
    absl::StrAppend(&names, names.empty() ? "" : ", ", row.name);
  }
  return names;
}

}  // namespace

absl::Status CheckUnitShape(const UnitShape& shape) {
  if (absl::Status s = CheckCache("iotlb", shape.iotlb); !s.ok()) return s;
  if (absl::Status s = CheckCache("walk_cache", shape.walk); !s.ok()) return s;
  // How many pointers come between two times that it is empty differs from
  // time to time, so a long run of misses has no period.
  if (shape.walk.replacement == IotlbReplacement::kClear) {
    return absl::InvalidArgumentError(absl::StrCat(
        "walk_cache.like: no page-walk cache is emptied when it is full; one "
        "of ",
        NamesOfKept()));
  }
  if (shape.atc) {
    if (absl::Status s = CheckCache("atc", *shape.atc); !s.ok()) return s;
    // Else an access of few leaves touches very many entries.
    if (KeptShift(*shape.atc, 62) < KeptShift(shape.iotlb, 62) &&
        KeptShift(*shape.atc, 62).value_or(0) < 21) {
      return absl::InvalidArgumentError(
          "atc: keeps no superpages, and the IOTLB behind it does; give both "
          "`like: \"split\"` or the ATC entries of 2 MiB");
    }
  }
  if (absl::Status s = CheckInvalidationQueueShape(shape.queue); !s.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("queue ", s.message()));
  }
  return absl::OkStatus();
}

IotlbShape CacheShapeOf(const CacheSpec& spec) {
  IotlbShape shape = IotlbShapeOf(spec.like);
  shape.sets = spec.sets.value_or(shape.sets);
  shape.ways = spec.ways.value_or(shape.ways);
  return shape;
}

UnitShape UnitShapeOf(const IommuSpec& spec) {
  UnitShape unit;
  if (spec.iotlb) unit.iotlb = CacheShapeOf(*spec.iotlb);
  if (spec.walk_cache) unit.walk = CacheShapeOf(*spec.walk_cache);
  if (spec.atc) unit.atc = CacheShapeOf(*spec.atc);
  if (spec.invalidation_ns) {
    unit.queue.command_ns = static_cast<sim::Nanos>(*spec.invalidation_ns);
  }
  return unit;
}

}  // namespace iovalab
