#include "model/vmm/address_space.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sim/random.h"

namespace iovalab {
namespace {

constexpr uint64_t kSpace = 0x400;  // small, so that regions meet

// Leaves, containers and aliases, some in containers; what a region is in or an
// alias of comes before it, so there are no cycles.
std::vector<RegionSpec> RandomRegions(sim::Random& random, uint32_t n) {
  std::vector<RegionSpec> regions;
  for (uint32_t i = 0; i < n; ++i) {
    RegionSpec region;
    region.name = absl::StrCat("r", i);
    const uint64_t first = random.InRange(0, kSpace);
    region.addr = {Gpa(first), Gpa(first + random.InRange(0, kSpace / 4))};
    region.priority = static_cast<int32_t>(random.InRange(0, 2));
    region.enabled = random.InRange(0, 3) != 0;
    region.readonly = random.InRange(0, 5) == 0;
    const uint64_t kind = random.InRange(0, 5);
    if (kind == 0) {
      region.kind = RegionKind::kContainer;
    } else if (kind == 1 && i > 0) {
      region.alias_of = static_cast<uint32_t>(random.InRange(0, i - 1));
      region.offset = random.InRange(0, kSpace / 8);
    } else if (kind == 2) {
      region.kind = RegionKind::kIo;
    } else {
      region.ram_block = 0;
      // Mostly where it continues its neighbours.
      region.offset = first + (random.InRange(0, 3) == 0 ? 0x40 : 0);
    }
    if (i > 0 && random.InRange(0, 2) == 0) {
      const auto in = static_cast<uint32_t>(random.InRange(0, i - 1));
      // An alias of what it is in would have no end.
      const bool alias_of_leaf =
          region.alias_of != kNoIndex &&
          regions[region.alias_of].kind != RegionKind::kContainer &&
          regions[region.alias_of].alias_of == kNoIndex;
      if (regions[in].kind == RegionKind::kContainer &&
          (region.alias_of == kNoIndex || alias_of_leaf)) {
        region.container = in;
      }
    }
    regions.push_back(region);
  }
  return regions;
}

// What an address shows, found for it alone.
struct Shown {
  uint32_t leaf = kNoIndex;
  uint64_t offset = 0;
  bool readonly = false;
};

class Slow {
 public:
  Slow(const std::vector<RegionSpec>& regions,
       const std::vector<RegionState>& states)
      : regions_(regions), states_(states) {}

  std::optional<Shown> InContainer(uint32_t container, uint64_t at) const {
    std::vector<uint32_t> children;
    for (uint32_t i = 0; i < regions_.size(); ++i) {
      if (regions_[i].container == container) children.push_back(i);
    }
    std::sort(children.begin(), children.end(), [&](uint32_t a, uint32_t b) {
      return regions_[a].priority != regions_[b].priority
                 ? regions_[a].priority > regions_[b].priority
                 : a > b;
    });
    for (const uint32_t child : children) {
      if (!regions_[child].addr.Contains(Gpa(at))) continue;
      const auto shown = In(child, at - regions_[child].addr.first.value);
      if (shown) return shown;
    }
    return std::nullopt;
  }

 private:
  std::optional<Shown> In(uint32_t region, uint64_t at) const {
    const RegionSpec& spec = regions_[region];
    if (!states_[region].enabled || at > spec.addr.last - spec.addr.first) {
      return std::nullopt;
    }
    std::optional<Shown> shown;
    if (spec.alias_of != kNoIndex) {
      shown = In(spec.alias_of, at + spec.offset);
    } else if (spec.kind == RegionKind::kContainer) {
      shown = InContainer(region, at);
    } else {
      shown = Shown{region, spec.offset + at, false};
    }
    if (shown && states_[region].readonly) shown->readonly = true;
    return shown;
  }

