// Bits and faults of every family, against what its documents say.

#include "model/iommu/format.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "model/iommu/families.h"
#include "model/iommu/raw_memory.h"
#include "model/iommu/walker.h"
#include "sim/random.h"

namespace iovalab {
namespace {

const Format& F(absl::string_view name) {
  const Format* f = FindFormat(name);
  EXPECT_NE(f, nullptr) << std::string(name);
  return *f;
}

EntryStep Step(const Format& f, int level, uint64_t bits,
               const WalkRequest& request = {}) {
  return WithFamily(f.family, [&]<typename Family>() {
    return Family::Step(f, level, bits, request);
  });
}

TEST(Format, RowsAreConsistent) {
  std::set<std::string> names;
  for (const Format& f : Formats()) {
    SCOPED_TRACE(std::string(f.name));
    EXPECT_TRUE(names.insert(std::string(f.name)).second);
    ASSERT_GE(f.levels, 1);
    for (int l = 0; l + 1 < f.levels; ++l)
      EXPECT_EQ(f.level[l].shift + f.level[l].bits, f.level[l + 1].shift);
    const FormatLevel& root = f.level[f.root_level()];
    EXPECT_EQ(root.shift + root.bits, f.input_bits);
    EXPECT_TRUE(f.HasLeafSize(f.level[0].shift));
    // Tables of two levels do not lie at the same addresses, where an entry
    // can say so many addresses.
    for (int l = 0; l + 1 < f.levels && f.input_bits < 60; ++l) {
      const uint64_t end = f.TableAddress(l, f.last_position());
      EXPECT_LT(end, f.TableAddress(l + 1, 0));
    }
    sim::Random random(9, 0);
    for (int i = 0; i < 1000; ++i) {
      const uint64_t position = f.Position(random.Next64());
      const int l = i % f.levels;
      EXPECT_EQ(
          f.EntryAddress(l, position),
          f.TableAddress(l, position) + f.Index(l, position) * f.entry_bytes);
    }
  }
  EXPECT_EQ(FindFormat("vtd6"), nullptr);
  EXPECT_EQ(FindFormat(""), nullptr);
}

// semantics.md 8.1: levels, index bits, width, bytes of the root.
TEST(Format, Geometry) {
  const struct {
    const char* name;
    int levels, root_bits, input_bits, native_root, native_last;
    uint64_t root_bytes;
  } kRows[] = {
      {"toy", 2, 12, 32, 1, 2, 16384},
      {"vtd3", 3, 9, 39, 3, 1, 4096},
      {"vtd4", 4, 9, 48, 4, 1, 4096},
      {"vtd5", 5, 9, 57, 5, 1, 4096},
      {"amdv1", 6, 7, 64, 6, 1, 1024},
      {"amdv1_1", 1, 9, 21, 1, 1, 4096},
      {"lpae_s2", 4, 9, 48, 0, 3, 4096},
      {"lpae_s2_40", 3, 10, 40, 1, 3, 8192},
      {"s390", 3, 11, 42, 2, 0, 16384},
      {"riscv39", 3, 9, 39, 2, 0, 4096},
      {"riscv39x4", 3, 11, 41, 2, 0, 16384},
      {"riscv48x4", 4, 11, 50, 3, 0, 16384},
      {"riscv57x4", 5, 11, 59, 4, 0, 16384},
      {"lpae_s1_64k", 3, 6, 48, 1, 3, 512},
      {"lpae_s2_16k", 3, 12, 48, 1, 3, 32768},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.name);
    const Format& f = F(row.name);
    EXPECT_EQ(f.levels, row.levels);
    EXPECT_EQ(f.level[f.root_level()].bits, row.root_bits);
    EXPECT_EQ(f.input_bits, row.input_bits);
    EXPECT_EQ(f.native_level(f.root_level()), row.native_root);
    EXPECT_EQ(f.native_level(0), row.native_last);
    EXPECT_EQ(f.TableBytes(f.root_level()), row.root_bytes);
  }
}

TEST(Format, InputWidth) {
  EXPECT_TRUE(F("vtd3").Translates(0x7fffffffff));
  EXPECT_FALSE(F("vtd3").Translates(0x8000000000));
  EXPECT_TRUE(F("amdv1").Translates(UINT64_MAX));
  EXPECT_TRUE(F("riscv39").Translates(0x3fffffffff));
  EXPECT_FALSE(F("riscv39").Translates(0x4000000000));
  EXPECT_TRUE(F("riscv39").Translates(0xffffffc000000000));
  EXPECT_FALSE(F("riscv39x4").Translates(0xffffffc000000000));
}

// Leaf entries as their drivers write them.
TEST(Format, LeafBits) {
  const struct {
    const char* name;
    int level, size_bits;
    uint32_t perm;
    uint64_t address, bits;
  } kRows[] = {
      {"toy", 0, 12, 3, 0x7000, 0x7001},
      {"vtd4", 0, 12, 3, 0x123456000, 0x123456003},
      {"vtd4", 0, 12, 2, 0x123456000, 0x123456002},
      {"vtd4", 1, 21, 3, 0x40200000, 0x40200083},
      {"vtd4", 2, 30, 1, 0x40000000, 0x40000081},
      // PR, FC, IR, IW; 8K is ...0 at bit 12 and 16K ...01 with next level 7.
      {"amdv1", 0, 12, 3, 0x5000, 0x7000000000005001},
      {"amdv1", 0, 12, 1, 0x5000, 0x3000000000005001},
      {"amdv1", 0, 13, 3, 0x6000, 0x7000000000006e01},
      {"amdv1", 0, 14, 3, 0x8000, 0x7000000000009e01},
      {"amdv1", 1, 21, 3, 0x200000, 0x7000000000200001},
      {"amdv1", 1, 22, 3, 0x400000, 0x70000000005ffe01},
      // AF, outer shareable, not cacheable, S2AP.
      {"lpae_s2", 0, 12, 3, 0x8000, 0x86d7},
      {"lpae_s2", 1, 21, 1, 0x200000, 0x200655},
      {"lpae_s1", 0, 12, 3, 0x8000, 0x8e43},
      {"lpae_s1", 0, 12, 1, 0x8000, 0x8ec3},
      {"lpae_s2_64k", 0, 16, 3, 0xf000000010000, 0x1f6d7},
      {"s390", 0, 12, 3, 0x5000, 0x5000},
      {"s390", 0, 12, 1, 0x5000, 0x5200},
      {"s390", 1, 20, 3, 0x100000, 0x100400},
      {"riscv48", 0, 12, 3, 0x80000000, 0x200000d7},
      {"riscv48", 0, 12, 5, 0x80000000, 0x200000db},
      {"riscv48", 0, 16, 3, 0x80010000, 0x80000000200060d7},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(testing::Message() << row.name << " 2^" << row.size_bits
                                    << std::hex << " " << row.address);
    const Format& f = F(row.name);
    EXPECT_EQ(f.LeafLevel(row.size_bits), row.level);
    const uint64_t bits =
        f.ops->leaf_entry(f, row.level, row.size_bits, row.perm) |
        f.ops->leaf_address(f, row.level, row.size_bits, row.address);
    EXPECT_EQ(bits, row.bits) << std::hex << bits;
    const LeafFields leaf = f.ops->parse_leaf(f, row.level, bits);
    EXPECT_EQ(leaf.address, row.address);
    EXPECT_EQ(leaf.size_bits, row.size_bits);
    const uint32_t access = row.perm & kAccessRead ? kAccessRead : kAccessWrite;
    const EntryStep step = Step(f, row.level, bits, {.access = access});
    EXPECT_EQ(step.kind, EntryStep::kLeaf);
    EXPECT_EQ(step.address, row.address);
    EXPECT_EQ(step.size_bits, row.size_bits);
  }
}

// What stops a walk at an entry, and the code that the hardware reports.
TEST(Format, FaultsOfEntries) {
  using R = IommuFault;
  const struct {
    const char* name;
    int level;
    uint64_t bits;
    uint32_t access;
    R reason;
    uint32_t code;
  } kRows[] = {
      {"vtd4", 0, 0, kAccessRead, R::kNotPresent, 6},
      {"vtd4", 0, 0, kAccessWrite, R::kNotPresent, 5},
      {"vtd4", 0, 0x1001, kAccessWrite, R::kPermission, 5},
      {"vtd4", 0, 0x1002, kAccessRead, R::kPermission, 6},
      {"vtd4", 1, 0x1002, kAccessRead, R::kPermission, 6},
      {"vtd4", 1, 0x1083, kAccessRead, R::kReservedBits, 0xc},
      {"vtd4", 3, 0x83, kAccessRead, R::kReservedBits, 0xc},
      {"vtd4", 1, 0x1803, kAccessRead, R::kReservedBits, 0xc},
      {"amdv1", 0, 0, kAccessRead, R::kNotPresent, 2},
      {"amdv1", 0, 0x3000000000001001, kAccessWrite, R::kPermission, 2},
      // A pointer to its own level.
      {"amdv1", 1, 0x7000000000001401, kAccessRead, R::kReservedBits, 4},
      {"lpae_s2", 0, 0, kAccessRead, R::kNotPresent, 0x10},
      {"lpae_s2", 0, 0x86d5, kAccessRead, R::kReservedBits, 0x10},
      {"lpae_s2", 3, 0x6d5, kAccessRead, R::kReservedBits, 0x10},
      {"lpae_s2", 0, 0x82d7, kAccessRead, R::kAccessFlag, 0x12},
      {"lpae_s2", 0, 0x8697, kAccessRead, R::kPermission, 0x13},
      {"lpae_s2", 0, 0x8657, kAccessWrite, R::kPermission, 0x13},
      {"lpae_s1", 0, 0x8e03, kAccessRead, R::kPermission, 0x13},
      {"s390", 0, 0x400, kAccessRead, R::kNotPresent, 7},
      {"s390", 1, 0x20, kAccessRead, R::kNotPresent, 7},
      {"s390", 0, 0x5200, kAccessWrite, R::kPermission, 4},
      {"s390", 2, 0x3, kAccessRead, R::kReservedBits, 8},
      {"riscv48", 0, 0, kAccessExec, R::kNotPresent, 12},
      {"riscv48", 0, 0xd5, kAccessRead, R::kReservedBits, 13},
      {"riscv48", 0, 0x97, kAccessWrite, R::kAccessFlag, 15},
      {"riscv48x4", 0, 0xc7, kAccessRead, R::kPermission, 21},
      {"riscv48x4", 1, 0x4d7, kAccessWrite, R::kReservedBits, 23},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(testing::Message() << row.name << " level " << row.level
                                    << std::hex << " " << row.bits);
    const Format& f = F(row.name);
    const EntryStep step = Step(f, row.level, row.bits, {.access = row.access});
    EXPECT_EQ(step.kind, EntryStep::kFault);
    EXPECT_EQ(IommuFaultName(step.reason), IommuFaultName(row.reason));
    EXPECT_EQ(f.ops->fault_code(row.reason, row.access), row.code);
  }
}

Walked WalkRaw(const Format& f, const RawMemory& memory, uint64_t root,
               uint64_t input, uint32_t access = kAccessRead) {
  return WithFamily(f.family, [&]<typename Family>() {
    return Walk<Family>(f, RawSource{&memory, root}, input, {.access = access});
  });
}

// AMD: a pointer of level 4 to a table of level 2, whose entries have 2 MiB.
TEST(Walker, AmdPointerSkipsLevels) {
  const Format& f = F("amdv1_4");
  RawMemory memory;
  memory.Write(0x1000, 0x7000000000002001 | 2 << 9);
  memory.Write(0x2008, 0x7000000000600001);
  const Walked w = WalkRaw(f, memory, 0x1000, 0x212345);
  EXPECT_TRUE(w.ok);
  EXPECT_EQ(w.pa, 0x612345u);
  EXPECT_EQ(w.level, 1);
  // Index bits of the level skipped must be zero.
  const Walked skipped = WalkRaw(f, memory, 0x1000, 0x40212345);
  EXPECT_FALSE(skipped.ok);
  EXPECT_EQ(skipped.reason, IommuFault::kNotPresent);
}

TEST(Walker, PermissionsAddUpWhereTheFormatSaysSo) {
  const Format& f = F("vtd3");
  RawMemory memory;
  memory.Write(0x1000, 0x2001);  // read only
  memory.Write(0x2000, 0x3003);
  memory.Write(0x3000, 0x7003);
  EXPECT_EQ(WalkRaw(f, memory, 0x1000, 0).perm & 3, kAccessRead);
  const Walked w = WalkRaw(f, memory, 0x1000, 0, kAccessWrite);
  EXPECT_EQ(w.reason, IommuFault::kPermission);
  EXPECT_EQ(w.level, 2);
  EXPECT_EQ(f.native_level(w.level), 3);
  EXPECT_EQ(w.pte_address, 0x1000u);
}

TEST(Walker, HolesAndDamageEndAWalk) {
  const Format& f = F("vtd3");
  RawMemory memory;
  memory.Write(0x1000, 0x2003);
  memory.AddHole(0x2004, 0x2004);
  memory.AddPoison(0x1008, 0x100f);
  EXPECT_EQ(WalkRaw(f, memory, 0x1000, 0).reason, IommuFault::kTableFetch);
  EXPECT_EQ(WalkRaw(f, memory, 0x1000, 0).level, 1);
  EXPECT_EQ(WalkRaw(f, memory, 0x1000, 0x40000000).reason,
            IommuFault::kTableCorrupt);
  EXPECT_EQ(WalkRaw(f, memory, 0x1000, 0x8000000000).level, -1);
}

// Whatever memory holds, a walk ends after at most an entry a level.
TEST(Walker, GarbageEnds) {
  sim::Random random(8, 0);
  for (const Format& f : Formats()) {
    SCOPED_TRACE(std::string(f.name));
    for (int i = 0; i < 2000; ++i) {
      RawMemory memory;
      uint64_t at = 0x10000;
      uint64_t input = random.Next64();
      input = f.sign_extended ? input >> (65 - f.input_bits)
                              : input & f.last_position();
      for (int l = f.root_level(); l >= 0; --l) {
        // Often entries that point on.
        uint64_t bits = random.Next64();
        const uint64_t next = random.Below(1 << 10) << 14;
        if (l > 0 && random.Below(4) > 0) bits = f.ops->table_entry(f, l, next);
        memory.Write(at + f.Index(l, input) * 8, bits);
        at = next;
      }
      int steps = 0;
      WithFamily(f.family, [&]<typename Family>() {
        return Walk<Family>(f, RawSource{&memory, 0x10000}, input, {},
                            [&](const WalkStep&) { ++steps; });
      });
      EXPECT_LE(steps, f.levels);
      EXPECT_GE(steps, 1);
    }
  }
}

}  // namespace
}  // namespace iovalab
