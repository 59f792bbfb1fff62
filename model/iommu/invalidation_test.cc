#include "model/iommu/invalidation.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "model/iommu/invalidation_queue.h"
#include "sim/random.h"

namespace iovalab {
namespace {

using K = InvalidationKind;
using D = FaultDialect;

IotlbEntry Page(uint64_t first, uint32_t domain, uint8_t shift = 12) {
  IotlbEntry e;
  e.first = first;
  e.domain = domain;
  e.shift = shift;
  e.perm = 3;
  return e;
}

IommuCaches Caches() {
  IommuCaches caches{Iotlb(IotlbShapeOf("iotlb")),
                     Iotlb(IotlbShapeOf("walk")),
                     {{0x28, Iotlb(IotlbShapeOf("atc"))}}};
  for (const uint32_t domain : {1, 2}) {
    for (const uint64_t iova : {0x1000, 0x2000, 0x3000}) {
      caches.iotlb.Insert(Page(iova, domain), iova);
    }
    caches.walk.Insert(Page(0, domain, 21), 0);
  }
  caches.devices[0].atc.Insert(Page(0x1000, 1), 0x1000);
  return caches;
}

// Recorded: q35-2g-vtd-linux, ftrace qi_submit.
TEST(VtdDescriptor, AsRecorded) {
  const auto page = FromVtdDescriptor({0x300f2, 0xffefc000});
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->kind, K::kPages);
  EXPECT_EQ(page->domain, 3u);
  EXPECT_EQ(page->address, 0xffefc000u);
  EXPECT_EQ(page->mask, 0);
  EXPECT_FALSE(page->leaf_only);
  EXPECT_EQ(ToVtdDescriptor(*page), (VtdDescriptor{0x300f2, 0xffefc000}));
  EXPECT_EQ(FromVtdDescriptor({0x1000000014, 0})->kind, K::kInterrupts);
  // Linux 6.12 sets IH on the same unmap (semantics.md 0b).
  EXPECT_TRUE(FromVtdDescriptor({0x300f2, 0xffefc041})->leaf_only);
  EXPECT_EQ(FromVtdDescriptor({0x300f2, 0xffefc041})->mask, 1);
}

TEST(VtdDescriptor, RoundTripAndReserved) {
  sim::Random random(1, 2);
  std::set<K> seen;
  for (int n = 0; n < 100000; ++n) {
    const auto i = FromVtdDescriptor({random.Next64(), random.Next64()});
    if (!i.has_value()) continue;
    seen.insert(i->kind);
    EXPECT_EQ(FromVtdDescriptor(ToVtdDescriptor(*i)), i) << n;
  }
  EXPECT_EQ(seen.size(), 9u);
  EXPECT_FALSE(FromVtdDescriptor({0, 0}).has_value());
  EXPECT_FALSE(FromVtdDescriptor({0x2, 0}).has_value());
  EXPECT_FALSE(FromVtdDescriptor({0xf, 0}).has_value());
}

TEST(VtdDescriptor, DevicePages) {
  for (const uint8_t mask : {0, 1, 2, 9, 51, 52}) {
    Invalidation i;
    i.kind = K::kDevice;
    i.source_id = 0x28;
    i.mask = mask;
    if (mask < 51) i.address = uint64_t{5} << (12 + mask);
    EXPECT_EQ(FromVtdDescriptor(ToVtdDescriptor(i)), i) << int{mask};
  }
}

TEST(Apply, EachKind) {
  const struct {
    Invalidation i;
    uint64_t iotlb, walk, device;
  } cases[] = {
      {{.kind = K::kGlobal}, 6, 2, 0},
      {{.kind = K::kDomain, .domain = 1}, 3, 1, 0},
      {{.kind = K::kPages, .domain = 1, .address = 0x1000}, 1, 1, 0},
      {{.kind = K::kPages, .domain = 1, .address = 0x2000, .mask = 1}, 2, 1, 0},
      {{.kind = K::kPages, .domain = 1, .address = 0x1000, .leaf_only = true},
       1,
       0,
       0},
      {{.kind = K::kPages, .domain = 9, .address = 0x1000}, 0, 0, 0},
      {{.kind = K::kPasid, .domain = 1, .pasid = 5}, 0, 0, 0},
      {{.kind = K::kPasidPages, .domain = 1, .address = 0x1000}, 1, 1, 0},
      // The unit's invalidations do not reach a device's own cache.
      {{.kind = K::kDevice, .source_id = 0x28, .address = 0x1000}, 0, 0, 1},
      {{.kind = K::kDevice, .source_id = 0x30, .address = 0x1000}, 0, 0, 0},
      {{.kind = K::kWait}, 0, 0, 0},
      {{.kind = K::kContext}, 0, 0, 0},
  };
  for (const auto& c : cases) {
    IommuCaches caches = Caches();
    const InvalidationEffect effect = Apply(c.i, caches);
    const std::string name(InvalidationKindName(c.i.kind));
    EXPECT_EQ(effect.iotlb, c.iotlb) << name;
    EXPECT_EQ(effect.walk, c.walk) << name;
    EXPECT_EQ(effect.device, c.device) << name;
    EXPECT_EQ(caches.iotlb.size(), 6 - c.iotlb) << name;
  }
}

TEST(InvalidationCommands, Table) {
  EXPECT_EQ(CommandFor(D::kVtdLegacy, K::kWait)->opcode, 5);
  EXPECT_EQ(CommandFor(D::kSmmuV3, K::kPages)->name, "TLBI_S2_IPA");
  EXPECT_EQ(CommandFor(D::kVtdLegacy, K::kPasid), nullptr);
  // All but s390, whose instruction returns when it is done, have a wait.
  for (int d = 0; d < kFaultDialects; ++d) {
    const D dialect = static_cast<D>(d);
    EXPECT_NE(CommandFor(dialect, K::kPages), nullptr) << d;
    EXPECT_EQ(CommandFor(dialect, K::kWait) == nullptr, dialect == D::kS390);
  }
}

TEST(InvalidationQueue, InOrderWithLatency) {
  InvalidationQueue queue;
  queue.shape = {.capacity = 3, .command_ns = 100, .device_ns = 1000};
  IommuCaches caches = Caches();
  const auto submit = [&](Invalidation i, sim::Nanos now) {
    const auto done = Submit(queue, i, sim::Time{now});
    return done.has_value() ? done->since_start : -1;
  };
  EXPECT_EQ(
      submit({.kind = K::kDevice, .source_id = 0x28, .address = 0x1000}, 50),
      1050);
  EXPECT_EQ(submit({.kind = K::kDomain, .domain = 1}, 60), 1150);
  EXPECT_EQ(submit({.kind = K::kWait, .status_data = 7}, 60), 1250);
  EXPECT_EQ(submit({.kind = K::kGlobal}, 60), -1);  // full
  EXPECT_TRUE(RunDue(queue, caches, sim::Time{1049}).empty());
  EXPECT_EQ(caches.iotlb.size(), 6u);  // until then the old may be used
  const auto done = RunDue(queue, caches, sim::Time{1150});
  ASSERT_EQ(done.size(), 2u);
  EXPECT_EQ(done[0].effect.device, 1u);
  EXPECT_EQ(done[1].effect.iotlb, 3u);
  EXPECT_EQ(done[1].at, sim::Time{1150});
  const auto waited = RunDue(queue, caches, sim::Time{5000});
  ASSERT_EQ(waited.size(), 1u);
  EXPECT_EQ(waited[0].invalidation.status_data, 7u);
  EXPECT_EQ(submit({.kind = K::kGlobal}, 6000), 6100);  // idle in between
}

TEST(InvalidationQueue, BadShapes) {
  EXPECT_FALSE(CheckInvalidationQueueShape({.capacity = 0}).ok());
  EXPECT_FALSE(CheckInvalidationQueueShape({.capacity = 70000}).ok());
  EXPECT_FALSE(CheckInvalidationQueueShape({.command_ns = -1}).ok());
  EXPECT_FALSE(CheckInvalidationQueueShape({.device_ns = -1}).ok());
  EXPECT_TRUE(CheckInvalidationQueueShape({}).ok());
}

TEST(StaleWindow, OldNewSeeded) {
  StaleWindow window;
  EXPECT_TRUE(window.UsesOld());
  window.mode = StaleWindow::Mode::kNew;
  EXPECT_FALSE(window.UsesOld());
  window.mode = StaleWindow::Mode::kSeeded;
  window.random = sim::Random(1, 1);
  StaleWindow again = window;
  int old = 0;
  for (int i = 0; i < 1000; ++i) {
    const bool uses = window.UsesOld();
    EXPECT_EQ(uses, again.UsesOld());
    old += uses;
  }
  EXPECT_GT(old, 400);
  EXPECT_LT(old, 600);
}

// A run that makes a third choice only where the first took the new
// translation has six courses; each is seen once.
TEST(StaleWindow, ScriptsSeeEveryCourse) {
  std::multiset<std::string> courses;
  std::optional<uint64_t> script = 0;
  while (script.has_value()) {
    StaleWindow window;
    window.mode = StaleWindow::Mode::kScript;
    window.script = *script;
    std::string course;
    course += window.UsesOld() ? 'o' : 'n';
    course += window.UsesOld() ? 'o' : 'n';
    if (course[0] == 'n') course += window.UsesOld() ? 'o' : 'n';
    courses.insert(course);
    ASSERT_LT(courses.size(), 100u);
    script = NextScript(*script, window.choices);
  }
  EXPECT_EQ(courses, (std::multiset<std::string>{"oo", "on", "noo", "non",
                                                 "nno", "nnn"}));
}

}  // namespace
}  // namespace iovalab
