#ifndef IOVALAB_BENCH_TREE_WORKLOAD_H_
#define IOVALAB_BENCH_TREE_WORKLOAD_H_

// T1-T4: what is asked of a table of mappings, as templates over the table, and
// the list of others' tables that iova_tree_benchmark sets beside ours. Each of
// those is a library of bench/peers that adds itself when it is linked in.
//
// Not for: timed tests. Only the ratios of one run mean anything.
//
// A table T has Insert(entry), Erase(entry), Find(iova), Reverse(hva) and
// Hole(size - 1), as Ours of iova_tree_benchmark.cc has them; Hole may be left
// out.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "model/addr/entry.h"

namespace iovalab::bench {

inline constexpr uint64_t kRegion = 0x10000;
inline constexpr uint64_t kFirstIova = 0x1000;
inline constexpr uint64_t kFirstHva = 0x7f0000000000;

inline uint64_t Mix(uint64_t x) {
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
inline std::vector<Entry> Regions(size_t n, uint64_t gap) {
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
inline std::vector<uint64_t> Addresses(const std::vector<Entry>& regions,
                                       bool by_target) {
  std::vector<uint64_t> addresses;
  for (size_t i = 0; i < 1 << 16; ++i) {
    const Entry& e = regions[Mix(i + 77) % regions.size()];
    addresses.push_back((by_target ? e.target : e.first) + Mix(i) % kRegion);
  }
  return addresses;
}

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

// A table's benchmarks; null: it cannot.
struct TreePeer {
  using Workload = void (*)(benchmark::State&, size_t n);
  const char* name;
  Workload insert = nullptr;    // T1
  Workload find = nullptr;      // T2
  Workload reverse = nullptr;   // T3
  Workload hole = nullptr;      // T4
  Workload allocate = nullptr;  // T4a
};

template <typename T>
TreePeer MakeTreePeer(const char* name) {
  TreePeer peer{name, Insert<T>, Find<T>, Reverse<T>};
  if constexpr (requires(T t) { t.Hole(0); }) {
    peer.hole = Hole<T>;
    peer.allocate = Allocate<T>;
  }
  return peer;
}

// Always true, for the initialiser of a constant.
bool AddTreePeer(const TreePeer& peer);
const std::vector<TreePeer>& TreePeers();

}  // namespace iovalab::bench

#endif  // IOVALAB_BENCH_TREE_WORKLOAD_H_
