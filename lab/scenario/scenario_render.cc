#include "lab/scenario/scenario_render.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lab/scenario/scenario_region_name.h"

namespace iovalab {
namespace {

constexpr size_t kShownInCycle = 6;

// To render a region one renders what it shows: an alias its target, a
// container what lies in it. Here the other way round: who shows a region.
// That is at most one container and any number of aliases, so the edges are two
// lists for each region, and as many as there are aliases and containers.
class Graph {
 public:
  explicit Graph(const std::vector<RegionSpec>& regions)
      : regions_(regions),
        waiting_(regions.size()),
        first_alias_(regions.size(), kNoIndex),
        next_alias_(regions.size(), kNoIndex) {
    for (uint32_t i = 0; i < regions.size(); ++i) {
      if (regions[i].container != kNoIndex) ++waiting_[regions[i].container];
      if (regions[i].alias_of == kNoIndex) continue;
      ++waiting_[i];
      next_alias_[i] = first_alias_[regions[i].alias_of];
      first_alias_[regions[i].alias_of] = i;
    }
  }

  // Regions so that each stands behind all that it shows; those that show
  // themselves are left out.
  std::vector<uint32_t> Order() {
    std::vector<uint32_t> order;
    for (uint32_t i = 0; i < regions_.size(); ++i) {
      if (waiting_[i] == 0) order.push_back(i);
    }
    for (size_t n = 0; n < order.size(); ++n) {
      ForEachShower(order[n], [&](uint32_t shower) {
        if (--waiting_[shower] == 0) order.push_back(shower);
      });
    }
    return order;
  }

  // After Order(): it is in no order, so it shows itself or one that does.
  bool Stuck(uint32_t i) const { return waiting_[i] > 0; }

  template <typename F>
  void ForEachShower(uint32_t i, F f) const {
    if (regions_[i].container != kNoIndex) f(regions_[i].container);
    for (uint32_t a = first_alias_[i]; a != kNoIndex; a = next_alias_[a]) f(a);
  }

 private:
  const std::vector<RegionSpec>& regions_;
  std::vector<uint32_t> waiting_;  // how many it shows that have no place yet
  std::vector<uint32_t> first_alias_;
  std::vector<uint32_t> next_alias_;  // of the same target
};

// Some stuck region that each stuck one shows: its alias's target, else the
// first stuck one that lies in it.
std::vector<uint32_t> StuckSteps(const std::vector<RegionSpec>& regions,
                                 const Graph& graph) {
  std::vector<uint32_t> next(regions.size(), kNoIndex);
  for (uint32_t i = 0; i < regions.size(); ++i) {
    if (!graph.Stuck(i)) continue;
    if (regions[i].alias_of != kNoIndex) next[i] = regions[i].alias_of;
    const uint32_t container = regions[i].container;
    if (container != kNoIndex && next[container] == kNoIndex) {
      next[container] = i;
    }
  }
  return next;
}

absl::Status CycleError(const Loading& l, const Graph& graph) {
  const std::vector<RegionSpec>& regions = l.out->regions;
  const std::vector<uint32_t> next = StuckSteps(regions, graph);
  uint32_t i = 0;
  while (!graph.Stuck(i)) ++i;
  std::vector<bool> seen(regions.size());
  while (!seen[i]) {
    seen[i] = true;
    i = next[i];
  }
  std::vector<uint32_t> cycle = {i};
  for (uint32_t j = next[i]; j != i; j = next[j]) cycle.push_back(j);
  // Told from its first alias in the file, else from its first container: what
  // these say makes the circle.
  std::rotate(cycle.begin(),
              std::min_element(
                  cycle.begin(), cycle.end(),
                  [&](uint32_t a, uint32_t b) {
                    const bool a_contains = regions[a].alias_of == kNoIndex;
                    const bool b_contains = regions[b].alias_of == kNoIndex;
                    return std::pair(a_contains, a) < std::pair(b_contains, b);
                  }),
              cycle.end());
  std::string names;
  for (size_t n = 0; n < cycle.size(); ++n) {
    if (n == kShownInCycle) {
      absl::StrAppend(&names, " shows ", cycle.size() - n, " more");
      break;
    }
    absl::StrAppend(&names, n == 0 ? "" : " shows ",
                    Quote(regions[cycle[n]].name));
  }
  const Place at = RegionPlace(l, cycle[0]);
  return l.where.Error(
      at.At(regions[cycle[0]].alias_of != kNoIndex ? "alias_of" : "container"),
      absl::StrCat("a region shows itself: ", names, " shows ",
                   Quote(regions[cycle[0]].name),
                   "; aliases and containers must end at another"));
}

}  // namespace

absl::Status CheckRendering(const Loading& l) {
  const std::vector<RegionSpec>& regions = l.out->regions;
  Graph graph(regions);
  const std::vector<uint32_t> order = graph.Order();
  if (order.size() < regions.size()) return CycleError(l, graph);

  const uint64_t most = l.limits.max_rendered;
  std::vector<uint64_t> visits(regions.size(), 1);  // at most most + 1
  std::vector<uint32_t> depth(regions.size(), 1);
  uint64_t total = 0;
  for (uint32_t i : order) {
    const Place at = RegionPlace(l, i);
    if (depth[i] > l.limits.max_depth) {
      return l.where.Error(
          at,
          absl::StrCat("aliases and containers below ", Quote(regions[i].name),
                       " nest more than ", l.limits.max_depth,
                       " deep (--max-depth raises it)"));
    }
    if (regions[i].container == kNoIndex) total += visits[i];
    if (total > most || visits[i] > most) {
      return l.where.Error(
          at, absl::StrCat("to render it and those before it would visit more "
                           "than ",
                           most,
                           " regions; fewer aliases of containers "
                           "(--max-rendered raises it)"));
    }
    graph.ForEachShower(i, [&](uint32_t shower) {
      depth[shower] = std::max(depth[shower], depth[i] + 1);
      visits[shower] = std::min(visits[shower] + visits[i], most + 1);
    });
  }
  return absl::OkStatus();
}

}  // namespace iovalab
