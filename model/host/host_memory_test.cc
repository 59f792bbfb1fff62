#include "model/host/host_memory.h"

#include <gtest/gtest.h>

#include <map>
#include <utility>
#include <vector>

#include "sim/random.h"

namespace iovalab {
namespace {

constexpr uint64_t kPage = kPageSize;

MemoryObject Object(uint64_t size, std::vector<LayoutRun> layout) {
  MemoryObject o;
  o.name = "ram";
  o.size = size;
  o.layout = std::move(layout);
  return o;
}

TEST(MemoryObject, Validation) {
  const uint64_t big = uint64_t{1} << 52;
  struct Case {
    MemoryObject object;
    const char* error;  // nullptr: valid
  };
  const Case kCases[] = {
      {Object(4 * kPage, {{0, 4 * kPage - 1, kPage, Hpa(0), 2 * kPage}}),
       nullptr},
      {Object(3 * kPage, {{0, 3 * kPage - 1, 2 * kPage, Hpa(0), 2 * kPage}}),
       nullptr},
      {Object(0, {}), "size"},
      {Object(kPage + 1, {{0, kPage, kPage, Hpa(0), kPage}}), "size"},
      {Object(kPage, {}), "covers 0x0"},
      {Object(2 * kPage, {{0, kPage - 1, kPage, Hpa(0), kPage}}),
       "covers 0x1000"},
      {Object(2 * kPage, {{kPage, 2 * kPage - 1, kPage, Hpa(0), kPage}}),
       "run 0: first_offset"},
      {Object(2 * kPage, {{0, kPage - 1, kPage, Hpa(0), kPage},
                          {0, 2 * kPage - 1, kPage, Hpa(0), kPage}}),
       "run 1: first_offset"},
      {Object(kPage, {{0, kPage, kPage, Hpa(0), kPage}}), "last_offset"},
      {Object(2 * kPage, {{0, kPage, kPage, Hpa(0), kPage}}), "last_offset"},
      {Object(kPage, {{0, kPage - 1, 0, Hpa(0), kPage}}), "chunk_size"},
      {Object(kPage, {{0, kPage - 1, 512, Hpa(0), kPage}}), "chunk_size"},
      {Object(kPage, {{0, kPage - 1, kPage, Hpa(0), 0}}), "stride"},
      {Object(4 * kPage, {{0, 4 * kPage - 1, 2 * kPage, Hpa(0), kPage}}),
       "stride"},
      {Object(kPage, {{0, kPage - 1, kPage, Hpa(1), kPage}}), "hpa"},
      {Object(kPage, {{0, kPage - 1, kPage, Hpa(big), kPage}}), "hpa"},
      {Object(kPage, {{0, kPage - 1, kPage, Hpa(big - kPage), kPage}}),
       nullptr},
      {Object(2 * kPage, {{0, 2 * kPage - 1, kPage, Hpa(big - kPage), kPage}}),
       "hpa"},
      // A span that would overflow 64 bits.
      {Object(big, {{0, big - 1, kPage, Hpa(0), big / 2}}), "hpa"},
  };
  for (const Case& c : kCases) {
    const absl::Status s = ValidateMemoryObject(c.object);
    EXPECT_EQ(s.ok(), c.error == nullptr) << s;
    if (c.error != nullptr) {
      EXPECT_NE(s.message().find(c.error), absl::string_view::npos) << s;
    }
  }
}

// Two scattered chunks of 2 pages, then 3 pages that go on where the second
// chunk ends, then a page elsewhere.
MemoryObject Mixed() {
  return Object(
      8 * kPage,
      {{0, 4 * kPage - 1, 2 * kPage, Hpa(0x100000), 16 * kPage},
       {4 * kPage, 7 * kPage - 1, kPage, Hpa(0x100000 + 18 * kPage), kPage},
       {7 * kPage, 8 * kPage - 1, kPage, Hpa(0x10000), kPage}});
}

TEST(MemoryObject, RunsMergeOverChunksAndLayoutRuns) {
  const MemoryObject o = Mixed();
  ASSERT_TRUE(ValidateMemoryObject(o).ok());
  struct Run {
    uint64_t offset, hpa, length;
    bool operator==(const Run&) const = default;
  };
  std::vector<Run> runs;
  const auto add = [&](uint64_t offset, Hpa hpa, uint64_t length) {
    runs.push_back({offset, hpa.value, length});
  };
  ForEachPhysicalRun(o, 0, o.size - 1, add);
  EXPECT_EQ(runs, (std::vector<Run>{
                      {0, 0x100000, 2 * kPage},
                      {2 * kPage, 0x110000, 5 * kPage},
                      {7 * kPage, 0x10000, kPage},
                  }));
  runs.clear();
  ForEachPhysicalRun(o, 0x1fff, 0x2000, add);
  EXPECT_EQ(runs,
            (std::vector<Run>{{0x1fff, 0x101fff, 1}, {0x2000, 0x110000, 1}}));
}

TEST(HostMemory, ReverseLookupAgreesWithForward) {
  HostMemory memory;
  ASSERT_TRUE(memory.AddObject(Mixed()).ok());
  const auto other = memory.AddObject(
      Object(3 * kPage, {{0, 3 * kPage - 1, kPage, memory.end(), 5 * kPage}}));
  ASSERT_TRUE(other.ok());
  uint64_t found = 0;
  for (uint64_t hpa = 0; hpa < memory.end().value + kPage; hpa += 512) {
    const auto at = memory.FindByHpa(Hpa(hpa));
    if (!at) continue;
    ++found;
    EXPECT_EQ(memory.Resolve(at->object, at->offset).hpa, Hpa(hpa));
  }
  EXPECT_EQ(found, 11 * kPage / 512);
  EXPECT_FALSE(memory.FindByHpa(Hpa(UINT64_MAX)));
}

TEST(HostMemory, ObjectsDoNotSharePhysicalMemory) {
  HostMemory memory;
  const auto scattered =
      Object(4 * kPage, {{0, 4 * kPage - 1, kPage, Hpa(0x10000), 4 * kPage}});
  ASSERT_TRUE(memory.AddObject(scattered).ok());
  const Hpa end = memory.end();
  struct Case {
    uint64_t hpa;
    bool ok;
  };
  // The run's hull is [0x10000, 0x1cfff]; in its gaps others may lie.
  for (const Case& c :
       {Case{0xf000, true}, Case{0x10000, false}, Case{0x11000, true},
        Case{0x14000, false}, Case{0x1c000, false}, Case{0x1d000, true}}) {
    HostMemory copy = memory;
    EXPECT_EQ(copy.AddObject(
                      Object(kPage, {{0, kPage - 1, kPage, Hpa(c.hpa), kPage}}))
                  .ok(),
              c.ok)
        << c.hpa;
  }
  // A refused object leaves nothing behind, and an object may clash with
  // itself.
  const auto self =
      Object(2 * kPage, {{0, kPage - 1, kPage, end, kPage},
                         {kPage, 2 * kPage - 1, kPage, end, kPage}});
  EXPECT_FALSE(memory.AddObject(self).ok());
  EXPECT_EQ(memory.size(), 1u);
  EXPECT_EQ(memory.end(), end);
  EXPECT_FALSE(memory.FindByHpa(end));
}

// Short runs of few pages, most of which interleave with others, against a
// plain map of pages.
TEST(HostMemory, RunsMayInterleave) {
  sim::Random random(1, 0);
  int refused = 0;
  int taken = 0;
  for (int round = 0; round < 200; ++round) {
    HostMemory memory;
    std::map<uint64_t, ObjectOffset> pages;  // by number of physical page
    for (int n = 0; n < 12; ++n) {
      std::vector<LayoutRun> layout;
      std::map<uint64_t, ObjectOffset> own;
      bool clash = false;
      uint64_t offset = 0;
      for (uint64_t r = random.InRange(1, 2); r > 0; --r) {
        const uint64_t chunk = random.InRange(1, 2);
        const uint64_t count = random.InRange(1, 5);
        const uint64_t stride = chunk + random.Below(12);
        const uint64_t at = random.Below(120);
        layout.push_back({offset * kPage, (offset + chunk * count) * kPage - 1,
                          chunk * kPage, Hpa(at * kPage), stride * kPage});
        for (uint64_t p = 0; p < chunk * count; ++p, ++offset) {
          const uint64_t page = at + p / chunk * stride + p % chunk;
          const ObjectOffset here{static_cast<ObjectIndex>(memory.size()),
                                  offset * kPage};
          clash = clash || pages.contains(page) ||
                  !own.try_emplace(page, here).second;
        }
      }
      const bool ok =
          memory.AddObject(Object(offset * kPage, std::move(layout))).ok();
      ASSERT_EQ(ok, !clash);
      if (ok) pages.merge(own);
      ++(ok ? taken : refused);
    }
    for (uint64_t page = 0; page < 250; ++page) {
      const auto found = memory.FindByHpa(Hpa(page * kPage));
      const auto want = pages.find(page);
      ASSERT_EQ(found.has_value(), want != pages.end()) << page;
      if (found) {
        EXPECT_EQ(*found, want->second) << page;
      }
    }
  }
  EXPECT_GT(refused, 300);
  EXPECT_GT(taken, 300);
}

TEST(HostMemory, CostsFollowRunsNotBytes) {
  HostMemory memory;
  const uint64_t size = uint64_t{1} << 51;
  ASSERT_TRUE(
      memory.AddObject(Object(size, {{0, size - 1, kPage, Hpa(0), kPage}}))
          .ok());
  EXPECT_EQ(memory.Resolve(0, 0).length, size);
  EXPECT_EQ(memory.FindByHpa(Hpa(size - 1))->offset, size - 1);
}

}  // namespace
}  // namespace iovalab
