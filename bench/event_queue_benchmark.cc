// D1-D4: EventQueue beside a std::priority_queue, and the ratio of the two.
//
//   bazel run //bench:event_queue_benchmark
//
// Both queues run the very same events through the same handler pointer. The
// counter `checksum` is that of the warm-up, of a fixed length: it must be the
// same for both, else they did not do the same work.

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/report.h"
#include "benchmark/benchmark.h"
#include "sim/event_queue.h"
#include "sim/heap_queue.h"
#include "sim/hold.h"

namespace iovalab::sim {
namespace {

using Ours = EventQueue<HoldEvent>;
using Heap = HeapQueue<HoldEvent>;

struct Row {
  const char* id;
  const char* what;
  std::uint64_t pending;  // 0: the ping.
};

constexpr Row kRows[] = {
    {"D1", "an event that reschedules itself", 0},
    {"D2", "HOLD, 1k pending", 1'000},
    {"D3", "HOLD, 100k pending", 100'000},
    {"D4", "HOLD, 1M pending", 1'000'000},
};
constexpr char kOurs[] = "ours";
constexpr char kHeap[] = "heap";

std::string NameOf(const Row& row, const char* queue) {
  return absl::StrCat(row.id, "/", queue);
}

template <typename Workload>
void RunWorkload(benchmark::State& state, std::uint64_t pending) {
  // Long enough for the steady distribution of times to set in.
  constexpr std::uint64_t kWarmUpRounds = 2;
  // The benchmark library calls this several times; the warm-up of a million
  // events is worth keeping.
  static std::map<std::uint64_t, Workload> warm;
  const auto [it, fresh] = warm.try_emplace(pending, pending);
  if (fresh) it->second.Run(kWarmUpRounds * pending);

  Workload workload = it->second;
  for (auto _ : state) workload.Run(1);
  benchmark::DoNotOptimize(workload.checksum());
  // A counter is a double, which holds no more than 53 bits.
  const std::uint64_t checksum = it->second.checksum();
  state.counters["checksum"] =
      static_cast<double>((checksum ^ checksum >> 32) & 0xFFFFFFFF);
}

template <typename Queue>
void Register(const Row& row, const char* queue, const bench::Flags& flags) {
  auto* b = benchmark::RegisterBenchmark(
      NameOf(row, queue).c_str(), [row](benchmark::State& state) {
        if (row.pending == 0) {
          RunWorkload<Hold<Queue, PingDelay>>(state, 1);
        } else {
          RunWorkload<Hold<Queue>>(state, row.pending);
        }
      });
  if (flags.smoke) {
    b->MinTime(0.001);
  } else {
    b->Repetitions(flags.quick ? 2 : 5);
  }
}

// False when two queues did not do the same work.
bool SameWork(const bench::FastestReporter& reporter, const Row& row) {
  const auto* ours = reporter.Find(NameOf(row, kOurs));
  const auto* heap = reporter.Find(NameOf(row, kHeap));
  if (ours == nullptr || heap == nullptr) return true;
  const bool same =
      ours->counters.at("checksum") == heap->counters.at("checksum");
  if (!same) std::fprintf(stderr, "%s: checksums differ\n", row.id);
  return same;
}

int Main(int argc, char** argv) {
  const bench::Flags flags = bench::TakeFlags(&argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  for (const Row& row : kRows) {
    Register<Ours>(row, kOurs, flags);
    Register<Heap>(row, kHeap, flags);
  }
  bench::FastestReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  std::vector<bench::RatioRow> rows;
  bool same = true;
  for (const Row& row : kRows) {
    same = same && SameWork(reporter, row);
    const double ours = reporter.NsOf(NameOf(row, kOurs));
    if (ours == 0) continue;
    rows.push_back({row.id, row.what, "ns", ours, "std::priority_queue",
                    reporter.NsOf(NameOf(row, kHeap)), 0});
  }
  return bench::Report(rows, flags) && same ? 0 : 1;
}

}  // namespace
}  // namespace iovalab::sim

int main(int argc, char** argv) { return iovalab::sim::Main(argc, argv); }
