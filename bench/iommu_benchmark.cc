// I2-I5: walks and maps of page tables, beside dependent loads and the
// obvious way of writing entries one by one.
//
// Not for: timed tests. Only the ratios of one run mean anything; `--smoke`
// runs it at a tiny size to see that it works.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/report.h"
#include "benchmark/benchmark.h"
#include "model/iommu/page_table.h"
#include "model/iommu/page_table_source.h"
#include "model/iommu/two_stage.h"

namespace iovalab {
namespace {

constexpr uint64_t kPages = uint64_t{1} << 18;  // 1 GiB
constexpr uint64_t kAddresses = 1 << 16;

uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Where each page of 1 GiB lies: no two that follow each other do so there.
std::vector<uint64_t> PermutedPages(uint64_t seed) {
  std::vector<uint64_t> pages(kPages);
  for (uint64_t i = 0; i < kPages; ++i) pages[i] = i;
  for (uint64_t i = kPages; i > 1; --i)
    std::swap(pages[i - 1], pages[Mix(seed + i) % i]);
  return pages;
}

PageTable PermutedTable(const char* format, uint64_t seed) {
  PageTable table(FindFormat(format));
  const std::vector<uint64_t> pages = PermutedPages(seed);
  for (uint64_t i = 0; i < kPages; ++i) {
    table.Map({.first = i << 12,
               .last = i << 12 | 0xfff,
               .address = pages[i] << 12,
               .perm = kAccessRead | kAccessWrite});
  }
  return table;
}

std::vector<uint64_t> RandomAddresses() {
  std::vector<uint64_t> addresses(kAddresses);
  for (uint64_t i = 0; i < kAddresses; ++i)
    addresses[i] = Mix(i + 3) % (kPages << 12);
  return addresses;
}

// Four loads of which each needs the one before, in tables like those: the
// least that a walk does.
class LoadChain {
 public:
  explicit LoadChain(uint64_t seed) {
    const std::vector<uint64_t> pages = PermutedPages(seed);
    words_.assign(512 * (3 + kPages / 512), 0);
    words_[0] = 1;    // the root's first entry: table 1
    words_[512] = 2;  // and so on
    for (uint64_t i = 0; i < 512; ++i) words_[1024 + i] = 3 + i;
    for (uint64_t i = 0; i < kPages; ++i) words_[512 * 3 + i] = pages[i] << 12;
  }
  uint64_t Walk(uint64_t a) const {
    uint64_t t = words_[a >> 39 & 511];
    t = words_[t * 512 + (a >> 30 & 511)];
    t = words_[t * 512 + (a >> 21 & 511)];
    return words_[t * 512 + (a >> 12 & 511)] | (a & 0xfff);
  }
  // The 4 * 5 + 4 loads of two stages, each entry's address translated.
  uint64_t Nested(const LoadChain& second, uint64_t a) const {
    uint64_t t = 0;
    uint64_t sink = 0;
    for (int shift = 39; shift >= 12; shift -= 9) {
      const uint64_t entry = t * 512 + (a >> shift & 511);
      sink = second.Walk((entry * 8) % (kPages << 12));
      t = words_[entry + (sink >> 62)];
    }
    return second.Walk(t % (kPages << 12));
  }

