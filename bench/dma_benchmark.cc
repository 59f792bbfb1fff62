// E2: one guest DMA end to end (posted, translated by the shadow queue, walked
// in the device's table, written or read, judged by the oracle, completed, all
// of it recorded), beside D1, the shortest loop of the event queue.
//
//   bazel run //bench:dma_benchmark
//
// The guest keeps a pool of page-sized buffers, as a driver does, and posts
// them in an order without a pattern, each second one for the device to write.
// The VMM has q35's map, so that the trees hold aliases.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/report.h"
#include "benchmark/benchmark.h"
#include "model/machine.h"
#include "sim/check.h"
#include "sim/event_queue.h"
#include "sim/hold.h"

namespace iovalab {
namespace {

constexpr char kPing[] = "D1/ping";
constexpr uint64_t kPage = 0x1000;
constexpr uint64_t kPoolPages = 1024;
// Longer than the VMM takes for one: some requests are in flight, none waits.
constexpr uint64_t kPostEveryNs = 600;
constexpr double kTarget = 10;

// 4 GiB of RAM below and above the hole, and high SMRAM, an alias.
void AddMemory(Scenario* scenario) {
  RamBlockSpec block;
  block.name = "pc.ram";
  block.hva = {Hva(0x7f7903e00000), Hva(0x7f7a03dfffff)};
  block.physical = {{0, 0xffffffff, 0x200000, Hpa(0x100000000), 0x400000}};
  scenario->ram_blocks.push_back(block);
  const auto region = [&](const char* name, uint64_t first, uint64_t last,
                          uint64_t offset) {
    RegionSpec spec;
    spec.name = name;
    spec.addr = {Gpa(first), Gpa(last)};
    spec.ram_block = 0;
    spec.offset = offset;
    scenario->regions.push_back(spec);
  };
  region("M1", 0, 0x7fffffff, 0);
  region("M2", 0x100000000, 0x17fffffff, 0x80000000);
  region("M3", 0xfeda0000, 0xfedbffff, 0xa0000);
}

// `dmas` buffers in all, `per_post` of them in one request.
Scenario MakeScenario(uint64_t dmas, uint64_t per_post) {
  Scenario scenario;
  scenario.name = "dma_benchmark";
  AddMemory(&scenario);
  uint64_t dma = 0;
  for (uint64_t i = 0; dma < dmas; ++i) {
    StepSpec step;
    step.label = absl::StrCat("post_", i);
    step.kind = StepKind::kPost;
    step.at_ns = i * kPostEveryNs;
    for (uint64_t n = 0; n < per_post && dma < dmas; ++n, ++dma) {
      const uint64_t page = sim::SplitMix64(dma) % kPoolPages;
      // Half of the pool on each side of the hole.
      const uint64_t gpa =
          (page % 2 == 0 ? 0x10000000 : 0x140000000) + page * kPage;
      step.buffers.push_back({{Gpa(gpa), Gpa(gpa + kPage - 1)}, dma % 2 == 1});
    }
    scenario.steps.push_back(step);
  }
  return scenario;
}

struct Case {
  const char* mapping;
  uint64_t per_post;
};
constexpr Case kCases[] = {{"gpa", 1}, {"hva", 1}, {"gpa", 16}, {"hva", 16}};

std::string NameOf(const Case& c, uint64_t dmas) {
  return absl::StrCat("E2/", c.mapping, "/", c.per_post, "/", dmas);
}

RunPolicies PoliciesOf(const Case& c) {
  RunPolicies policies;
  policies.strategy = StrategyByName(c.mapping);
  policies.kernel = FindKernelProfile("deb_6_12_117");
  policies.device = *FindDeviceProfile("vdpa_sim_set_map_va");
  return policies;
}

void RunDmas(benchmark::State& state, const Case& c, uint64_t dmas) {
  const Scenario scenario = MakeScenario(dmas, c.per_post);
  const RunPolicies policies = PoliciesOf(c);
  const RunLimits limits{UINT64_MAX, UINT64_MAX};
  const auto n = static_cast<double>(dmas);
  for (auto _ : state) {
    RunResult result = RunScenario(scenario, policies, /*seed=*/1, limits);
    state.PauseTiming();
    const auto ok = static_cast<size_t>(AccessClass::kOk);
    sim::Check(result.verdict == Verdict::kSafe && result.counts[ok] == dmas,
               "every DMA is judged, and OK");
    state.counters["events"] = static_cast<double>(result.trace.size()) / n;
    state.counters["bytes"] = static_cast<double>(result.trace.bytes()) / n;
    { RunResult gone = std::move(result); }
    state.ResumeTiming();
  }
}

void Ping(benchmark::State& state) {
  sim::Hold<sim::EventQueue<sim::HoldEvent>, sim::PingDelay> workload(1);
  for (auto _ : state) workload.Run(1);
  benchmark::DoNotOptimize(workload.checksum());
}

int Main(int argc, char** argv) {
  const bench::Flags flags = bench::TakeFlags(&argc, argv);
  if (!bench::Initialize(argc, argv)) return 1;
  const std::vector<uint64_t> sizes =
      flags.smoke ? std::vector<uint64_t>{100}
                  : std::vector<uint64_t>{10'000, 1'000'000};
  const int repetitions = flags.smoke ? 1 : flags.quick ? 3 : 7;
  benchmark::RegisterBenchmark(kPing, Ping)->Repetitions(repetitions);
  for (const uint64_t dmas : sizes) {
    for (const Case& c : kCases) {
      benchmark::RegisterBenchmark(NameOf(c, dmas).c_str(), RunDmas, c, dmas)
          ->Iterations(1)
          ->Unit(benchmark::kMillisecond)
          ->Repetitions(repetitions);
    }
  }
  bench::FastestReporter reporter;
  if (benchmark::RunSpecifiedBenchmarks(&reporter) == 0) return 1;

  std::vector<bench::RatioRow> rows;
  for (const uint64_t dmas : sizes) {
    for (const Case& c : kCases) {
      const bench::FastestReporter::Result* result =
          reporter.Find(NameOf(c, dmas));
      if (result == nullptr) continue;
      rows.push_back(
          {absl::StrCat("E2 ", dmas >= 1'000'000
                                   ? absl::StrCat(dmas / 1'000'000, "M")
                               : dmas >= 1000 ? absl::StrCat(dmas / 1000, "k")
                                              : absl::StrCat(dmas)),
           absl::StrCat("a DMA, ", c.mapping, ", ", c.per_post, " a request, ",
                        static_cast<int>(result->counters.at("bytes")),
                        " B recorded"),
           "ns",
           result->ns / static_cast<double>(dmas),
           kTarget,
           {{"D1, an event of ours", reporter.NsOf(kPing)}}});
    }
  }
  return bench::Report(rows, flags) ? 0 : 1;
}

}  // namespace
}  // namespace iovalab

int main(int argc, char** argv) { return iovalab::Main(argc, argv); }
