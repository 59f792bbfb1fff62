#include "model/iommu/page_table.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/iommu/page_table_plain.h"
#include "model/iommu/page_table_source.h"
#include "sim/random.h"

namespace iovalab {
namespace {

const Format& F(absl::string_view name) { return *FindFormat(name); }

std::vector<LeafRun> Runs(const PageTable& table, uint64_t first = 0,
                          uint64_t last = UINT64_MAX) {
  std::vector<LeafRun> runs;
  table.ForEachRun(first, last, [&](const LeafRun& r) { runs.push_back(r); });
  return runs;
}

TEST(PageTable, EmptyTableHasItsRoot) {
  for (const Format& f : Formats()) {
    SCOPED_TRACE(std::string(f.name));
    PageTable table(&f);
    EXPECT_EQ(table.counts().tables, 1u);
    EXPECT_EQ(table.counts().bytes, f.TableBytes(f.root_level()));
    EXPECT_EQ(table.counts().leaf_entries, 0u);
    EXPECT_EQ(table.KindOf(f.root_level(), 0), EntryKind::kAbsent);
    EXPECT_EQ(table.KindOf(0, 0),
              f.levels > 1 ? EntryKind::kNoTable : EntryKind::kAbsent);
    EXPECT_TRUE(Runs(table).empty());
  }
}

// Caches may have a pointer to a table, be it empty, that leaves replace.
TEST(PageTable, TellsOfTablesUnderNewLeaves) {
  constexpr uint64_t k2M = uint64_t{1} << 21, k1G = uint64_t{1} << 30;
  PageTable table(&F("vtd4"));
  const auto map = [&](uint64_t first, uint64_t bytes, uint8_t bits) {
    bool freed = false;
    EXPECT_EQ(table.Map({.first = first,
                         .last = first + bytes - 1,
                         .address = first,
                         .size_bits = bits},
                        &freed),
              MapStatus::kOk);
    return freed;
  };
  const auto clear = [&](uint64_t first, uint64_t bytes) {
    table.Unmap(first, first + bytes - 1, PartialLeaf::kDrop,
                FreeTables::kNone);
  };
  EXPECT_FALSE(map(0, 0x1000, 12));
  EXPECT_FALSE(map(0x1000, 0x1000, 12)) << "into the table that is there";
  clear(0, 0x2000);
  EXPECT_FALSE(map(0, 0x1000, 12));
  EXPECT_TRUE(map(0, k2M, 21));
  EXPECT_FALSE(map(0, k2M, 21)) << "leaf over leaf";
  EXPECT_FALSE(map(k2M, k2M, 21)) << "into the table that is there";
  EXPECT_FALSE(map(k1G, k1G, 12)) << "a run of full tables";
  EXPECT_FALSE(map(k1G, k1G, 12)) << "the same tables";
  clear(k1G, k1G);
  EXPECT_FALSE(map(k1G, k1G, 12)) << "the same tables, which were empty";
  clear(k1G, k1G);
  EXPECT_TRUE(map(k1G, k1G, 21)) << "a run of empty tables";
  EXPECT_TRUE(map(k1G, k1G, 30)) << "the table of those leaves";
}

// What the hardware would hold for its whole width, in kilobytes of ours.
TEST(PageTable, WholeWidthOfEveryFormat) {
  for (const Format& f : Formats()) {
    for (const bool constant : {false, true}) {
      SCOPED_TRACE(std::string(f.name));
      PageTable table(&f);
      const uint8_t page = f.level[0].shift;
      ASSERT_EQ(table.Map({.first = 0,
                           .last = f.last_position(),
                           .address = 0,
                           .size_bits = page,
                           .constant = constant}),
                MapStatus::kOk);
      // Tables of a level: as many as the entries of the one above it.
      TableCounts want;
      uint64_t tables = 1;
      for (int l = f.root_level(); l >= 0; --l) {
        want.tables += tables;
        want.bytes += tables * f.TableBytes(l);
        if (l > 0) want.table_entries += tables * f.Entries(l);
        tables *= f.Entries(l);
      }
      want.leaf_entries = tables;
      EXPECT_EQ(table.counts(), want);
      EXPECT_EQ(tables, uint64_t{1} << (f.input_bits - page));
      EXPECT_LT(table.MemoryBytes(), 64u * 1024);
      const auto runs = Runs(table);
      if (constant || f.input_bits <= f.output_bits) {
        ASSERT_EQ(runs.size(), 1u);
        EXPECT_EQ(runs[0].leaves(), tables);
      } else {
        // Linear: addresses wrap where an entry has no more bits.
        EXPECT_EQ(runs.size(), uint64_t{1} << (f.input_bits - f.output_bits));
      }
      EXPECT_EQ(
          table.Unmap(0, UINT64_MAX, PartialLeaf::kDrop, FreeTables::kNone),
          tables);
      want.leaf_entries = 0;
      EXPECT_EQ(table.counts(), want) << "empty tables stay";
      EXPECT_EQ(table.KindOf(0, f.last_position()), EntryKind::kAbsent);
      EXPECT_EQ(
          table.Unmap(0, UINT64_MAX, PartialLeaf::kDrop, FreeTables::kCovered),
          0u);
      EXPECT_EQ(table.counts().tables, 1u);
    }
  }
}

// The figures of the vfio thread: 2^64 bytes by 4K and by 1G.
TEST(PageTable, FiguresOfTheThread) {
  PageTable table(&F("amdv1"));
  ASSERT_EQ(table.Map({.first = 0,
                       .last = UINT64_MAX,
                       .address = 0x1000,
                       .constant = true}),
            MapStatus::kOk);
  EXPECT_EQ(table.counts().leaf_entries, uint64_t{1} << 52);
  EXPECT_EQ(WalkTable(table, 0xfffffffffffff123, {}).pa, 0x1123u);
  ASSERT_EQ(table.Map({.first = 0,
                       .last = UINT64_MAX,
                       .address = 0,
                       .size_bits = 30,
                       .constant = true}),
            MapStatus::kOk);
  EXPECT_EQ(table.counts().leaf_entries, uint64_t{1} << 34);
  EXPECT_EQ(WalkTable(table, 0xffffffffffffffff, {}).pa, 0x3fffffffu);
  // All but the first and last page: tables on both flanks.
  PageTable flanks(&F("amdv1"));
  ASSERT_EQ(flanks.Map({.first = 0x1000,
                        .last = UINT64_MAX - 0x1000,
                        .address = 0x5000,
                        .constant = true}),
            MapStatus::kOk);
  EXPECT_EQ(flanks.counts().leaf_entries, (uint64_t{1} << 52) - 2);
  EXPECT_FALSE(WalkTable(flanks, 0, {}).ok);
  EXPECT_FALSE(WalkTable(flanks, UINT64_MAX, {}).ok);
  EXPECT_TRUE(WalkTable(flanks, 0x1000, {}).ok);
  EXPECT_LT(flanks.MemoryBytes(), 128u * 1024);
}

// semantics.md S2-13 and 5.6.
TEST(PageTable, ToyTableOfOnePage) {
  PageTable table(&F("toy"));
  ASSERT_EQ(
      table.Map({.first = 0xfffff000, .last = 0xffffffff, .address = 0x7000}),
      MapStatus::kOk);
  EXPECT_EQ(table.counts().tables, 2u);
  EXPECT_EQ(table.counts().bytes, 4096 * 4 + 256 * 4u);
  int absent = 0;
  for (uint64_t i = 0; i < 4096; ++i)
    absent += table.KindOf(1, i << 20) == EntryKind::kAbsent;
  EXPECT_EQ(absent, 4095);
  absent = 0;
  for (uint64_t i = 0; i < 256; ++i)
    absent += table.KindOf(0, 0xfff00000 + (i << 12)) == EntryKind::kAbsent;
  EXPECT_EQ(absent, 255);
  const Format& f = table.format();
  EXPECT_EQ(WalkTable(table, 0xfffff000, {}).pa, 0x7000u);
  EXPECT_EQ(f.native_level(WalkTable(table, 0xffffe000, {}).level), 2);
  EXPECT_EQ(f.native_level(WalkTable(table, 0xffeff000, {}).level), 1);
}

TEST(PageTable, RefusesWhatTheFormatLacks) {
  PageTable table(&F("vtd3"));
  const struct {
    MapArgs args;
    MapStatus status;
  } kCases[] = {
      {{.first = 0, .last = 0xffff, .size_bits = 16}, MapStatus::kLeafSize},
      {{.first = 0, .last = (1ull << 39) - 1, .size_bits = 39},
       MapStatus::kLeafSize},
      {{.first = 0, .last = 1ull << 39}, MapStatus::kWidth},
      {{.first = 0x1000, .last = 0xfff}, MapStatus::kWidth},
      {{.first = 0x800, .last = 0x17ff}, MapStatus::kAlignment},
      {{.first = 0, .last = 0xffe}, MapStatus::kAlignment},
      {{.first = 0, .last = 0xfff, .address = 0x10}, MapStatus::kAlignment},
      {{.first = 0x1000, .last = 0x200fff, .size_bits = 21},
       MapStatus::kAlignment},
  };
  const TableCounts before = table.counts();
  for (const auto& c : kCases) EXPECT_EQ(table.Map(c.args), c.status);
  EXPECT_EQ(table.counts(), before);
}

// What is under a partial unmap of a 2 MiB leaf.
TEST(PageTable, PartialLeaf) {
  for (const auto partial :
       {PartialLeaf::kKeep, PartialLeaf::kDrop, PartialLeaf::kSplit}) {
    PageTable table(&F("vtd4"));
    ASSERT_EQ(table.Map({.first = 0,
                         .last = 0x1fffff,
                         .address = 0x40000000,
                         .size_bits = 21}),
              MapStatus::kOk);
    const uint64_t cleared =
        table.Unmap(0x1000, 0x20fff, partial, FreeTables::kNone);
    const auto walk = [&](uint64_t iova) { return WalkTable(table, iova, {}); };
    switch (partial) {
      case PartialLeaf::kKeep:
        EXPECT_EQ(cleared, 0u);
        EXPECT_TRUE(walk(0x1000).ok);
        break;
      case PartialLeaf::kDrop:
        EXPECT_EQ(cleared, 1u);
        EXPECT_FALSE(walk(0x100000).ok);
        break;
      case PartialLeaf::kSplit:
        EXPECT_EQ(cleared, 0x20u);
        EXPECT_FALSE(walk(0x1000).ok);
        EXPECT_EQ(walk(0x21000).pa, 0x40021000u);
        EXPECT_EQ(walk(0x21000).size_bits, 12);
        break;
    }
  }
}

TEST(PageTable, PagesOneByOneBecomeOneRun) {
  PageTable table(&F("vtd4"));
  for (uint64_t at = 0; at < 0x40000000; at += 0x200000) {
    for (uint64_t page = 0; page < 0x200000; page += 0x1000) {
      table.Map({.first = at + page,
                 .last = at + page + 0xfff,
                 .address = 0x80000000 + at + page});
    }
  }
  PageTable at_once(&F("vtd4"));
  at_once.Map({.first = 0, .last = 0x3fffffff, .address = 0x80000000});
  EXPECT_EQ(table.counts(), at_once.counts());
  EXPECT_EQ(Runs(table), Runs(at_once));
  EXPECT_EQ(table.root().kind, SlotKind::kTable);
  EXPECT_LT(table.MemoryBytes(), 64u * 1024);
}

// A whole table of ours as bytes in raw memory: both sources say the same.
TEST(PageTable, WalksLikeItsBytesInMemory) {
  for (const Format& f : Formats()) {
    SCOPED_TRACE(std::string(f.name));
    PageTable table(&f);
    const int page = f.level[0].shift;
    const uint64_t at = f.last_position() & ~((uint64_t{1} << (page + 6)) - 1);
    table.Map({.first = at,
               .last = at + (uint64_t{16} << page) - 1,
               .address = uint64_t{64} << page,
               .size_bits = static_cast<uint8_t>(page)});
    table.Map({.first = at + (uint64_t{20} << page),
               .last = at + (uint64_t{21} << page) - 1,
               .address = 0,
               .perm = kAccessRead,
               .size_bits = static_cast<uint8_t>(page)});
    std::map<uint64_t, uint64_t> words;
    for (int l = 0; l < f.levels; ++l) {
      const uint64_t mask = f.Entries(l) - 1;
      for (uint64_t i = 0; i <= mask; ++i) {
        const uint64_t position =
            (at & ~(mask << f.level[l].shift)) | i << f.level[l].shift;
        const auto bits = table.EntryBits(l, position);
        ASSERT_TRUE(bits.has_value());
        const uint64_t address =
            table.TableAddress(l, position) + i * f.entry_bytes;
        words[address & ~7ull] |= *bits << (address & 7) * 8;
      }
    }
    RawMemory memory;
    for (const auto& [address, word] : words) memory.Write(address, word);
    const uint64_t root = table.TableAddress(f.root_level(), 0);
    for (uint64_t i = 0; i < 24; ++i) {
      const int spare = 64 - f.input_bits;
      uint64_t input = at + (i << page) + 5;
      if (f.sign_extended) {
        input = static_cast<uint64_t>(static_cast<int64_t>(input << spare) >>
                                      spare);
      }
      for (uint32_t access : {kAccessRead, kAccessWrite}) {
        const WalkRequest request{.access = access};
        const Walked ours = WalkTable(table, input, request);
        const Walked raw = WithFamily(f.family, [&]<typename Family>() {
          return Walk<Family>(f, RawSource{&memory, root}, input, request);
        });
        EXPECT_EQ(ours.ok, raw.ok);
        EXPECT_EQ(ours.pa, raw.pa);
        EXPECT_EQ(ours.reason, raw.reason);
        EXPECT_EQ(ours.native_code, raw.native_code);
        EXPECT_EQ(ours.level, raw.level);
        EXPECT_EQ(ours.reads, raw.reads);
        EXPECT_EQ(ours.pte, raw.pte);
        EXPECT_EQ(ours.pte_address, raw.pte_address);
        EXPECT_EQ(ours.perm, raw.perm);
      }
    }
  }
}

// Garbage in an entry: the walk follows it into memory, wherever that is.
TEST(PageTable, PoisonedEntryLeadsElsewhere) {
  PageTable table(&F("vtd4"));
  table.Map({.first = 0, .last = 0x3fffff, .address = 0});
  ASSERT_TRUE(table.Poison(1, 0x200000, 0x7777003));
  EXPECT_EQ(table.counts().poisoned, 1u);
  EXPECT_EQ(table.counts().leaf_entries, 512u);
  EXPECT_EQ(WalkTable(table, 0x200000, {}).reason, IommuFault::kTableFetch);
  RawMemory memory;
  memory.Write(0x7777008, 0xabc003);
  const Walked w = WalkTable(table, 0x201234, {}, &memory);
  EXPECT_TRUE(w.ok);
  EXPECT_EQ(w.pa, 0xabc234u);
  EXPECT_EQ(w.pte_address, 0x7777008u);
  EXPECT_EQ(WalkTable(table, 0x200000, {}, &memory).reason,
            IommuFault::kNotPresent);
  EXPECT_FALSE(table.Poison(0, 0x40000000, 1)) << "no table there";
  table.Map({.first = 0x200000, .last = 0x200fff, .address = 0x9000});
  EXPECT_EQ(table.counts().poisoned, 0u);
  EXPECT_TRUE(WalkTable(table, 0x200000, {}).ok);
}

// DESIGN 9: after 2^64 bytes mapped, 1000 random pages unmapped and ten entries
// poisoned, walk, runs and counts are those of a plain table that holds the
// touched leaf tables alone.
TEST(PageTable, AgreesOnTouchedSubtreesOfAFullTable) {
  const Format& f = F("amdv1");
  const uint64_t span = uint64_t{1} << f.Shift(1);  // of a last-level table
  PageTable table(&f);
  const MapArgs all{
      .first = 0, .last = UINT64_MAX, .address = 0x1000, .constant = true};
  ASSERT_EQ(table.Map(all), MapStatus::kOk);
  PlainTable plain(&f);
  std::set<uint64_t> touched;
  sim::Random random(64, 0);
  const auto touch = [&](uint64_t page) {
    const uint64_t first = page & ~(span - 1);
    if (!touched.insert(first).second) return;
    MapArgs part = all;
    part.first = first;
    part.last = first + (span - 1);
    plain.Map(part);
  };
  for (int i = 0; i < 1000; ++i) {
    // Some share a table.
    const uint64_t page =
        (i % 4 == 3 ? *touched.begin() + random.Below(span) : random.Next64()) &
        ~0xfffull;
    touch(page);
    const uint64_t cleared =
        table.Unmap(page, page | 0xfff, PartialLeaf::kSplit, FreeTables::kNone);
    EXPECT_EQ(cleared, plain.Unmap(page, page | 0xfff, PartialLeaf::kSplit,
                                   FreeTables::kNone));
  }
  for (int i = 0; i < 10; ++i) {
    const uint64_t page = random.Next64() & ~0xfffull;
    touch(page);
    EXPECT_TRUE(table.Poison(0, page, 0xbad));
    plain.Poison(0, page, 0xbad);
  }
  // Counts: the whole, less what the plain table misses of its own part.
  const uint64_t pages = touched.size() * (span >> 12);
  EXPECT_EQ(table.counts().leaf_entries,
            (uint64_t{1} << 52) - pages + plain.Counts().leaf_entries);
  EXPECT_EQ(table.counts().poisoned, 10u);
  EXPECT_EQ(table.counts().tables, 1u + (uint64_t{1} << 7) + (1ull << 16) +
                                       (1ull << 25) + (1ull << 34) +
                                       (1ull << 43));
  for (uint64_t first : touched) {
    std::vector<LeafRun> expected;
    plain.ForEachRun(first, first + (span - 1),
                     [&](const LeafRun& r) { expected.push_back(r); });
    ASSERT_EQ(Runs(table, first, first + (span - 1)), expected);
    for (uint64_t at = first; at - first < span; at += 0x1000) {
      for (int l = 0; l < f.levels; ++l)
        ASSERT_EQ(table.EntryBits(l, at), plain.EntryBits(l, at));
      EXPECT_EQ(WalkTable(table, at, {}).ok, plain.Find(at).has_value());
    }
  }
}

}  // namespace
}  // namespace iovalab
