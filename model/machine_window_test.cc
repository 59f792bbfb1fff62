// Between the change of a table and the end of the invalidation hardware may
// use the old translation or the new one. Here all choices are tried, and what
// came of them is compared with what the contract allows.

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "model/machine.h"
#include "model/machine_random_caches.h"
#include "model/machine_testing.h"

namespace iovalab {
namespace {

constexpr uint64_t k2M = 0x200000;
using Mode = StaleWindow::Mode;

std::string ClassName(uint64_t c) {
  for (const FieldInfo& field : GetKind(Kind::kDma).fields) {
    if (field.name == "class") return std::string(field.values[c]);
  }
  return "";
}

// What became of the accesses of some steps, and where they went: "OK 300000,
// DMA_FAULT".
std::string Outcome(const RunResult& run, const std::set<std::string>& steps) {
  std::vector<std::string> parts;
  for (EventIndex i = 0; i < run.trace.size(); ++i) {
    if (run.trace.event(i).kind != Kind::kDma) continue;
    const uint64_t name = FieldOf(run.trace, i, "request");
    if (!steps.contains(run.trace.names()[name])) continue;
    parts.push_back(ClassName(FieldOf(run.trace, i, "class")));
    if (FieldOf(run.trace, i, "fault") == 0) {
      absl::StrAppend(&parts.back(), " ",
                      absl::Hex(FieldOf(run.trace, i, "gpa")));
    }
  }
  return absl::StrJoin(parts, ", ");
}

struct Explored {
  std::set<std::string> outcomes;
  int runs = 0;
  uint32_t most_choices = 0;
};

// Every choice, depth first.
Explored ExploreAll(const Scenario& s, RunPolicies policies,
                    const std::set<std::string>& steps) {
  Explored all;
  policies.window = Mode::kScript;
  for (std::optional<uint64_t> script = 0; script; ++all.runs) {
    policies.window_script = *script;
    const RunResult run = RunScenario(s, policies, 1, {.check_tables = true});
    all.outcomes.insert(Outcome(run, steps));
    all.most_choices = std::max(all.most_choices, run.window_choices);
    script = NextScript(*script, run.window_choices);
    if (all.runs > 5000) {
      ADD_FAILURE() << "it goes on for ever";
      break;
    }
  }
  return all;
}

RunPolicies Policies(FlushPolicy flush, absl::string_view format = "vtd3") {
  RunPolicies policies = TestPolicies(StrategyByName("passthrough"), "vp_vdpa");
  policies.iommu = FindIommuDriver(format);
  policies.device.iova_last = policies.iommu->aperture_last();
  policies.invalidation = flush;
  return policies;
}

std::string OneRun(const Scenario& s, RunPolicies policies, Mode mode,
                   const std::set<std::string>& steps) {
  policies.window = mode;
  return Outcome(RunScenario(s, policies, 1, {}), steps);
}

// Three leaves, each used and then unmapped; and accesses of them that are not
// flushed yet. An access after one that took the new translation finds nothing
// cached: invalid entries are not.
Scenario LazyUnmap() {
  Scenario s = ViommuScenario();
  for (const uint64_t leaf : {1, 2, 3}) {
    AddMap(s, absl::StrCat("map", leaf), leaf * k2M, leaf * k2M, k2M);
    AddProbe(s, absl::StrCat("warm", leaf), leaf * k2M, 8, true);
  }
  for (const uint64_t leaf : {1, 2, 3}) {
    AddUnmap(s, absl::StrCat("unmap", leaf), leaf * k2M, leaf * k2M, k2M);
  }
  AddProbe(s, "first", k2M, 8, true);
  AddProbe(s, "again", k2M + 0x1000, 8, true);
  AddProbe(s, "second", 2 * k2M, 8, true);
  AddProbe(s, "third", 3 * k2M, 8, true);
  AddProbe(s, "flushed", k2M, 8, true);
  s.steps.back().delay_ns = 20'000'000;
  return s;
}

TEST(BothExplored, EachAccessIsOldOrNew) {
  const Scenario s = LazyUnmap();
  const std::set<std::string> steps{"first", "again", "second", "third",
                                    "flushed"};
  const Explored all = ExploreAll(s, Policies(FlushPolicy::kLazy), steps);
  std::set<std::string> allowed;
  const std::string fault = "DMA_FAULT";
  for (const auto& [first, again] :
       {std::pair<std::string, std::string>{"STALE 200000", "STALE 201000"},
        {"STALE 200000", fault},
        {fault, fault}}) {
    for (const std::string& second : {std::string("STALE 400000"), fault}) {
      for (const std::string& third : {std::string("STALE 600000"), fault}) {
        allowed.insert(
            absl::StrJoin({first, again, second, third, fault}, ", "));
      }
    }
  }
  EXPECT_EQ(all.outcomes, allowed);
  EXPECT_EQ(all.runs, 12);
  EXPECT_EQ(all.most_choices, 4u);
  for (const auto& [mode, worst] :
       {std::pair{Mode::kOld,
                  "STALE 200000, STALE 201000, STALE 400000, "
                  "STALE 600000, DMA_FAULT"},
        {Mode::kNew,
         "DMA_FAULT, DMA_FAULT, DMA_FAULT, DMA_FAULT, "
         "DMA_FAULT"}}) {
    EXPECT_EQ(OneRun(s, Policies(FlushPolicy::kLazy), mode, steps), worst);
  }
}

TEST(BothExplored, AMapOverAnOldOneIsEither) {
  // The guest uses the IOVA again, for other memory, before the flush.
  Scenario s = ViommuScenario();
  AddMap(s, "map", k2M, k2M, k2M);
  AddProbe(s, "warm", k2M, 8, true);
  AddUnmap(s, "unmap", k2M, k2M, k2M);
  AddMap(s, "reuse", k2M, 4 * k2M, k2M);
  AddProbe(s, "one", k2M, 8, true);
  AddProbe(s, "two", k2M, 8, true);
  const std::set<std::string> steps{"one", "two"};
  const Explored all = ExploreAll(s, Policies(FlushPolicy::kBroken), steps);
  // Once it is walked anew the old one is forgotten.
  EXPECT_EQ(all.outcomes, (std::set<std::string>{"STALE 200000, STALE 200000",
                                                 "STALE 200000, OK 800000",
                                                 "OK 800000, OK 800000"}));
  EXPECT_EQ(all.runs, 3);
}

TEST(BothExplored, StrictLeavesNoChoiceAfterItReturned) {
  const Scenario s = LazyUnmap();
  const Explored all = ExploreAll(s, Policies(FlushPolicy::kStrict),
                                  {"first", "again", "second", "third"});
  EXPECT_EQ(all.runs, 1);
  EXPECT_EQ(all.most_choices, 0u);
  EXPECT_EQ(
      all.outcomes,
      (std::set<std::string>{"DMA_FAULT, DMA_FAULT, DMA_FAULT, DMA_FAULT"}));
}

// While a strict unmap waits for the hardware, either is right; the caches
// that are between the device and memory make no other outcome.
TEST(BothExplored, BesideAStrictUnmap) {
  for (const char* format : {"vtd3", "amdv1", "s390"}) {
    for (const bool atc : {false, true}) {
      SCOPED_TRACE(absl::StrCat(format, " ", atc));
      Scenario s = ViommuScenario();
      s.iommu.invalidation_ns = 50'000;
      s.iommu.walk_cache = CacheSpec{"walk", {}, {}};
      if (atc) s.iommu.atc = CacheSpec{"atc", {}, {}};
      AddMap(s, "map", k2M, k2M, k2M);
      AddProbe(s, "warm", k2M, 8, true);
      AddUnmap(s, "unmap", k2M, k2M, k2M);
      const uint32_t warm = 1;
      for (int i = 0; i < 4; ++i) {
        AddProbe(s, absl::StrCat("p", i), k2M, 8, true);
        s.steps.back().after = warm;
        s.steps.back().delay_ns = 10'000 * (i + 1);
      }
      const Explored all = ExploreAll(s, Policies(FlushPolicy::kStrict, format),
                                      {"p0", "p1", "p2", "p3"});
      const std::string ok = "OK 200000", fault = "DMA_FAULT";
      std::set<std::string> allowed;
      for (int olds = 0; olds <= 4; ++olds) {
        std::vector<std::string> parts(olds, ok);
        parts.resize(4, fault);
        allowed.insert(absl::StrJoin(parts, ", "));
      }
      EXPECT_EQ(all.outcomes, allowed);
    }
  }
}

// Random scenarios of few accesses: what a seed or a constant chooses is among
// what was explored.
TEST(BothExplored, WhatIsChosenIsAmongThem) {
  uint64_t outcomes = 0;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    sim::Random random(seed, 5);
    Scenario s = RandomViommuScenario(seed, 10);
    s.iommu = RandomCaches(random);
    std::set<std::string> steps;
    for (const StepSpec& step : s.steps) steps.insert(step.label);
    RunPolicies policies =
        Policies(seed % 2 == 0 ? FlushPolicy::kLazy : FlushPolicy::kBroken);
    policies.window = Mode::kOld;
    if (RunScenario(s, policies, 1, {}).window_choices > 8) continue;
    const Explored all = ExploreAll(s, policies, steps);
    for (const Mode mode : {Mode::kOld, Mode::kNew, Mode::kSeeded}) {
      EXPECT_TRUE(all.outcomes.contains(OneRun(s, policies, mode, steps)));
    }
    outcomes += all.outcomes.size();
  }
  EXPECT_GT(outcomes, 200u);
}

}  // namespace
}  // namespace iovalab
