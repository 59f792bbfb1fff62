#include "model/iommu/two_stage.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "model/iommu/families.h"
#include "model/iommu/page_table.h"
#include "model/iommu/page_table_source.h"
#include "model/iommu/raw_memory.h"
#include "sim/random.h"

namespace iovalab {
namespace {

constexpr uint64_t kInputs = uint64_t{4} << 30;       // by the first stage
constexpr uint64_t kGuestBytes = uint64_t{16} << 20;  // at 0, and tables
constexpr int kRegionShift = 40;                      // between tables' levels

std::string Text(const Walked& w) {
  return absl::StrCat(w.ok, " size ", w.size_bits, " perm ", w.perm, " reason ",
                      static_cast<int>(w.reason), " level ", w.level, " reads ",
                      w.reads, " code ", w.native_code, " pa ", absl::Hex(w.pa),
                      " pte ", absl::Hex(w.pte), " at ",
                      absl::Hex(w.pte_address));
}

std::string Text(const TwoStageWalked& w) {
  return absl::StrCat(w.ok, " size ", w.size_bits, " perm ", w.perm, " reads ",
                      w.reads, " pa ", absl::Hex(w.pa), " gpa ",
                      absl::Hex(w.gpa), " stage ", w.stage,
                      w.implicit ? " implicit" : "", "\n first ", Text(w.first),
                      "\n second ", Text(w.second));
}

// Pages, superpages and runs of both, some of them poisoned.
PageTable FirstStage(const Format& f, sim::Random& random) {
  PageTable table(&f);
  for (int i = 0; i < 60; ++i) {
    const uint8_t bits = random.Below(3) == 0 ? 21 : 12;
    const uint64_t size = (1 + random.Below(700)) << bits;
    const uint64_t first = random.Below(kInputs - size) >> bits << bits;
    table.Map({.first = first,
               .last = first + size - 1,
               .address = random.Below(kGuestBytes) >> bits << bits,
               .perm = 1 + static_cast<uint32_t>(random.Below(3)),
               .size_bits = bits,
               .constant = random.Below(2) == 0});
  }
  for (int i = 0; i < 20; ++i) {
    table.Poison(static_cast<int>(random.Below(3)), random.Below(kInputs),
                 random.Next64() & (BitMask(23, 10) | 0xff));
  }
  return table;
}

// What the guest has, tables included, less some pages.
PageTable SecondStage(const Format& f, int first_levels, sim::Random& random) {
  PageTable table(&f);
  for (int l = 0; l < first_levels; ++l) {
    const uint64_t at = static_cast<uint64_t>(l) << kRegionShift;
    const uint8_t bits = random.Below(2) == 0 ? 21 : 12;
    table.Map({.first = at,
               .last = at + kGuestBytes - 1,
               .address = at + (uint64_t{1} << 30),
               .size_bits = bits});
    for (int i = 0; i < 300; ++i) {
      const uint64_t page = at + random.Below(kGuestBytes);
      table.Unmap(page & ~uint64_t{0xfff}, page | 0xfff, PartialLeaf::kSplit,
                  FreeTables::kNone);
    }
  }
  return table;
}

// Who watches sees each entry decoded; nobody must see a difference.
TEST(TwoStages, AlikeWhetherWatchedOrNot) {
  Format low = *FindFormat("riscv48");
  PlaceTables(low, 0, kRegionShift);
  RawMemory memory;
  std::map<std::string, int> ends;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    sim::Random random(seed, 0);
    const PageTable first = FirstStage(low, random);
    const PageTable second =
        SecondStage(*FindFormat("riscv48x4"), low.levels, random);
    const PageTableSource<RiscvSFamily> s1{&first, &memory};
    const PageTableSource<RiscvGFamily> s2{&second};
    for (int i = 0; i < 1000; ++i) {
      const uint64_t input = random.Below(kInputs);
      const WalkRequest request{.access = random.Below(2) == 0 ? kAccessRead
                                                               : kAccessWrite};
      const TwoStageWalked quick = WalkTwoStages<RiscvSFamily, RiscvGFamily>(
          low, s1, second.format(), s2, input, request);
      uint32_t steps = 0;
      const TwoStageWalked watched = WalkTwoStages<RiscvSFamily, RiscvGFamily>(
          low, s1, second.format(), s2, input, request,
          [&](const WalkStep&) { ++steps; });
      ASSERT_EQ(Text(quick), Text(watched))
          << absl::StrCat("input ", absl::Hex(input));
      // An entry whose address does not translate is seen, but not read.
      ASSERT_EQ(quick.reads, steps - (quick.implicit ? 1 : 0));
      ++ends[absl::StrCat(quick.stage, quick.implicit ? " implicit" : "", " ",
                          quick.first.level)];
    }
  }
  // The walks end in all ways: at the leaf of either size, at an entry of each
  // level of the first stage, and at an address of it and of the result.
  for (const char* end :
       {"0 0", "0 1", "1 0", "1 1", "1 2", "2 0", "2 1", "2 implicit 0",
        "2 implicit 1", "2 implicit 2", "2 implicit 3"}) {
    EXPECT_GT(ends[end], 0) << end;
  }
}

// SMMU stages 1 and 2: the same nesting as RISC-V's.
TEST(TwoStages, SmmuStages) {
  const Format f1 = LpaeFormat(1, 12, 30, 40);
  const Format f2 = LpaeFormat(2, 12, 39, 44);
  RawMemory memory;
  // Stage 2: guest 1 GiB block 0 at 0x8000000000, block 1 read-only.
  memory.Write(0x1000, 0x8000000000 | 0x6d5);
  memory.Write(0x1008, 0xc000000000 | 0x655);
  // Stage 1, at guest 0x2000: level 2, a 2 MiB block and a table.
  memory.Write(0x8000002000, 0x40200000 | 0xe41);
  memory.Write(0x8000002008, 0x3003);
  memory.Write(0x8000002010, 0x8000003003);  // beyond stage 2
  memory.Write(0x8000003000, 0x5000 | 0xe43);
  const auto walk = [&](uint64_t input, uint32_t access) {
    return WalkTwoStages<LpaeS1Family, LpaeS2Family>(
        f1, RawSource{&memory, 0x2000}, f2, RawSource{&memory, 0x1000}, input,
        {.access = access});
  };
  std::string stages;
  WalkTwoStages<LpaeS1Family, LpaeS2Family>(
      f1, RawSource{&memory, 0x2000}, f2, RawSource{&memory, 0x1000}, 0x200678,
      {}, [&](const WalkStep& step) {
        stages += static_cast<char>('0' + step.stage);
      });
  EXPECT_EQ(stages, "21212") << "an entry's address first, then the entry";
  TwoStageWalked w = walk(0x200678, kAccessWrite);
  EXPECT_TRUE(w.ok);
  EXPECT_EQ(w.pa, 0x8000005678u);
  EXPECT_EQ(w.size_bits, 12);
  EXPECT_EQ(w.reads, 5u);  // 2 entries behind a stage of one, and the result
  w = walk(0x1234, kAccessRead);
  EXPECT_TRUE(w.ok);
  EXPECT_EQ(w.pa, 0xc000201234u);
  EXPECT_EQ(w.size_bits, 21);
  w = walk(0x1234, kAccessWrite);
  EXPECT_FALSE(w.ok);
  EXPECT_EQ(w.stage, 2);
  EXPECT_FALSE(w.implicit);
  EXPECT_EQ(w.gpa, 0x40201234u);
  EXPECT_EQ(w.native_code(), 0x13u);
  w = walk(0x400000, kAccessRead);
  EXPECT_EQ(w.stage, 2);
  EXPECT_TRUE(w.implicit);
  EXPECT_EQ(w.gpa, 0x8000003000u);
  w = walk(0x600000, kAccessRead);
  EXPECT_EQ(w.stage, 1);
  EXPECT_EQ(w.reason(), IommuFault::kNotPresent);
}

}  // namespace
}  // namespace iovalab
