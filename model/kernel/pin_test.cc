#include "model/kernel/pin.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "model/store/stores.h"

namespace iovalab {
namespace {

constexpr uint64_t kPages = 32;

// The store against a count for each page, after random pins and unpins of
// ranges that were pinned before.
TEST(Pin, AgreesWithCountsOfPages) {
  Stores stores;
  Sink sink(&stores);
  std::array<uint64_t, kPages> counts{};
  struct Range {
    uint64_t first, last;  // pages
  };
  std::vector<Range> pinned;
  uint64_t seed = 1;
  const auto random = [&](uint64_t n) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    return (seed >> 33) % n;
  };
  for (int step = 0; step < 20000; ++step) {
    if (pinned.size() < 12 && random(2) == 0) {
      const uint64_t first = random(kPages);
      const Range r{first, first + random(kPages - first)};
      PinPages(Hpa(r.first * kPageSize), Hpa((r.last + 1) * kPageSize - 1),
               Rule::kVdpaPaMap, sink);
      for (uint64_t p = r.first; p <= r.last; ++p) ++counts[p];
      pinned.push_back(r);
    } else if (!pinned.empty()) {
      const size_t i = random(pinned.size());
      const Range r = pinned[i];
      pinned.erase(pinned.begin() + static_cast<long>(i));
      UnpinPages(Hpa(r.first * kPageSize), Hpa((r.last + 1) * kPageSize - 1),
                 Rule::kVdpaUnpinFirst, sink);
      for (uint64_t p = r.first; p <= r.last; ++p) --counts[p];
    }
    const IntervalTable& pins = sink.table(kPinStore);
    for (uint64_t p = 0; p < kPages; ++p) {
      const auto e = pins.Find(p * kPageSize);
      ASSERT_EQ(e ? e->target : 0, counts[p]) << "page " << p;
    }
    // Canonical: no zero counts, no equal neighbours.
    Entry before{0, 0, 0};
    pins.ForEach([&](const Entry& e) {
      EXPECT_NE(e.target, 0u);
      EXPECT_FALSE(e.first != 0 && before.last + 1 == e.first &&
                   before.target == e.target);
      before = e;
    });
  }
}

// A range that stays as it is gets its count set, not taken away and added.
TEST(Pin, SetsWhereTheRangeStays) {
  Stores stores;
  Sink sink(&stores);
  sink.WatchChanges(true);
  PinPages(Hpa(0x1000), Hpa(0x4fff), Rule::kVdpaPaMap, sink);
  PinPages(Hpa(0x1000), Hpa(0x4fff), Rule::kVdpaPaMap, sink);
  const std::vector<Sink::Change> changes = sink.TakeChanges();
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].delta.op, DeltaOp::kAdd);
  EXPECT_EQ(changes[1].delta.op, DeltaOp::kSet);
  EXPECT_EQ(changes[1].delta.entry.target, 2u);
}

}  // namespace
}  // namespace iovalab
