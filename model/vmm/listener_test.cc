#include "model/vmm/listener.h"

#include <cerrno>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/vmm/listener_testing.h"

namespace iovalab {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint64_t kTop = UINT64_MAX;

// Rules 1 and 2 of QEMU 10.1 hw/virtio/vhost-vdpa.c, and what is left of a
// section by rule 3.
TEST(ViewSection, Rules) {
  struct Case {
    const char* what;
    uint64_t first, last;
    uint64_t offset_less;  // the memory's offset in its page is less by this
    RegionKind kind;
    bool is_protected;
    uint64_t range_first, range_last;
    bool mixes_ends;
    Rule want;
    uint64_t gpa, size_minus_1;  // where mapped
  };
  constexpr auto kRam = RegionKind::kRam;
  constexpr auto kIommu = RegionKind::kIommu;
  constexpr auto kNone = Rule::kNone;
  constexpr auto kBelow = Rule::kLsnBelowRange;
  constexpr auto kAbove = Rule::kLsnAboveRange;
  const Case kCases[] = {
      {"plain", 0x1000, 0x2fff, 0, kRam, false, 0, kTop, true, kNone, 0x1000,
       0x1fff},
      {"i/o", 0x1000, 0x2fff, 0, RegionKind::kIo, false, 0, kTop, true,
       Rule::kLsnSkipNotRam, 0, 0},
      {"ram device", 0x1000, 0x2fff, 0, RegionKind::kRamDevice, false, 0, kTop,
       true, Rule::kLsnSkipRamDevice, 0, 0},
      {"protected", 0x1000, 0x2fff, 0, kRam, true, 0, kTop, true,
       Rule::kLsnSkipProtected, 0, 0},
      // The device's range.
      {"at first", 0x2000, 0x2fff, 0, kRam, false, 0x2000, kTop, true, kNone,
       0x2000, 0xfff},
      {"below", 0x1000, 0x2fff, 0, kRam, false, 0x1001, kTop, true, kBelow, 0,
       0},
      {"iommu below", 0x1000, 0x2fff, 0, kIommu, false, 0x1001, kTop, true,
       kBelow, 0, 0},
      {"fits 4 GiB", 0x0, 0xffffffff, 0, kRam, false, 0, 0xffffffff, true,
       kAbove, 0, 0},
      {"fits 4 GiB, R3 fixed", 0x0, 0xffffffff, 0, kRam, false, 0, 0xffffffff,
       false, kNone, 0, 0xffffffff},
      {"a page less", 0x0, 0xffffefff, 0, kRam, false, 0, 0xffffffff, true,
       kNone, 0, 0xffffefff},
      {"a byte less", 0x0, 0xfffffffe, 0, kRam, false, 0, 0xffffffff, true,
       kNone, 0, 0xffffefff},
      {"a page more, R3 fixed", 0x0, 0x100000fff, 0, kRam, false, 0, 0xffffffff,
       false, kAbove, 0, 0},
      {"half a page more, R3 fixed", 0x0, 0x1000007ff, 0, kRam, false, 0,
       0xffffffff, false, kNone, 0, 0xffffffff},
      {"last is a page end", 0x0, 0xffff, 0, kRam, false, 0, 0x10000, true,
       kNone, 0, 0xffff},
      {"iommu above", 0x0, 0x1ffffffff, 0, kIommu, false, 0, 0xffffffff, true,
       kNone, 0, 0x1ffffffff},
      // The end of the space.
      {"last page", 0xfffffffffffff000, kTop, 0, kRam, false, 0, kTop, true,
       kAbove, 0, 0},
      {"last page, R3 fixed", 0xfffffffffffff000, kTop, 0, kRam, false, 0, kTop,
       false, kNone, 0xfffffffffffff000, 0xfff},
      {"last but one", 0xffffffffffffe000, 0xffffffffffffefff, 0, kRam, false,
       0, kTop, true, kNone, 0xffffffffffffe000, 0xfff},
      {"2^64 behind an iommu", 0, kTop, 0, kIommu, false, 0, kTop, true, kNone,
       0, kTop},
      {"not a whole last page", 0xfffffffffffff800, kTop, 0, kRam, false, 0,
       kTop, false, Rule::kLsnAlign, 0, 0},
      // Pages (S0-13).
      {"rounded", 0x1800, 0x57ff, 0, kRam, false, 0, kTop, true, kNone, 0x2000,
       0x2fff},
      {"begins in a page", 0x1001, 0x2fff, 0, kRam, false, 0, kTop, true, kNone,
       0x2000, 0xfff},
      {"ends in a page", 0x1000, 0x2ffe, 0, kRam, false, 0, kTop, true, kNone,
       0x1000, 0xfff},
      {"within a page", 0x1800, 0x1fff, 0, kRam, false, 0, kTop, true,
       Rule::kLsnAlign, 0, 0},
      {"around a page border", 0x1800, 0x27ff, 0, kRam, false, 0, kTop, true,
       Rule::kLsnAlign, 0, 0},
      {"memory is off", 0x1800, 0x57ff, 0x800, kRam, false, 0, kTop, true,
       Rule::kLsnMisaligned, 0, 0},
      {"memory is off, section is not", 0x2000, 0x5fff, 0x400, kRam, false, 0,
       kTop, true, Rule::kLsnMisaligned, 0, 0},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.what);
    ListenerProfile profile;
    profile.strategy = &kStrategyGpa;
    profile.switches.range_check_mixes_ends = c.mixes_ends;
    profile.iova_range = {Iova(c.range_first), Iova(c.range_last)};
    Section section = RamSection(c.first, c.last);
    section.flat.kind = c.kind;
    section.flat.is_protected = c.is_protected;
    section.flat.offset -= c.offset_less;
    const ListenerView view = ViewSection(section, profile);
    EXPECT_EQ(GetRule(view.skipped).name, GetRule(c.want).name);
    if (c.want != Rule::kNone) continue;
    EXPECT_EQ(view.span.section_gpa, c.first);
    EXPECT_EQ(view.span.gpa, c.gpa);
    EXPECT_EQ(view.span.size_minus_1, c.size_minus_1);
    EXPECT_EQ(view.span.hva - kTestHva, c.gpa);
    EXPECT_EQ(view.span.ram_addr, c.gpa);
  }
}

