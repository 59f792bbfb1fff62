#include "model/vmm/strategy.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "model/vmm/listener_testing.h"
#include "sim/random.h"

namespace iovalab {
namespace {

constexpr uint64_t kPcRam = 0x7f7903e00000;
constexpr char kShadowed[][9] = {"hva", "hva_id", "ram_addr", "gpa"};

GuestSpan Span(uint64_t gpa, uint64_t hva, uint64_t size) {
  return {.section_gpa = gpa,
          .gpa = gpa,
          .hva = hva,
          .ram_addr = hva - kPcRam,
          .size_minus_1 = size - 1};
}

// The published map (scenarios/alias/delete_alias.textproto): M3 aliases a
// piece of M1.
const GuestSpan kM1 = Span(0x0, kPcRam, 0x80000000);
const GuestSpan kM2 = Span(0x100000000, kPcRam + 0x80000000, 0x1f80000000);
const GuestSpan kM3 = Span(0xfeda0000, kPcRam + 0xa0000, 0x20000);
const GuestSpan* const kInOrder[] = {&kM1, &kM2, &kM3};
constexpr uint64_t kIovas[] = {0x1000, 0x80001000, 0x2000001000};

struct StrategyRun {
  explicit StrategyRun(absl::string_view name, const VmmSwitches& set = {})
      : strategy(*StrategyByName(name)), switches(set) {}

  int Add(const GuestSpan& span, uint64_t* iova) {
    return strategy.add(sink, range, span, switches, iova);
  }
  std::optional<uint64_t> Del(const GuestSpan& span) {
    return strategy.del(sink, span, switches);
  }
  bool Holds(const GuestSpan& span, uint64_t iova) const {
    return strategy.holds(stores, span, iova);
  }
  // Where a buffer is found: its IOVA, or nothing.
  std::optional<uint64_t> Find(const GuestSpan& in, uint64_t gpa) const {
    const uint64_t hva = in.hva + (gpa - in.gpa);
    const SvqFound at =
        strategy.find(stores, {gpa, hva, hva - kPcRam, 0x1000}, 0xfff);
    if (!at.found.map) return std::nullopt;
    return at.found.map->iova + (at.needle - at.found.map->translated_addr);
  }
  std::vector<Entry> Tree(StoreKind kind) const {
    std::vector<Entry> entries;
    stores.Get({kind, 0}).ForEach(
        [&](const Entry& e) { entries.push_back(e); });
    return entries;
  }

