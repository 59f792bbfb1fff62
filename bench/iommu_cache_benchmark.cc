// I1: a hit in the IOTLB beside a probe of a hash table of the same entries,
// where each address depends on what the last look-up returned.
//
// Not for: timed tests. Only the ratios of one run mean anything; `--smoke`
// runs it at a tiny size to see that it works.

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bench/report.h"
#include "benchmark/benchmark.h"
#include "model/iommu/iotlb.h"

namespace iovalab {
namespace {

// Entries of a page each, in random order of their addresses.
std::vector<uint64_t> Iovas(size_t n) {
  std::vector<uint64_t> iovas;
  for (uint64_t i = 0; i < n; ++i) {
    iovas.push_back((i * 0x9e3779b1 % (n * 4)) << 12 | 0x100000000);
  }
  return iovas;
}

// The target of each entry is the address of the next one to look up.
IotlbEntry EntryOf(const std::vector<uint64_t>& iovas, size_t i) {
  IotlbEntry e;
  e.first = iovas[i];
  e.target = iovas[(i + 1) % iovas.size()];
  e.domain = 3;
  e.perm = 3;
  return e;
}

void RunIotlb(benchmark::State& state, const IotlbShape& shape) {
  const std::vector<uint64_t> iovas = Iovas(shape.sets * shape.ways);
  Iotlb cache(shape);
  for (size_t i = 0; i < iovas.size(); ++i) {
    cache.Insert(EntryOf(iovas, i), iovas[i]);
  }
  // Some are pushed out of their set; what is left is a cycle of hits.
  std::vector<IotlbEntry> kept = cache.Entries();
  for (size_t i = 0; i < kept.size(); ++i) {
    IotlbEntry e = kept[i];
    e.target = kept[(i + 1) % kept.size()].first;
    cache.Insert(e, e.first);
  }
  uint64_t iova = kept[0].first;
  for (auto _ : state) iova = cache.Find(3, kNoPasid, iova)->target;
  benchmark::DoNotOptimize(iova);
}

void RunHash(benchmark::State& state, size_t n) {
  const std::vector<uint64_t> iovas = Iovas(n);
  absl::flat_hash_map<uint64_t, IotlbEntry> map;
  for (size_t i = 0; i < n; ++i) map[iovas[i] >> 12] = EntryOf(iovas, i);
  uint64_t iova = iovas[0];
  for (auto _ : state) iova = map.find(iova >> 12)->second.target;
  benchmark::DoNotOptimize(iova);
}

constexpr IotlbShape kLru = {.sets = 256, .ways = 4};
void Register(const bench::Flags& flags) {
  benchmark::internal::Benchmark* const all[] = {
      benchmark::RegisterBenchmark(
          "iotlb_lru", [](benchmark::State& state) { RunIotlb(state, kLru); }),
      benchmark::RegisterBenchmark("iotlb_qemu",
                                   [](benchmark::State& state) {
                                     RunIotlb(state, IotlbShapeOf("qemu_vtd"));
                                   }),
      benchmark::RegisterBenchmark(
          "hash", [](benchmark::State& state) { RunHash(state, 1024); }),
  };
  for (benchmark::internal::Benchmark* const b : all) {
    if (flags.smoke) {
      b->Iterations(10);
    } else {
      b->MinTime(0.05)->Repetitions(flags.quick ? 3 : 9);
    }
  }
}

int Main(int argc, char** argv) {
  const bench::Flags flags = bench::TakeFlags(&argc, argv);
  if (!bench::Initialize(argc, argv)) return 1;
  Register(flags);
  bench::FastestReporter results;
  if (benchmark::RunSpecifiedBenchmarks(&results) == 0) return 1;
  const bench::Peer hash = {"absl::flat_hash_map find", results.NsOf("hash")};
  const bench::RatioRow rows[] = {
      {"I1 LRU",
       "IOTLB hit, 1024 entries in sets of 4",
       "ns",
       results.NsOf("iotlb_lru"),
       2,
       {hash}},
      {"I1 QEMU",
       "IOTLB hit, 1024 entries, emptied when full",
       "ns",
       results.NsOf("iotlb_qemu"),
       2,
       {hash}},
  };
  return bench::Report(rows, flags) ? 0 : 1;
}

}  // namespace
}  // namespace iovalab

int main(int argc, char** argv) { return iovalab::Main(argc, argv); }