TEST(Listener, SkippedSectionsSendNothingEitherWay) {
  ListenerTest t("passthrough");
  Section section = RamSection(0x2000, 0x5fff);
  section.flat.offset = 0x400;
  EXPECT_EQ(t.Add(section).outcome, AddOutcome::kSkipped);
  EXPECT_EQ(t.Skipped(), Rule::kLsnMisaligned);
  EXPECT_EQ(t.Del(section), DelOutcome::kSkipped);
  t.Commit();
  EXPECT_THAT(t.Sent(), IsEmpty());
}

TEST(Listener, OneBatchForACommit) {
  ListenerTest t("passthrough");
  t.Commit();
  EXPECT_THAT(t.Sent(), IsEmpty());
  t.Del(RamSection(0x1000, 0x1fff));
  t.Add(RamSection(0x1000, 0x3fff));
  Section rom = RamSection(0x8000, 0x8fff);
  rom.flat.readonly = true;
  t.Add(rom);
  t.Commit();
  EXPECT_THAT(t.Sent(),
              ElementsAre("BATCH_BEGIN", "INVALIDATE 0x1000+0x1000",
                          "UPDATE 0x1000+0x3000 rw @1000",
                          "UPDATE 0x8000+0x1000 r @8000", "BATCH_END"));
  t.Add(RamSection(0x10000, 0x10fff));
  t.Commit();
  t.Commit();
  EXPECT_THAT(t.Sent(),
              ElementsAre("BATCH_BEGIN", "UPDATE 0x10000+0x1000 rw @10000",
                          "BATCH_END"));
  t.profile.batch = false;
  t.Del(RamSection(0x10000, 0x10fff));
  t.Commit();
  EXPECT_THAT(t.Sent(), ElementsAre("INVALIDATE 0x10000+0x1000"));
}

TEST(Listener, IommuSection) {
  Section section = RamSection(0, kTop);
  section.flat.kind = RegionKind::kIommu;
  ListenerTest t("passthrough");
  EXPECT_EQ(t.Add(section).outcome, AddOutcome::kSkipped);
  EXPECT_EQ(t.Skipped(), Rule::kLsnIommuRegion);
  EXPECT_THAT(t.Sent(), IsEmpty());
  // 2^64 bytes do not fit a message: two halves.
  EXPECT_EQ(t.Del(section), DelOutcome::kUnmapped);
  EXPECT_THAT(t.Sent(),
              ElementsAre("BATCH_BEGIN", "INVALIDATE 0x0+0x8000000000000000",
                          "INVALIDATE 0x8000000000000000+0x8000000000000000"));
  // A shadow queue is refused together with it: nothing of it was mapped, and
  // its addresses are other memory's IOVAs.
  ListenerTest shadow("gpa");
  shadow.Add(RamSection(0, 0xfff));
  shadow.Sent();
  EXPECT_EQ(shadow.Del(section), DelOutcome::kSkipped);
  EXPECT_THAT(shadow.Sent(), IsEmpty());

  VmmSwitches old;
  old.full_unmap_asserts = true;
  ListenerTest before("passthrough", old);
  EXPECT_EQ(before.Del(section), DelOutcome::kCrashed);
  EXPECT_EQ(before.Skipped(), Rule::kLsnUnmapAsserts);
  EXPECT_THAT(before.Sent(), IsEmpty());
  section.flat.gpa.last = Gpa(kTop - 0x1000);
  EXPECT_EQ(before.Del(section), DelOutcome::kUnmapped);
  EXPECT_THAT(before.Sent(),
              ElementsAre("BATCH_BEGIN", "INVALIDATE 0x0+0xfffffffffffff000"));
}

