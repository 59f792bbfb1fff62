// T1-T4: the tables behind the VMM's trees, side by side with absl::btree_map
// (no aliases, no ranks, no holes: a bound on what an ordered container can
// do), with linear scans, and with others' tables as far as they are linked in.
//
//   bazel run //bench:iova_tree_benchmark        (without those of others)
//   bazel run //bench/peers:iova_tree_benchmark  (every peer installed)

#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bench/report.h"
#include "bench/tree_workload.h"
#include "benchmark/benchmark.h"
#include "model/addr/interval_table.h"
#include "model/addr/reference_interval_table.h"

namespace iovalab {
namespace {

using bench::kFirstIova;
using bench::kRegion;
using bench::Mix;
using bench::TreePeer;

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

constexpr char kOurs[] = "ours";
constexpr char kAbsl[] = "absl::btree_map";
constexpr char kScan[] = "linear scan of a std::map";

struct Row {
  const char* id;
  const char* what;
  TreePeer::Workload TreePeer::*workload;
  bool each;      // one iteration is n operations
  double limit;   // of ours to absl's; 0: none
  double growth;  // limit from the small to the large size; 0: none
};
constexpr Row kRows[] = {
    {"T1", "insert, both indexes", &TreePeer::insert, true, 1, 0},
    {"T2", "find by IOVA", &TreePeer::find, false, 1, 0},
    {"T3", "find by HVA, first alias", &TreePeer::reverse, false, 2, 3},
    {"T4", "first fit, no holes", &TreePeer::hole, false, 3, 3},
    {"T4a", "first fit, insert, remove", &TreePeer::allocate, false, 0, 0},
};

// Every peer there is, built or not: what it is called in a row (null: it does
// not have that), and its package.
struct Known {
  const char* name;
  const char* package;
  const char* says[std::size(kRows)];
};
constexpr char kGTree[] = "GTree, QEMU's way";
constexpr char kIcl[] = "boost::icl";
constexpr Known kKnown[] = {
    {kAbsl,
     "",
     {"absl::btree_map, two", "absl::btree_map",
      "absl::btree_multimap, any alias", "absl::btree_map, a find", nullptr}},
    {kScan, "", {"std::map, one", "std::map", kScan, kScan, kScan}},
    {kGTree,
     "libglib2.0-dev",
     {"GTree, one", "GTree", "GTree, a scan", "GTree, a scan",
      "GTree, a scan"}},
    {kIcl,
     "libboost-dev",
     {"boost::icl, two", "boost::icl", "boost::icl, all aliases", nullptr,
      nullptr}},
};

std::string Name(absl::string_view row, absl::string_view who, size_t n) {
  return absl::StrCat(row, "/", who, "/", n);
}

std::string SizeName(size_t n) {
  return n % 1000 == 0 ? absl::StrCat(n / 1000, "k") : absl::StrCat(n);
}

double Time(const bench::FastestReporter& results, const Row& row,
            absl::string_view who, size_t n) {
  return results.NsOf(Name(row.id, who, n)) /
         (row.each ? static_cast<double>(n) : 1);
}

bench::RatioRow MakeRow(const bench::FastestReporter& results, const Row& row,
                        size_t n) {
  bench::RatioRow out{absl::StrCat(row.id, " ", SizeName(n)), row.what,  "ns",
                      Time(results, row, kOurs, n),           row.limit, {}};
  for (const Known& known : kKnown) {
    const char* says = known.says[&row - kRows];
    if (says == nullptr) continue;
    out.peers.push_back(
        {says, Time(results, row, known.name, n), known.package});
  }
  return out;
}

// Ours of the large size beside ours of the small one.
bench::RatioRow MakeGrowth(const bench::FastestReporter& results,
                           const Row& row, const std::vector<size_t>& sizes) {
  return {row.id,
          absl::StrCat(row.what, ", growth to ", SizeName(sizes.back())),
          "ns",
          Time(results, row, kOurs, sizes.back()),
          row.growth,
          {{absl::StrCat("ours at ", SizeName(sizes.front())),
            Time(results, row, kOurs, sizes.front())}}};
}

void Register(const TreePeer& tree, const std::vector<size_t>& sizes,
              const bench::Flags& flags) {
  // One repetition of a scan tells enough.
  const bool slow = tree.name == absl::string_view(kScan) ||
                    tree.name == absl::string_view(kGTree);
  for (const Row& row : kRows) {
    const TreePeer::Workload run = tree.*row.workload;
    if (run == nullptr || !bench::Wanted(flags, row.id)) continue;
    for (const size_t n : sizes) {
      auto* b = benchmark::RegisterBenchmark(Name(row.id, tree.name, n).c_str(),
                                             run, n);
      if (flags.smoke) {
        b->Iterations(10);
      } else {
        b->MinTime(0.05)->Repetitions(slow ? 2 : flags.quick ? 3 : 9);
      }
    }
  }
}

int Main(int argc, char** argv) {
  const bench::Flags flags = bench::TakeFlags(&argc, argv);
  if (!bench::Initialize(argc, argv)) return 1;
  const std::vector<size_t> sizes = flags.smoke
                                        ? std::vector<size_t>{20, 500}
                                        : std::vector<size_t>{1000, 100000};
  Register(bench::MakeTreePeer<Ours>(kOurs), sizes, flags);
  TreePeer absl = bench::MakeTreePeer<Absl>(kAbsl);
  absl.allocate = nullptr;  // its Hole is none
  Register(absl, sizes, flags);
  Register(bench::MakeTreePeer<Scan>(kScan), sizes, flags);
  for (const TreePeer& peer : bench::TreePeers()) Register(peer, sizes, flags);
  bench::FastestReporter results;
  benchmark::RunSpecifiedBenchmarks(&results);
  std::vector<bench::RatioRow> rows;
  for (const Row& row : kRows) {
    if (!bench::Wanted(flags, row.id)) continue;
    for (const size_t n : sizes) rows.push_back(MakeRow(results, row, n));
    rows.push_back(MakeGrowth(results, row, sizes));
  }
  return bench::Report(rows, flags) ? 0 : 1;
}

}  // namespace
}  // namespace iovalab

int main(int argc, char** argv) { return iovalab::Main(argc, argv); }
