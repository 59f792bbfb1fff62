#include "model/vmm/memory.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/random.h"

namespace iovalab {
namespace {

constexpr uint64_t kTop = UINT64_MAX;

std::vector<RegionState> StatesOf(const std::vector<RegionSpec>& regions) {
  std::vector<RegionState> states;
  for (const RegionSpec& r : regions) states.push_back({r.enabled, r.readonly});
  return states;
}

// What is at an address, asked of the tree region by region: QEMU's rules,
// without windows or ranges.
struct Seen {
  uint32_t leaf = kNoIndex;
  uint64_t offset = 0;
  bool readonly = false;
};

class Painter {
 public:
  Painter(const std::vector<RegionSpec>& regions,
          const std::vector<RegionState>& states)
      : regions_(regions), states_(states) {}

  // `addr` is in the terms of the container.
  std::optional<Seen> InContainer(uint32_t container, uint64_t addr,
                                  bool readonly) const {
    std::vector<uint32_t> order;
    for (uint32_t i = 0; i < regions_.size(); ++i) {
      if (regions_[i].container == container) order.insert(order.begin(), i);
    }
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      return regions_[a].priority > regions_[b].priority;
    });
    for (const uint32_t i : order) {
      const RegionSpec& r = regions_[i];
      if (!r.addr.Contains(Gpa(addr))) continue;
      const auto seen = InRegion(i, addr - r.addr.first.value, readonly);
      if (seen) return seen;
    }
    return std::nullopt;
  }

 private:
  // `at` is an offset in the region.
  std::optional<Seen> InRegion(uint32_t i, uint64_t at, bool readonly) const {
    const RegionSpec& r = regions_[i];
    if (!states_[i].enabled || at > r.addr.last - r.addr.first) {
      return std::nullopt;
    }
    readonly |= states_[i].readonly;
    if (r.alias_of != kNoIndex) {
      return InRegion(r.alias_of, at + r.offset, readonly);
    }
    if (r.kind == RegionKind::kContainer) return InContainer(i, at, readonly);
    return Seen{i, r.offset + at, readonly};
  }

  const std::vector<RegionSpec>& regions_;
  const std::vector<RegionState>& states_;
};

// An address space of two ends, 48 bytes each; regions of some bytes.
constexpr uint64_t kEnd = 48;

class RandomTree {
 public:
  explicit RandomTree(uint64_t seed) : random_(seed, 5) {
    const uint64_t n = random_.InRange(1, 9);
    for (uint32_t i = 0; i < n; ++i) Add(i);
  }
  std::vector<RegionSpec> regions;

 private:
  void Add(uint32_t index) {
    RegionSpec r;
    r.name = absl::StrCat(index);
    r.priority = static_cast<int32_t>(random_.Below(3)) - 1;
    r.enabled = random_.Chance(5, 6);
    r.readonly = random_.Chance(1, 4);
    uint64_t size_1 = random_.Below(16);
    switch (random_.Below(6)) {
      case 0:
        r.kind = RegionKind::kIo;
        break;
      case 1:
      case 2:
        r.kind = RegionKind::kContainer;
        if (random_.Chance(1, 5)) size_1 = kTop;
        break;
      default:
        r.ram_block = static_cast<uint32_t>(random_.Below(2));
        r.offset = random_.Below(8);
        r.is_protected = random_.Chance(1, 8);
    }
    if (index > 0 && random_.Chance(1, 3)) {
      const auto of = static_cast<uint32_t>(random_.Below(index));
      const uint64_t of_1 = regions[of].addr.last - regions[of].addr.first;
      r.kind = RegionKind::kRam;
      r.ram_block = kNoIndex;
      r.is_protected = false;
      r.alias_of = of;
      r.offset = random_.Below(std::min<uint64_t>(of_1, 15) + 1);
      size_1 = std::min(size_1, of_1 - r.offset);
    }
    uint64_t first = random_.Below(kEnd - 15);
    if (random_.Chance(1, 3))
      first = kTop - first - std::min<uint64_t>(size_1, 15);
    if (size_1 == kTop) first = 0;
    r.addr = {Gpa(first), Gpa(first + size_1)};
    if (random_.Chance(1, 3)) r.container = Container(index, r.alias_of);
    regions.push_back(r);
  }

  // A container that the region does not show, or none.
  uint32_t Container(uint32_t index, uint32_t shows) {
    std::vector<uint32_t> fit;
    for (uint32_t c = 0; c < index; ++c) {
      if (regions[c].kind == RegionKind::kContainer &&
          regions[c].alias_of == kNoIndex && !Reaches(shows, c)) {
        fit.push_back(c);
      }
    }
    return fit.empty() ? kNoIndex : fit[random_.Below(fit.size())];
  }
  // Whether `from` shows, or lies in what shows, anything of `container`.
  bool Reaches(uint32_t from, uint32_t container) const {
    if (from == kNoIndex) return false;
    if (from == container || Reaches(regions[from].alias_of, container)) {
      return true;
    }
    for (uint32_t i = 0; i < regions.size(); ++i) {
      if (regions[i].container == from && Reaches(i, container)) return true;
    }
    return false;
  }

  sim::Random random_;
};