TEST(Listener, RefusedMapLeavesAHoleAndMaybeANode) {
  for (const char* strategy : {"hva", "hva_id", "ram_addr", "gpa"}) {
    for (const bool keeps : {false, true}) {
      SCOPED_TRACE(strategy);
      VmmSwitches switches;
      switches.failed_map_keeps_node = keeps;
      ListenerTest t(strategy, switches);
      t.Add(RamSection(0x10000, 0x10fff));
      const uint64_t before = t.stores.fingerprint();
      t.answer = -EFAULT;
      const AddResult added = t.Add(RamSection(0x20000, 0x20fff));
      EXPECT_EQ(added.outcome, AddOutcome::kFailed);
      EXPECT_EQ(added.iova, 0x2000u);
      EXPECT_EQ(t.Skipped(), Rule::kLsnMapFailed);
      EXPECT_EQ(t.stores.fingerprint() == before, !keeps);
      t.Sent();
      // The guest's section is still there, and goes at some time.
      EXPECT_EQ(t.Del(RamSection(0x20000, 0x20fff)),
                keeps ? DelOutcome::kUnmapped : DelOutcome::kUnknown);
      EXPECT_EQ(t.Sent().size(), keeps ? 1u : 0u);
      EXPECT_EQ(t.stores.fingerprint(), before);
    }
  }
  ListenerTest t("passthrough");
  t.answer = -EFAULT;
  EXPECT_EQ(t.Add(RamSection(0x20000, 0x20fff)).outcome, AddOutcome::kFailed);
  EXPECT_EQ(t.Del(RamSection(0x20000, 0x20fff)), DelOutcome::kUnmapped);
}

TEST(Listener, UnknownDel) {
  for (const bool crashes : {false, true}) {
    VmmSwitches switches;
    switches.unknown_del_crashes = crashes;
    ListenerTest t("gpa", switches);
    EXPECT_EQ(t.Del(RamSection(0x1000, 0x1fff)),
              crashes ? DelOutcome::kCrashed : DelOutcome::kUnknown);
    EXPECT_EQ(t.Skipped(), Rule::kLsnDelUnknown);
    t.Commit();
    EXPECT_THAT(t.Sent(), IsEmpty());
  }
}

// The size is that of the section deleted, whatever node was found.
TEST(Listener, DelSendsTheFoundIovaAndItsOwnSize) {
  ListenerTest t("hva");
  t.Add(RamSection(0x0, 0x7fffffff));
  Section alias = RamSection(0xfeda0000, 0xfedbffff);
  alias.hva = kTestHva + 0xa0000;
  t.Add(alias);
  t.Sent();
  t.Del(alias);
  EXPECT_THAT(t.Sent(), ElementsAre("INVALIDATE 0x1000+0x20000"));
  EXPECT_EQ(t.Tree(StoreKind::kIovaHva), "80001000-80020fff>a0000");
}

TEST(HostMemory, HasIovasOfItsOwnOutsideBatches) {
  for (const char* strategy : {"hva", "hva_id", "ram_addr", "gpa"}) {
    SCOPED_TRACE(strategy);
    ListenerTest t(strategy);
    const uint64_t empty = t.stores.fingerprint();
    const HostSpan ring{kTestHva + 0x900000, 0x2fff, kPermRead};
    EXPECT_EQ(t.MapHost(ring), 0x1000u);
    EXPECT_THAT(t.Sent(), ElementsAre("UPDATE 0x1000+0x3000 r @900000"));
    EXPECT_EQ(t.MapHost(ring), 0x4000u);
    t.Add(RamSection(0x0, 0xfff));
    EXPECT_EQ(t.Sent()[2], "UPDATE 0x7000+0x1000 rw @0");
    // The first in IOVA order; the whole node goes.
    EXPECT_EQ(t.UnmapHost(ring.hva + 0x1000), 0x1000u);
    EXPECT_THAT(t.Sent(), ElementsAre("INVALIDATE 0x1000+0x3000"));
    EXPECT_EQ(t.UnmapHost(ring.hva), 0x4000u);
    EXPECT_EQ(t.UnmapHost(ring.hva), std::nullopt);
    t.Del(RamSection(0x0, 0xfff));
    EXPECT_EQ(t.stores.fingerprint(), empty);
  }
}

// The kernel refuses the second mapping of a buffer: that node goes, not the
// one that a look-up by HVA would find.
TEST(HostMemory, ARefusedMapTakesItsOwnNode) {
  for (const char* strategy : {"hva", "gpa"}) {
    ListenerTest t(strategy);
    const HostSpan ring{kTestHva + 0x900000, 0xfff, kPermReadWrite};
    EXPECT_EQ(t.MapHost(ring), 0x1000u);
    const uint64_t before = t.stores.fingerprint();
    t.answer = -EFAULT;
    EXPECT_EQ(t.MapHost(ring), std::nullopt);
    EXPECT_EQ(t.stores.fingerprint(), before);
    t.profile.iova_range.last = Iova(0x1fff);
    t.Sent();
    EXPECT_EQ(t.MapHost(ring), std::nullopt) << "no IOVA is left";
    EXPECT_THAT(t.Sent(), IsEmpty());
  }
}

}  // namespace
}  // namespace iovalab
