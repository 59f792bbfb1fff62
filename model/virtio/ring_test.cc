// Driver and device over one ring, and tables of rings that readers refuse.

#include <deque>

#include "gtest/gtest.h"
#include "model/virtio/device_ring.h"
#include "model/virtio/driver_ring.h"
#include "model/virtio/ring_testing.h"
#include "sim/random.h"

namespace iovalab {
namespace {

constexpr RingLayout kAt{8, 0x100, 0x200, 0x240};
constexpr uint64_t kTable = 0x400;

TEST(SplitRing, LayoutIsTheStandards) {
  EXPECT_EQ(DescTableBytes(256), 0x1000u);
  EXPECT_EQ(AvailBytes(256), 518u);
  EXPECT_EQ(UsedBytes(256), 2054u);
  EXPECT_EQ(DescPlace(0x1000, 3).address, 0x1030u);
  EXPECT_EQ(AvailPlace(kAt, 9).address, 0x206u);
  EXPECT_EQ(UsedPlace(kAt, 10).address, 0x254u);
}

TEST(DriverRing, WritesTheBytesOfAChain) {
  TestMemory memory(0x1000);
  DriverRing driver(kAt);
  const RingBuffer buffers[] = {{0x1234, 16, false}, {0x5678, 512, true}};
  uint16_t head = 9;
  ASSERT_EQ(AddChain(driver, buffers, 7, memory.Ring(), &head),
            AddOutcomeRing::kAdded);
  EXPECT_EQ(head, 0);
  EXPECT_EQ(memory.Get(0x100, 8), 0x1234u);
  EXPECT_EQ(memory.Get(0x108, 8), 16 | uint64_t{1} << 32 | uint64_t{1} << 48);
  EXPECT_EQ(memory.Get(0x110, 8), 0x5678u);
  EXPECT_EQ(memory.Get(0x118, 8), 512 | uint64_t{2} << 32);
  EXPECT_EQ(memory.Get(0x202, 2), 1u);  // avail->idx
  EXPECT_EQ(memory.Get(0x204, 2), 0u);  // the head
  EXPECT_EQ(driver.num_free, 6u);
}

TEST(DriverRing, PassesOverIdsThatAreNotOutstanding) {
  TestMemory memory(0x1000);
  DriverRing driver(kAt);
  memory.Put(kAt.used + 2, 2, 2);
  memory.Put(kAt.used + 4, 4, 8);   // past the ring
  memory.Put(kAt.used + 12, 4, 3);  // never given
  ASSERT_TRUE(PollUsed(driver, memory.Ring()));
  EXPECT_EQ(TakeUsed(driver, memory.Ring()).is, UsedChain::Is::kUnknown);
  EXPECT_EQ(TakeUsed(driver, memory.Ring()).is, UsedChain::Is::kUnknown);
  EXPECT_EQ(TakeUsed(driver, memory.Ring()).is, UsedChain::Is::kNone);
  EXPECT_EQ(driver.num_free, 8u);
}

// Chains given and taken back at random, over and over the ring's end.
TEST(SplitRing, WhatTheDriverGivesTheDeviceTakes) {
  for (const RingReader reader : {RingReader::kQemu, RingReader::kVringh}) {
    sim::Random random(1, 2);
    TestMemory memory(0x1000);
    DriverRing driver(kAt);
    DeviceRing device{kAt, reader};
    struct Given {
      uint32_t token;
      std::vector<RingBuffer> buffers;
    };
    std::deque<Given> given;                             // not yet taken
    std::vector<std::pair<uint16_t, uint32_t>> taken;    // head, token
    std::deque<std::pair<uint32_t, uint32_t>> returned;  // token, length
    uint32_t in_use = 0;
    for (uint32_t i = 0; i < 100000; ++i) {
      switch (random.Below(4)) {
        case 0: {
          std::vector<RingBuffer> buffers(random.InRange(1, 4));
          for (size_t k = 0; k < buffers.size(); ++k) {
            buffers[k] = {random.Next64(), static_cast<uint32_t>(i + 1),
                          k >= 2};
          }
          const bool indirect = random.Below(3) == 0;
          const uint32_t takes = indirect ? 1 : buffers.size();
          uint16_t head = 0;
          // One table for all: so only while nothing else waits.
          if (indirect && !given.empty()) break;
          const AddOutcomeRing added =
              indirect ? AddIndirect(driver, kTable, buffers, i, memory.Ring(),
                                     &head)
                       : AddChain(driver, buffers, i, memory.Ring(), &head);
          ASSERT_EQ(added, in_use + takes <= 8 ? AddOutcomeRing::kAdded
                                               : AddOutcomeRing::kNoSpace);
          if (added != AddOutcomeRing::kAdded) break;
          in_use += takes;
          given.push_back({i, buffers});
          break;
        }
        case 1: {
          RingChain chain;
          const PopResult popped = PopChain(device, memory.Ring(), &chain);
          ASSERT_EQ(popped.is, given.empty() ? PopResult::Is::kEmpty
                                             : PopResult::Is::kChain);
          if (given.empty()) break;
          const Given& g = given.front();
          ASSERT_EQ(chain.descriptors.size(), g.buffers.size());
          for (size_t k = 0; k < g.buffers.size(); ++k) {
            EXPECT_EQ(chain.descriptors[k].addr, g.buffers[k].addr);
            EXPECT_EQ(chain.descriptors[k].len, g.buffers[k].len);
            EXPECT_EQ((chain.descriptors[k].flags & kDescWrite) != 0,
                      g.buffers[k].write);
          }
          taken.push_back({chain.head, g.token});
          given.pop_front();
          break;
        }
        case 2: {
          if (taken.empty()) break;
          const size_t k = random.Below(taken.size());
          ASSERT_TRUE(PushUsed(device, taken[k].first, i, memory.Ring()));
          returned.push_back({taken[k].second, i});
          taken.erase(taken.begin() + static_cast<long>(k));
          break;
        }
        default: {
          ASSERT_TRUE(PollUsed(driver, memory.Ring()));
          const uint32_t before = driver.num_free;
          const UsedChain used = TakeUsed(driver, memory.Ring());
          ASSERT_EQ(used.is, returned.empty() ? UsedChain::Is::kNone
                                              : UsedChain::Is::kChain);
          if (returned.empty()) break;
          EXPECT_EQ(used.token, returned.front().first);
          EXPECT_EQ(used.len, returned.front().second);
          returned.pop_front();
          in_use -= driver.num_free - before;
        }
      }
    }
  }
}

struct BadRing {
  const char* name;
  std::vector<RingDescriptor> table;     // the queue's, from 0
  std::vector<RingDescriptor> indirect;  // at kTable
  uint16_t head;
  // What each says: kNone where it takes the chain.
  Rule qemu;
  Rule vringh;
};

TEST(DeviceRing, RefusesWhatTheRealOnesRefuse) {
  constexpr auto kN = kDescNext;
  constexpr auto kW = kDescWrite;
  constexpr auto kI = kDescIndirect;
  const BadRing cases[] = {
      {"good", {{1, 1, kN, 1}, {2, 1, kW, 0}}, {}, 0, Rule::kNone, Rule::kNone},
      {"head past the ring",
       {},
       {},
       8,
       Rule::kRingHeadRange,
       Rule::kRingHeadRange},
      {"next past the ring",
       {{1, 1, kN, 8}},
       {},
       0,
       Rule::kRingNextRange,
       Rule::kRingNextRange},
      {"loop",
       {{1, 1, kN, 1}, {2, 1, kN, 0}},
       {},
       0,
       Rule::kRingLoop,
       Rule::kRingLoop},
      {"its own next",
       {{1, 1, kN, 0}},
       {},
       0,
       Rule::kRingLoop,
       Rule::kRingLoop},
      {"length 0", {{1, 0, kW, 0}}, {}, 0, Rule::kRingZeroLength, Rule::kNone},
      {"read after write",
       {{1, 1, kN | kW, 1}, {2, 1, 0, 0}},
       {},
       0,
       Rule::kRingOrder,
       Rule::kRingOrder},
      {"indirect",
       {{kTable, 32, kI, 0}},
       {{1, 1, kN, 1}, {2, 1, kW, 0}},
       0,
       Rule::kNone,
       Rule::kNone},
      {"indirect, of 24 bytes",
       {{kTable, 24, kI, 0}},
       {{1, 1, 0, 0}},
       0,
       Rule::kRingIndirectSize,
       Rule::kRingIndirectSize},
      {"indirect, empty",
       {{kTable, 0, kI, 0}},
       {{1, 1, 0, 0}},
       0,
       Rule::kRingIndirectSize,
       Rule::kRingLoop},
      {"indirect in indirect",
       {{kTable, 16, kI, 0}},
       {{kTable, 16, kI, 0}},
       0,
       Rule::kNone,
       Rule::kRingIndirectNested},
      {"indirect, next past its table",
       {{kTable, 32, kI, 0}},
       {{1, 1, kN, 2}},
       0,
       Rule::kRingNextRange,
       Rule::kRingNextRange},
      {"indirect loop",
       {{kTable, 32, kI, 0}},
       {{1, 1, kN, 1}, {2, 1, kN, 0}},
       0,
       Rule::kRingLoop,
       Rule::kRingLoop},
      {"indirect after a buffer",
       {{1, 1, kN, 1}, {kTable, 24, kI, 0}},
       {{2, 1, 0, 0}},
       0,
       Rule::kNone,
       Rule::kRingIndirectSize},
  };
  for (const BadRing& c : cases) {
    for (const RingReader reader : {RingReader::kQemu, RingReader::kVringh}) {
      TestMemory memory(0x1000);
      for (uint32_t i = 0; i < c.table.size(); ++i) {
        memory.PutDescriptor(kAt.desc, i, c.table[i]);
      }
      for (uint32_t i = 0; i < c.indirect.size(); ++i) {
        memory.PutDescriptor(kTable, i, c.indirect[i]);
      }
      memory.Put(kAt.avail + 2, 2, 1);
      memory.Put(kAt.avail + 4, 2, c.head);
      DeviceRing ring{kAt, reader};
      RingChain chain;
      const PopResult popped = PopChain(ring, memory.Ring(), &chain);
      const Rule wanted = reader == RingReader::kQemu ? c.qemu : c.vringh;
      EXPECT_EQ(popped.rule, wanted)
          << c.name << (reader == RingReader::kQemu ? ", QEMU" : ", vringh");
      EXPECT_EQ(popped.is, wanted == Rule::kNone ? PopResult::Is::kChain
                                                 : PopResult::Is::kBad);
    }
  }
}

TEST(DeviceRing, QemuTakesNoMoreThanTheRingHasEntries) {
  TestMemory memory(0x1000);
  for (uint32_t i = 0; i < 8; ++i) {
    memory.PutDescriptor(kAt.desc, i, {1, 1, 0, 0});
  }
  memory.Put(kAt.avail + 2, 2, 40);  // moved too far
  for (const RingReader reader : {RingReader::kQemu, RingReader::kVringh}) {
    DeviceRing ring{kAt, reader};
    RingChain chain;
    for (int i = 0; i < 8; ++i) {
      ASSERT_EQ(PopChain(ring, memory.Ring(), &chain).is,
                PopResult::Is::kChain);
    }
    EXPECT_EQ(
        PopChain(ring, memory.Ring(), &chain).rule,
        reader == RingReader::kQemu ? Rule::kRingSizeExceeded : Rule::kNone);
  }
}

TEST(DeviceRing, FaultsWhereMemoryEnds) {
  TestMemory memory(0x1000);
  memory.PutDescriptor(kAt.desc, 0, {0xff8, 16, kDescIndirect, 0});
  memory.Put(kAt.avail + 2, 2, 1);
  DeviceRing ring{kAt, RingReader::kVringh};
  RingChain chain;
  EXPECT_EQ(PopChain(ring, memory.Ring(), &chain).is, PopResult::Is::kFault);
  DeviceRing outside{{8, 0x100, 0x2000, 0x240}, RingReader::kVringh};
  EXPECT_EQ(PopChain(outside, memory.Ring(), &chain).is, PopResult::Is::kFault);
  EXPECT_EQ(outside.last_avail, 0);
}

}  // namespace
}  // namespace iovalab
