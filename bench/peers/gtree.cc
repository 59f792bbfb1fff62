// GLib's balanced tree used as QEMU's iova-tree uses it (behaviour of QEMU 7.2
// util/iova-tree.c): one tree, its nodes allocated one by one and compared by
// overlap; an insertion looks first; HVA to IOVA and first fit are scans.

#include <glib.h>

#include <cstdint>
#include <memory>

#include "bench/tree_workload.h"

namespace iovalab::bench {
namespace {

struct Map {
  std::uint64_t first, last, target;
  std::uint32_t perm;
};

std::uint64_t TargetLast(const Map& m) { return m.target + (m.last - m.first); }

int Compare(gconstpointer a, gconstpointer b, gpointer /*data*/) {
  const Map& x = *static_cast<const Map*>(a);
  const Map& y = *static_cast<const Map*>(b);
  return x.first > y.last ? 1 : x.last < y.first ? -1 : 0;
}

struct ReverseScan {
  std::uint64_t hva;
  const Map* found;
};

gboolean VisitForReverse(gpointer key, gpointer /*value*/, gpointer data) {
  const Map& map = *static_cast<const Map*>(key);
  auto& scan = *static_cast<ReverseScan*>(data);
  if (scan.hva < map.target || TargetLast(map) < scan.hva) return FALSE;
  scan.found = &map;
  return TRUE;
}

struct HoleScan {
  std::uint64_t size_minus_1;
  std::uint64_t hole;  // where one may begin
};

gboolean VisitForHole(gpointer key, gpointer /*value*/, gpointer data) {
  const Map& map = *static_cast<const Map*>(key);
  auto& scan = *static_cast<HoleScan*>(data);
  if (map.first > scan.hole && map.first - scan.hole > scan.size_minus_1) {
    return TRUE;
  }
  scan.hole = map.last + 1;
  return FALSE;
}

class Tree {
 public:
  void Insert(const Entry& e) {
    Map wanted{e.first, e.last, e.target, e.perm};
    if (g_tree_lookup(tree_.get(), &wanted) != nullptr) return;
    auto* map = static_cast<Map*>(g_malloc0(sizeof(Map)));
    *map = wanted;
    g_tree_insert(tree_.get(), map, map);
  }
  void Erase(const Entry& e) {
    const Map wanted{e.first, e.last, 0, 0};
    g_tree_remove(tree_.get(), &wanted);
  }
  std::uint64_t Find(std::uint64_t iova) const {
    const Map wanted{iova, iova, 0, 0};
    const auto* map =
        static_cast<const Map*>(g_tree_lookup(tree_.get(), &wanted));
    return map != nullptr ? map->target : 0;
  }
  std::uint64_t Reverse(std::uint64_t hva) const {
    ReverseScan scan{hva, nullptr};
    g_tree_foreach(tree_.get(), VisitForReverse, &scan);
    return scan.found != nullptr ? scan.found->first : 0;
  }
  std::uint64_t Hole(std::uint64_t size_minus_1) const {
    HoleScan scan{size_minus_1, kFirstIova};
    g_tree_foreach(tree_.get(), VisitForHole, &scan);
    return scan.hole;
  }

 private:
  struct Destroy {
    void operator()(GTree* tree) const { g_tree_destroy(tree); }
  };
  std::unique_ptr<GTree, Destroy> tree_{
      g_tree_new_full(Compare, nullptr, nullptr, g_free)};
};

[[maybe_unused]] const bool kAdded =
    AddTreePeer(MakeTreePeer<Tree>("GTree, QEMU's way"));

}  // namespace
}  // namespace iovalab::bench
