// Random scenarios under every strategy: what must hold of any run, and that
// whatever goes wrong under `gpa` and `passthrough` has a cause with a name.

#include "model/machine_random.h"

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "model/machine.h"
#include "model/machine_testing.h"

namespace iovalab {
namespace {

constexpr absl::string_view kDevices[] = {"vdpa_sim_set_map_va",
                                          "vdpa_sim_set_map_pa", "vduse",
                                          "vdpa_sim_dma_map_pa", "vp_vdpa"};
constexpr uint64_t kSeeds = 1500;
const RunLimits kLimits;

// 1500 scenarios of 20 steps for each strategy.
TEST(MachineRandom, FoldFingerprintAndSameBytes) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Scenario scenario =
        RandomScenario(seed, {.steps = 20, .hostile = seed % 2 == 0});
    const auto settings = SwitchSettings();
    for (const Strategy* strategy : Strategies()) {
      SCOPED_TRACE(absl::StrCat(strategy->name, " seed ", seed));
      RunPolicies policies =
          TestPolicies(strategy, kDevices[seed % 5],
                       settings[seed / 2 % settings.size()].switches);
      if (seed % 4 == 0) policies.kernel = FindKernelProfile("v5_17");
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

// The judgement of what went wrong in a run, by cause.
class Causes {
 public:
  // batches: the device takes a batch as one change.
  Causes(const Scenario& scenario, const RunResult& run, bool batches)
      : scenario_(scenario),
        run_(run),
        trace_(run.trace),
        batches_(batches && !scenario.no_batch) {}

  // Of a bad event: a name, or "" for none.
  std::string Of(EventIndex i) const {
    switch (trace_.event(i).kind) {
      case Kind::kDma:
        return OfDma(i);
      case Kind::kReject:
        return Unmapped(i, F(i, "gpa"), F(i, "gpa") + F(i, "len") - 1);
      case Kind::kViolation:
        return Refused(i);
      default:
        return "";
    }
  }

 private:
  uint64_t F(EventIndex i, absl::string_view name) const {
    return FieldOf(trace_, i, name);
  }
  Kind KindAt(EventIndex i) const { return trace_.event(i).kind; }

  std::string OfDma(EventIndex i) const {
    if (trace_.event(i).rule == Rule::kDevIdentity) return "identity";
    const uint64_t meant = F(i, "meant");
    for (EventIndex t = i; t-- > 0;) {
      if (KindAt(t) != Kind::kTranslate || F(t, "request") != F(i, "request") ||
          F(t, "segment") != F(i, "segment")) {
        continue;
      }
      const EventIndex lookup = t - 1;
      const uint64_t node_gpa = F(lookup, "target");
      if (node_gpa > F(t, "gpa")) return "R1 below a node";
      if (node_gpa % kPageSize != 0) return "rounded section";
      // The node that the IOVA was taken from is gone, or another is there.
      const uint64_t l1 = F(i, "l1");
      if (l1 == kNoEvent || l1 > t) return "remapped in flight";
      break;
    }
    const std::string unmapped = Unmapped(i, meant, meant + F(i, "len") - 1);
    if (!unmapped.empty()) return unmapped;
    return batches_ ? "" : "no batch";
  }

  // Sections of [first, last] that the listener passed over or lost.
  std::string Unmapped(EventIndex before, uint64_t first, uint64_t last) const {
    if (!Listening(before)) return "listener off";
    for (EventIndex i = 0; i < before; ++i) {
      const Kind kind = KindAt(i);
      if (kind != Kind::kRegionSkip && kind != Kind::kRegionAdd) continue;
      if (F(i, "first") > last || F(i, "last") < first) continue;
      if (kind == Kind::kRegionSkip) {
        if (trace_.event(i).rule == Rule::kLsnSkipNotRam) continue;
        return "section not mapped";
      }
      if (F(i, "first") % kPageSize != 0 ||
          (F(i, "last") + 1) % kPageSize != 0) {
        return "rounded section";
      }
    }
    return Skipped(before);
  }

  // Of the operation that the violation is found in, or an earlier one.
  std::string Refused(EventIndex before) const {
    for (EventIndex i = before; i-- > 0;) {
      if (trace_.event(i).rule == Rule::kTreeRefused) return "no IOVA";
      if (trace_.event(i).rule == Rule::kLsnMapFailed) return "map refused";
      if (KindAt(i) == Kind::kRegionAdd && F(i, "first") % kPageSize != 0) {
        return "rounded section";
      }
    }
    return Skipped(before);
  }
  std::string Skipped(EventIndex before) const {
    for (EventIndex i = 0; i < before; ++i) {
      if (trace_.event(i).rule == Rule::kVdpaVaSkipped) return "private memory";
    }
    return "";
  }

  // Registering takes until its last section is mapped.
  bool Listening(EventIndex before) const {
    bool on = !scenario_.listener_off_at_start;
    for (EventIndex i = 0; i < before; ++i) {
      if (KindAt(i) != Kind::kListener) continue;
      EventIndex last = i;
      for (EventIndex k = i; k < trace_.size(); ++k) {
        if (trace_.event(k).cause == trace_.event(i).cause) last = k;
      }
      on = F(i, "registered") != 0 && last < before;
    }
    return on;
  }

  const Scenario& scenario_;
  const RunResult& run_;
  const Trace& trace_;
  bool batches_;
};

bool IsBad(const Trace& trace, EventIndex i) {
  switch (trace.event(i).kind) {
    case Kind::kViolation:
    case Kind::kLeak:
    case Kind::kCrash:
      return true;
    case Kind::kDma:
    case Kind::kReject:
      return FieldOf(trace, i, "deserved") == 0 &&
             FieldOf(trace, i, "class") !=
                 static_cast<uint64_t>(AccessClass::kOk);
    default:
      return false;
  }
}

using CauseCounts = std::map<std::string, int>;

CauseCounts CountCauses(absl::string_view strategy, bool hostile) {
  CauseCounts counts;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Scenario scenario =
        RandomScenario(seed, {.steps = 20, .hostile = hostile});
    const RunPolicies policies =
        TestPolicies(StrategyByName(strategy), kDevices[seed % 5]);
    const RunResult run = RunScenario(scenario, policies, 1, kLimits);
    const Causes causes(scenario, run,
                        policies.device.map_api == MapApi::kSetMap);
    bool bad = false;
    for (EventIndex i = 0; i < run.trace.size(); ++i) {
      if (!IsBad(run.trace, i)) continue;
      bad = true;
      const std::string cause = causes.Of(i);
      EXPECT_NE(cause, "") << strategy << " seed " << seed << " event " << i;
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
  EXPECT_EQ(Names(CountCauses("gpa", false)), "identity; remapped in flight; ");
  EXPECT_EQ(Names(CountCauses("gpa", true)),
            "R1 below a node; identity; listener off; map refused; "
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
