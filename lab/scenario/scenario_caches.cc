// What a scenario says of the platform IOMMU's caches.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
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
    return l.where.Error(at.At("like"),
                         absl::StrCat("no cache is like ", Quote(spec.like),
                                      "; one of ", absl::StrJoin(names, ", ")));
  }
  if (spec.like == "none" && (in.has_sets() || in.has_ways())) {
    return l.where.Error(at.At(in.has_sets() ? "sets" : "ways"),
                         "a cache like 'none' keeps nothing and has no size");
  }
  if (in.has_sets()) spec.sets = in.sets();
  if (in.has_ways()) spec.ways = in.ways();
  out = spec;
  return absl::OkStatus();
}

// Of a message "iotlb.sets: 3 is not ...": at the field as far as it has a name
// in the text.
absl::Status ErrorOfField(const Loading& l, absl::string_view message) {
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(message, absl::MaxSplits(": ", 1));
  const std::string path = absl::StrCat("iommu.", parts.first);
  const Place at = PlaceOf(path);
  return l.where.Error(at, at.Path() == path ? parts.second : message);
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
  return s.ok() ? s : ErrorOfField(l, s.message());
}

}  // namespace iovalab
