#include "model/vmm/svq.h"

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/vmm/listener_testing.h"
#include "sim/random.h"

namespace iovalab {
namespace {

using ::testing::ElementsAre;

Entry Of(uint64_t first, uint64_t last, uint64_t target) {
  Entry e;
  e.first = first;
  e.last = last;
  e.target = target;
  return e;
}

std::string Print(const SvqBuffer& p) {
  return absl::StrCat(absl::Hex(p.gpa), "@", absl::Hex(p.hva), "/",
                      absl::Hex(p.ram_addr), "+", absl::Hex(p.length));
}

struct Cut {
  bool whole = false;
  std::vector<std::string> pieces;
  uint64_t bad = 0;
};

Cut CutBuffer(const IntervalTable& view, const RamBlockIndex& blocks,
              uint64_t gpa, uint64_t length) {
  std::vector<SvqBuffer> pieces;
  Cut cut;
  cut.whole = MapGuestBuffer(view, blocks, gpa, length, &pieces, &cut.bad);
  for (const SvqBuffer& p : pieces) cut.pieces.push_back(Print(p));
  return cut;
}

TEST(MapGuestBuffer, CutsAtSectionBorders) {
  IntervalTable view(false);
  view.Insert(Of(0x1000, 0x2fff, 0x50000));
  view.Insert(Of(0x3000, 0x3fff, 0x40000));
  view.Insert(Of(UINT64_MAX - 0xfff, UINT64_MAX, 0x60000));
  RamBlockIndex blocks(false);
  blocks.Insert(Of(0x40000, 0x4ffff, 0x0));
  blocks.Insert(Of(0x50000, 0x6ffff, 0x800000));

  Cut cut = CutBuffer(view, blocks, 0x1800, 0x1800);
  EXPECT_TRUE(cut.whole);
  EXPECT_THAT(cut.pieces, ElementsAre("1800@50800/800800+1800"));
  cut = CutBuffer(view, blocks, 0x2800, 0x1001);
  EXPECT_TRUE(cut.whole);
  EXPECT_THAT(cut.pieces,
              ElementsAre("2800@51800/801800+800", "3000@40000/0+801"));
  // What comes before a hole is still there.
  cut = CutBuffer(view, blocks, 0x3fff, 2);
  EXPECT_FALSE(cut.whole);
  EXPECT_EQ(cut.bad, 0x4000u);
  EXPECT_THAT(cut.pieces, ElementsAre("3fff@40fff/fff+1"));
  cut = CutBuffer(view, blocks, 0xfff, 1);
  EXPECT_FALSE(cut.whole);
  EXPECT_EQ(cut.bad, 0xfffu);
  EXPECT_TRUE(cut.pieces.empty());
  // To the last byte of the space.
  cut = CutBuffer(view, blocks, UINT64_MAX - 0x7ff, 0x800);
  EXPECT_TRUE(cut.whole);
  EXPECT_THAT(cut.pieces, ElementsAre("fffffffffffff800@60800/810800+800"));
}

TEST(MapGuestBuffer, IsWhatEachByteSays) {
  sim::Random random(3, 4);
  IntervalTable view(false);
  RamBlockIndex blocks(false);
  blocks.Insert(Of(0x1000, 0x1fff, 0x0));
  for (uint64_t at = 0; at < 400;) {
    const uint64_t size = random.InRange(1, 12);
    view.Insert(Of(at, at + size - 1, 0x1000 + random.Below(0x800)));
    at += size + (random.Chance(1, 3) ? random.Below(4) : 0);
  }
  for (int i = 0; i < 3000; ++i) {
    const uint64_t gpa = random.Below(420);
    const uint64_t length = random.InRange(1, 40);
    std::vector<SvqBuffer> pieces;
    uint64_t bad = 0;
    const bool whole = MapGuestBuffer(view, blocks, gpa, length, &pieces, &bad);
    uint64_t at = gpa;
    for (const SvqBuffer& p : pieces) {
      ASSERT_EQ(p.gpa, at);
      ASSERT_GT(p.length, 0u);
      for (uint64_t k = 0; k < p.length; ++k) {
        ASSERT_EQ(view.Find(at + k)->Translate(at + k), p.hva + k);
      }
      EXPECT_EQ(p.ram_addr, p.hva - 0x1000);
      at += p.length;
    }
    EXPECT_EQ(whole, at == gpa + length);
    if (!whole) {
      EXPECT_EQ(bad, at);
      EXPECT_FALSE(view.Find(bad).has_value());
    }
  }
}

// A host-only node at a given IOVA, in the tree that is searched by HVA.
void Node(ListenerTest& t, uint64_t iova, uint64_t hva, uint64_t size) {
  t.sink.Add({StoreKind::kIovaHva, 0}, Of(iova, iova + size - 1, hva),
             Rule::kTreeInsert, Actor::kVmm);
}

SvqTranslation Translate(ListenerTest& t, uint64_t hva, uint64_t length) {
  return SvqTranslate(*t.profile.strategy, t.profile.switches,
                      {0, hva, 0, length}, t.sink);
}

// S0-8: a buffer that ends where A does; B follows A in HVA and lies below it
// in IOVA.
TEST(SvqTranslate, NeedleOneTooLong) {
  struct Case {
    uint64_t a, b;  // IOVAs
    uint64_t with_r1, fixed;
  };
  constexpr Case kCases[] = {{0x5000, 0x1000, 0x0, 0x6000},
                             {0x7000, 0x5000, 0x4000, 0x8000},
                             // Above A in IOVA it is found later.
                             {0x1000, 0x5000, 0x2000, 0x2000}};
  for (const Case& c : kCases) {
    for (const bool fixed : {false, true}) {
      VmmSwitches switches;
      switches.needle_one_too_long = !fixed;
      ListenerTest t("hva", switches);
      Node(t, c.a, 0x10000, 0x2000);
      Node(t, c.b, 0x12000, 0x2000);
      const SvqTranslation got = Translate(t, 0x11000, 0x1000);
      EXPECT_EQ(got.err, 0);
      EXPECT_EQ(got.iova, fixed ? c.fixed : c.with_r1);
      // One byte shorter, it does not touch B.
      EXPECT_EQ(Translate(t, 0x11000, 0xfff).iova, c.fixed);
    }
  }
}

TEST(SvqTranslate, EndsAndMisses) {
  struct Case {
    const char* what;
    uint64_t hva, length;
    bool end_off_by_one;
    int err;
    Rule rule;
    uint64_t iova;
  };
  constexpr Case kCases[] = {
      {"whole node", 0x10000, 0x2000, false, 0, Rule::kSvqTranslate, 0x5000},
      {"last byte", 0x11fff, 1, false, 0, Rule::kSvqTranslate, 0x6fff},
      {"a byte past", 0x10000, 0x2001, false, -EINVAL, Rule::kSvqExpands, 0},
      {"begins below", 0xffff, 2, false, 0, Rule::kSvqTranslate, 0x4fff},
      {"touches by R1 alone", 0xf000, 0x1000, false, 0, Rule::kSvqTranslate,
       0x4000},
      {"a byte off", 0xf000, 0xfff, false, -EINVAL, Rule::kSvqNoMap, 0},
      {"above", 0x12000, 1, false, -EINVAL, Rule::kSvqNoMap, 0},
      {"ends with the node, old", 0x11000, 0x1000, true, -EINVAL,
       Rule::kSvqExpands, 0},
      {"a byte less, old", 0x11000, 0xfff, true, 0, Rule::kSvqTranslate,
       0x6000},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.what);
    VmmSwitches switches;
    switches.end_off_by_one = c.end_off_by_one;
    ListenerTest t("hva", switches);
    Node(t, 0x5000, 0x10000, 0x2000);
    const SvqTranslation got = Translate(t, c.hva, c.length);
    EXPECT_EQ(got.err, c.err);
    EXPECT_EQ(GetRule(got.rule).name, GetRule(c.rule).name);
    if (c.err == 0) {
      EXPECT_EQ(got.iova, c.iova);
    }
    // The look-up is on record, found or not.
    const auto last = static_cast<EventIndex>(t.trace.size() - 1);
    EXPECT_EQ(t.trace.event(last).kind, Kind::kLookup);
    EXPECT_EQ(t.trace.event(last).rule, Rule::kSvqNeedle);
  }
}

// Memory of the VMM's own: S0-8 in each strategy's tree, and what no tree has.
TEST(SvqTranslateHost, EveryStrategyLooksByHva) {
  for (const Strategy* strategy : Strategies()) {
    SCOPED_TRACE(std::string(strategy->name));
    for (const bool fixed : {false, true}) {
      VmmSwitches switches;
      switches.needle_one_too_long = !fixed;
      Stores stores;
      Sink sink(&stores);
      const auto map = [&](uint64_t hva, uint64_t size) {
        uint64_t iova = 0;
        EXPECT_EQ(strategy->host_map(sink, {0x1000, 0xffffffff},
                                     {hva, size - 1, kPermReadWrite}, &iova),
                  kIovaOk);
        return iova;
      };
      EXPECT_EQ(map(0x12000, 0x2000), 0x1000u);  // B
      EXPECT_EQ(map(0x20000, 0x2000), 0x3000u);
      EXPECT_EQ(map(0x10000, 0x2000), 0x5000u);  // A
      const auto at = [&](uint64_t hva, uint64_t length) {
        return SvqTranslateHost(*strategy, switches, hva, length, sink);
      };
      EXPECT_EQ(at(0x11000, 0x1000).iova, fixed ? 0x6000u : 0x0u);
      EXPECT_EQ(at(0x11000, 0xfff).iova, 0x6000u);
      EXPECT_EQ(at(0x13fff, 1).iova, 0x2fffu);
      EXPECT_EQ(at(0x13fff, 2).err, -EINVAL);
      EXPECT_EQ(at(0x30000, 1).rule, Rule::kSvqNoMap);
    }
  }
}

}  // namespace
}  // namespace iovalab
