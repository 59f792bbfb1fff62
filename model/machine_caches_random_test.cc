// Random scenarios over the platform IOMMU with random caches, formats,
// invalidation policies and windows: what caches may and may not change.

#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "model/kernel/iommu_driver.h"
#include "model/machine.h"
#include "model/machine_random.h"
#include "model/machine_random_caches.h"
#include "model/machine_testing.h"
#include "sim/random.h"

namespace iovalab {
namespace {

constexpr absl::string_view kFormats[] = {"vtd3",    "vtd4", "amdv1",
                                          "lpae_s2", "s390", "toy"};
using Mode = StaleWindow::Mode;
constexpr Mode kModes[] = {Mode::kOld, Mode::kNew, Mode::kSeeded};
constexpr FlushPolicy kFlushes[] = {FlushPolicy::kStrict, FlushPolicy::kLazy,
                                    FlushPolicy::kBroken, FlushPolicy::kShort};
constexpr uint64_t kSeeds = 1500;
const RunLimits kLimits{.check_tables = true};

RunPolicies Policies(absl::string_view mapping, uint64_t seed) {
  RunPolicies policies = TestPolicies(StrategyByName(mapping), "vp_vdpa");
  policies.iommu = FindIommuDriver(kFormats[seed % std::size(kFormats)]);
  policies.device.iova_last = policies.iommu->aperture_last();
  return policies;
}

uint64_t Undeserved(const RunResult& run, AccessClass c) {
  return run.counts[static_cast<size_t>(c)];
}

bool Violates5(const Trace& trace) {
  for (EventIndex i = 0; i < trace.size(); ++i) {
    if (trace.event(i).kind == Kind::kViolation &&
        FieldOf(trace, i, "invariant") == 5) {
      return true;
    }
  }
  return false;
}

// Every access: what became of it, in order.
std::vector<std::string> Accesses(const Trace& trace) {
  std::vector<std::string> list;
  for (EventIndex i = 0; i < trace.size(); ++i) {
    if (trace.event(i).kind != Kind::kDma) continue;
    std::string text = absl::StrCat(trace.event(i).time, "ns");
    for (const char* field :
         {"iova", "len", "class", "deserved", "fault", "hpa", "gpa"}) {
      absl::StrAppend(&text, " ", field, "=",
                      absl::Hex(FieldOf(trace, i, field)));
    }
    list.push_back(text);
  }
  return list;
}

void ExpectWhole(const Scenario& scenario, const RunPolicies& policies,
                 uint64_t seed, const RunResult& run) {
  const Stores folded = FoldOf(run.trace);
  ASSERT_TRUE(SameContents(folded, run.stores));
  ASSERT_EQ(folded.fingerprint(), run.stores.fingerprint());
  ASSERT_EQ(run.ended, Ended::kCompleted);
  const RunResult again = RunScenario(scenario, policies, seed, kLimits);
  ASSERT_EQ(run.trace.size(), again.trace.size());
  ASSERT_EQ(run.trace.names(), again.trace.names());
  ASSERT_TRUE(SameEvents(run.trace, again.trace, run.trace.size()));
  ASSERT_EQ(run.window_choices, again.window_choices);
}

// The run with these caches, beside the one with caches that keep nothing.
struct Both {
  RunResult cached, plain;
};

Both RunBoth(const Scenario& scenario, const RunPolicies& policies,
             uint64_t seed) {
  Scenario plain = scenario;
  plain.iommu = KeepingNothing(scenario.iommu);
  return {RunScenario(scenario, policies, seed, kLimits),
          RunScenario(plain, policies, seed, kLimits)};
}

// What holds of any policy and window.
void ExpectContract(const Both& runs, const RunPolicies& policies) {
  const RunResult& cached = runs.cached;
  const bool right = policies.invalidation == FlushPolicy::kStrict ||
                     policies.invalidation == FlushPolicy::kLazy;
  if (right) {
    EXPECT_FALSE(Violates5(cached.trace));
  }
  EXPECT_FALSE(Violates5(runs.plain.trace));
  if (policies.window == Mode::kNew) {
    EXPECT_EQ(Accesses(cached.trace), Accesses(runs.plain.trace));
    EXPECT_EQ(cached.verdict, runs.plain.verdict);
    EXPECT_EQ(cached.counts, runs.plain.counts);
    EXPECT_EQ(cached.deserved, runs.plain.deserved);
  }
  if (policies.invalidation == FlushPolicy::kStrict) {
    for (const AccessClass c :
         {AccessClass::kStale, AccessClass::kSilentCorrupt}) {
      EXPECT_EQ(Undeserved(cached, c), Undeserved(runs.plain, c));
    }
  }
}

TEST(MachineCachesRandom, BehindAViommu) {
  uint64_t choices = 0, stale = 0, violations = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    sim::Random random(seed, 5);
    Scenario scenario = RandomViommuScenario(seed, 24);
    scenario.iommu = RandomCaches(random);
    RunPolicies policies = Policies("passthrough", seed);
    policies.invalidation = kFlushes[random.Below(std::size(kFlushes))];
    policies.window = kModes[random.Below(std::size(kModes))];
    SCOPED_TRACE(absl::StrCat("seed ", seed, " ", policies.iommu->name, " ",
                              FlushPolicyName(policies.invalidation),
                              " window ", static_cast<int>(policies.window)));
    const Both runs = RunBoth(scenario, policies, seed);
    ExpectContract(runs, policies);
    EXPECT_EQ(Undeserved(runs.plain, AccessClass::kStale), 0u);
    ExpectWhole(scenario, policies, seed, runs.cached);
    if (HasFailure()) return;
    choices += runs.cached.window_choices;
    stale += Undeserved(runs.cached, AccessClass::kStale);
    violations += Violates5(runs.cached.trace);
  }
  // It is not for want of anything to see.
  EXPECT_GT(choices, 500u);
  EXPECT_GT(stale, 200u);
  EXPECT_GT(violations, 100u);
}

TEST(MachineCachesRandom, UnderTheListener) {
  uint64_t choices = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    sim::Random random(seed, 6);
    Scenario scenario =
        RandomScenario(seed, {.steps = 20, .hostile = seed % 2 == 0});
    scenario.iommu = RandomCaches(random);
    RunPolicies policies =
        Policies(seed % 3 == 0 ? "passthrough" : "gpa", seed);
    policies.invalidation = kFlushes[random.Below(2)];
    policies.window = kModes[random.Below(std::size(kModes))];
    SCOPED_TRACE(absl::StrCat("seed ", seed, " ", policies.strategy->name, " ",
                              policies.iommu->name, " ",
                              FlushPolicyName(policies.invalidation),
                              " window ", static_cast<int>(policies.window)));
    const Both runs = RunBoth(scenario, policies, seed);
    ExpectContract(runs, policies);
    ExpectWhole(scenario, policies, seed, runs.cached);
    if (HasFailure()) return;
    choices += runs.cached.window_choices;
  }
  EXPECT_GT(choices, 100u);
}

}  // namespace
}  // namespace iovalab
