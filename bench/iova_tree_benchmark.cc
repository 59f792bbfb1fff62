// T1-T4: the tables behind the VMM's trees, side by side with absl::btree_map
// (no aliases, no ranks, no holes: a bound on what an ordered container can do)
// and with the linear scans that QEMU does.
//
// Not for: timed tests. Only the ratios of one run mean anything; `--smoke`
// runs it at a tiny size to see that it works. `--benchmark_out=FILE` writes
// JSON.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/strings/str_cat.h"
#include "bench/report.h"
#include "benchmark/benchmark.h"
#include "model/addr/interval_table.h"
#include "model/addr/reference_interval_table.h"

namespace iovalab {
namespace {

constexpr uint64_t kRegion = 0x10000;
constexpr uint64_t kFirstIova = 0x1000;
constexpr uint64_t kFirstHva = 0x7f0000000000;

uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

template <typename T>
void Shuffle(std::vector<T>& items, uint64_t seed) {
  for (size_t i = items.size(); i > 1; --i) {
    std::swap(items[i - 1], items[Mix(seed + i) % i]);
  }
}

// n regions of 64 KiB in random order, with gaps of `gap` between their IOVAs;
// each tenth has the HVA of another.
std::vector<Entry> Regions(size_t n, uint64_t gap) {
  std::vector<Entry> regions;
  for (size_t i = 0; i < n; ++i) {
    const size_t hva = i % 10 == 9 ? Mix(i) % n : i;
    Entry e;
    e.first = kFirstIova + i * (kRegion + gap);
    e.last = e.first + kRegion - 1;
    e.target = kFirstHva + hva * 2 * kRegion;
    e.perm = kPermReadWrite;
    regions.push_back(e);
  }
  Shuffle(regions, 1);
  return regions;
}

// An address within a region, for each of many look-ups.
std::vector<uint64_t> Addresses(const std::vector<Entry>& regions,
                                bool by_target) {
  std::vector<uint64_t> addresses;
  for (size_t i = 0; i < 1 << 16; ++i) {
    const Entry& e = regions[Mix(i + 77) % regions.size()];
    addresses.push_back((by_target ? e.target : e.first) + Mix(i) % kRegion);
  }
  return addresses;
}

struct Ours {
  IntervalTable table;

  void Insert(const Entry& e) { table.Insert(e); }
  void Erase(const Entry& e) { table.Erase(e.first); }
  uint64_t Find(uint64_t iova) const { return table.Find(iova)->target; }
  uint64_t Reverse(uint64_t hva) const {
    const IntervalTable::Reverse found = table.FindByTarget(0, hva, hva);
    return found.entry->first + found.scanned;
  }
  uint64_t Hole(uint64_t size_minus_1) const {
    return table.FirstHole(kFirstIova, size_minus_1)->first;
  }
};

struct Absl {
  struct Iova {
    uint64_t last, target;
    uint32_t perm;
  };
  struct Target {
    uint64_t last, iova;
  };
  absl::btree_map<uint64_t, Iova> by_iova;
  absl::btree_multimap<uint64_t, Target> by_target;

  void Insert(const Entry& e) {
    by_iova.emplace(e.first, Iova{e.last, e.target, e.perm});
    by_target.emplace(e.target, Target{e.target_last(), e.first});
  }
  void Erase(const Entry& e) {
    by_iova.erase(e.first);
    by_target.erase(e.target);
  }
  uint64_t Find(uint64_t iova) const {
    auto it = by_iova.upper_bound(iova);
    --it;
    return it->second.last >= iova ? it->second.target : 0;
  }
  // Any of the aliases: what an ordered container finds without more ado.
  uint64_t Reverse(uint64_t hva) const {
    auto it = by_target.upper_bound(hva);
    --it;
    return it->second.last >= hva ? it->second.iova : 0;
  }
  // The yardstick of T4 is a find.
  uint64_t Hole(uint64_t) {
    position_ = Mix(position_ + 1);
    return Find(kFirstIova + position_ % (by_iova.size() * kRegion));
  }

 private:
  uint64_t position_ = 0;
};

struct Scan {
  ReferenceIntervalTable table;

  void Insert(const Entry& e) { table.Insert(e); }
  void Erase(const Entry& e) { table.Erase(e.first); }
  uint64_t Find(uint64_t iova) const { return table.Find(iova)->target; }
  uint64_t Reverse(uint64_t hva) const {
    return table.FindByTarget(0, hva, hva).entry->first;
  }
  uint64_t Hole(uint64_t size_minus_1) const {
    return table.FirstHole(kFirstIova, size_minus_1)->first;
  }
};

template <typename T>
T Filled(const std::vector<Entry>& regions) {
  T t;
  for (const Entry& e : regions) t.Insert(e);
  return t;
}

// In many orders: one alone, repeated, would be learned by the processor.
template <typename T>
void Insert(benchmark::State& state, size_t n) {
  std::vector<std::vector<Entry>> orders;
  for (size_t i = 0; i < 1 + 100000 / n; ++i) {
    orders.push_back(Regions(n, kRegion));
    Shuffle(orders.back(), i * n);
  }
  size_t i = 0;
  for (auto _ : state) {
    T t = Filled<T>(orders[i++ % orders.size()]);
    benchmark::DoNotOptimize(&t);
    state.PauseTiming();
    { T gone = std::move(t); }
    state.ResumeTiming();
  }
}

template <typename T>
void Find(benchmark::State& state, size_t n) {
  const std::vector<Entry> regions = Regions(n, kRegion);
  const std::vector<uint64_t> addresses = Addresses(regions, false);
  const T t = Filled<T>(regions);
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(t.Find(addresses[i++ % addresses.size()]));
  }
}

template <typename T>
void Reverse(benchmark::State& state, size_t n) {
  const std::vector<Entry> regions = Regions(n, kRegion);
  const std::vector<uint64_t> addresses = Addresses(regions, true);
  const T t = Filled<T>(regions);
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(t.Reverse(addresses[i++ % addresses.size()]));
  }
}

