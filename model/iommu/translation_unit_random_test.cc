// TranslationUnit against SlowUnit, which asks the caches for every page:
// random maps, unmaps, invalidations and accesses of 1 byte to several GiB. The
// same translations, the same contents of every cache, and L4's stores hold
// them.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "model/event/trace.h"
#include "model/iommu/cache_record.h"
#include "model/iommu/translation_unit.h"
#include "model/iommu/translation_unit_slow.h"
#include "model/iommu/translation_unit_testing.h"
#include "sim/random.h"

namespace iovalab {
namespace {

constexpr uint64_t kMiB = 1 << 20, kGiB = 1 << 30;

struct Setting {
  absl::string_view format;
  UnitShape shape;
  int ops = 0;
  int longest = 0;  // accesses are up to 2^longest bytes, and half as long more
};

class Pair {
 public:
  Pair(const Setting& setting, uint64_t seed)
      : format_(*FindFormat(setting.format)),
        setting_(setting),
        random_(seed, 0),
        table_(&format_),
        unit_(setting.shape, 0x28),
        slow_(setting.shape, 0x28),
        sink_(&stores_, &trace_) {
    for (int b = 12; b <= 30; ++b) {
      if (format_.HasLeafSize(b)) sizes_.push_back(b);
    }
    unit_.window.mode = static_cast<StaleWindow::Mode>(random_.Below(4));
    unit_.window.random = sim::Random(seed, 1);
    unit_.window.script = random_.Next64();
    slow_.window = unit_.window;
    const uint64_t left = format_.last_position() - kGiB;
    far_last_ = kGiB + std::min(8 * kGiB, left / 2) - 1;
  }

  void Step() {
    sink_.Begin(++now_, kNoEventIndex);
    sink_.SetCause(sink_.Emit(Kind::kStep, Actor::kScript, Rule::kNone,
                              {sink_.Intern("step"), sink_.Intern("step")}));
    const uint64_t op = random_.Below(20);
    if (op < 4) {
      Map();
    } else if (op < 7) {
      Unmap();
    } else if (op < 9) {
      Invalidate();
    } else {
      Access();
    }
    Compare();
  }

  void CompareFold() {
    Stores fold;
    for (EventIndex i = 0; i < trace_.size(); ++i) {
      if (trace_.event(i).kind != Kind::kDelta) continue;
      fold.Apply(*DeltaFromWords(trace_.words(i), trace_.event(i).rule), i);
    }
    EXPECT_TRUE(SameContents(fold, stores_));
    EXPECT_EQ(fold.fingerprint(), stores_.fingerprint());
  }

  uint64_t long_accesses() const { return long_; }
  uint64_t stale() const { return stale_; }

 private:
  // A page of one of two areas: a small one, and one of GiBs.
  uint64_t Page() {
    return random_.Chance(2, 3)
               ? 4 * kMiB + random_.Below(8 * kMiB / 4096) * 4096
               : kGiB + random_.Below((far_last_ - kGiB) / 4096) * 4096;
  }
  uint64_t AreaLast(uint64_t iova) const {
    return iova < kGiB ? 12 * kMiB - 1 : far_last_;
  }

  void Map() {
    MapArgs args;
    const int size = sizes_[random_.Below(sizes_.size())];
    args.size_bits = static_cast<uint8_t>(random_.Chance(1, 2) ? 12 : size);
    if (!format_.HasLeafSize(args.size_bits)) args.size_bits = sizes_[0];
    const uint64_t leaf = uint64_t{1} << args.size_bits;
    args.first = Page() / leaf * leaf;
    const uint64_t room = args.first > far_last_ - leaf
                              ? 1
                              : (AreaLast(args.first) -
                                 std::min(args.first, AreaLast(args.first))) /
                                        leaf +
                                    1;
    uint64_t leaves = random_.InRange(1, std::min<uint64_t>(room, 6));
    if (random_.Chance(1, 3)) leaves = room;
    args.last = args.first + (leaves * leaf - 1);
    if (args.last > format_.last_position()) return;
    args.address =
        random_.Below(64) * (uint64_t{1} << 30) & (format_.output_mask() >> 1);
    // Sometimes what is there already in other leaves.
    if (random_.Chance(1, 3)) args.address = args.first;
    // Or one frame, again and again.
    args.constant = random_.Chance(1, 12);
    args.perm = static_cast<uint32_t>(random_.Chance(3, 4) ? 3 : 1);
    // Drivers split a leaf before they write into it: AMD's large ones lie in
    // several entries.
    table_.Unmap(
        args.first, args.last, PartialLeaf::kSplit,
        random_.Chance(1, 2) ? FreeTables::kNone : FreeTables::kCovered);
    ASSERT_EQ(table_.Map(args), MapStatus::kOk);
  }

