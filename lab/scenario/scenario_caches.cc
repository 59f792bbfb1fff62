// What a scenario says of the platform IOMMU's caches.

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lab/scenario/scenario_check.h"
#include "model/iommu/unit_shape.h"

namespace iovalab {
namespace {

constexpr uint64_t kSlowestNs = 1'000'000'000;

absl::Status LoadCache(const Loading& l, const Place& at, const pb::Cache& in,
                       absl::string_view by_default,
                       std::optional<CacheSpec>& out) {
  CacheSpec spec;
  spec.like = in.like().empty() ? std::string(by_default) : in.like();
  std::vector<absl::string_view> names;
  for (const NamedIotlbShape& row : IotlbShapes()) names.push_back(row.name);
  if (std::find(names.begin(), names.end(), spec.like) == names.end()) {
    return l.where.Error(
        at.At("like"), absl::StrCat("no cache is like '", spec.like,
                                    "'; one of ", absl::StrJoin(names, ", ")));
  }
  if (in.has_sets()) spec.sets = in.sets();
  if (in.has_ways()) spec.ways = in.ways();
  out = spec;
  const absl::Status s = CheckIotlbShape(CacheShapeOf(spec));
  return s.ok() ? s : l.where.Error(at, s.message());
}

}  // namespace

absl::Status LoadCaches(Loading& l) {
  const pb::Iommu& in = l.in.iommu();
  const Place at = Place().At("iommu");
  IommuSpec& out = l.out->iommu;
  const struct {
    bool given;
    absl::string_view field;
    const pb::Cache& cache;
    absl::string_view like;
    std::optional<CacheSpec>& spec;
  } caches[] = {
      {in.has_iotlb(), "iotlb", in.iotlb(), "iotlb", out.iotlb},
      {in.has_walk_cache(), "walk_cache", in.walk_cache(), "walk",
       out.walk_cache},
      {in.has_atc(), "atc", in.atc(), "atc", out.atc},
  };
  for (const auto& c : caches) {
    if (!c.given) continue;
    const absl::Status s =
        LoadCache(l, at.At(c.field), c.cache, c.like, c.spec);
    if (!s.ok()) return s;
  }
  if (in.has_invalidation_ns()) {
    if (in.invalidation_ns() > kSlowestNs) {
      return l.where.Error(at.At("invalidation_ns"),
                           absl::StrCat(in.invalidation_ns(), "; at most ",
                                        kSlowestNs, ", a second"));
    }
    out.invalidation_ns = in.invalidation_ns();
  }
  out.show_walks = in.show_walks();
  const absl::Status s = CheckUnitShape(UnitShapeOf(out));
  return s.ok() ? s : l.where.Error(at, s.message());
}

}  // namespace iovalab
