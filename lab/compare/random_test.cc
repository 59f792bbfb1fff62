// Random steps under every mapping on every backend and device that the axes
// have: the stores are what the trace's deltas make them, and what goes wrong
// under `gpa` and `passthrough` has a cause with a name.
//
//   random_test STEPS [SEED]    so many for each combination; from this seed on

#include "sim/random.h"

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "lab/compare/run_policies.h"
#include "lab/scenario/axes.h"
#include "lab/trace/trace_ids.h"
#include "lab/trace/trace_text.h"
#include "model/machine.h"
#include "model/machine_random.h"
#include "model/machine_random_caches.h"
#include "model/machine_random_causes.h"
#include "model/machine_testing.h"

namespace iovalab {
namespace {

// main() sets them.
uint64_t steps_each = 1000;
uint64_t first_seed = 1;

constexpr int kStepsOfScenario = 20;
constexpr uint64_t kCacheStream = 6;

// The combinations that apply, from the axes' own table.
std::vector<Policies> Combinations() {
  std::vector<AxisChoice> choices;
  for (const char* all :
       {"mapping=all", "backend=all", "device=all", "format=all"}) {
    choices.push_back(*ParseSet(all));
  }
  std::vector<Policies> applicable;
  const std::vector<Policies> product = *Product(choices);
  for (const Policies& policies : product) {
    if (ResolvePolicies(policies, Scenario()).not_applicable.empty()) {
      applicable.push_back(policies);
    }
  }
  return applicable;
}

// A cause for each thing that went wrong.
void ExpectNamed(const Scenario& scenario, const RunResult& run, bool batches) {
  const Causes causes(scenario, run.trace, batches);
  for (EventIndex i = 0; i < run.trace.size(); ++i) {
    if (!IsBadEvent(run.trace, i)) continue;
    ASSERT_NE(causes.Of(i), "")
        << "event " << EventIds(&run.trace).Id(i) << " of\n"
        << TraceToText(run.trace);
  }
}

class RandomSteps : public testing::TestWithParam<Policies> {};

TEST_P(RandomSteps, FoldEqualsStoresAndCausesHaveNames) {
  const uint32_t spaces =
      ResolvePolicies(GetParam(), Scenario()).run.device.address_spaces;
  const std::string mapping(GetParam().Get("mapping"));
  const bool by_name = mapping == "gpa" || mapping == "passthrough";
  const RunLimits limits{.check_tables = true};
  const uint64_t end = first_seed + steps_each / kStepsOfScenario;
  for (uint64_t seed = first_seed; seed < end; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Scenario scenario = RandomScenario(
        seed, {kStepsOfScenario, /*hostile=*/seed % 2 == 0, spaces});
    ResolvedPolicies policies = ResolvePolicies(GetParam(), scenario);
    ASSERT_EQ(policies.not_applicable, "");
    // No cache makes a difference to who invalidates strictly.
    if (policies.run.device.map_api == MapApi::kPlatform) {
      sim::Random random(seed, kCacheStream);
      scenario.iommu = RandomCaches(random);
      policies.run.window = random.Chance(1, 2) ? StaleWindow::Mode::kOld
                                                : StaleWindow::Mode::kSeeded;
    }
    const RunResult run = RunScenario(scenario, policies.run, seed, limits);
    ASSERT_EQ(run.ended, Ended::kCompleted);
    const Stores folded = FoldOf(run.trace);
    ASSERT_TRUE(SameContents(folded, run.stores));
    ASSERT_EQ(folded.fingerprint(), run.stores.fingerprint());
    if (by_name) {
      ExpectNamed(scenario, run,
                  policies.run.device.map_api == MapApi::kSetMap);
    }
    if (testing::Test::HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Axes, RandomSteps, testing::ValuesIn(Combinations()),
                         [](const auto& info) {
                           return absl::StrCat(info.param.Get("mapping"), "_",
                                               info.param.Get("backend"), "_",
                                               info.param.Get("device"), "_",
                                               info.param.Get("format"));
                         });

}  // namespace
}  // namespace iovalab

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc > 1 && !absl::SimpleAtoi(argv[1], &iovalab::steps_each)) return 2;
  if (argc > 2 && !absl::SimpleAtoi(argv[2], &iovalab::first_seed)) return 2;
  return RUN_ALL_TESTS();
}
