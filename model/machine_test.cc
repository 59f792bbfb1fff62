// Rules of the machine that a random run would not tell apart.

#include "model/machine.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/machine_testing.h"

namespace iovalab {
namespace {

using ::testing::ElementsAre;

constexpr uint64_t kMiB = 0x100000;

// A guest with 1 MiB of RAM at 0 and another at 4 MiB, in pages that do not
// touch in host memory.
Scenario TwoBlocks() {
  Scenario s;
  s.name = "two_blocks";
  for (uint64_t i = 0; i < 2; ++i) {
    RamBlockSpec block;
    block.name = absl::StrCat("block", i);
    block.hva = {Hva(0x7f0000000000 + i * 0x10000000),
                 Hva(0x7f0000000000 + i * 0x10000000 + kMiB - 1)};
    block.ram_addr = RamAddr(i * kMiB);
    block.physical = {{0, kMiB - 1, kPageSize, Hpa(0x100000000 + i * 4 * kMiB),
                       2 * kPageSize}};
    s.ram_blocks.push_back(block);
    RegionSpec region;
    region.name = absl::StrCat("ram", i);
    region.addr = {Gpa(i * 4 * kMiB), Gpa(i * 4 * kMiB + kMiB - 1)};
    region.ram_block = static_cast<uint32_t>(i);
    s.regions.push_back(region);
  }
  return s;
}

StepSpec Step(std::string label, StepKind kind, uint32_t after) {
  StepSpec step;
  step.label = std::move(label);
  step.kind = kind;
  step.after = after;
  return step;
}

StepSpec Post(std::string label, uint32_t after, uint64_t gpa, uint64_t size,
              bool hold = false) {
  StepSpec step = Step(std::move(label), StepKind::kPost, after);
  step.buffers = {{{Gpa(gpa), Gpa(gpa + size - 1)}, /*writable=*/true}};
  step.hold = hold;
  return step;
}

RunResult RunNow(const Scenario& s, absl::string_view strategy,
                 const RunLimits& limits = {}) {
  return RunScenario(
      s, TestPolicies(StrategyByName(strategy), "vdpa_sim_set_map_va"), 1,
      limits);
}

// "s0 OK 0x1000": accesses and refusals, in order.
std::vector<std::string> Accesses(const RunResult& run) {
  std::vector<std::string> all;
  const Trace& t = run.trace;
  for (EventIndex i = 0; i < t.size(); ++i) {
    const Kind kind = t.event(i).kind;
    if (kind != Kind::kDma && kind != Kind::kReject) continue;
    all.push_back(absl::StrCat(
        t.name(FieldOf(t, i, "request")), " ",
        Name(static_cast<AccessClass>(FieldOf(t, i, "class"))),
        FieldOf(t, i, "deserved") ? " deserved" : "", " 0x",
        absl::Hex(FieldOf(t, i, kind == Kind::kDma ? "iova" : "gpa"))));
  }
  return all;
}

// The device looks a descriptor up before it moves a byte of it.
TEST(Machine, AGuestsOwnDescriptorMovesWholeOrNotAtAll) {
  Scenario s = TwoBlocks();
  s.steps = {Post("s0", kNoIndex, kMiB - 0x1000, 0x2000)};
  const RunResult run = RunNow(s, "passthrough");
  EXPECT_THAT(Accesses(run), ElementsAre("s0 DMA_FAULT deserved 0x100000"));
  EXPECT_TRUE(run.stores.Get({StoreKind::kMemory, 0}).empty());
  // Where both sides are there it is judged side by side.
  s.regions[1].addr = {Gpa(kMiB), Gpa(2 * kMiB - 1)};
  EXPECT_THAT(Accesses(RunNow(s, "passthrough")),
              ElementsAre("s0 OK 0xff000", "s0 OK 0x100000"));
  // A shadow queue makes two descriptors of it.
  EXPECT_THAT(Accesses(RunNow(s, "gpa")),
              ElementsAre("s0 OK 0x100000", "s0 OK 0x101000"));
}

// A request that is released before the VMM handed it over is worked on then.
TEST(Machine, AReleaseWaitsForItsPost) {
  Scenario s = TwoBlocks();
  s.steps = {Post("s0", kNoIndex, 0x5000, 0x1000, /*hold=*/true),
             Step("s1", StepKind::kRelease, kNoIndex)};
  s.steps[1].post = 0;
  for (const char* strategy : {"gpa", "passthrough"}) {
    const RunResult run = RunNow(s, strategy);
    EXPECT_EQ(run.ended, Ended::kCompleted);
    EXPECT_EQ(run.counts[static_cast<size_t>(AccessClass::kOk)], 1u);
  }
  // Refused, there is nothing to release.
  s.steps[0].buffers[0].gpa = {Gpa(2 * kMiB), Gpa(2 * kMiB)};
  const RunResult run = RunNow(s, "gpa");
  EXPECT_EQ(run.ended, Ended::kCompleted);
  EXPECT_THAT(Accesses(run), ElementsAre("s0 SW_REJECT deserved 0x200000"));
}

// The guest keeps its memory when the VMM's listener leaves.
TEST(Machine, AListenerThatLeavesTakesNoMemory) {
  Scenario s = TwoBlocks();
  s.steps = {Step("off", StepKind::kListener, kNoIndex),
             Post("while_off", 0, 0x5000, 0x1000),
             Step("on", StepKind::kListener, 1),
             Post("again", 2, 0x5000, 0x1000)};
  s.steps[2].registered = true;
  const StoreId view{StoreKind::kFlatView, 0};
  const RunResult run = RunNow(s, "gpa");
  EXPECT_EQ(run.stores.Get(view).size(), 2u);
  EXPECT_EQ(run.first_violation, kNoEventIndex);
  EXPECT_THAT(Accesses(run),
              ElementsAre("while_off SW_REJECT 0x5000", "again OK 0x6000"));
}

// A section that is deleted and added by one transaction was there all along.
TEST(Machine, ATransactionIsOneChangeToTheGuest) {
  Scenario s = TwoBlocks();
  s.latency_ns = 0;
  StepSpec change = Step("change", StepKind::kMemory, kNoIndex);
  change.make_readonly = {0};
  s.steps = {change};
  for (uint64_t at = 0; at < 8000; at += 250) {
    StepSpec post = Post(absl::StrCat("at_", at), kNoIndex, 0x5000, 0x1000);
    post.at_ns = at;
    post.buffers[0].writable = false;
    s.steps.push_back(post);
  }
  for (const char* strategy : {"gpa", "hva", "passthrough"}) {
    EXPECT_EQ(RunNow(s, strategy).verdict, Verdict::kSafe) << strategy;
  }
  // Without batches the device loses the section for a while.
  s.no_batch = true;
  const RunResult run = RunNow(s, "passthrough");
  EXPECT_EQ(run.verdict, Verdict::kFaults);
  EXPECT_GT(run.counts[static_cast<size_t>(AccessClass::kDmaFault)], 0u);
}

// One request can write more pieces of host memory than a run may have events.
TEST(Machine, TheBoundCountsWhatOneRequestWrites) {
  Scenario s = TwoBlocks();
  s.steps = {Post("s0", kNoIndex, 0, kMiB)};
  const RunResult whole = RunNow(s, "gpa");
  EXPECT_EQ(whole.ended, Ended::kCompleted);
  EXPECT_EQ(whole.stores.Get({StoreKind::kMemory, 0}).size(), 256u);
  const RunResult cut = RunNow(s, "gpa", {.max_events = 100});
  EXPECT_EQ(cut.ended, Ended::kBound);
  EXPECT_FALSE(cut.trace.header.complete);
  EXPECT_LT(cut.stores.Get({StoreKind::kMemory, 0}).size(), 100u);
  EXPECT_TRUE(SameContents(FoldOf(cut.trace), cut.stores));
}

// Host memory that is mapped twice is two mappings.
TEST(Machine, HostMemoryMappedTwice) {
  Scenario s = TwoBlocks();
  HostBufferSpec ring;
  ring.name = "ring";
  ring.hva = {Hva(0x7e0000000000), Hva(0x7e0000001fff)};
  ring.physical = {{0, 0x1fff, 0x2000, Hpa(0x200000000), 0x2000}};
  s.host_buffers = {ring};
  s.listener_off_at_start = true;
  for (uint32_t i = 0; i < 4; ++i) {
    s.steps.push_back(Step(absl::StrCat("s", i),
                           i < 2 ? StepKind::kHostMap : StepKind::kHostUnmap,
                           i == 0 ? kNoIndex : i - 1));
    s.steps.back().host_buffer = 0;
  }
  for (const char* strategy : {"hva", "hva_id", "ram_addr", "gpa"}) {
    EXPECT_EQ(RunNow(s, strategy).verdict, Verdict::kSafe) << strategy;
    Scenario forgets = s;
    forgets.steps.pop_back();
    const RunResult run = RunNow(forgets, strategy);
    // Still mapped is no leak: its owner is there.
    EXPECT_EQ(run.verdict, Verdict::kSafe) << strategy;
    EXPECT_EQ(run.stores.Get({StoreKind::kVhostIotlb, 0}).size(), 1u);
  }
}

}  // namespace
}  // namespace iovalab
