// Random scenarios under every strategy: what must hold of any run, and that
// whatever goes wrong under `gpa` and `passthrough` has a cause with a name.

#include "model/machine_random.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "model/machine.h"
#include "model/machine_random_causes.h"
#include "model/machine_testing.h"

namespace iovalab {
namespace {

constexpr absl::string_view kDevices[] = {
    "vdpa_sim_set_map_va", "vdpa_sim_set_map_pa", "vduse",  "vdpa_sim_net_va",
    "vdpa_sim_net_pa",     "vdpa_sim_dma_map_pa", "vp_vdpa"};
constexpr uint64_t kSeeds = 1500;
const RunLimits kLimits{.check_tables = true};

uint32_t SpacesOf(absl::string_view device) {
  return FindDeviceProfile(device)->address_spaces;
}

// 1500 scenarios of 20 steps for each strategy.
TEST(MachineRandom, FoldFingerprintAndSameBytes) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const absl::string_view device = kDevices[seed % std::size(kDevices)];
    const Scenario scenario =
        RandomScenario(seed, {.steps = 20,
                              .hostile = seed % 2 == 0,
                              .address_spaces = SpacesOf(device)});
    const auto settings = SwitchSettings();
    for (const Strategy* strategy : Strategies()) {
      SCOPED_TRACE(absl::StrCat(strategy->name, " seed ", seed));
      RunPolicies policies = TestPolicies(
          strategy, device, settings[seed / 2 % settings.size()].switches);
      if (seed % 4 == 0 && SpacesOf(device) == 1) {
        policies.kernel = FindKernelProfile("v5_17");
      }
      const RunResult run = RunScenario(scenario, policies, seed, kLimits);
      const Stores folded = FoldOf(run.trace);
      ASSERT_TRUE(SameContents(folded, run.stores));
      ASSERT_EQ(folded.fingerprint(), run.stores.fingerprint());
      // A step that waits for another is the worst that may be unfinished, and
      // here none waits for ever.
      ASSERT_TRUE(run.ended == Ended::kCompleted ||
                  (run.ended == Ended::kVmmAbort &&
                   policies.switches.unknown_del_crashes));
      const RunResult again = RunScenario(scenario, policies, seed, kLimits);
      ASSERT_EQ(run.trace.size(), again.trace.size());
      ASSERT_EQ(run.trace.names(), again.trace.names());
      ASSERT_TRUE(SameEvents(run.trace, again.trace, run.trace.size()));
    }
  }
}

std::string Words(const Trace& trace, EventIndex i) {
  std::string text;
  for (size_t f = 0; f < GetKind(trace.event(i).kind).fields.size(); ++f) {
    absl::StrAppend(&text, GetKind(trace.event(i).kind).fields[f].name, "=",
                    absl::Hex(trace.word(i, f)), " ");
  }
  return text;
}

using CauseCounts = std::map<std::string, int>;

CauseCounts CountCauses(absl::string_view strategy, bool hostile) {
  CauseCounts counts;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const absl::string_view device = kDevices[seed % std::size(kDevices)];
    const Scenario scenario = RandomScenario(
        seed,
        {.steps = 20, .hostile = hostile, .address_spaces = SpacesOf(device)});
    const RunPolicies policies = TestPolicies(StrategyByName(strategy), device);
    const RunResult run = RunScenario(scenario, policies, 1, kLimits);
    const Causes causes(scenario, run.trace,
                        policies.device.map_api == MapApi::kSetMap);
    bool bad = false;
    for (EventIndex i = 0; i < run.trace.size(); ++i) {
      if (!IsBadEvent(run.trace, i)) continue;
      bad = true;
      const std::string cause = causes.Of(i);
      EXPECT_NE(cause, "") << strategy << " seed " << seed << " event " << i
                           << " " << GetKind(run.trace.event(i).kind).name
                           << " " << GetRule(run.trace.event(i).rule).name
                           << " " << Words(run.trace, i);
      ++counts[cause];
    }
    EXPECT_EQ(run.verdict == Verdict::kSafe && run.first_violation == kNoEvent,
              !bad)
        << seed;
  }
  return counts;
}

std::string Names(const CauseCounts& counts) {
  std::string names;
  for (const auto& [name, count] : counts) absl::StrAppend(&names, name, "; ");
  return names;
}

TEST(MachineRandom, WhatGoesWrongUnderGpaHasACause) {
  EXPECT_EQ(Names(CountCauses("gpa", false)),
            "R1 below a node; R6 mapped twice; identity; remapped in flight; ");
  EXPECT_EQ(Names(CountCauses("gpa", true)),
            "R1 below a node; R2 added twice; R6 mapped twice; identity; "
            "listener off; map refused; posted across mappings; "
            "private memory; remapped in flight; rounded section; "
            "section not mapped; ");
}

TEST(MachineRandom, PassthroughIsSafeUnlessAMapIsRefused) {
  // "no batch": a device that is told of each change by itself meets a
  // transaction half done.
  EXPECT_EQ(Names(CountCauses("passthrough", false)), "identity; no batch; ");
  EXPECT_EQ(Names(CountCauses("passthrough", true)),
            "identity; listener off; map refused; no batch; private memory; "
            "rounded section; section not mapped; ");
}

TEST(MachineRandom, ABoundCutsTheRunAndSaysSo) {
  const Scenario scenario = RandomScenario(5, {.steps = 20});
  const RunPolicies policies =
      TestPolicies(StrategyByName("gpa"), "vdpa_sim_set_map_pa");
  const RunResult whole = RunScenario(scenario, policies, 1, kLimits);
  ASSERT_EQ(whole.ended, Ended::kCompleted);
  ASSERT_TRUE(whole.trace.header.complete);
  bool completed = false;
  for (uint64_t max = 0; !completed; ++max) {
    const RunResult run =
        RunScenario(scenario, policies, 1, {.max_events = max});
    ASSERT_TRUE(SameContents(FoldOf(run.trace), run.stores));
    completed = run.ended == Ended::kCompleted;
    if (completed) {
      EXPECT_GT(max, 20u);
      EXPECT_TRUE(run.trace.header.complete);
      break;
    }
    ASSERT_EQ(run.ended, Ended::kBound);
    ASSERT_FALSE(run.trace.header.complete);
    ASSERT_GE(run.verdict, Verdict::kFaults);
    // All but the end is how the whole run begins.
    ASSERT_TRUE(SameEvents(run.trace, whole.trace, run.trace.size() - 1));
  }
  const RunResult short_trace =
      RunScenario(scenario, policies, 1, {.max_trace_bytes = 3000});
  EXPECT_EQ(short_trace.ended, Ended::kBound);
  EXPECT_LT(short_trace.trace.bytes(), whole.trace.bytes());
}

}  // namespace
}  // namespace iovalab
