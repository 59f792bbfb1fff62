// Random scenarios with rings, well-formed and not, under every strategy: no
// ring that a guest can write brings the machine out of step with its trace.

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "model/machine.h"
#include "model/machine_random.h"
#include "model/machine_testing.h"
#include "model/virtio/split_ring.h"
#include "sim/random.h"

namespace iovalab {
namespace {

constexpr uint64_t kSeeds = 600;
constexpr uint64_t kGuestBytes = 64 * kPageSize;
constexpr absl::string_view kDevices[] = {"vdpa_sim_set_map_va",
                                          "vdpa_sim_set_map_pa", "vduse"};

uint32_t AddArea(Scenario& s, uint64_t i) {
  HostBufferSpec buffer;
  buffer.name = absl::StrCat("ring", i);
  buffer.hva = {Hva(0x7e0000000000 + i * 0x10000),
                Hva(0x7e0000000fff + i * 0x10000)};
  buffer.physical = {
      {0, 0xfff, 0x1000, Hpa(0x900000000 + i * 0x10000), 0x1000}};
  s.host_buffers.push_back(buffer);
  return static_cast<uint32_t>(s.host_buffers.size() - 1);
}

// Memory that stays: where rings mostly are.
constexpr uint64_t kRingGpa = kGuestBytes;
constexpr uint64_t kRingBytes = 8 * kPageSize;
constexpr uint64_t kStayBytes = 2 * kRingBytes;

void AddRingMemory(Scenario& s) {
  RamBlockSpec block;
  block.name = "rings";
  block.hva = {Hva(0x7d0000000000), Hva(0x7d0000000000 + kStayBytes - 1)};
  block.ram_addr = RamAddr(0x10000000);
  block.physical = {
      {0, kStayBytes - 1, kStayBytes, Hpa(0x800000000), kStayBytes}};
  RegionSpec region;
  region.name = "rings";
  region.addr = {Gpa(kRingGpa), Gpa(kRingGpa + kStayBytes - 1)};
  region.ram_block = static_cast<uint32_t>(s.ram_blocks.size());
  s.ram_blocks.push_back(block);
  s.regions.push_back(region);
}

uint64_t RandomPlace(sim::Random& random, uint64_t align) {
  if (random.Chance(1, 12)) return random.Below(kGuestBytes / align) * align;
  return kRingGpa + random.Below(kRingBytes / align) * align;
}

RingWriteSpec RandomWrite(sim::Random& random, uint32_t size) {
  RingWriteSpec write;
  for (uint64_t n = random.Below(4); n > 0; --n) {
    RingDescSpec d;
    d.index = static_cast<uint16_t>(random.Below(size));
    if (random.Chance(1, 3)) d.table = RandomPlace(random, kPageSize);
    d.addr =
        random.Chance(1, 8) ? random.Next64() : RandomPlace(random, kPageSize);
    d.len = static_cast<uint32_t>(random.Chance(1, 3) ? random.Below(5) * 16
                                                      : random.Below(0x3000));
    d.flags = static_cast<uint16_t>(random.Below(8));
    d.next = static_cast<uint16_t>(random.Below(size + 1));
    write.descriptors.push_back(d);
  }
  for (uint64_t n = random.Below(3); n > 0; --n) {
    write.available.push_back(static_cast<uint16_t>(random.Below(size + 1)));
  }
  if (random.Chance(1, 4)) write.skip = static_cast<uint32_t>(random.Below(9));
  return write;
}

// Buffers that any reader takes, beside the rings.
void MakeGood(sim::Random& random, StepSpec& step) {
  for (BufferSpec& buffer : step.buffers) {
    const uint64_t at = kRingGpa + kRingBytes + random.Below(7) * kPageSize;
    buffer.gpa = {Gpa(at), Gpa(at + random.Below(kPageSize))};
  }
  std::stable_partition(step.buffers.begin(), step.buffers.end(),
                        [](const auto& buffer) { return !buffer.writable; });
}

Scenario RandomRings(uint64_t seed) {
  sim::Random random(seed, 78);
  Scenario s = RandomScenario(seed, {.steps = 20, .hostile = seed % 2 == 0});
  AddRingMemory(s);
  s.out_of_order = random.Chance(1, 2);
  for (uint64_t n = random.InRange(1, 2); n > 0; --n) {
    QueueSpec queue;
    queue.size = 1u << random.Below(4);
    queue.desc = Gpa(RandomPlace(random, kDescAlign));
    queue.avail = Gpa(RandomPlace(random, kAvailAlign));
    queue.used = Gpa(RandomPlace(random, kUsedAlign));
    queue.driver_area = AddArea(s, 2 * n);
    queue.device_area = AddArea(s, 2 * n + 1);
    s.queues.push_back(queue);
  }
  bool driver_ok = false;
  for (StepSpec& step : s.steps) {
    step.queue = static_cast<uint32_t>(random.Below(s.queues.size()));
    const uint32_t size = s.queues[step.queue].size;
    const bool plain = step.kind == StepKind::kPost && !step.hold;
    if (plain && seed % 3 != 0 && random.Chance(1, 4)) {
      step.kind = StepKind::kRingWrite;
      step.ring_write = RandomWrite(random, size);
    } else if (plain && !driver_ok && random.Chance(1, 20)) {
      step.kind = StepKind::kDriverOk;
      driver_ok = true;
    }
    if (step.kind != StepKind::kPost) continue;
    if (seed % 3 == 0) MakeGood(random, step);
    if (step.buffers.size() > size || random.Chance(1, 4)) {
      step.indirect_table = RandomPlace(random, 16);
    }
  }
  return s;
}

TEST(MachineRingRandom, FoldFingerprintAndSameBytes) {
  std::array<int, static_cast<size_t>(Ended::kCount)> ended{};
  std::array<int, static_cast<size_t>(Kind::kCount)> kinds{};
  std::array<int, static_cast<size_t>(Rule::kCount)> rules{};
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Scenario scenario = RandomRings(seed);
    for (const Strategy* strategy : Strategies()) {
      SCOPED_TRACE(absl::StrCat(strategy->name, " seed ", seed));
      RunPolicies policies = TestPolicies(strategy, kDevices[seed % 3]);
      policies.vmm = &VmmProfiles()[seed % VmmProfiles().size()];
      const RunLimits limits{.max_events = 20000};
      const RunResult run = RunScenario(scenario, policies, seed, limits);
      const Stores folded = FoldOf(run.trace);
      ASSERT_TRUE(SameContents(folded, run.stores));
      ASSERT_EQ(folded.fingerprint(), run.stores.fingerprint());
      const RunResult again = RunScenario(scenario, policies, seed, limits);
      ASSERT_EQ(run.trace.size(), again.trace.size());
      ASSERT_TRUE(SameEvents(run.trace, again.trace, run.trace.size()));
      ++ended[static_cast<size_t>(run.ended)];
      for (EventIndex i = 0; i < run.trace.size(); ++i) {
        ++kinds[static_cast<size_t>(run.trace.event(i).kind)];
        ++rules[static_cast<size_t>(run.trace.event(i).rule)];
      }
    }
  }
  EXPECT_GT(ended[static_cast<size_t>(Ended::kCompleted)], 50);
  EXPECT_GT(ended[static_cast<size_t>(Ended::kHang)], 50);
  for (const Kind kind : {Kind::kRing, Kind::kRingBad, Kind::kKick,
                          Kind::kInterrupt, Kind::kComplete}) {
    EXPECT_GT(kinds[static_cast<size_t>(kind)], 50) << GetKind(kind).name;
  }
  for (const Rule rule :
       {Rule::kRingHeadRange, Rule::kRingNextRange, Rule::kRingLoop,
        Rule::kRingOrder, Rule::kRingZeroLength, Rule::kRingIndirectSize,
        Rule::kRingIndirectNested, Rule::kRingUnreachable, Rule::kRingUsedId,
        Rule::kSvqNoSpace}) {
    EXPECT_GT(rules[static_cast<size_t>(rule)], 0) << GetRule(rule).name;
  }
}

}  // namespace
}  // namespace iovalab
