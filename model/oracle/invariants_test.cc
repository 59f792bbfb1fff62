#include "model/oracle/invariants.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace iovalab {
namespace {

constexpr StoreId kFlatView{StoreKind::kFlatView, 0};
constexpr StoreId kIovaHva{StoreKind::kIovaHva, 0};
constexpr StoreId kIovaOnly{StoreKind::kIovaOnly, 0};
constexpr StoreId kGpaIova{StoreKind::kGpaIova, 0};
constexpr StoreId kIotlb{StoreKind::kVhostIotlb, 0};
constexpr StoreId kDevice{StoreKind::kDevice, 0};
constexpr StoreId kPins{StoreKind::kPins, 0};

constexpr uint64_t kHva = 0x7f0000000000;
constexpr uint64_t kHpa = 0x100000000;

Entry Of(uint64_t first, uint64_t size, uint64_t target) {
  Entry e;
  e.first = first;
  e.last = first + size - 1;
  e.target = target;
  e.perm = kPermReadWrite;
  return e;
}

// All stores as they are when everything is well, and the oracle beside them.
class World {
 public:
  explicit World(const Strategy& strategy, bool pins = true,
                 uint32_t address_spaces = 1)
      : strategy_(strategy),
        pins_(pins),
        invariants_(&strategy, pins, address_spaces) {
    sink_.WatchChanges(true);
  }

  GuestSpan Span(uint64_t gpa, uint64_t size) const {
    return {.section_gpa = gpa,
            .gpa = gpa,
            .hva = kHva + gpa,
            .size_minus_1 = size - 1};
  }
  // Maps a section as every part should.
  void Map(uint64_t gpa, uint64_t iova, uint64_t size) {
    Add(kFlatView, Of(gpa, size, kHva + gpa));
    AddNode(gpa, iova, size);
    Add(kIotlb, Of(iova, size, kHpa + gpa));
    if (pins_) Add(kPins, Of(kHpa + gpa, size, 1));
    Add(kDevice, Of(iova, size, kHpa + gpa));
    touched_.push_back(ledger_.AddSection(Span(gpa, size), iova, true));
  }
  void AddNode(uint64_t gpa, uint64_t iova, uint64_t size) {
    if (!strategy_.shadow_queue) return;
    if (&strategy_ == &kStrategyGpa) {
      Add(kIovaOnly, Of(iova, size, 0));
      Add(kGpaIova, Of(gpa, size, iova));
    } else {
      Add(kIovaHva, Of(iova, size, kHva + gpa));
    }
  }
  void Add(StoreId store, const Entry& e) {
    sink_.Add(store, e, Rule::kNone, Actor::kVmm);
  }
  void Del(StoreId store, uint64_t key) {
    sink_.Del(store, *sink_.table(store).Find(key), Rule::kNone, Actor::kVmm);
  }
  void Set(StoreId store, uint64_t key, uint64_t target) {
    const Entry was = *sink_.table(store).Find(key);
    Entry now = was;
    now.target = target;
    sink_.Set(store, was, now, Rule::kNone, Actor::kVmm);
  }
  void Drop(uint64_t gpa) { touched_.push_back(*ledger_.DropSection(gpa)); }

  // "0:L0/L1 2:L1/L2": what does not hold after the operation.
  std::string Check(bool batch_open = false) {
    std::string text;
    for (const Violation& v :
         invariants_.Check(stores_, ledger_, sink_.TakeChanges(),
                           std::exchange(touched_, {}), batch_open)) {
      absl::StrAppend(&text, text.empty() ? "" : " ", v.invariant, ":",
                      GetStoreKind(v.store.kind).level, "/",
                      GetStoreKind(v.against.kind).level);
      last_ = v;
    }
    return text;
  }
  std::string Leaks() const {
    std::string text;
    for (const Leak& leak : invariants_.Leaks(stores_, ledger_)) {
      absl::StrAppend(&text, text.empty() ? "" : " ", leak.store.Name(), ":",
                      absl::Hex(leak.first), "-", absl::Hex(leak.last), "x",
                      leak.entries);
    }
    return text;
  }