template <typename T>
void Hole(benchmark::State& state, size_t n) {
  T t = Filled<T>(Regions(n, 0));
  uint64_t size = kRegion;
  for (auto _ : state) {
    benchmark::DoNotOptimize(t.Hole(size));
    benchmark::DoNotOptimize(size);
  }
}

// Search, insert, and remove again, so that the tree stays as it is.
template <typename T>
void Allocate(benchmark::State& state, size_t n) {
  T t = Filled<T>(Regions(n, 0));
  for (auto _ : state) {
    Entry e;
    e.first = t.Hole(kRegion - 1);
    e.last = e.first + kRegion - 1;
    e.target = kFirstHva + e.first;
    t.Insert(e);
    t.Erase(e);
  }
}

struct Row {
  const char* name;
  const char* says;
  bool each;         // one iteration is n operations
  const char* peer;  // whose time is the yardstick
  const char* peer_says;
  double limit;   // of ours to the peer's
  double growth;  // limit from the small to the large size; 0: none
};
constexpr Row kRows[] = {
    {"T1", "insert, both indexes", true, "T1", "absl::btree_map, two of them",
     1, 0},
    {"T2", "find by IOVA", false, "T2", "absl::btree_map", 1, 0},
    {"T3", "find by HVA, first alias", false, "T3",
     "absl::btree_multimap, any alias", 2, 3},
    {"T4", "first fit, no holes", false, "T4", "absl::btree_map, a find", 3, 3},
    {"T4a", "first fit, insert, remove", false, "T4", "absl::btree_map, a find",
     0, 0},
};

std::string Name(absl::string_view row, absl::string_view who, size_t n) {
  return absl::StrCat(row, "/", who, "/", n);
}

std::string SizeName(size_t n) {
  return n % 1000 == 0 ? absl::StrCat(n / 1000, "k") : absl::StrCat(n);
}

// Of a size, ours beside absl's and the scan's; then ours of the large size
// beside ours of the small one.
std::vector<bench::RatioRow> MakeRows(const bench::FastestReporter& results,
                                      const std::vector<size_t>& sizes) {
  std::vector<bench::RatioRow> rows;
  for (const Row& row : kRows) {
    const auto time = [&](const char* name, const char* who, size_t n) {
      return results.NsOf(Name(name, who, n)) /
             (row.each ? static_cast<double>(n) : 1);
    };
    for (size_t n : sizes) {
      const std::string id = absl::StrCat(row.name, " ", SizeName(n));
      const double ours = time(row.name, "ours", n);
      rows.push_back({id, row.says, "ns", ours, row.peer_says,
                      time(row.peer, "absl", n), row.limit});
      rows.push_back({id, row.says, "ns", ours, "a linear scan",
                      time(row.name, "scan", n), 0});
    }
    rows.push_back({row.name, absl::StrCat(row.says, ", growth"), "ns",
                    time(row.name, "ours", sizes.back()),
                    absl::StrCat("ours at ", SizeName(sizes.front())),
                    time(row.name, "ours", sizes.front()), row.growth});
  }
  return rows;
}

template <typename T>
void Register(const char* who, const std::vector<size_t>& sizes,
              const bench::Flags& flags) {
  for (size_t n : sizes) {
    const std::pair<const char*, void (*)(benchmark::State&, size_t)> kAll[] = {
        {"T1", Insert<T>}, {"T2", Find<T>},      {"T3", Reverse<T>},
        {"T4", Hole<T>},   {"T4a", Allocate<T>},
    };
    for (const auto& [name, run] : kAll) {
      // The yardstick of T4 allocates nothing.
      if (std::is_same_v<T, Absl> && run == Allocate<T>) continue;
      auto* b =
          benchmark::RegisterBenchmark(Name(name, who, n).c_str(), run, n);
      if (flags.smoke) {
        b->Iterations(10);
      } else {
        b->MinTime(0.05)->Repetitions(std::is_same_v<T, Scan> ? 1
                                      : flags.quick           ? 3
                                                              : 9);
      }
    }
  }
}

int Main(int argc, char** argv) {
  const bench::Flags flags = bench::TakeFlags(&argc, argv);
  // Repetitions in random order, so that all suffer alike from what else runs.
  std::vector<char*> args(argv, argv + argc);
  std::string interleave = "--benchmark_enable_random_interleaving=true";
  args.insert(args.begin() + 1, interleave.data());
  argc = static_cast<int>(args.size());
  argv = args.data();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  const std::vector<size_t> sizes = flags.smoke
                                        ? std::vector<size_t>{20, 500}
                                        : std::vector<size_t>{1000, 100000};
  Register<Ours>("ours", sizes, flags);
  Register<Absl>("absl", sizes, flags);
  Register<Scan>("scan", sizes, flags);
  bench::FastestReporter results;
  if (benchmark::RunSpecifiedBenchmarks(&results) == 0) return 1;
  return bench::Report(MakeRows(results, sizes), flags) ? 0 : 1;
}

}  // namespace
}  // namespace iovalab

int main(int argc, char** argv) { return iovalab::Main(argc, argv); }
