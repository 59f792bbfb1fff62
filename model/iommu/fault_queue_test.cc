#include "model/iommu/fault_queue.h"

#include <vector>

#include "gtest/gtest.h"
#include "sim/random.h"

namespace iovalab {
namespace {

using D = FaultDialect;
using F = FaultFate;

DmaFault At(uint32_t source, uint64_t address) {
  return *MakeFault(D::kVtdLegacy,
                    {IommuFault::kNotPresent, FaultAccess::kRead}, source,
                    address);
}

// Recorded: q35-2g-vtd-linux line 376 on. Five faults of one source, one is
// recorded; after the driver has taken it the next one is.
TEST(FaultQueue, QemuVtdCompressesBySource) {
  FaultQueue queue{QemuVtdFaultQueue()};
  const FaultReport first = FaultQueuePush(queue, At(0x28, 0xdead0000));
  EXPECT_TRUE(first.reported());
  EXPECT_TRUE(first.interrupt);
  EXPECT_EQ(first.index, 0u);
  for (int i = 1; i < 5; ++i) {
    EXPECT_EQ(FaultQueuePush(queue, At(0x28, 0xdead0000 + i * 4)).fate,
              F::kCompressed);
  }
  EXPECT_FALSE(queue.overflow);
  EXPECT_EQ(FaultQueuePop(queue)->fault.address, 0xdead0000u);
  EXPECT_FALSE(queue.pending());
  EXPECT_TRUE(FaultQueuePush(queue, At(0x28, 0x3cafe1000)).reported());
  EXPECT_EQ(queue.recorded, 2u);
  EXPECT_EQ(queue.lost, 4u);
}

// VT-d: a full ring sets PFO, and nothing is recorded until that is cleared,
// even when registers are free again.
TEST(FaultQueue, VtdOverflowLatches) {
  FaultQueue queue{FaultQueueOf(D::kVtdLegacy, 2)};
  EXPECT_TRUE(FaultQueuePush(queue, At(1, 0x1000)).interrupt);
  EXPECT_FALSE(FaultQueuePush(queue, At(1, 0x2000)).interrupt);
  EXPECT_EQ(FaultQueuePush(queue, At(2, 0x3000)).fate, F::kOverflowed);
  EXPECT_TRUE(queue.overflow);
  EXPECT_EQ(FaultQueuePop(queue)->fault.address, 0x1000u);
  EXPECT_EQ(FaultQueuePush(queue, At(2, 0x4000)).fate, F::kLatched);
  FaultQueueClearOverflow(queue);
  const FaultReport after = FaultQueuePush(queue, At(2, 0x5000));
  EXPECT_TRUE(after.reported());
  EXPECT_EQ(after.index, 0u);  // the register that was freed first
}

TEST(FaultQueue, SmmuRecordsAgainWhenThereIsRoom) {
  FaultQueue queue{FaultQueueOf(D::kSmmuV3, 1)};
  FaultQueuePush(queue, At(1, 0x1000));
  EXPECT_EQ(FaultQueuePush(queue, At(1, 0x2000)).fate, F::kOverflowed);
  FaultQueuePop(queue);
  EXPECT_TRUE(FaultQueuePush(queue, At(1, 0x3000)).reported());
  EXPECT_TRUE(queue.overflow);  // until the driver acknowledges it
}

// Against a list of all faults and a set of free places.
TEST(FaultQueue, Random) {
  sim::Random random(7, 1);
  for (int round = 0; round < 200; ++round) {
    FaultQueueShape shape;
    shape.capacity = 1 + static_cast<uint32_t>(random.Below(4));
    shape.compress_source = random.Chance(1, 2);
    shape.overflow_latches = random.Chance(1, 2);
    FaultQueue queue{shape};
    std::vector<DmaFault> expected;
    bool overflow = false;
    uint64_t pushed = 0;
    for (int i = 0; i < 200; ++i) {
      if (random.Chance(1, 3)) {
        const auto got = FaultQueuePop(queue);
        ASSERT_EQ(got.has_value(), !expected.empty());
        if (!got.has_value()) continue;
        ASSERT_EQ(got->fault, expected.front());
        expected.erase(expected.begin());
      } else if (random.Chance(1, 10)) {
        FaultQueueClearOverflow(queue);
        overflow = false;
      } else {
        const DmaFault fault =
            At(static_cast<uint32_t>(random.Below(4)), random.Below(16) << 12);
        ++pushed;
        bool keep = !(overflow && shape.overflow_latches);
        bool same = false;
        for (const DmaFault& f : expected)
          same |= f.source_id == fault.source_id;
        if (keep && same && shape.compress_source) {
          keep = false;
        } else if (keep && expected.size() == shape.capacity) {
          keep = false;
          overflow = true;
        }
        if (keep) expected.push_back(fault);
        ASSERT_EQ(FaultQueuePush(queue, fault).reported(), keep);
      }
      ASSERT_EQ(queue.overflow, overflow);
      ASSERT_EQ(queue.recorded + queue.lost, pushed);
      ASSERT_LE(queue.waiting.size(), shape.capacity);
    }
  }
}

}  // namespace
}  // namespace iovalab