  const Strategy& strategy;
  VmmSwitches switches;
  IovaRange range{0x1000, 0xffffffffffff};
  Stores stores;
  Sink sink{&stores};
};

StrategyRun Published(absl::string_view name, const VmmSwitches& set = {}) {
  StrategyRun run(name, set);
  for (const GuestSpan* span : kInOrder) {
    uint64_t iova = 0;
    EXPECT_EQ(run.Add(*span, &iova), kIovaOk);
    EXPECT_EQ(iova, kIovas[span == &kM2 ? 1 : span == &kM3 ? 2 : 0]);
  }
  return run;
}

TEST(Strategies, AreRegisteredOnce) {
  for (const Strategy* strategy : Strategies()) {
    EXPECT_EQ(StrategyByName(strategy->name), strategy);
    EXPECT_FALSE(strategy->help.empty() || strategy->source.empty());
    const bool guest = strategy->add && strategy->undo_add && strategy->del &&
                       strategy->find && strategy->holds;
    EXPECT_EQ(guest, strategy->shadow_queue) << strategy->name;
    EXPECT_TRUE(strategy->host_map && strategy->host_remove &&
                strategy->host_find && strategy->find_host)
        << strategy->name;
  }
  EXPECT_EQ(StrategyByName("nonsense"), nullptr);
}

// S0-1: what the tree has, and the IOVA to unmap.
TEST(Strategies, DeleteTheAlias) {
  for (const char* name : kShadowed) {
    SCOPED_TRACE(name);
    StrategyRun run = Published(name);
    const std::optional<uint64_t> iova = run.Del(kM3);
    const bool by_hva = run.strategy.name == "hva";
    EXPECT_EQ(iova, by_hva ? kIovas[0] : kIovas[2]);
    EXPECT_EQ(run.Holds(kM1, kIovas[0]), !by_hva);
    EXPECT_TRUE(run.Holds(kM2, kIovas[1]));
    EXPECT_EQ(run.Holds(kM3, kIovas[2]), by_hva);
    // Again: M3 is known only where it stayed.
    EXPECT_EQ(run.Del(kM3).has_value(), by_hva);
  }
}

// S0-7: the alias was added first.
TEST(Strategies, DeleteTheOuterOne) {
  for (const char* name : kShadowed) {
    SCOPED_TRACE(name);
    StrategyRun run(name);
    uint64_t inner = 0;
    uint64_t outer = 0;
    ASSERT_EQ(run.Add(kM3, &inner), kIovaOk);
    ASSERT_EQ(run.Add(kM1, &outer), kIovaOk);
    EXPECT_EQ(inner, 0x1000u);
    EXPECT_EQ(outer, 0x21000u);
    const bool by_hva = run.strategy.name == "hva";
    EXPECT_EQ(run.Del(kM1), by_hva ? inner : outer);
    EXPECT_EQ(run.Holds(kM1, outer), by_hva);
    EXPECT_EQ(run.Holds(kM3, inner), !by_hva);
  }
}

// Translation of buffers: S0-2, S0-9, S0-10.
TEST(Strategies, FindBuffers) {
  struct Case {
    const GuestSpan& in;
    uint64_t gpa;
    std::optional<uint64_t> hva, hva_id, ram_addr, gpa_iova;
  };
  const Case kCases[] = {
      {kM1, 0x5000, 0x6000, 0x6000, 0x6000, 0x6000},
      {kM1, 0xb0000, 0xb1000, 0xb1000, 0xb1000, 0xb1000},
      // Only the section at guest address 0 has the id of a buffer, and above
      // the hole the RAM address is no guest address.
      {kM2, 0x100005000, 0x80006000, {}, {}, 0x80006000},
      {kM2, 0x17eda0000, 0xfeda1000, {}, 0x2000001000, 0xfeda1000},
      // The alias is found through the outer one, or at its own place.
      {kM3, 0xfeda5000, 0xa6000, 0xa6000, 0xa6000, 0x2000006000},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(absl::StrCat(absl::Hex(c.gpa)));
    EXPECT_EQ(Published("hva").Find(c.in, c.gpa), c.hva);
    EXPECT_EQ(Published("hva_id").Find(c.in, c.gpa), c.hva_id);
    EXPECT_EQ(Published("ram_addr").Find(c.in, c.gpa), c.ram_addr);
    EXPECT_EQ(Published("gpa").Find(c.in, c.gpa), c.gpa_iova);
  }
}

TEST(Strategies, UndoAndDelLeaveNothing) {
  for (const char* name : kShadowed) {
    SCOPED_TRACE(name);
    StrategyRun run(name);
    const uint64_t empty = run.stores.fingerprint();
    uint64_t iova = 0;
    ASSERT_EQ(run.Add(kM1, &iova), kIovaOk);
    run.strategy.undo_add(run.sink, kM1, iova);
    EXPECT_EQ(run.stores.fingerprint(), empty);
    ASSERT_EQ(run.Add(kM3, &iova), kIovaOk);
    EXPECT_EQ(run.Del(kM3), 0x1000u);
    EXPECT_EQ(run.stores.fingerprint(), empty);
  }
}

TEST(Strategies, NoIovaLeft) {
  for (const char* name : kShadowed) {
    SCOPED_TRACE(name);
    StrategyRun run = Published(name);
    const uint64_t before = run.stores.fingerprint();
    run.range.last = 0x2000020fff;
    uint64_t iova = 0;
    EXPECT_EQ(run.Add(Span(0x3000000000, kPcRam + 0x2000000000, 0x1000), &iova),
              kIovaErrNomem);
    EXPECT_EQ(run.stores.fingerprint(), before);
    run.range.last = 0xfff;
    EXPECT_EQ(run.Add(Span(0x3000000000, kPcRam + 0x2000000000, 0x1000), &iova),
              kIovaErrInvalid);
    EXPECT_EQ(run.stores.fingerprint(), before);
  }
}

// R2: the GPA tree refuses an overlap; the clean-up removes by GPA, so the
// older node (Q100-h031). Its IOVA range stays, and the new one's goes.
TEST(StrategyGpa, OverlapRemovesTheOlder) {
  const GuestSpan kOver = Span(0x90000, kPcRam + 0x200000, 0x10000);
  for (const bool fixed : {false, true}) {
    VmmSwitches switches;
    switches.cleanup_removes_older = !fixed;
    StrategyRun run = Published("gpa", switches);
    const uint64_t before = run.stores.fingerprint();
    uint64_t iova = 0;
    EXPECT_EQ(run.Add(kOver, &iova), kIovaErrOverlap);
    EXPECT_EQ(iova, 0x2000021000u);
    EXPECT_EQ(run.stores.fingerprint() == before, fixed);
    EXPECT_EQ(run.Holds(kM1, kIovas[0]), fixed);
    EXPECT_EQ(run.Tree(StoreKind::kGpaIova).size(), fixed ? 3u : 2u);
    EXPECT_EQ(run.Tree(StoreKind::kIovaOnly).size(), 3u);
    EXPECT_EQ(run.Del(kM1), fixed ? std::optional(kIovas[0]) : std::nullopt);
  }
}

// The same test of translated_addr == gpa is true of GPA 0 when no IOVA was
// found at all: the clean-up then removes whatever is at IOVA 0 and GPA 0.
TEST(StrategyGpa, NoIovaForGuestAddressZero) {
  for (const bool fixed : {false, true}) {
    VmmSwitches switches;
    switches.cleanup_removes_older = !fixed;
    StrategyRun run("gpa", switches);
    uint64_t ring = 0;
    ASSERT_EQ(
        run.strategy.host_map(run.sink, run.range, {0x900000, 0x2fff}, &ring),
        kIovaOk);
    uint64_t high = 0;
    ASSERT_EQ(run.Add(kM2, &high), kIovaOk);
    EXPECT_EQ(ring, 0x1000u);
    run.range.last = high + kM2.size_minus_1;
    uint64_t iova = 0;
    // Elsewhere than at 0 nothing is touched.
    EXPECT_EQ(run.Add(kM3, &iova), kIovaErrNomem);
    EXPECT_EQ(run.Tree(StoreKind::kIovaOnly).size(), 2u);
    EXPECT_EQ(run.Add(kM1, &iova), kIovaErrNomem);
    EXPECT_EQ(run.Tree(StoreKind::kIovaOnly).size(), fixed ? 2u : 0u);
    EXPECT_EQ(run.Tree(StoreKind::kIovaTaddr).size(), 1u);
    EXPECT_EQ(run.Tree(StoreKind::kGpaIova).size(), 1u);
  }
}

TEST(StrategyRamAddr, OverlapIsRefusedWithoutTrace) {
  StrategyRun run = Published("ram_addr");
  const uint64_t before = run.stores.fingerprint();
  uint64_t iova = 0;
  EXPECT_EQ(run.Add(Span(0x90000, kPcRam + 0x200000, 0x10000), &iova),
            kIovaErrOverlap);
  EXPECT_EQ(run.stores.fingerprint(), before);
}

// Before 75a8ce64f6: the right IOVA is unmapped, the lowest nodes are removed.
TEST(StrategyHva, RemovesByNeedle) {
  for (const char* name : {"hva", "hva_id"}) {
    VmmSwitches switches;
    switches.remove_by_needle = true;
    StrategyRun run = Published(name, switches);
    EXPECT_EQ(run.Del(kM2), kIovas[1]);
    EXPECT_FALSE(run.Holds(kM1, kIovas[0]));
    EXPECT_FALSE(run.Holds(kM2, kIovas[1]));
    EXPECT_TRUE(run.Holds(kM3, kIovas[2]));
    StrategyRun again = Published(name, switches);
    // As long as a page it reaches below the first IOVA only.
    again.Del(Span(kM1.gpa, kM1.hva, 0x1000));
    EXPECT_TRUE(again.Holds(kM1, kIovas[0]));
  }
}

// Against lists that are searched from end to end.
TEST(Strategies, AgainstPlainLists) {
  struct Node {
    uint64_t iova, size, hva, gpa;
  };
  for (const char* name : kShadowed) {
    SCOPED_TRACE(name);
    StrategyRun run(name);
    sim::Random random(7, 8);
    std::vector<Node> nodes;  // in IOVA order
    int wrong_node = 0;
    for (int i = 0; i < 4000; ++i) {
      // Sections do not overlap in GPA; any may alias in HVA.
      const uint64_t slot = random.Below(24);
      const uint64_t size = 0x1000 * random.InRange(1, 4);
      GuestSpan span =
          Span(slot * 0x4000, kPcRam + 0x1000 * random.Below(40), size);
      const auto there =
          std::find_if(nodes.begin(), nodes.end(),
                       [&](const Node& n) { return n.gpa == span.gpa; });
      if (there == nodes.end()) {
        uint64_t at = 0x1000;
        auto before = nodes.begin();
        for (; before != nodes.end() && before->iova - at < size; ++before) {
          at = before->iova + before->size;
        }
        uint64_t iova = 0;
        ASSERT_EQ(run.Add(span, &iova), kIovaOk);
        ASSERT_EQ(iova, at);
        nodes.insert(before, {at, size, span.hva, span.gpa});
        continue;
      }
      span = Span(there->gpa, there->hva, there->size);
      auto found = there;
      if (run.strategy.name == "hva") {
        found = std::find_if(nodes.begin(), nodes.end(), [&](const Node& n) {
          return n.hva <= span.hva + span.size_minus_1 &&
                 span.hva <= n.hva + n.size - 1;
        });
      }
      wrong_node += found != there;
      ASSERT_EQ(run.Del(span), found->iova);
      nodes.erase(found);
      const StoreId tree = {run.strategy.name == "gpa" ? StoreKind::kIovaOnly
                                                       : StoreKind::kIovaHva,
                            0};
      ASSERT_EQ(run.stores.Get(tree).size(), nodes.size());
    }
    EXPECT_EQ(wrong_node > 100, run.strategy.name == "hva");
  }
}

}  // namespace
}  // namespace iovalab
