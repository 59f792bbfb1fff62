// Control queues: where they are, and commands that do not go well.

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/machine.h"
#include "model/machine_testing.h"
#include "model/vmm/vmm_profile.h"

namespace iovalab {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kNoBuffer = 0;

// 1 MiB of RAM at 0, and one control queue in it.
Scenario OneQueue(uint32_t size) {
  Scenario s;
  s.name = "one_queue";
  RamBlockSpec block;
  block.name = "ram";
  block.hva = {Hva(0x7f0000000000), Hva(0x7f00000fffff)};
  block.physical = {{0, 0xfffff, 0x100000, Hpa(0x100000000), 0x100000}};
  s.ram_blocks.push_back(block);
  RegionSpec region;
  region.name = "ram";
  region.addr = {Gpa(0), Gpa(0xfffff)};
  region.ram_block = 0;
  s.regions.push_back(region);
  for (uint64_t i = 0; i < 4; ++i) {
    HostBufferSpec buffer;
    buffer.name = absl::StrCat("buffer", i);
    buffer.hva = {Hva(0x7e0000000000 + i * 0x10000),
                  Hva(0x7e0000000fff + i * 0x10000)};
    buffer.physical = {
        {0, 0xfff, 0x1000, Hpa(0x900000000 + i * 0x10000), 0x1000}};
    s.host_buffers.push_back(buffer);
  }
  QueueSpec queue{size, Gpa(0x10000), Gpa(0x11000), Gpa(0x12000), 0, 1};
  queue.control = true;
  queue.out_buffer = 2;
  queue.status = 3;
  s.queues.push_back(queue);
  return s;
}

// `answer`: where the guest wants it; kNoBuffer: it has no buffer for it.
StepSpec Command(std::string label, uint64_t at_ns, const std::string& bytes,
                 uint64_t answer = 0x6000) {
  StepSpec step;
  step.label = std::move(label);
  step.kind = StepKind::kPost;
  step.at_ns = at_ns;
  if (!bytes.empty()) {
    step.buffers.push_back(
        {{Gpa(0x5000), Gpa(0x5000 + bytes.size() - 1)}, false, bytes});
  }
  if (answer != kNoBuffer) {
    step.buffers.push_back({{Gpa(answer), Gpa(answer)}, true});
  }
  return step;
}

const std::string kMac = std::string("\1\1\x52\x54\0\x12\x34\x56", 8);

RunResult RunNow(const Scenario& s, absl::string_view strategy,
                 absl::string_view device) {
  return RunScenario(s, TestPolicies(StrategyByName(strategy), device), 0, {});
}

// "REQUEST ACK RULE" of commands that the VMM answered.
std::vector<std::string> Answers(const RunResult& run) {
  std::vector<std::string> answers;
  for (EventIndex i = 0; i < run.trace.size(); ++i) {
    const EventRecord& event = run.trace.event(i);
    if (event.kind != Kind::kControl || event.actor != Actor::kVmm ||
        event.rule == Rule::kCvqCopy) {
      continue;
    }
    answers.push_back(absl::StrCat(
        run.trace.name(static_cast<uint32_t>(FieldOf(run.trace, i, "request"))),
        " ", FieldOf(run.trace, i, "ack"), " ", GetRule(event.rule).name));
  }
  return answers;
}

// Acks that the guest's driver read.
std::vector<uint64_t> Taken(const RunResult& run) {
  std::vector<uint64_t> acks;
  for (EventIndex i = 0; i < run.trace.size(); ++i) {
    if (run.trace.event(i).rule == Rule::kCtrlTaken) {
      acks.push_back(FieldOf(run.trace, i, "ack"));
    }
  }
  return acks;
}

uint64_t CountRule(const RunResult& run, Rule rule) {
  uint64_t n = 0;
  for (EventIndex i = 0; i < run.trace.size(); ++i) {
    n += run.trace.event(i).rule == rule;
  }
  return n;
}

TEST(ControlQueue, IsWhereQemuPutsIt) {
  const struct {
    const char* mapping;
    const char* device;
    const char* kernel;
    const char* vmm;
    std::optional<uint32_t> asid;
    bool control;
    bool shadowed;
    int place;
  } kCases[] = {
      {"gpa", "vdpa_sim_net_va", "deb_6_12_117", "qemu_10_1", {}, 0, 1, 0},
      {"passthrough",
       "vdpa_sim_net_va",
       "deb_6_12_117",
       "qemu_10_1",
       {},
       0,
       0,
       0},
      {"gpa", "vdpa_sim_net_va", "deb_6_12_117", "qemu_10_1", {}, 1, 1, 0},
      {"hva", "vdpa_sim_net_va", "deb_6_12_117", "qemu_7_2", {}, 1, 1, 0},
      {"passthrough",
       "vdpa_sim_net_va",
       "deb_6_12_117",
       "qemu_10_1",
       {},
       1,
       1,
       1},
      {"passthrough",
       "vdpa_sim_net_pa",
       "deb_6_12_117",
       "qemu_10_0",
       {},
       1,
       1,
       1},
      // Before 8.0 it is not shadowed by itself.
      {"passthrough",
       "vdpa_sim_net_va",
       "deb_6_12_117",
       "qemu_7_2",
       {},
       1,
       0,
       0},
      {"passthrough", "vduse", "deb_6_12_117", "qemu_10_1", {}, 1, 0, 0},
      {"passthrough", "vdpa_sim_net_pa", "v5_17", "qemu_10_1", {}, 1, 0, 0},
      {"gpa", "vdpa_sim_net_va", "deb_6_12_117", "qemu_10_1", 1, 1, 1, 1},
      {"passthrough", "vdpa_sim_net_va", "deb_6_12_117", "qemu_7_2", 1, 1, 1,
       1},
      {"passthrough", "vdpa_sim_net_va", "deb_6_12_117", "qemu_10_1", 0, 1, 0,
       0},
      {"gpa", "vdpa_sim_net_va", "deb_6_12_117", "qemu_10_1", 0, 1, 1, 0},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(absl::StrCat(c.mapping, " ", c.device, " ", c.kernel, " ",
                              c.vmm, " ", c.asid.value_or(9)));
    RunPolicies policies = TestPolicies(StrategyByName(c.mapping), c.device);
    policies.kernel = FindKernelProfile(c.kernel);
    policies.vmm = FindVmmProfile(c.vmm);
    QueueSpec queue;
    queue.control = c.control;
    queue.asid = c.asid;
    const QueuePlace place = PlaceQueue(queue, policies);
    EXPECT_EQ(place.shadowed, c.shadowed);
    EXPECT_EQ(place.asid, c.place);
  }
}

TEST(ControlQueue, AnswersAreCopied) {
  Scenario s = OneQueue(8);
  s.steps = {Command("mac", 0, kMac),
             Command("short", 1'000'000, kMac.substr(0, 7)),
             Command("rx", 2'000'000, std::string("\0\0\1", 3)),
             Command("announce", 3'000'000, std::string("\3\0", 2)),
             Command("mac_again", 4'000'000, kMac)};
  for (const char* mapping : {"gpa", "passthrough"}) {
    const RunResult run = RunNow(s, mapping, "vdpa_sim_net_va");
    EXPECT_THAT(
        Answers(run),
        ElementsAre("mac 0 cvq.answer", "short 1 cvq.answer", "rx 1 cvq.answer",
                    "announce 0 cvq.announce", "mac_again 0 cvq.answer"));
    EXPECT_THAT(Taken(run), ElementsAre(0, 1, 1, 0, 0));
    EXPECT_EQ(run.ended, Ended::kCompleted);
    EXPECT_EQ(run.verdict, Verdict::kSafe);
    EXPECT_EQ(CountRule(run, Rule::kCtrlMac), 2);
    EXPECT_EQ(CountRule(run, Rule::kCtrlOther), 2);
  }
}

TEST(ControlQueue, WithoutShadowTheDeviceAnswersItself) {
  Scenario s = OneQueue(8);
  s.steps = {Command("mac", 0, kMac), Command("announce", 1'000'000, "\3\1")};
  const RunResult run = RunNow(s, "passthrough", "vdpa_sim_set_map_va");
  EXPECT_THAT(Answers(run), IsEmpty());
  EXPECT_THAT(Taken(run), ElementsAre(0, 1));
}

// The answer's buffer is no RAM: the device says that it wrote 0xfffffff2
// bytes, and the guest, which cannot look, goes on.
TEST(ControlQueue, AnswerThatCannotBeWritten) {
  Scenario s = OneQueue(8);
  s.steps = {Command("mac", 0, kMac, 0x200000)};
  const RunResult run = RunNow(s, "passthrough", "vdpa_sim_set_map_va");
  EXPECT_EQ(CountRule(run, Rule::kCtrlNoAnswer), 1);
  uint64_t length = 0;
  for (EventIndex i = 0; i < run.trace.size(); ++i) {
    if (run.trace.event(i).kind == Kind::kRing &&
        FieldOf(run.trace, i, "len") == 0xfffffff2) {
      ++length;
    }
  }
  EXPECT_EQ(length, 2);  // written by the device, read by the guest
  EXPECT_EQ(run.ended, Ended::kCompleted);
}

TEST(ControlQueue, NoRoomForTheAnswer) {
  Scenario s = OneQueue(8);
  s.steps = {Command("mac", 0, kMac, kNoBuffer)};
  const RunResult run = RunNow(s, "gpa", "vdpa_sim_set_map_va");
  EXPECT_THAT(Answers(run), ElementsAre("mac 0 cvq.answer"));
  EXPECT_THAT(Taken(run), IsEmpty());
  EXPECT_EQ(run.ended, Ended::kCompleted);
}

// Nothing to read: the device never completes it.
TEST(ControlQueue, EmptyCommandTimesOut) {
  Scenario s = OneQueue(8);
  s.steps = {Command("empty", 0, ""), Command("mac", 11 * kSecond, kMac)};
  const RunResult run = RunNow(s, "gpa", "vdpa_sim_set_map_va");
  EXPECT_THAT(Answers(run),
              ElementsAre("empty 1 cvq.timeout", "mac 0 cvq.answer"));
  EXPECT_EQ(CountRule(run, Rule::kCtrlNoHeader), 1);
}

StepSpec Release(std::string label, uint64_t at_ns, uint32_t post) {
  StepSpec step;
  step.label = std::move(label);
  step.kind = StepKind::kRelease;
  step.at_ns = at_ns;
  step.post = post;
  return step;
}

TEST(ControlQueue, WhatIsUsedTooLateIsLost) {
  Scenario s = OneQueue(8);
  s.steps = {Command("slow", 0, kMac), Release("go", 11 * kSecond, 0),
             Command("next", 12 * kSecond, kMac)};
  s.steps[0].hold = true;
  const RunResult run = RunNow(s, "gpa", "vdpa_sim_set_map_va");
  EXPECT_THAT(Answers(run),
              ElementsAre("slow 1 cvq.timeout", "next 0 cvq.answer"));
  EXPECT_EQ(CountRule(run, Rule::kCvqLate), 1);
}

// The VMM does not look whose answer it is.
TEST(ControlQueue, AnotherCommandsAnswerIsTaken) {
  Scenario s = OneQueue(8);
  s.steps = {Command("slow", 0, kMac), Command("other", 11 * kSecond, "\2\1"),
             Release("go", 12 * kSecond, 0),
             Release("go_other", 13 * kSecond, 1)};
  s.steps[0].hold = s.steps[1].hold = true;
  const RunResult run = RunNow(s, "gpa", "vdpa_sim_set_map_va");
  EXPECT_THAT(Answers(run),
              ElementsAre("slow 1 cvq.timeout", "other 1 cvq.answer"));
  EXPECT_EQ(CountRule(run, Rule::kCvqLate), 1);
}

// Descriptors of commands that were given up are not free.
TEST(ControlQueue, NoRoomInTheShadowRing) {
  Scenario s = OneQueue(2);
  s.steps = {Command("slow", 0, kMac), Command("next", 11 * kSecond, kMac)};
  s.steps[0].hold = true;
  const RunResult run = RunNow(s, "gpa", "vdpa_sim_set_map_va");
  EXPECT_THAT(Answers(run),
              ElementsAre("slow 1 cvq.timeout", "next 1 cvq.refused"));
  EXPECT_EQ(CountRule(run, Rule::kSvqNoSpace), 1);
}

}  // namespace
}  // namespace iovalab
