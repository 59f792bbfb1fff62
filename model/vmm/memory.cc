#include "model/vmm/memory.h"

#include <algorithm>
#include <optional>

#include "absl/numeric/int128.h"
#include "model/addr/interval_table.h"

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
  Renderer(const std::vector<RegionSpec>& regions,
           const std::vector<RegionState>& states)
      : regions_(regions), states_(states), covered_(false) {
    children_.resize(regions.size() + 1);
    for (uint32_t i = 0; i < regions.size(); ++i) {
      const uint32_t parent = regions[i].container;
      children_[parent == kNoIndex ? regions.size() : parent].push_back(i);
    }
    for (std::vector<uint32_t>& list : children_) {
      // Higher priority first; of equals the later one, as it was added last.
      std::stable_sort(list.begin(), list.end(), [&](uint32_t a, uint32_t b) {
        if (regions[a].priority != regions[b].priority) {
          return regions[a].priority > regions[b].priority;
        }
        return a > b;
      });
    }
  }

  FlatView Render() {
    RenderChildren(regions_.size(), {0, 0, Wide(1) << 64}, kNoIndex, false);
    FlatView view;
    covered_.ForEach([&](const Entry& e) { Append(ranges_[e.target], &view); });
    return view;
  }

 private:
  void RenderChildren(size_t parent, const Window& window, uint32_t seen_as,
                      bool readonly) {
    for (const uint32_t child : children_[parent]) {
      RenderRegion(child, window.base + Wide(regions_[child].addr.first.value),
                   window, seen_as, readonly);
    }
  }

  // Renders a region whose first byte is at `base`, clipped to the window.
  void RenderRegion(uint32_t index, Wide base, const Window& outer,
                    uint32_t seen_as, bool readonly) {
    const RegionSpec& region = regions_[index];
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

  // Shows the leaf wherever nothing of higher priority is.
  void RenderLeaf(uint32_t index, const Window& window, uint32_t seen_as,
                  bool readonly) {
    const RegionSpec& region = regions_[index];
    uint64_t at = static_cast<uint64_t>(window.first);
    const uint64_t last = static_cast<uint64_t>(window.end - 1);
    while (true) {
      const std::optional<Entry> next = covered_.FirstIn(at, last);
      if (!next || next->first > at) {
        FlatRange range;
        range.gpa = {Gpa(at), Gpa(next ? next->first - 1 : last)};
        range.kind = region.kind;
        range.ram_block = region.ram_block;
        range.leaf = index;
        range.region = seen_as;
        range.offset =
            region.offset + static_cast<uint64_t>(Wide(at) - window.base);
        range.readonly = readonly;
        range.is_protected = region.is_protected;
        Cover(range);
      }
      if (!next || next->last >= last) return;
      at = next->last + 1;
    }
  }

  void Cover(const FlatRange& range) {
    Entry entry;
    entry.first = range.gpa.first.value;
    entry.last = range.gpa.last.value;
    entry.target = ranges_.size();
    covered_.Insert(entry);
    ranges_.push_back(range);
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

  const std::vector<RegionSpec>& regions_;
  const std::vector<RegionState>& states_;
  std::vector<std::vector<uint32_t>> children_;  // last: the address space
  IntervalTable covered_;                        // target: index in ranges_
  std::vector<FlatRange> ranges_;
};

}  // namespace

FlatView RenderFlatView(const std::vector<RegionSpec>& regions,
                        const std::vector<RegionState>& states) {
  return Renderer(regions, states).Render();
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