  StoreId nodes() const {
    return &strategy_ == &kStrategyGpa ? kIovaOnly : kIovaHva;
  }
  Ledger& ledger() { return ledger_; }
  const Violation& last() const { return last_; }
  std::vector<uint32_t>& touched() { return touched_; }

 private:
  const Strategy& strategy_;
  bool pins_;
  Stores stores_;
  Sink sink_{&stores_};
  Ledger ledger_;
  Invariants invariants_;
  std::vector<uint32_t> touched_;
  Violation last_;
};

const Strategy* const kShadowed[] = {&kStrategyHva, &kStrategyHvaId,
                                     &kStrategyGpa};

TEST(Invariants, HoldWhenAllIsWell) {
  for (const Strategy* s :
       {&kStrategyHva, &kStrategyGpa, &kStrategyPassthrough}) {
    World w(*s);
    w.Map(0x0, s->shadow_queue ? 0x1000 : 0x0, 0x4000);
    EXPECT_EQ(w.Check(), "") << s->name;
    w.Map(0x8000, s->shadow_queue ? 0x5000 : 0x8000, 0x4000);
    EXPECT_EQ(w.Check(), "") << s->name;
    EXPECT_EQ(w.Leaks(), "");
    EXPECT_EQ(w.Check(), "") << "nothing happened";
  }
}

// L0 against L1.
TEST(Invariants, ASectionLosesItsNode) {
  for (const Strategy* s : {&kStrategyHva, &kStrategyGpa}) {
    World w(*s);
    w.Map(0x0, 0x1000, 0x4000);
    w.Map(0x8000, 0x5000, 0x4000);
    ASSERT_EQ(w.Check(), "");
    // As the wrong region_del: L1 and L2 lose it together.
    w.Del(w.nodes(), 0x1000);
    w.Del(kIotlb, 0x1000);
    w.Del(kDevice, 0x1000);
    w.Del(kPins, kHpa);
    EXPECT_EQ(w.Check(), "0:L0/L1") << s->name;
    EXPECT_EQ(w.last().first, 0x0u);
    EXPECT_EQ(w.last().last, 0x3fffu);
  }
  // The other of gpa's two trees.
  World w(kStrategyGpa);
  w.Map(0x0, 0x1000, 0x4000);
  ASSERT_EQ(w.Check(), "");
  w.Del(kGpaIova, 0x0);
  EXPECT_EQ(w.Check(), "0:L0/L1");
}

TEST(Invariants, ANodeThatIsNotTheSections) {
  World w(kStrategyGpa);
  w.Map(0x0, 0x1000, 0x4000);
  ASSERT_EQ(w.Check(), "");
  // Unaligned: the tree has another key than the first mapped page.
  GuestSpan span = w.Span(0x9000, 0x1000);
  span.section_gpa = 0x8800;
  w.AddNode(0x8800, 0x5000, 0x1000);
  w.Add(kIotlb, Of(0x5000, 0x1000, kHpa + 0x9000));
  w.Add(kPins, Of(kHpa + 0x9000, 0x1000, 1));
  w.Add(kDevice, Of(0x5000, 0x1000, kHpa + 0x9000));
  w.touched().push_back(w.ledger().AddSection(span, 0x5000, true));
  EXPECT_EQ(w.Check(), "0:L0/L1");
}

TEST(Invariants, ANodeOutlivesItsSection) {
  for (const Strategy* s : kShadowed) {
    if (s == &kStrategyHvaId) continue;  // its nodes have an id
    World w(*s);
    w.Map(0x0, 0x1000, 0x4000);
    ASSERT_EQ(w.Check(), "");
    w.Del(kFlatView, 0x0);
    w.Drop(0x0);
    EXPECT_EQ(w.Check(), "0:L1/L0") << s->name;
    EXPECT_EQ(w.last().first, 0x1000u);
  }
}

TEST(Invariants, ASectionIsNotMapped) {
  World w(kStrategyHva);
  w.Add(kFlatView, Of(0x0, 0x1000, kHva));
  w.touched().push_back(
      w.ledger().AddSection(w.Span(0x0, 0x1000), std::nullopt, false));
  EXPECT_EQ(w.Check(), "0:L0/L1");
  // It is told once, not at every later operation.
  w.Map(0x8000, 0x1000, 0x1000);
  EXPECT_EQ(w.Check(), "");

  World p(kStrategyPassthrough);
  p.touched().push_back(p.ledger().AddSection(p.Span(0x0, 0x1000), 0x0, false));
  EXPECT_EQ(p.Check(), "0:L0/L2");
}

// L1 against L2, either way.
TEST(Invariants, NodesAndEntries) {
  for (const Strategy* s : {&kStrategyHva, &kStrategyGpa}) {
    SCOPED_TRACE(std::string(s->name));
    World dropped(*s);
    World bare(*s);
    World part(*s);
    World stays(*s);
    for (World* w : {&dropped, &bare, &part, &stays}) {
      w->Map(0x0, 0x1000, 0x4000);
      ASSERT_EQ(w->Check(), "");
    }
    // The kernel drops an entry of a node that stays.
    dropped.Del(kIotlb, 0x1000);
    dropped.Del(kDevice, 0x1000);
    dropped.Del(kPins, kHpa);
    EXPECT_EQ(dropped.Check(), "2:L1/L2");
    // A node without a map.
    bare.AddNode(0x8000, 0x9000, 0x1000);
    EXPECT_EQ(bare.Check(), "2:L1/L2");
    EXPECT_EQ(bare.last().first, 0x9000u);
    // One that is covered in part.
    part.AddNode(0x8000, 0x9000, 0x2000);
    part.Add(kIotlb, Of(0x9000, 0x1000, kHpa + 0x8000));
    part.Add(kPins, Of(kHpa + 0x8000, 0x1000, 1));
    part.Add(kDevice, Of(0x9000, 0x1000, kHpa + 0x8000));
    EXPECT_EQ(part.Check(), "2:L1/L2");
    // The node goes, the entry stays.
    stays.Del(kFlatView, 0x0);
    stays.Drop(0x0);
    stays.Del(stays.nodes(), 0x1000);
    if (s == &kStrategyGpa) stays.Del(kGpaIova, 0x0);
    EXPECT_EQ(stays.Check(), "2:L2/L1");
    EXPECT_EQ(stays.Leaks(), "iotlb.0:1000-4fffx1");
  }
}

// L2 against L3, either way; a batch puts it off.
TEST(Invariants, EntriesAndDevice) {
  for (const bool extra : {false, true}) {
    World w(kStrategyPassthrough);
    w.Map(0x0, 0x0, 0x4000);
    ASSERT_EQ(w.Check(), "");
    if (extra) {
      w.Add(kDevice, Of(0x8000, 0x1000, kHpa + 0x8000));
    } else {
      w.Del(kDevice, 0x0);
    }
    EXPECT_EQ(w.Check(/*batch_open=*/true), "");
    w.Add(kFlatView, Of(0x9000, 0x1000, 0));
    EXPECT_EQ(w.Check(), extra ? "3:L3/L2" : "3:L2/L3");
    if (extra) {
      w.Del(kDevice, 0x8000);
    } else {
      w.Add(kDevice, Of(0x0, 0x4000, kHpa));
    }
    EXPECT_EQ(w.Check(), "") << "and back";
  }
  // The same range to another place is a difference too.
  World w(kStrategyPassthrough);
  w.Map(0x0, 0x0, 0x4000);
  w.Set(kDevice, 0x0, kHpa + 0x1000);
  EXPECT_NE(w.Check(), "");
  // What a device passes through without a map is no entry.
  World identity(kStrategyPassthrough);
  Entry all = Of(0x10000, 0x1000, 0x10000);
  all.tag = 1;
  identity.Add(kDevice, all);
  EXPECT_EQ(identity.Check(), "");
}

// L2 against L5, by pages; user addresses are not pinned.
TEST(Invariants, EntriesAndPins) {
  World w(kStrategyPassthrough);
  w.Map(0x0, 0x0, 0x4000);
  ASSERT_EQ(w.Check(), "");
  w.Del(kPins, kHpa);
  EXPECT_EQ(w.Check(), "4:L2/L5");
  w.Add(kPins, Of(kHpa, 0x4000, 1));
  EXPECT_EQ(w.Check(), "");
  w.Set(kPins, kHpa, 2);
  EXPECT_EQ(w.Check(), "4:L2/L5");
  // A second map of the same pages is what the second pin is for.
  w.Add(kIotlb, Of(0x8000, 0x4000, kHpa));
  w.Add(kDevice, Of(0x8000, 0x4000, kHpa));
  EXPECT_EQ(w.Check(), "");
  World va(kStrategyPassthrough, /*pins=*/false);
  va.Map(0x0, 0x0, 0x4000);
  EXPECT_EQ(va.Check(), "");
}

TEST(Invariants, LeaksByOwnerAndNeighboursJoined) {
  World w(kStrategyHva);
  w.Map(0x0, 0x1000, 0x1000);
  w.Map(0x1000, 0x2000, 0x1000);
  w.Map(0x8000, 0x3000, 0x1000);
  w.Map(0xa000, 0x9000, 0x1000);
  EXPECT_EQ(w.Leaks(), "");
  w.Drop(0x0);
  w.Drop(0x1000);
  w.Drop(0xa000);
  EXPECT_EQ(w.Leaks(),
            "iova_hva:1000-1fffx1 iova_hva:2000-2fffx1 iova_hva:9000-9fffx1 "
            "iotlb.0:1000-2fffx2 iotlb.0:9000-9fffx1");
}

// A node is covered in the address space that it is for, not in another.
TEST(Invariants, NodesOfAnotherSpace) {
  constexpr StoreId kIotlb1{StoreKind::kVhostIotlb, 1};
  constexpr StoreId kDevice1{StoreKind::kDevice, 1};
  for (const bool right : {true, false}) {
    for (const Strategy* s : {&kStrategyGpa, &kStrategyPassthrough}) {
      World w(*s, /*pins=*/false, /*address_spaces=*/2);
      w.ledger().AddHost({kHva, 0xfff, kPermReadWrite, /*asid=*/1}, 0x1000);
      w.Add(kIovaOnly, Of(0x1000, 0x1000, 0));
      w.Add(right ? kIotlb1 : kIotlb, Of(0x1000, 0x1000, kHva));
      w.Add(right ? kDevice1 : kDevice, Of(0x1000, 0x1000, kHva));
      EXPECT_EQ(w.Check(), right ? "" : "2:L1/L2") << s->name;
      if (!right) continue;
      EXPECT_EQ(w.Leaks(), "");
      // The kernel drops it, or its node goes alone.
      w.Del(kIotlb1, 0x1000);
      w.Del(kDevice1, 0x1000);
      EXPECT_EQ(w.Check(), "2:L1/L2");
      w.Add(kIotlb1, Of(0x1000, 0x1000, kHva));
      w.Add(kDevice1, Of(0x1000, 0x1000, kHva));
      w.Check();
      w.Del(kIovaOnly, 0x1000);
      EXPECT_EQ(w.Check(), "2:L2/L1");
      EXPECT_EQ(w.Leaks(), "iotlb.1:1000-1fffx1");
    }
  }
}

}  // namespace
}  // namespace iovalab