  void Unmap() {
    const uint64_t first = Page();
    uint64_t last = first + random_.InRange(1, 8) * 4096 - 1;
    if (random_.Chance(1, 3)) last = first + random_.Below(2 * kMiB) / 4096;
    if (random_.Chance(1, 6)) last = AreaLast(first);
    table_.Unmap(
        first, std::min(last | 0xfff, AreaLast(first)),
        random_.Chance(1, 2) ? PartialLeaf::kDrop : PartialLeaf::kSplit,
        random_.Chance(1, 2) ? FreeTables::kNone : FreeTables::kCovered);
  }

  void Invalidate() {
    Invalidation i;
    constexpr InvalidationKind kKinds[] = {
        InvalidationKind::kPages,  InvalidationKind::kPages,
        InvalidationKind::kPages,  InvalidationKind::kDomain,
        InvalidationKind::kGlobal, InvalidationKind::kDevice};
    i.kind = kKinds[random_.Below(std::size(kKinds))];
    i.address = Page();
    i.mask = static_cast<uint8_t>(random_.Below(12));
    i.leaf_only = random_.Chance(1, 2);
    i.source_id = 0x28;
    const sim::Time done =
        SubmitWaiting(unit_.queue, i, sim::Time{sink_.time()});
    RunInvalidations(unit_, done, sink_);
    Apply(i, slow_.caches);
  }

  void Access() {
    const uint64_t first = Page() + random_.Below(4096);
    uint64_t length = random_.InRange(1, 3 * 4096);
    if (random_.Chance(1, 3)) {
      const uint64_t some = uint64_t{1}
                            << random_.InRange(12, setting_.longest);
      length = some + random_.Below(some);
    }
    const uint64_t last = first + std::min(length - 1, AreaLast(first) - first);
    const bool write = random_.Chance(1, 2);
    uint64_t at = first;
    for (int pieces = 0; pieces < 100; ++pieces) {
      const uint64_t end = AlikeEnd(table_, at, last);
      const Translation fast = Translate(unit_, table_, at, end, write, sink_);
      const SlowUnit::Result slow =
          slow_.Access(table_, at, end, write ? kAccessWrite : kAccessRead);
      ASSERT_EQ(fast.walk.ok, slow.ok) << at;
      ASSERT_EQ(fast.stale, slow.stale) << at;
      ASSERT_EQ(fast.last, slow.last) << at << " to " << end;
      ASSERT_EQ(fast.walk.reason, slow.reason) << at;
      ASSERT_EQ(unit_.window.choices, slow_.window.choices);
      if (slow.ok) {
        ASSERT_EQ(fast.walk.pa, slow.pa) << at;
      }
      long_ += fast.last - at > 4 * kMiB;
      stale_ += fast.stale;
      if (!fast.walk.ok || fast.last >= last) return;
      ASSERT_GE(fast.last, at);
      at = fast.last + 1;
    }
  }

  static std::vector<IotlbEntry> Sorted(const Iotlb& cache) {
    std::vector<IotlbEntry> entries = cache.Entries();
    std::sort(entries.begin(), entries.end(), [](auto& a, auto& b) {
      return std::pair(a.shift, a.first) < std::pair(b.shift, b.first);
    });
    return entries;
  }

  void Compare() {
    const auto same = [&](const Iotlb& fast, const Iotlb& slow,
                          StoreKind kind) {
      ASSERT_EQ(Sorted(fast), Sorted(slow)) << static_cast<int>(kind);
      ASSERT_TRUE(StoresHold(stores_, kind, fast));
    };
    same(unit_.caches.iotlb, slow_.caches.iotlb, StoreKind::kHwIotlb);
    same(unit_.caches.walk, slow_.caches.walk, StoreKind::kWalkCache);
    if (unit_.caches.devices.empty()) return;
    same(unit_.caches.devices[0].atc, slow_.caches.devices[0].atc,
         StoreKind::kAtc);
  }

