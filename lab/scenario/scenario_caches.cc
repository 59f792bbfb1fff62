// What a scenario says of the platform IOMMU's caches.

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lab/scenario/scenario_check.h"
#include "lab/scenario/scenario_time.h"
#include "model/iommu/unit_shape.h"

namespace iovalab {
namespace {

absl::Status LoadCache(const Loading& l, const Place& at, const pb::Cache& in,
                       absl::string_view by_default, IotlbShape& out) {
  const absl::string_view like =
      in.like().empty() ? by_default : absl::string_view(in.like());
  std::vector<absl::string_view> names;
  for (const NamedIotlbShape& row : IotlbShapes()) names.push_back(row.name);
  if (std::find(names.begin(), names.end(), like) == names.end()) {
    return l.where.Error(at.At("like"),
                         absl::StrCat("no cache is like '", like, "'; one of ",
                                      absl::StrJoin(names, ", ")));
  }
  out = IotlbShapeOf(like);
  if (in.has_sets()) out.sets = in.sets();
  if (in.has_ways()) out.ways = in.ways();
  absl::Status s = CheckIotlbShape(out);
  return s.ok() ? s : l.where.Error(at, s.message());
}

}  // namespace

absl::Status LoadCaches(Loading& l) {
  const pb::Iommu& iommu = l.in.iommu();
  const Place at = Place().At("iommu");
  UnitShape& unit = l.out->iommu.unit;
  if (iommu.has_iotlb()) {
    if (absl::Status s =
            LoadCache(l, at.At("iotlb"), iommu.iotlb(), "iotlb", unit.iotlb);
        !s.ok()) {
      return s;
    }
  }
  if (iommu.has_walk_cache()) {
    if (absl::Status s = LoadCache(l, at.At("walk_cache"), iommu.walk_cache(),
                                   "walk", unit.walk);
        !s.ok()) {
      return s;
    }
  }
  if (iommu.has_atc()) {
    unit.atc.emplace();
    if (absl::Status s =
            LoadCache(l, at.At("atc"), iommu.atc(), "atc", *unit.atc);
        !s.ok()) {
      return s;
    }
  }
  if (iommu.has_invalidation_ns()) {
    constexpr uint64_t kSlowest = 1'000'000'000;
    if (iommu.invalidation_ns() > kSlowest) {
      return l.where.Error(at.At("invalidation_ns"),
                           absl::StrCat(iommu.invalidation_ns(), "; at most ",
                                        kSlowest, ", a second"));
    }
    unit.queue.command_ns = static_cast<int64_t>(iommu.invalidation_ns());
  }
  absl::Status s = CheckUnitShape(unit);
  return s.ok() ? s : l.where.Error(at, s.message());
}

}  // namespace iovalab
