// H1: a hotplug storm: a guest with many regions of which a step disables and
// enables one after another. What a step costs must not grow with the number of
// regions, so a large guest is its small one's peer.
//
// H2: the whole of bench/hotplug_1tib.textproto: all regions come, go and come
// again one by one, and go at once; its cost by region must not grow either.
//
//   bazel run //bench:storm_benchmark

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/report.h"
#include "benchmark/benchmark.h"
#include "model/machine.h"
#include "sim/check.h"

namespace iovalab {
namespace {

constexpr uint64_t kRegion = 0x10000;
constexpr double kTarget = 3;

// One block, in regions with gaps between them.
Scenario MakeGuest(uint64_t regions) {
  Scenario scenario;
  scenario.name = "storm_benchmark";
  RamBlockSpec block;
  block.name = "pc.ram";
  block.hva = {Hva(0x7f0000000000),
               Hva(0x7f0000000000 + regions * kRegion - 1)};
  block.physical = {
      {0, regions * kRegion - 1, kRegion, Hpa(0x100000000), 2 * kRegion}};
  scenario.ram_blocks.push_back(block);
  for (uint64_t i = 0; i < regions; ++i) {
    RegionSpec region;
    region.name = absl::StrCat("dimm", i);
    const uint64_t first = 0x100000000 + i * 2 * kRegion;
    region.addr = {Gpa(first), Gpa(first + kRegion - 1)};
    region.ram_block = 0;
    region.offset = i * kRegion;
    scenario.regions.push_back(region);
  }
  return scenario;
}

// Each step changes the next region in an order without a pattern.
Scenario MakeScenario(uint64_t regions, uint64_t steps) {
  Scenario scenario = MakeGuest(regions);
  for (uint64_t i = 0; i < steps; ++i) {
    StepSpec step;
    step.label = absl::StrCat("step", i);
    step.at_ns = i * 1'000'000;
    const auto region = static_cast<uint32_t>(i / 2 * 7919 % regions);
    (i % 2 == 0 ? step.disable : step.enable).push_back(region);
    scenario.steps.push_back(step);
  }
  return scenario;
}

Scenario MakeWholeStorm(uint64_t regions) {
  Scenario scenario = MakeGuest(regions);
  for (RegionSpec& region : scenario.regions) region.enabled = false;
  for (uint32_t i = 0; i < 4; ++i) {
    StepSpec step;
    step.label = absl::StrCat("step", i);
    if (i > 0) step.after = i - 1;
    std::vector<uint32_t>& list = i % 2 == 0 ? step.enable : step.disable;
    for (uint32_t r = 0; r < regions; ++r) list.push_back(r);
    step.each = i < 3;
    scenario.steps.push_back(step);
  }
  return scenario;
}

std::string NameOf(const char* mapping, uint64_t regions) {
  return absl::StrCat("H1/", mapping, "/", regions);
}

// Each region is an entry of the kernel's, whose table is made large enough.
void Run(benchmark::State& state, const char* mapping,
         const Scenario& scenario) {
  KernelProfile kernel = *FindKernelProfile("deb_6_12_117");
  kernel.vdpa_table_limit = 1 << 20;
  RunPolicies policies;
  policies.strategy = StrategyByName(mapping);
  policies.kernel = &kernel;
  policies.device = *FindDeviceProfile("vdpa_sim_set_map_va");
  policies.device.table_limit = 1 << 20;
  const RunLimits limits{UINT64_MAX, UINT64_MAX};
  for (auto _ : state) {
    RunResult result = RunScenario(scenario, policies, /*seed=*/1, limits);
    state.PauseTiming();
    sim::Check(result.verdict == Verdict::kSafe, "a storm does no harm");
    { RunResult gone = std::move(result); }
    state.ResumeTiming();
  }
}

void Storm(benchmark::State& state, const char* mapping, uint64_t regions,
           uint64_t steps) {
  Run(state, mapping, MakeScenario(regions, steps));
}

void WholeStorm(benchmark::State& state, const char* mapping,
                uint64_t regions) {
  Run(state, mapping, MakeWholeStorm(regions));
}

int Main(int argc, char** argv) {
  const bench::Flags flags = bench::TakeFlags(&argc, argv);
  if (!bench::Initialize(argc, argv)) return 1;
  const uint64_t small = flags.smoke ? 10 : 100;
  const uint64_t large = flags.smoke ? 50 : 10'000;
  // The set-up, linear in the regions, is measured apart and taken off.
  const uint64_t steps = flags.smoke ? 20 : 10'000;
  const uint64_t storms[] = {large / 10, large};
  const int repetitions = flags.smoke ? 1 : flags.quick ? 2 : 5;
  constexpr const char* kMappings[] = {"gpa", "hva"};
  for (const char* mapping : kMappings) {
    for (const uint64_t regions : storms) {
      benchmark::RegisterBenchmark(
          absl::StrCat("H2/", mapping, "/", regions).c_str(), WholeStorm,
          mapping, regions)
          ->Iterations(1)
          ->Unit(benchmark::kMillisecond)
          ->Repetitions(repetitions);
    }
    for (const uint64_t regions : {small, large}) {
      for (const uint64_t n : {uint64_t{0}, steps}) {
        benchmark::RegisterBenchmark(
            absl::StrCat(NameOf(mapping, regions), "/", n).c_str(), Storm,
            mapping, regions, n)
            ->Iterations(1)
            ->Unit(benchmark::kMillisecond)
            ->Repetitions(repetitions);
      }
    }
  }
  bench::FastestReporter reporter;
  if (benchmark::RunSpecifiedBenchmarks(&reporter) == 0) return 1;
  std::vector<bench::RatioRow> rows;
  for (const char* mapping : kMappings) {
    const auto us_of_step = [&](uint64_t regions) {
      const std::string name = NameOf(mapping, regions);
      const double all = reporter.NsOf(absl::StrCat(name, "/", steps));
      const double none = reporter.NsOf(absl::StrCat(name, "/0"));
      return (all - none) / 1e3 / static_cast<double>(steps);
    };
    rows.push_back({absl::StrCat("H1 ", mapping),
                    absl::StrCat("a hotplug step among ", large, " regions"),
                    "us",
                    us_of_step(large),
                    kTarget,
                    {{absl::StrCat("ours among ", small), us_of_step(small)}}});
    const auto us_of_region = [&](uint64_t regions) {
      return reporter.NsOf(absl::StrCat("H2/", mapping, "/", regions)) / 1e3 /
             static_cast<double>(regions);
    };
    rows.push_back(
        {absl::StrCat("H2 ", mapping),
         absl::StrCat("a region in a storm of ", large),
         "us",
         us_of_region(large),
         kTarget,
         {{absl::StrCat("ours of ", large / 10), us_of_region(large / 10)}}});
  }
  return bench::Report(rows, flags) ? 0 : 1;
}

}  // namespace
}  // namespace iovalab

int main(int argc, char** argv) { return iovalab::Main(argc, argv); }
