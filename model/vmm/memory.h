#ifndef IOVALAB_MODEL_VMM_MEMORY_H_
#define IOVALAB_MODEL_VMM_MEMORY_H_

// The VMM's memory API: regions with aliases, containers and priorities,
// rendered to a flat view; and the difference of two flat views, which is what
// listeners see of a transaction.
//
// Not for: what a listener does with a section (listener.h).
//
// Source: QEMU 10.1 system/memory.c (render_memory_region, flatview_simplify,
// address_space_update_topology_pass).
//
// Invariants: the ranges of a flat view are disjoint and in address order;
// neighbours that continue each other in the same memory are one range.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/addr/address.h"
#include "model/addr/range.h"
#include "model/scenario.h"

namespace iovalab {

// One range of the flat view; QEMU's FlatRange, and the MemoryRegionSection
// that listeners get.
struct FlatRange {
  Range<Gpa> gpa;
  RegionKind kind = RegionKind::kRam;
  // What it shows: for RAM the block, else the leaf region. Ranges of one
  // memory that continue each other merge.
  uint32_t ram_block = kNoIndex;
  uint32_t leaf = kNoIndex;    // the first one where ranges merged
  uint32_t region = kNoIndex;  // outermost name: the region or alias it is seen
                               // through; the first one where ranges merged
  uint64_t offset = 0;         // in the block or region, of gpa.first
  bool readonly = false;
  bool is_protected = false;

  // Same memory seen the same way: what QEMU's flatrange_equal compares.
  friend bool operator==(const FlatRange& a, const FlatRange& b) {
    return a.gpa == b.gpa && a.SameMemory(b) && a.offset == b.offset;
  }
  bool SameMemory(const FlatRange& b) const {
    return kind == b.kind && ram_block == b.ram_block &&
           (ram_block != kNoIndex || leaf == b.leaf) &&
           readonly == b.readonly && is_protected == b.is_protected;
  }
};

using FlatView = std::vector<FlatRange>;

// What can change of a region at run time.
struct RegionState {
  bool enabled = true;
  bool readonly = false;
};

inline constexpr Range<Gpa> kAllAddresses{Gpa(0), Gpa(UINT64_MAX)};

// The regions with what is in each, found by address and ordered by priority.
class RegionTree {
 public:
  explicit RegionTree(const std::vector<RegionSpec>& regions);

  const RegionSpec& region(uint32_t i) const { return regions_[i]; }
  size_t size() const { return regions_.size(); }

  // The part of the address space that lies in `window`; ranges that reach
  // beyond are cut. `states` has one element a region.
  FlatView Render(const std::vector<RegionState>& states,
                  const Range<Gpa>& window) const;

  // Calls f(region) for what lies directly in a container (kNoIndex: the
  // address space) and touches [first, last] of its addresses: higher priority
  // first; of equals the later one, as it was added last.
  template <typename F>
  void ForEachChild(uint32_t container, uint64_t first, uint64_t last,
                    F f) const {
    const Children& in =
        children_[container == kNoIndex ? regions_.size() : container];
    std::vector<Child> touching;
    for (size_t i = FirstReaching(in, first);
         i < in.by_address.size() && in.by_address[i].first <= last; ++i) {
      if (in.by_address[i].last >= first) touching.push_back(in.by_address[i]);
    }
    std::sort(touching.begin(), touching.end(),
              [](const Child& a, const Child& b) { return a.rank < b.rank; });
    for (const Child& child : touching) f(child.region);
  }

 private:
  struct Child {
    uint64_t first, last;
    uint32_t region;
    uint32_t rank;  // in the order of priority
  };
  struct Children {
    std::vector<Child> by_address;
    std::vector<uint64_t> last_through;  // the greatest last of 0...i
  };

  static size_t FirstReaching(const Children& in, uint64_t first) {
    return std::lower_bound(in.last_through.begin(), in.last_through.end(),
                            first) -
           in.last_through.begin();
  }
  void Index(std::vector<uint32_t> in_order, Children* children) const;

  std::vector<RegionSpec> regions_;
  std::vector<Children> children_;  // last: of the address space
};

// Renders the address space of all outermost regions. `states` has one element
// a region. Regions are those of a validated scenario: no cycles.
FlatView RenderFlatView(const std::vector<RegionSpec>& regions,
                        const std::vector<RegionState>& states);

// The deletions, then the additions, each in address order, that lead from one
// view to the other. A range that only changes its extent is deleted and added.
struct FlatViewDiff {
  std::vector<FlatRange> del;
  std::vector<FlatRange> add;
};
FlatViewDiff DiffFlatViews(const FlatView& from, const FlatView& to);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_VMM_MEMORY_H_