  const Format& format_;
  Setting setting_;
  sim::Random random_;
  PageTable table_;
  TranslationUnit unit_;
  SlowUnit slow_;
  Stores stores_;
  Trace trace_;
  Sink sink_;
  std::vector<int> sizes_;
  uint64_t far_last_ = 0;
  int64_t now_ = 0;
  uint64_t long_ = 0;
  uint64_t stale_ = 0;
};

IotlbShape Shape(absl::string_view like, uint32_t sets, uint32_t ways) {
  IotlbShape shape = IotlbShapeOf(like);
  shape.sets = sets;
  shape.ways = ways;
  return shape;
}

// Caches that together have every row of IotlbShapes; small ones where long
// accesses are to be far longer than what they hold.
std::vector<UnitShape> Shapes() {
  const IotlbShape none = IotlbShapeOf("none");
  const IotlbShape walk = Shape("walk", 1, 1);
  const IotlbShape atc = IotlbShapeOf("atc");
  return {
      {IotlbShapeOf("iotlb"), none},
      {IotlbShapeOf("iotlb"), walk},
      {IotlbShapeOf("iotlb"), Shape("walk", 2, 1), atc},
      {IotlbShapeOf("split"), none, IotlbShapeOf("split")},
      {IotlbShapeOf("covered"), walk},
      {Shape("qemu_vtd", 1, 64), none},
      {Shape("qemu_vtd_7_2", 1, 16), none, atc},
      {Shape("iotlb", 1, 3), Shape("walk", 1, 2), Shape("qemu_vtd", 1, 8)},
      {none, walk, Shape("atc", 2, 2)},
      {Shape("iotlb", 4, 1), none, Shape("atc", 1, 4)},
      {IotlbShapeOf("iotlb"), IotlbShapeOf("walk"), atc},
      {none, none},
      {none, Shape("walk", 2, 1)},
      {IotlbShapeOf("walk"), Shape("iotlb", 1, 4)},
      {Shape("iotlb", 1, 2), Shape("walk", 1, 3), Shape("atc", 1, 2)},
  };
}

void RunPair(const Setting& setting, uint64_t seed, uint64_t& long_accesses,
             uint64_t& stale) {
  SCOPED_TRACE(absl::StrCat(setting.format, " seed ", seed));
  Pair pair(setting, seed);
  for (int i = 0; i < setting.ops; ++i) {
    pair.Step();
    if (testing::Test::HasFatalFailure()) {
      ADD_FAILURE() << "in operation " << i;
      return;
    }
  }
  pair.CompareFold();
  long_accesses += pair.long_accesses();
  stale += pair.stale();
}

class TranslationUnitRandom : public testing::TestWithParam<absl::string_view> {
};

TEST_P(TranslationUnitRandom, AsPageByPage) {
  const std::vector<UnitShape> shapes = Shapes();
  uint64_t long_accesses = 0, stale = 0;
  for (size_t s = 0; s < shapes.size(); ++s) {
    SCOPED_TRACE(absl::StrCat("shape ", s));
    ASSERT_TRUE(CheckUnitShape(shapes[s]).ok());
    for (uint64_t seed = 1; seed <= 12; ++seed) {
      RunPair({GetParam(), shapes[s], 150, 24}, seed, long_accesses, stale);
      if (HasFailure()) return;
    }
    for (uint64_t seed = 101; seed <= 102; ++seed) {
      RunPair({GetParam(), shapes[s], 120, 32}, seed, long_accesses, stale);
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(long_accesses, 100u);
  EXPECT_GT(stale, 100u);
}

INSTANTIATE_TEST_SUITE_P(Formats, TranslationUnitRandom,
                         testing::Values("toy", "vtd3", "vtd5", "amdv1",
                                         "lpae_s2", "s390", "riscv48",
                                         "riscv39x4", "lpae_s2_16k"),
                         [](const auto& info) {
                           return std::string(info.param);
                         });

}  // namespace
}  // namespace iovalab