  const std::vector<RegionSpec>& regions_;
  const std::vector<RegionState>& states_;
};

void ExpectShows(const FlatView& view, const std::vector<RegionSpec>& regions,
                 const std::vector<RegionState>& states) {
  const Slow slow(regions, states);
  for (uint64_t at = 0; at < 2 * kSpace; at += 3) {
    const std::optional<Shown> shown = slow.InContainer(kNoIndex, at);
    const FlatRange* in = nullptr;
    for (const FlatRange& range : view) {
      if (range.gpa.Contains(Gpa(at))) in = &range;
    }
    ASSERT_EQ(in != nullptr, shown.has_value()) << at;
    if (in == nullptr) continue;
    const RegionSpec& leaf = regions[shown->leaf];
    EXPECT_EQ(in->ram_block, leaf.ram_block);
    EXPECT_EQ(in->kind, leaf.kind);
    EXPECT_EQ(in->offset + (at - in->gpa.first.value), shown->offset);
    EXPECT_EQ(in->readonly, shown->readonly);
  }
}

// Field by field, with what operator== leaves out.
void ExpectSame(const FlatView& a, const FlatView& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE(a[i] == b[i]) << i;
    EXPECT_EQ(a[i].leaf, b[i].leaf) << i;
    EXPECT_EQ(a[i].region, b[i].region) << i;
  }
}

FlatView ViewOf(const AddressSpace& space) {
  FlatView view;
  for (const auto& [first, range] : space.view()) {
    EXPECT_EQ(first, range.gpa.first.value);
    view.push_back(range);
  }
  return view;
}

TEST(AddressSpace, EqualsARenderingOfEverythingAfterEveryTransaction) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    sim::Random random(seed, 1);
    const auto n = static_cast<uint32_t>(random.InRange(1, 40));
    const std::vector<RegionSpec> regions = RandomRegions(random, n);
    std::vector<RegionState> states;
    for (const RegionSpec& r : regions) {
      states.push_back({r.enabled, r.readonly});
    }
    AddressSpace space(regions);
    FlatView before = RenderFlatView(regions, states);
    ExpectSame(ViewOf(space), before);
    ExpectShows(before, regions, states);
    for (int transaction = 0; transaction < 40; ++transaction) {
      const uint64_t changes = random.InRange(0, 4);
      for (uint64_t c = 0; c < changes; ++c) {
        const auto region = static_cast<uint32_t>(random.InRange(0, n - 1));
        RegionState& state = states[region];
        if (random.InRange(0, 2) == 0) {
          state.readonly = !state.readonly;
        } else {
          state.enabled = !state.enabled;
        }
        space.Set(region, state);
      }
      const FlatViewDiff diff = space.Commit();
      const FlatView after = RenderFlatView(regions, states);
      const FlatViewDiff slow = DiffFlatViews(before, after);
      ExpectSame(ViewOf(space), after);
      ExpectSame(diff.del, slow.del);
      ExpectSame(diff.add, slow.add);
      ExpectShows(after, regions, states);
      if (HasFailure()) FAIL() << "seed " << seed << ", " << transaction;
      before = after;
    }
  }
}

TEST(AddressSpace, ReachesTheEndOfTheSpace) {
  std::vector<RegionSpec> regions(2);
  regions[0].ram_block = 0;
  regions[0].addr = {Gpa(0), Gpa(UINT64_MAX)};
  regions[1].kind = RegionKind::kIo;
  regions[1].addr = {Gpa(UINT64_MAX - 0xfff), Gpa(UINT64_MAX)};
  regions[1].priority = 1;
  AddressSpace space(regions);
  ASSERT_EQ(space.view().size(), 2u);
  space.Set(1, {/*enabled=*/false, /*readonly=*/false});
  EXPECT_EQ(space.Commit().add.size(), 1u);
  ASSERT_EQ(space.view().size(), 1u);
  EXPECT_EQ(space.view().at(0).gpa.last, Gpa(UINT64_MAX));
}

}  // namespace
}  // namespace iovalab
