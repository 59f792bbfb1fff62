#include "model/addr/interval_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "model/addr/reference_interval_table.h"

namespace iovalab {
namespace {

// splitmix64: fixed seeds, the same everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  uint64_t Below(uint64_t n) { return Next() % n; }

 private:
  uint64_t state_;
};

// What keys and targets a run draws, and how large its table grows.
struct Shape {
  const char* name;
  uint64_t base;  // of keys; they wrap nowhere, see RandomEntry
  uint64_t span;  // keys lie in [base, base + span]
  uint64_t longest;
  uint64_t target_base, target_span;
  uint64_t tags;
  size_t fill;  // entries around which the size swings
  int operations;
};

constexpr uint64_t kMax = UINT64_MAX;

constexpr Shape kShapes[] = {
    {"small and dense", 0, 300, 20, 0, 100, 2, 20, 200000},
    {"at the end of the space", kMax - 400, 400, 40, kMax - 200, 400, 1, 20,
     200000},
    {"deep aliases", 0, 100000, 60, 1000, 500, 1, 900, 60000},
    {"same targets, many tags", 0, 100000, 60, 1000, 0, 50, 600, 60000},
    {"whole space", 0, kMax, kMax / 64, 0, kMax, 3, 40, 200000},
    {"wide", 0, 1 << 24, 2000, 0, 1 << 24, 1, 3000, 200000},
    {"three levels", 0, uint64_t{1} << 32, 4000, 0, uint64_t{1} << 32, 1, 20000,
     80000},
};

class Pair {
 public:
  Pair(const Shape& shape, uint64_t seed) : shape_(shape), random_(seed) {}

  void Step(int i);
  void CompareAll() const;

 private:
  uint64_t Key() { return shape_.base + Offset(shape_.span); }
  uint64_t Target() { return shape_.target_base + Offset(shape_.target_span); }
  uint64_t Offset(uint64_t span) {
    const uint64_t r = random_.Next();
    if (r % 64 == 0) return 0;
    if (r % 64 == 1) return span;
    return span == kMax ? r : r % (span + 1);
  }
  uint64_t Length() { return random_.Below(shape_.longest); }
  Entry RandomEntry();
  void Change(bool grow);
  void CompareQueries();

