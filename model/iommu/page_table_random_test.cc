// PageTable against PlainTable: random maps, unmaps and poison in every format,
// compared entry by entry, run by run and in what hardware would hold.

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/iommu/page_table.h"
#include "model/iommu/page_table_plain.h"
#include "model/iommu/page_table_source.h"
#include "sim/random.h"

namespace iovalab {
namespace {

class Pair {
 public:
  Pair(const Format& f, uint64_t seed)
      : f_(f), random_(seed, 0), table_(&f), plain_(&f) {
    for (int b = 12; b < 52; ++b) {
      if (f.HasLeafSize(b)) sizes_.push_back(b);
    }
    // Windows around the borders of tables of every level.
    for (int l = 0; l < f.levels; ++l) {
      if (f.Shift(l + 1) < 64)
        borders_.push_back(f.last_position() & (uint64_t{1} << f.Shift(l + 1)));
    }
    borders_.push_back(0);
    borders_.push_back(f.last_position());
  }

  void Step() {
    switch (random_.Below(10)) {
      case 0:
      case 1:
      case 2:
      case 3:
        Map();
        break;
      case 4:
      case 5:
      case 6:
        Unmap();
        break;
      case 7:
        if (random_.Below(20) == 0) Poison();
        break;
      default:
        break;
    }
    CompareEntries();
  }

  void CompareAll() {
    EXPECT_EQ(table_.counts(), plain_.Counts());
    for (uint64_t border : borders_) {
      const uint64_t page = uint64_t{1} << f_.level[0].shift;
      const uint64_t first = border - std::min(border, 300 * page);
      const uint64_t last =
          border + std::min(f_.last_position() - border, 300 * page);
      std::vector<LeafRun> got, expected;
      table_.ForEachRun(first, last,
                        [&](const LeafRun& r) { got.push_back(r); });
      plain_.ForEachRun(first, last,
                        [&](const LeafRun& r) { expected.push_back(r); });
      ASSERT_TRUE(got == expected) << Text(got) << " plain " << Text(expected);
    }
  }

 private:
  static std::string Text(const std::vector<LeafRun>& runs) {
    std::string text;
    for (const LeafRun& r : runs) {
      absl::StrAppend(&text, "[", absl::Hex(r.first), "-", absl::Hex(r.last),
                      " -> ", absl::Hex(r.address), " 2^", r.size_bits,
                      r.constant ? " constant" : "", " ", absl::Hex(r.rest),
                      "]");
    }
    return text;
  }

  // An address near a border, aligned to 2^bits.
  uint64_t Near(int bits) {
    const uint64_t border = borders_[random_.Below(borders_.size())];
    const int64_t pages = static_cast<int64_t>(random_.Below(64)) - 32;
    const uint64_t at =
        border + (static_cast<uint64_t>(pages) << f_.level[0].shift);
    return (at & f_.last_position()) >> bits << bits;
  }
  int Size() {
    // Mostly small ones.
    const size_t most = random_.Below(3) == 0 ? sizes_.size() : 1;
    return sizes_[random_.Below(most)];
  }

