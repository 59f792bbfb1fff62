#include "sim/hold.h"

#include <cstdint>

#include "gtest/gtest.h"
#include "sim/event_queue.h"
#include "sim/heap_queue.h"
#include "sim/reference_queue.h"

namespace iovalab::sim {
namespace {

using Ours = EventQueue<HoldEvent>;
using Heap = HeapQueue<HoldEvent>;
using Reference = ReferenceQueue<HoldEvent>;

template <typename Queue>
std::uint64_t Checksum(std::uint64_t pending, std::uint64_t operations) {
  Hold<Queue> hold(pending);
  hold.Run(operations);
  return hold.checksum();
}

TEST(HoldTest, AllQueuesAgree) {
  for (const std::uint64_t pending : {1, 2, 10, 1000, 30'000}) {
    const std::uint64_t expected = Checksum<Reference>(pending, 100'000);
    EXPECT_EQ(Checksum<Ours>(pending, 100'000), expected) << pending;
    EXPECT_EQ(Checksum<Heap>(pending, 100'000), expected) << pending;
  }
}

// D2's workload is part of what the numbers mean: it must not drift.
TEST(HoldTest, WorkloadIsFixed) {
  EXPECT_EQ(SplitMix64(0), 0xE220A8397B1DCDAF);  // The published first value.
  EXPECT_EQ(HoldDelay(0), 1 + 0xDCDAF);
  EXPECT_EQ(Checksum<Ours>(1000, 10'000), 0xCC25BBE560FF2ED3);
}

TEST(HoldTest, ChecksumSeesTheOrder) {
  std::uint64_t ab = 0;
  MixIntoChecksum(ab, Time{5}, 1);
  MixIntoChecksum(ab, Time{5}, 2);
  std::uint64_t ba = 0;
  MixIntoChecksum(ba, Time{5}, 2);
  MixIntoChecksum(ba, Time{5}, 1);
  EXPECT_NE(ab, ba);
}

TEST(HoldTest, CopyContinuesTheSame) {
  Hold<Ours> hold(1000);
  hold.Run(5000);
  Hold<Ours> copy = hold;
  hold.Run(5000);
  copy.Run(5000);
  EXPECT_EQ(hold.checksum(), copy.checksum());
}

}  // namespace
}  // namespace iovalab::sim