 private:
  std::vector<uint64_t> words_;
};

// The address of the next walk waits for the last one's answer.
template <typename Fn>
void Chain(benchmark::State& state, Fn walk) {
  const std::vector<uint64_t> addresses = RandomAddresses();
  uint64_t zero = 0;
  benchmark::DoNotOptimize(zero);
  size_t i = 0;
  uint64_t answer = 0;
  for (auto _ : state) {
    answer = walk(addresses[i++ % kAddresses] + (answer & zero));
    benchmark::DoNotOptimize(answer);
  }
}

void WalkOurs(benchmark::State& state, const char* format) {
  const PageTable table = PermutedTable(format, 1);
  Chain(state, [&](uint64_t a) { return WalkTable(table, a, {}).pa; });
}

void WalkLoads(benchmark::State& state) {
  const LoadChain chain(1);
  Chain(state, [&](uint64_t a) { return chain.Walk(a); });
}

void NestedOurs(benchmark::State& state) {
  // The guest's tables and pages, behind a second stage of permuted pages.
  PageTable second(FindFormat("riscv48x4"));
  const std::vector<uint64_t> pages = PermutedPages(2);
  for (uint64_t i = 0; i < kPages; ++i) {
    second.Map(
        {.first = i << 12, .last = i << 12 | 0xfff, .address = pages[i] << 12});
  }
  // Table addresses are far above a second stage's width: put them back.
  Format low = *FindFormat("riscv48");
  PlaceTables(low, 0, 44);
  PageTable guest(&low);
  const std::vector<uint64_t> guest_pages = PermutedPages(1);
  for (uint64_t i = 0; i < kPages; ++i) {
    guest.Map({.first = i << 12,
               .last = i << 12 | 0xfff,
               .address = guest_pages[i] << 12});
  }
  for (int l = 0; l < low.levels; ++l) {
    const uint64_t at = guest.TableAddress(l, 0);
    const uint64_t bytes = l == 0 ? kPages * 8 : 4096;
    for (uint64_t i = 0; i < bytes; i += 4096) {
      second.Map({.first = at + i,
                  .last = (at + i) | 0xfff,
                  .address = pages[(at + i) >> 12 & (kPages - 1)] << 12});
    }
  }
  const PageTableSource<RiscvSFamily> s1{&guest};
  const PageTableSource<RiscvGFamily> s2{&second};
  bool ok = true;
  Chain(state, [&](uint64_t a) {
    const TwoStageWalked w = WalkTwoStages<RiscvSFamily, RiscvGFamily>(
        low, s1, second.format(), s2, a, {});
    ok &= w.ok;
    return w.pa;
  });
  if (!ok) state.SkipWithError("a walk faulted");
}

void NestedLoads(benchmark::State& state) {
  const LoadChain first(1), second(2);
  Chain(state, [&](uint64_t a) { return first.Nested(second, a); });
}

// A new table, [0, 2^bits - 1] by 4K pages.
void MapOurs(benchmark::State& state, int bits, uint64_t first, bool constant) {
  const Format* format = FindFormat("amdv1");
  const uint64_t last = ~uint64_t{0} >> (64 - bits);
  uint64_t leaves = 0, memory = 0;
  for (auto _ : state) {
    PageTable table(format);
    table.Map({.first = first,
               .last = last - first,
               .address = constant ? 0 : first,
               .constant = constant});
    leaves = table.counts().leaf_entries;
    memory = table.MemoryBytes();
    benchmark::DoNotOptimize(leaves);
  }
  state.counters["leaves"] = static_cast<double>(leaves);
  state.counters["memory"] = static_cast<double>(memory);
}

// 1 GiB written entry by entry into ready tables: what any table without runs
// does at least.
void MapLoop(benchmark::State& state, uint64_t pages) {
  std::vector<uint64_t> words(pages);
  for (auto _ : state) {
    for (uint64_t i = 0; i < pages; ++i) words[i] = i << 12 | 3;
    benchmark::DoNotOptimize(words.data());
    benchmark::ClobberMemory();
  }
}

constexpr const char* kWalked[] = {"vtd4", "amdv1_4", "lpae_s2", "riscv48"};
constexpr int kMapBits[] = {12, 21, 30, 39, 48, 57, 64};

void Register(const bench::Flags& flags) {
  std::vector<benchmark::internal::Benchmark*> all;
  const auto add = [&](const std::string& name, auto fn) {
    all.push_back(benchmark::RegisterBenchmark(name.c_str(), fn));
  };
  for (const char* format : kWalked) {
    add(absl::StrCat("I2/", format),
        [format](benchmark::State& s) { WalkOurs(s, format); });
  }
  add("I2/loads", WalkLoads);
  add("I3/ours", NestedOurs);
  add("I3/loads", NestedLoads);
  for (int bits : kMapBits) {
    add(absl::StrCat("map/", bits),
        [bits](benchmark::State& s) { MapOurs(s, bits, 0, true); });
  }
  add("map/linear30", [](benchmark::State& s) { MapOurs(s, 30, 0, false); });
  add("map/flanks", [](benchmark::State& s) { MapOurs(s, 64, 0x1000, true); });
  const uint64_t pages = flags.smoke ? 512 : kPages;
  add("map/loop", [pages](benchmark::State& s) { MapLoop(s, pages); });
  for (auto* b : all) {
    if (flags.smoke) {
      b->Iterations(10);
    } else {
      b->MinTime(0.05)->Repetitions(flags.quick ? 3 : 9);
    }
  }
}

std::vector<bench::RatioRow> MakeRows(const bench::FastestReporter& results) {
  std::vector<bench::RatioRow> rows;
  const auto us = [&](const std::string& name) {
    return results.NsOf(name) / 1000;
  };
  for (const char* format : kWalked) {
    rows.push_back({absl::StrCat("I2 ", format),
                    "4-level walk, permuted pages",
                    "ns",
                    results.NsOf(absl::StrCat("I2/", format)),
                    2,
                    {{"four dependent loads", results.NsOf("I2/loads")}}});
  }
  rows.push_back({"I3",
                  "two-stage walk, Sv48 over Sv48x4",
                  "ns",
                  results.NsOf("I3/ours"),
                  2,
                  {{"the 24 loads that it needs", results.NsOf("I3/loads")}}});
  rows.push_back({"I4",
                  "map 1 GiB by 4K",
                  "us",
                  us("map/linear30"),
                  0,
                  {{"262144 entries written", us("map/loop")}}});
  const bench::Peer limit = {"10 us", 10};
  for (int bits : kMapBits) {
    rows.push_back({bits == 64 ? "I5" : absl::StrCat("IM 2^", bits),
                    absl::StrCat("map 2^", bits, " bytes by 4K"),
                    "us",
                    us(absl::StrCat("map/", bits)),
                    1,
                    {limit}});
  }
  rows.push_back({"I5 flanks",
                  "map 2^64 bytes less two pages",
                  "us",
                  us("map/flanks"),
                  1,
                  {limit}});
  for (const char* name : {"map/64", "map/flanks"}) {
    const auto* found = results.Find(name);
    if (found == nullptr) continue;
    rows.push_back({"I5 memory",
                    absl::StrCat("of ", name),
                    "KiB",
                    found->counters.at("memory") / 1024,
                    1,
                    {{"64 KiB", 64}}});
  }
  return rows;
}

int Main(int argc, char** argv) {
  const bench::Flags flags = bench::TakeFlags(&argc, argv);
  if (!bench::Initialize(argc, argv)) return 1;
  Register(flags);
  bench::FastestReporter results;
  if (benchmark::RunSpecifiedBenchmarks(&results) == 0) return 1;
  return bench::Report(MakeRows(results), flags) ? 0 : 1;
}

}  // namespace
}  // namespace iovalab

int main(int argc, char** argv) { return iovalab::Main(argc, argv); }
