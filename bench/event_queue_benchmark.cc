// D1-D4: EventQueue beside std::priority_queue and the event queues of
// simulators, as far as they are linked in.
//
//   bazel run //bench:event_queue_benchmark        (std::priority_queue alone)
//   bazel run //bench/peers:event_queue_benchmark  (every peer installed)
//
// All run the very same events through a handler that is not inlined. The
// counter `checksum` is that of the warm-up, of a fixed length: it must be the
// same for all, else they did not do the same work.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/queue_peer.h"
#include "bench/report.h"
#include "benchmark/benchmark.h"
#include "sim/event_queue.h"
#include "sim/heap_queue.h"
#include "sim/hold.h"

namespace iovalab::sim {
namespace {

using bench::HoldRun;
using bench::MakeHoldRun;
using bench::QueuePeer;

template <typename Queue>
QueuePeer Here(const char* name) {
  return {name, MakeHoldRun<Hold<Queue, PingDelay>>, MakeHoldRun<Hold<Queue>>};
}

constexpr char kOurs[] = "ours";
constexpr char kSystemC[] = "SystemC";
constexpr char kNs3[] = "ns-3 PriorityQueueScheduler";
constexpr char kHeap[] = "std::priority_queue";

// Every peer there is, built or not.
struct Known {
  const char* name;
  const char* package;  // empty: always built
  bool holds;           // D2-D4
};
constexpr Known kKnown[] = {
    {kSystemC, "libsystemc-dev", false},
    {kNs3, "libns3-dev", true},
    {"ns-3, events kept", "libns3-dev", true},
    {"boost::heap::d_ary_heap", "libboost-dev", true},
    {kHeap, "", true},
};

struct Row {
  const char* id;
  const char* what;
  std::uint64_t pending;  // 0: the ping.
  const char* peer;       // the target's
  double target;
};
constexpr Row kRows[] = {
    {"D1", "an event that reschedules itself", 0, kSystemC, 0.25},
    {"D2", "HOLD, 1k pending", 1'000, kNs3, 0.35},
    {"D3", "HOLD, 100k pending", 100'000, kNs3, 0.35},
    {"D4", "HOLD, 1M pending", 1'000'000, kNs3, 0.45},
};

std::string NameOf(const Row& row, const char* queue) {
  return absl::StrCat(row.id, "/", queue);
}

struct Warm {
  std::unique_ptr<HoldRun> run;
  double checksum = 0;
};

// Long enough for the steady distribution of times to set in.
Warm WarmUp(const QueuePeer& queue, std::uint64_t pending) {
  constexpr std::uint64_t kRounds = 2;
  Warm warm;
  warm.run = pending == 0 ? queue.ping(1) : queue.hold(pending);
  warm.run->Run(kRounds * std::max<std::uint64_t>(pending, 1'000));
  // A counter is a double, which holds no more than 53 bits.
  const std::uint64_t checksum = warm.run->checksum();
  warm.checksum = static_cast<double>((checksum ^ checksum >> 32) & 0xFFFFFFFF);
  return warm;
}

void Measure(benchmark::State& state, const QueuePeer& queue,
             std::uint64_t pending) {
  // SystemC is entered and left once in so many events.
  constexpr benchmark::IterationCount kBatch = 1'000;
  // The library calls this several times; a run goes on where it was.
  static std::map<std::pair<std::string, std::uint64_t>, Warm> all;
  Warm& warm = all[{queue.name, pending}];
  if (warm.run == nullptr) warm = WarmUp(queue, pending);
  while (state.KeepRunningBatch(kBatch)) warm.run->Run(kBatch);
  state.counters["checksum"] = warm.checksum;
}

void Register(const Row& row, const QueuePeer& queue,
              const bench::Flags& flags) {
  if (row.pending != 0 && queue.hold == nullptr) return;
  const std::uint64_t pending =
      flags.smoke ? std::min<std::uint64_t>(row.pending, 100) : row.pending;
  auto* b = benchmark::RegisterBenchmark(
      NameOf(row, queue.name).c_str(),
      [=](benchmark::State& state) { Measure(state, queue, pending); });
  if (flags.smoke) {
    b->MinTime(0.001);
  } else {
    b->MinTime(0.2)->Repetitions(flags.quick ? 2 : 7);
  }
}

// False when a peer did not do the same work.
bool SameWork(const bench::FastestReporter& reporter, const Row& row) {
  const auto* ours = reporter.Find(NameOf(row, kOurs));
  bool same = true;
  for (const Known& known : kKnown) {
    const auto* peer = reporter.Find(NameOf(row, known.name));
    if (ours == nullptr || peer == nullptr ||
        ours->counters.at("checksum") == peer->counters.at("checksum")) {
      continue;
    }
    std::fprintf(stderr, "%s: checksum of %s differs\n", row.id, known.name);
    same = false;
  }
  return same;
}

bench::RatioRow MakeRow(const bench::FastestReporter& reporter,
                        const Row& row) {
  bench::RatioRow out{row.id,     row.what,
                      "ns",       reporter.NsOf(NameOf(row, kOurs)),
                      row.target, {}};
  for (const Known& known : kKnown) {
    if (row.pending != 0 && !known.holds) continue;
    const bool first = known.name == row.peer;
    out.peers.insert(
        first ? out.peers.begin() : out.peers.end(),
        {known.name, reporter.NsOf(NameOf(row, known.name)), known.package});
  }
  return out;
}

int Main(int argc, char** argv) {
  const bench::Flags flags = bench::TakeFlags(&argc, argv);
  if (!bench::Initialize(argc, argv)) return 1;
  std::vector<QueuePeer> queues = {Here<EventQueue<HoldEvent>>(kOurs),
                                   Here<HeapQueue<HoldEvent>>(kHeap)};
  queues.insert(queues.end(), bench::QueuePeers().begin(),
                bench::QueuePeers().end());
  for (const Row& row : kRows) {
    if (!bench::Wanted(flags, row.id)) continue;
    for (const QueuePeer& queue : queues) Register(row, queue, flags);
  }
  bench::FastestReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  std::vector<bench::RatioRow> rows;
  bool same = true;
  for (const Row& row : kRows) {
    if (reporter.Find(NameOf(row, kOurs)) == nullptr) continue;
    same = SameWork(reporter, row) && same;
    rows.push_back(MakeRow(reporter, row));
  }
  return bench::Report(rows, flags) && same ? 0 : 1;
}

}  // namespace
}  // namespace iovalab::sim

int main(int argc, char** argv) { return iovalab::sim::Main(argc, argv); }