  const Shape& shape_;
  Random random_;
  IntervalTable fast_;
  ReferenceIntervalTable slow_;
};

Entry Pair::RandomEntry() {
  Entry e;
  e.first = Key();
  const uint64_t length = Length();
  e.last = e.first > kMax - length ? kMax : e.first + length;
  e.target = Target();
  e.tag = random_.Below(shape_.tags);
  e.perm = static_cast<uint32_t>(random_.Below(4));
  e.born = static_cast<uint32_t>(random_.Below(1000));
  return e;
}

void Pair::Change(bool grow) {
  if (!grow) {
    std::optional<Entry> at = slow_.AtOrAfter(Key());
    if (!at) at = slow_.Before(kMax);
    if (!at) return;
    slow_.Erase(at->first);
    fast_.Erase(at->first);
    return;
  }
  const Entry e = RandomEntry();
  if (slow_.FirstIn(e.first, e.last)) return;
  slow_.Insert(e);
  fast_.Insert(e);
}

void Same(const std::optional<Entry>& fast, const std::optional<Entry>& slow) {
  ASSERT_EQ(fast.has_value(), slow.has_value());
  if (!slow) return;
  EXPECT_TRUE(*fast == *slow);
  EXPECT_EQ(fast->born, slow->born);
}

void Pair::CompareQueries() {
  const uint64_t key = Key();
  Same(fast_.Find(key), slow_.Find(key));
  const uint64_t other = Key();
  const uint64_t first = std::min(key, other), last = std::max(key, other);
  Same(fast_.FirstIn(first, last), slow_.FirstIn(first, last));
  Same(fast_.AtOrAfter(key), slow_.AtOrAfter(key));
  Same(fast_.Before(key), slow_.Before(key));

  const uint64_t tag = random_.Below(shape_.tags);
  const uint64_t target = Target();
  // A wide range, a narrow one, and ones that wrap.
  for (uint64_t end : {Target(), target, target + Length()}) {
    const auto fast = fast_.FindByTarget(tag, target, end);
    const auto slow = slow_.FindByTarget(tag, target, end);
    Same(fast.entry, slow.entry);
    EXPECT_EQ(fast.scanned, slow.scanned);
  }
  for (uint64_t size : {Length(), Offset(shape_.span)}) {
    const auto fast = fast_.FirstHole(key, size);
    const auto slow = slow_.FirstHole(key, size);
    ASSERT_EQ(fast.has_value(), slow.has_value());
    if (!slow) continue;
    EXPECT_EQ(fast->first, slow->first);
    EXPECT_EQ(fast->scanned, slow->scanned);
  }
}

void Pair::Step(int i) {
  // Grows past the aim, shrinks below it, and now and then to nothing.
  const bool growing = i / (4 * shape_.fill) % 2 == 0;
  Change(random_.Below(8) < (growing ? 7 : 1));
  // A scan of the slow table costs its size.
  if (slow_.size() < 100 || random_.Below(slow_.size() / 20) == 0) {
    CompareQueries();
  }
  EXPECT_EQ(fast_.size(), slow_.size());
  if (random_.Below(20 * shape_.fill) == 0) {
    CompareAll();
    const IntervalTable copy = fast_;
    if (random_.Below(4) == 0) {
      fast_.Clear();
      slow_.Clear();
    } else {
      fast_ = copy;
    }
  }
}

void Pair::CompareAll() const {
  std::vector<Entry> fast, slow;
  fast_.ForEach([&](const Entry& e) { fast.push_back(e); });
  slow_.ForEach([&](const Entry& e) { slow.push_back(e); });
  EXPECT_TRUE(fast == slow);
  uint64_t n = 0;
  for (const Entry& e : slow) {
    EXPECT_EQ(fast_.CountThrough(e.first), ++n);
  }
}

TEST(IntervalTable, DoesAsTheReferenceDoes) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(shape.name);
    Pair pair(shape, 20261120);
    for (int i = 0; i < shape.operations && !testing::Test::HasFailure(); ++i) {
      pair.Step(i);
    }
    pair.CompareAll();
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

TEST(IntervalTable, FirstHole) {
  const Entry kEntries[] = {{.first = 0x1000, .last = 0x1fff},
                            {.first = 0x3000, .last = 0x3fff},
                            {.first = kMax - 0xfff, .last = kMax - 0x100}};
  IntervalTable table;
  for (const Entry& e : kEntries) table.Insert(e);
  const struct {
    uint64_t begin, size_minus_1;
    std::optional<uint64_t> first;
    uint64_t scanned;
  } kCases[] = {
      {0, 0xfff, 0, 1},
      {0, 0x1000, 0x4000, 3},
      {0x1000, 0xfff, 0x2000, 2},
      {0x1800, 0xfff, 0x2000, 2},  // begin within an entry
      {0x2001, 0xfff, 0x4000, 3},  // too late for the hole
      {0x2001, 0xffe, 0x2001, 2},
      {0x1800, 0x1000, 0x4000, 3},
      {0x5000, kMax - 0x6000, 0x5000, 3},  // exactly to the last entry
      {0x5000, kMax - 0x5fff, std::nullopt, 0},
      {kMax - 0x80, 0x7f, kMax - 0x80, 3},
      {kMax - 0x80, 0x80, std::nullopt, 0},  // the last byte is never given
      {kMax, 0, std::nullopt, 0},
  };
  for (const auto& c : kCases) {
    const auto hole = table.FirstHole(c.begin, c.size_minus_1);
    SCOPED_TRACE(testing::Message()
                 << std::hex << c.begin << " " << c.size_minus_1);
    ASSERT_EQ(hole.has_value(), c.first.has_value());
    if (!hole) continue;
    EXPECT_EQ(hole->first, *c.first);
    EXPECT_EQ(hole->scanned, c.scanned);
  }
}

// Lengths that are powers of two and ones that are not, at their very edges.
TEST(IntervalTable, FindByTargetTouchesToTheByte) {
  for (uint64_t length : {1, 2, 3, 4, 5, 0x1000, 0x1001, 0x2000}) {
    IntervalTable table;
    constexpr uint64_t kStride = 0x4000;
    for (uint64_t i = 1; i <= 200; ++i) {
      Entry e;
      e.first = (201 - i) * kStride;
      e.last = e.first + length - 1;
      e.target = i * kStride;
      table.Insert(e);
    }
    for (uint64_t i = 1; i <= 200; ++i) {
      const uint64_t first = i * kStride;
      const uint64_t last = first + length - 1;
      for (uint64_t at : {first, last}) {
        const auto found = table.FindByTarget(0, at, at);
        ASSERT_TRUE(found.entry);
        EXPECT_EQ(found.entry->target, first);
        EXPECT_EQ(found.scanned, 201 - i);
      }
      EXPECT_FALSE(table.FindByTarget(0, first - 1, first - 1).entry);
      EXPECT_FALSE(table.FindByTarget(0, last + 1, last + 1).entry);
      EXPECT_FALSE(table.FindByTarget(1, first, first).entry);
    }
  }
}

TEST(IntervalTableDeathTest, MisuseIsCaught) {
  IntervalTable table(/*by_target=*/false);
  table.Insert({.first = 5, .last = 9});
  EXPECT_DEATH(table.Insert({.first = 9, .last = 12}), "overlaps");
  EXPECT_DEATH(table.Insert({.first = 2, .last = 5}), "overlaps");
  EXPECT_DEATH(table.Insert({.first = 3, .last = 2}), "before it begins");
  EXPECT_DEATH(table.Erase(6), "no such entry");
  EXPECT_DEATH(table.FindByTarget(0, 0, 0), "not indexed");
}

}  // namespace
}  // namespace iovalab
