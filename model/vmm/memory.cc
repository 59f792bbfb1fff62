#include "model/vmm/memory.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "absl/numeric/int128.h"

namespace iovalab {
namespace {

// Addresses while rendering: an alias may begin below 0 in its target's terms,
// and ends are exclusive.
using Wide = absl::int128;

// What is left of a piece of the address space that a region may show.
struct Window {
  Wide base;   // address of the region's first byte
  Wide first;  // clip, inclusive
  Wide end;    // clip, exclusive
};

class Renderer {
 public:
  Renderer(const RegionTree& tree, const std::vector<RegionState>& states)
      : tree_(tree), states_(states) {}

  FlatView Render(const Range<Gpa>& addresses) {
    const Window window{0, Wide(addresses.first.value),
                        Wide(addresses.last.value) + 1};
    RenderChildren(kNoIndex, window, kNoIndex, false);
    FlatView view;
    std::sort(ranges_.begin(), ranges_.end(),
              [](const FlatRange& a, const FlatRange& b) {
                return a.gpa.first < b.gpa.first;
              });
    for (const FlatRange& range : ranges_) Append(range, &view);
    return view;
  }

 private:
  // The window is not empty; in a container its addresses count from `base`,
  // which is not above it.
  void RenderChildren(uint32_t parent, const Window& window, uint32_t seen_as,
                      bool readonly) {
    const auto first = static_cast<uint64_t>(window.first - window.base);
    const auto last = static_cast<uint64_t>(window.end - 1 - window.base);
    tree_.ForEachChild(parent, first, last, [&](uint32_t child) {
      RenderRegion(child,
                   window.base + Wide(tree_.region(child).addr.first.value),
                   window, seen_as, readonly);
    });
  }

  // Renders a region whose first byte is at `base`, clipped to the window.
  void RenderRegion(uint32_t index, Wide base, const Window& outer,
                    uint32_t seen_as, bool readonly) {
    const RegionSpec& region = tree_.region(index);
    const RegionState& state = states_[index];
    if (!state.enabled) return;
    const Wide size =
        Wide(region.addr.last.value) - Wide(region.addr.first.value) + 1;
    Window window{base, std::max(outer.first, base),
                  std::min(outer.end, base + size)};
    if (window.first >= window.end) return;
    readonly = readonly || state.readonly;
    if (seen_as == kNoIndex) seen_as = index;
    if (region.alias_of != kNoIndex) {
      RenderRegion(region.alias_of, base - Wide(region.offset), window, seen_as,
                   readonly);
    } else if (region.kind == RegionKind::kContainer) {
      RenderChildren(index, window, seen_as == index ? kNoIndex : seen_as,
                     readonly);
    } else {
      RenderLeaf(index, window, seen_as, readonly);
    }
  }

  // Shows the leaf wherever nothing of higher priority is. Each piece of cover
  // that it touches becomes a part of one, so that none is met twice.
  void RenderLeaf(uint32_t index, const Window& window, uint32_t seen_as,
                  bool readonly) {
    FlatRange range;
    const RegionSpec& region = tree_.region(index);
    range.kind = region.kind;
    range.ram_block = region.ram_block;
    range.leaf = index;
    range.region = seen_as;
    range.readonly = readonly;
    range.is_protected = region.is_protected;
    const auto show = [&](uint64_t first, uint64_t last) {
      range.gpa = {Gpa(first), Gpa(last)};
      range.offset =
          region.offset + static_cast<uint64_t>(Wide(first) - window.base);
      ranges_.push_back(range);
    };
    const auto first = static_cast<uint64_t>(window.first);
    const auto last = static_cast<uint64_t>(window.end - 1);
    auto next = covered_.upper_bound(first);
    if (next != covered_.begin() && std::prev(next)->second >= first) --next;
    uint64_t from = first;  // of a union of what was and is covered
    uint64_t to = last;
    uint64_t at = first;
    while (next != covered_.end() && next->first <= last) {
      const auto [covered_from, covered_to] = *next;
      if (covered_from <= first && covered_to >= last) return;
      if (covered_from > at) show(at, covered_from - 1);
      from = std::min(from, covered_from);
      to = std::max(to, covered_to);
      next = covered_.erase(next);
      if (covered_to >= last) {
        covered_.emplace(from, to);
        return;
      }
      at = covered_to + 1;
    }
    show(at, last);
    covered_.emplace(from, to);
  }

  static void Append(const FlatRange& range, FlatView* view) {
    if (!view->empty()) {
      FlatRange& back = view->back();
      const uint64_t length = back.gpa.last - back.gpa.first + 1;
      if (back.gpa.last + 1 == range.gpa.first && back.SameMemory(range) &&
          back.offset + length == range.offset) {
        back.gpa.last = range.gpa.last;
        return;
      }
    }
    view->push_back(range);
  }

  const RegionTree& tree_;
  const std::vector<RegionState>& states_;
  std::map<uint64_t, uint64_t> covered_;  // first to last, disjoint
  std::vector<FlatRange> ranges_;         // disjoint
};

}  // namespace

RegionTree::RegionTree(const std::vector<RegionSpec>& regions)
    : regions_(regions), children_(regions.size() + 1) {
  std::vector<std::vector<uint32_t>> lists(regions.size() + 1);
  for (uint32_t i = 0; i < regions.size(); ++i) {
    const uint32_t parent = regions[i].container;
    lists[parent == kNoIndex ? regions.size() : parent].push_back(i);
  }
  for (size_t i = 0; i < lists.size(); ++i) {
    Index(std::move(lists[i]), &children_[i]);
  }
}

void RegionTree::Index(std::vector<uint32_t> in_order,
                       Children* children) const {
  std::stable_sort(in_order.begin(), in_order.end(),
                   [&](uint32_t a, uint32_t b) {
                     if (regions_[a].priority != regions_[b].priority) {
                       return regions_[a].priority > regions_[b].priority;
                     }
                     return a > b;
                   });
  std::vector<Child>& list = children->by_address;
  for (uint32_t rank = 0; rank < in_order.size(); ++rank) {
    const Range<Gpa>& addr = regions_[in_order[rank]].addr;
    list.push_back({addr.first.value, addr.last.value, in_order[rank], rank});
  }
  std::sort(list.begin(), list.end(), [](const Child& a, const Child& b) {
    return a.first != b.first ? a.first < b.first : a.rank < b.rank;
  });
  uint64_t greatest = 0;
  for (const Child& child : list) {
    greatest = std::max(greatest, child.last);
    children->last_through.push_back(greatest);
  }
}

FlatView RegionTree::Render(const std::vector<RegionState>& states,
                            const Range<Gpa>& window) const {
  return Renderer(*this, states).Render(window);
}

FlatView RenderFlatView(const std::vector<RegionSpec>& regions,
                        const std::vector<RegionState>& states) {
  return RegionTree(regions).Render(states, kAllAddresses);
}

FlatViewDiff DiffFlatViews(const FlatView& from, const FlatView& to) {
  FlatViewDiff diff;
  size_t i = 0;
  size_t j = 0;
  while (i < from.size() || j < to.size()) {
    if (i < from.size() && j < to.size() && from[i] == to[j]) {
      ++i;
      ++j;
    } else if (i < from.size() &&
               (j == to.size() || from[i].gpa.first <= to[j].gpa.first)) {
      diff.del.push_back(from[i++]);
    } else {
      diff.add.push_back(to[j++]);
    }
  }
  return diff;
}

}  // namespace iovalab
