// Walks of random tables, against a walker that writes the whole walk down
// first and judges it afterwards.

#include "gtest/gtest.h"
#include "model/virtio/device_ring.h"
#include "model/virtio/ring_testing.h"
#include "sim/random.h"

namespace iovalab {
namespace {

constexpr RingLayout kAt{4, 0x0, 0x40, 0x60};
constexpr uint64_t kTable = 0x80;  // of up to four descriptors

struct Walked {
  PopResult::Is is;
  Rule rule;
  std::vector<RingDescriptor> buffers;
};

RingDescriptor Get(const TestMemory& memory, uint64_t at) {
  return {memory.Get(at, 8), static_cast<uint32_t>(memory.Get(at + 8, 4)),
          static_cast<uint16_t>(memory.Get(at + 12, 2)),
          static_cast<uint16_t>(memory.Get(at + 14, 2))};
}

bool ReadsAfterWrite(const std::vector<RingDescriptor>& buffers) {
  for (size_t i = 1; i < buffers.size(); ++i) {
    if (buffers[i - 1].flags & 2 && !(buffers[i].flags & 2)) return true;
  }
  return false;
}

// The first of these that a prefix of the walk shows is the verdict; the walk
// visits one descriptor after the other.
Walked SlowWalk(const TestMemory& memory, RingReader reader) {
  Walked walked{PopResult::Is::kBad, Rule::kNone, {}};
  const auto bad = [&](Rule rule) {
    walked.rule = rule;
    return walked;
  };
  const bool qemu = reader == RingReader::kQemu;
  uint64_t table = kAt.desc;
  uint64_t entries = 4;
  uint64_t at = 0;
  uint64_t behind = 0;
  int level = 0;
  size_t of_level[2] = {0, 0};
  for (int visited = 0; visited < 100; ++visited) {
    const RingDescriptor d = Get(memory, table + 16 * at);
    const bool follow = (d.flags & 4) && (!qemu || visited == 0);
    if (follow) {
      if (level == 1) return bad(Rule::kRingIndirectNested);
      if (d.len % 16 || (qemu && d.len == 0)) {
        return bad(Rule::kRingIndirectSize);
      }
      behind = !qemu && (d.flags & 1) ? d.next : 0;
      level = 1;
      table = d.addr;
      entries = d.len / 16;
      at = 0;
      continue;
    }
    ++of_level[level];
    walked.buffers.push_back(d);
    const bool loops = qemu ? of_level[level] > entries
                            : of_level[0] > 4 || of_level[1] > entries;
    if (!qemu && loops) return bad(Rule::kRingLoop);
    if (ReadsAfterWrite(walked.buffers)) return bad(Rule::kRingOrder);
    if (qemu && d.len == 0) return bad(Rule::kRingZeroLength);
    if (loops) return bad(Rule::kRingLoop);
    if (d.flags & 1) {
      at = d.next;
    } else if (behind > 0) {
      at = behind;
      behind = 0;
      level = 0;
      table = kAt.desc;
      entries = 4;
    } else {
      walked.is = PopResult::Is::kChain;
      return walked;
    }
    if (at >= entries) return bad(Rule::kRingNextRange);
  }
  ADD_FAILURE() << "the slow walk does not end";
  return walked;
}

RingDescriptor RandomDescriptor(sim::Random& random) {
  RingDescriptor d;
  d.flags = static_cast<uint16_t>(random.Below(4));
  d.next = static_cast<uint16_t>(random.Below(5));
  d.addr = random.Below(1000);
  d.len = static_cast<uint32_t>(random.Below(12) * 7);
  if (random.Below(4) == 0) {
    d.flags |= kDescIndirect;
    d.addr = kTable;
    d.len = static_cast<uint32_t>(random.Below(5) * 16 + random.Below(8) / 7);
  }
  return d;
}

TEST(DeviceRing, WalksAsASlowWalker) {
  std::array<int, static_cast<size_t>(Rule::kCount)> seen{};
  for (uint64_t seed = 0; seed < 40000; ++seed) {
    sim::Random random(seed, 3);
    TestMemory memory(0x200);
    for (uint32_t i = 0; i < 4; ++i) {
      memory.PutDescriptor(kAt.desc, i, RandomDescriptor(random));
      memory.PutDescriptor(kTable, i, RandomDescriptor(random));
    }
    memory.Put(kAt.avail + 2, 2, 1);
    for (const RingReader reader : {RingReader::kQemu, RingReader::kVringh}) {
      const Walked slow = SlowWalk(memory, reader);
      DeviceRing ring{kAt, reader};
      RingChain chain;
      const PopResult popped = PopChain(ring, memory.Ring(), &chain);
      ASSERT_EQ(popped.is, slow.is) << "seed " << seed;
      ASSERT_EQ(popped.rule, slow.rule) << "seed " << seed;
      if (popped.is == PopResult::Is::kChain) {
        ASSERT_EQ(chain.descriptors, slow.buffers) << "seed " << seed;
      }
      ++seen[static_cast<size_t>(popped.rule)];
    }
  }
  for (const Rule rule : {Rule::kNone, Rule::kRingNextRange, Rule::kRingLoop,
                          Rule::kRingOrder, Rule::kRingZeroLength,
                          Rule::kRingIndirectSize, Rule::kRingIndirectNested}) {
    EXPECT_GT(seen[static_cast<size_t>(rule)], 100) << GetRule(rule).name;
  }
}

}  // namespace
}  // namespace iovalab
