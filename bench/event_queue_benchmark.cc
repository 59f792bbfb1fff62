// D1-D4: EventQueue beside a std::priority_queue, and the ratio of the two.
//
//   bazel run //bench:event_queue_benchmark
//   ... -- --benchmark_repetitions=5   (the table takes the fastest of five)
//
// Both queues run the very same events through the same handler pointer. The
// counter `checksum` is that of the warm-up, of a fixed length: it must be the
// same for both, else they did not do the same work.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "sim/event_queue.h"
#include "sim/heap_queue.h"
#include "sim/hold.h"

namespace iovalab::sim {
namespace {

using Ours = EventQueue<HoldEvent>;
using Heap = HeapQueue<HoldEvent>;

struct Row {
  const char* name;
  std::uint64_t pending;  // 0: the ping.
};

constexpr Row kRows[] = {
    {"D1 ping", 0},
    {"D2 hold 1k", 1'000},
    {"D3 hold 100k", 100'000},
    {"D4 hold 1M", 1'000'000},
};
constexpr char kOurs[] = "ours";
constexpr char kHeap[] = "reference heap";
constexpr char kSeparator = '/';

std::string NameOf(const Row& row, const char* queue) {
  return std::string(row.name) + kSeparator + queue;
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
void Register(const Row& row, const char* queue) {
  benchmark::RegisterBenchmark(
      NameOf(row, queue).c_str(), [row](benchmark::State& state) {
        if (row.pending == 0) {
          RunWorkload<Hold<Queue, PingDelay>>(state, 1);
        } else {
          RunWorkload<Hold<Queue>>(state, row.pending);
        }
      });
}

// Prints as usual (but without colours, which this library version would write
// to files too), and remembers the fastest run of each benchmark.
class FastestReporter : public benchmark::ConsoleReporter {
 public:
  struct Result {
    double nanoseconds;
    double checksum;
  };

  FastestReporter() : ConsoleReporter(OO_None) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      const Result result{run.GetAdjustedCPUTime(),
                          run.counters.at("checksum")};
      const auto [it, first] =
          fastest_.try_emplace(run.run_name.function_name, result);
      if (!first && result.nanoseconds < it->second.nanoseconds) {
        it->second = result;
      }
    }
  }

  // False when two queues did not do the same work.
  [[nodiscard]] bool PrintTable() const {
    bool same = true;
    std::printf("\n");
    for (const Row& row : kRows) {
      const auto ours = fastest_.find(NameOf(row, kOurs));
      const auto heap = fastest_.find(NameOf(row, kHeap));
      if (ours == fastest_.end() || heap == fastest_.end()) continue;
      std::printf("%-13s ours %6.1f ns  reference heap %6.1f ns  ratio %.2f\n",
                  row.name, ours->second.nanoseconds, heap->second.nanoseconds,
                  ours->second.nanoseconds / heap->second.nanoseconds);
      if (ours->second.checksum == heap->second.checksum) continue;
      std::printf("%-13s CHECKSUMS DIFFER\n", row.name);
      same = false;
    }
    return same;
  }

 private:
  std::map<std::string, Result> fastest_;
};

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  for (const Row& row : kRows) {
    Register<Ours>(row, kOurs);
    Register<Heap>(row, kHeap);
  }
  FastestReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return reporter.PrintTable() ? 0 : 1;
}

}  // namespace
}  // namespace iovalab::sim

int main(int argc, char** argv) { return iovalab::sim::Main(argc, argv); }