TEST(RenderFlatView, IsWhatTheTreeShowsAddressByAddress) {
  int ranges = 0;
  int readonly = 0;
  int at_top = 0;
  int merged = 0;
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    const RandomTree tree(seed);
    const auto states = StatesOf(tree.regions);
    const Painter painter(tree.regions, states);
    const FlatView view = RenderFlatView(tree.regions, states);
    for (uint64_t i = 0; i < 2 * kEnd; ++i) {
      const uint64_t addr = i < kEnd ? i : kTop - (i - kEnd);
      SCOPED_TRACE(absl::StrCat("seed ", seed, " address ", absl::Hex(addr)));
      const auto want = painter.InContainer(kNoIndex, addr, false);
      const auto got = std::find_if(
          view.begin(), view.end(),
          [&](const FlatRange& r) { return r.gpa.Contains(Gpa(addr)); });
      ASSERT_EQ(want.has_value(), got != view.end());
      if (!want) continue;
      const RegionSpec& leaf = tree.regions[want->leaf];
      EXPECT_EQ(got->kind, leaf.kind);
      EXPECT_EQ(got->ram_block, leaf.ram_block);
      if (leaf.ram_block == kNoIndex) {
        EXPECT_EQ(got->leaf, want->leaf);
      }
      EXPECT_EQ(got->is_protected, leaf.is_protected);
      EXPECT_EQ(got->readonly, want->readonly);
      EXPECT_EQ(got->offset + (addr - got->gpa.first.value), want->offset);
      readonly += want->readonly;
      at_top += addr == kTop;
      merged += leaf.ram_block != kNoIndex && got->leaf != want->leaf;
    }
    // In order, disjoint, and joined wherever they continue each other.
    for (size_t i = 1; i < view.size(); ++i) {
      const FlatRange& a = view[i - 1];
      const FlatRange& b = view[i];
      ASSERT_LT(a.gpa.last, b.gpa.first);
      EXPECT_FALSE(a.gpa.last + 1 == b.gpa.first && a.SameMemory(b) &&
                   a.offset + (b.gpa.first - a.gpa.first) == b.offset);
    }
    ranges += static_cast<int>(view.size());
  }
  // The trees are rich enough to mean something.
  EXPECT_GT(ranges, 8000);
  EXPECT_GT(readonly, 1000);
  EXPECT_GT(at_top, 50);
  EXPECT_GT(merged, 100);
}

// Each covers all but a page of the one below it, whose pieces must not be met
// again for every region that follows.
TEST(RenderFlatView, CostsFollowRegionsWhereAllOverlap) {
  constexpr uint32_t kRegions = 100'000;
  constexpr uint64_t kLength = uint64_t{1} << 30;
  std::vector<RegionSpec> regions(kRegions);
  for (uint32_t i = 0; i < kRegions; ++i) {
    regions[i].addr = {Gpa(i * uint64_t{kPageSize}),
                       Gpa(i * uint64_t{kPageSize} + kLength - 1)};
    regions[i].ram_block = i;
  }
  const FlatView view =
      RenderFlatView(regions, std::vector<RegionState>(kRegions));
  ASSERT_EQ(view.size(), kRegions);
  for (uint32_t i = 0; i < kRegions - 1; ++i) {
    ASSERT_EQ(view[i].ram_block, i);
    ASSERT_EQ(view[i].gpa.last, regions[i].addr.first + (kPageSize - 1));
  }
  EXPECT_EQ(view.back().gpa, regions.back().addr);
}

TEST(DiffFlatViews, AppliedToOneGivesTheOther) {
  const auto key = [](const FlatRange& r) { return r.gpa.first; };
  const auto in_order = [&](const std::vector<FlatRange>& ranges) {
    return std::is_sorted(ranges.begin(), ranges.end(),
                          [&](const FlatRange& a, const FlatRange& b) {
                            return key(a) < key(b);
                          });
  };
  int kept = 0;
  int changed_in_place = 0;
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    SCOPED_TRACE(seed);
    const RandomTree tree(seed);
    sim::Random random(seed, 6);
    auto states = StatesOf(tree.regions);
    const FlatView from = RenderFlatView(tree.regions, states);
    for (RegionState& state : states) {
      if (random.Chance(1, 6)) state.enabled = !state.enabled;
      if (random.Chance(1, 6)) state.readonly = !state.readonly;
    }
    const FlatView to = RenderFlatView(tree.regions, states);
    const FlatViewDiff diff = DiffFlatViews(from, to);
    EXPECT_TRUE(in_order(diff.del) && in_order(diff.add));
    FlatView applied = from;
    for (const FlatRange& range : diff.del) {
      const auto at = std::find(applied.begin(), applied.end(), range);
      ASSERT_NE(at, applied.end());
      applied.erase(at);
    }
    kept += static_cast<int>(applied.size());
    for (const FlatRange& range : diff.add) {
      // Deletions come first, so that an addition never meets what it replaces.
      for (const FlatRange& there : applied) {
        ASSERT_FALSE(there.gpa.Intersects(range.gpa));
      }
      // Nothing is taken away and given back as it was.
      EXPECT_EQ(std::find(diff.del.begin(), diff.del.end(), range),
                diff.del.end());
      for (const FlatRange& gone : diff.del) {
        changed_in_place += gone.gpa == range.gpa;
      }
      applied.push_back(range);
    }
    std::sort(applied.begin(), applied.end(),
              [&](const FlatRange& a, const FlatRange& b) {
                return key(a) < key(b);
              });
    EXPECT_EQ(applied, to);
  }
  EXPECT_GT(kept, 1000);
  EXPECT_GT(changed_in_place, 100);
}

}  // namespace
}  // namespace iovalab