  void Map() {
    MapArgs args;
    const int bits = Size();
    args.size_bits = static_cast<uint8_t>(bits);
    args.first = Near(bits);
    const uint64_t span = uint64_t{1} << bits;
    // Few entries: a leaf of AMD's may be many.
    const int level = f_.LeafLevel(bits);
    const uint64_t most =
        std::max<uint64_t>(1, 40 >> std::min(5, bits - f_.level[level].shift));
    const uint64_t leaves = 1 + random_.Below(random_.Below(4) == 0 ? most : 3);
    args.last = args.first + (span - 1);
    for (uint64_t i = 1; i < leaves && f_.last_position() - args.last >= span;
         ++i)
      args.last += span;
    // Few addresses, so that runs meet.
    args.address =
        (random_.Below(2) == 0 ? args.first : random_.Below(8) << bits) &
        (BitMask(std::min<int>(f_.output_bits, 48) - 2, bits));
    args.constant = random_.Below(4) == 0;
    args.perm = 1 + random_.Below(3);
    ASSERT_EQ(table_.Map(args), MapStatus::kOk);
    plain_.Map(args);
  }
  void Unmap() {
    const int shift = f_.level[0].shift;
    uint64_t first = Near(shift);
    const uint64_t pages = 1 + random_.Below(random_.Below(4) == 0 ? 600 : 12);
    const uint64_t last =
        first + std::min(f_.last_position() - first, (pages << shift) - 1);
    const auto partial = static_cast<PartialLeaf>(random_.Below(3));
    const auto free = static_cast<FreeTables>(random_.Below(2));
    ASSERT_EQ(table_.Unmap(first, last, partial, free),
              plain_.Unmap(first, last, partial, free));
  }
  void Poison() {
    const int level = static_cast<int>(random_.Below(f_.levels));
    const uint64_t at = Near(f_.level[0].shift);
    const uint64_t bits = random_.Below(UINT64_MAX);
    table_.Poison(level, at, bits);
    plain_.Poison(level, at, bits);
  }
  void CompareEntries() {
    for (int i = 0; i < 2; ++i) {
      const uint64_t at = Near(0);
      for (int level = 0; level < f_.levels; ++level) {
        ASSERT_EQ(table_.EntryBits(level, at), plain_.EntryBits(level, at))
            << "level " << level << " at " << std::hex << at;
      }
      CompareTranslation(at);
    }
  }
  // A walk reads what EntryBits says, and what it finds is the leaf there.
  void CompareTranslation(uint64_t at) {
    const auto plain = plain_.Find(at);
    const uint64_t input = Input(at);
    const Walked w = WalkTable(table_, input, {.access = kAccessRead});
    const auto found = table_.Find(at);
    ASSERT_EQ(found.has_value(), plain.has_value());
    if (!plain) {
      EXPECT_FALSE(w.ok && table_.counts().poisoned == 0);
      return;
    }
    EXPECT_EQ(found->fields.address, plain->fields.address);
    EXPECT_EQ(found->level, plain->level);
    if ((plain->fields.perm & kAccessRead) == 0) {
      EXPECT_FALSE(w.ok);
      return;
    }
    // RISC-V reserves write-only.
    if (!w.ok) {
      EXPECT_TRUE(w.reason == IommuFault::kReservedBits);
      return;
    }
    const uint64_t offset = (uint64_t{1} << plain->fields.size_bits) - 1;
    EXPECT_EQ(w.pa, plain->fields.address + (at & offset));
    EXPECT_EQ(w.size_bits, plain->fields.size_bits);
    EXPECT_EQ(w.level, plain->level);
    EXPECT_EQ(w.pte, *table_.EntryBits(w.level, at));
  }
  uint64_t Input(uint64_t at) const {
    const int spare = 64 - f_.input_bits;
    return f_.sign_extended ? static_cast<uint64_t>(
                                  static_cast<int64_t>(at << spare) >> spare)
                            : at;
  }

  const Format& f_;
  sim::Random random_;
  PageTable table_;
  PlainTable plain_;
  std::vector<int> sizes_;
  std::vector<uint64_t> borders_;
};

class EveryFormat : public testing::TestWithParam<int> {};

// Over all formats more than 10^6 steps.
TEST_P(EveryFormat, AgreesWithPlainTable) {
  const Format& f = Formats()[GetParam()];
  SCOPED_TRACE(std::string(f.name));
  for (uint64_t seed = 0; seed < 42 && !HasFailure(); ++seed) {
    Pair pair(f, seed);
    for (int i = 0; i < 1000 && !HasFailure(); ++i) {
      SCOPED_TRACE(absl::StrCat("seed ", seed, " step ", i));
      pair.Step();
      if (i % 50 == 0) pair.CompareAll();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, EveryFormat,
                         testing::Range(0, static_cast<int>(Formats().size())),
                         [](const auto& info) {
                           return std::string(Formats()[info.param].name);
                         });

}  // namespace
}  // namespace iovalab
