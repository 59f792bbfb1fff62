#ifndef IOVALAB_BENCH_REPORT_H_
#define IOVALAB_BENCH_REPORT_H_

// What the benchmark programs have in common: the flags beside Google
// Benchmark's, the fastest run of each benchmark, and rows that set ours beside
// its peers: a table on stdout, and a file of JSON lines that tools/bench joins
// into one table.
//
// Not for: the product.
//
// Invariants:
//  * a ratio is ours divided by a peer's, both of the same process; figures of
//    different runs are never compared;
//  * a row's target is for the ratio to the first of its peers; a peer that was
//    not built keeps its place, as 0 and with its Debian package's name.

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmark/benchmark.h"

namespace iovalab::bench {

struct Flags {
  bool smoke = false;  // --smoke: tiny sizes, to see that it works
  bool quick = false;  // --quick: fewer repetitions
  // --filter=ID[,ID]...: rows whose id begins so; empty: all.
  std::vector<std::string> filter;
  std::string rows;  // --rows=FILE: where to append the rows as JSON lines
};

// Takes our flags out of the command line; leaves those of Google Benchmark.
Flags TakeFlags(int* argc, char** argv);

// Google Benchmark's, with repetitions in random order, so that all suffer
// alike from what else runs. False, with a word on stderr, on an unknown flag.
bool Initialize(int argc, char** argv);

// Whether --filter lets the row `id` through ("T3"; sizes are no part of it).
bool Wanted(const Flags& flags, absl::string_view id);

// A peer and its time in the row's unit; 0: not built, for want of `package`.
struct Peer {
  std::string name;
  double time = 0;
  std::string package = "";  // empty: always built
};

// One line of the table.
struct RatioRow {
  std::string id;  // "T2 1k"
  std::string what;
  std::string unit;  // "ns", "us"
  double ours = 0;
  double target = 0;  // of the ratio to the first peer; 0: none is set
  std::vector<Peer> peers;
};

// False, with a word on stderr, where the rows cannot be written.
bool Report(absl::Span<const RatioRow> rows, const Flags& flags);

// Prints as usual (but without colours, which this library version would write
// to files too), and remembers the fastest run of each benchmark.
class FastestReporter : public benchmark::ConsoleReporter {
 public:
  struct Result {
    double ns = 0;  // CPU time of an iteration
    std::map<std::string, double> counters;
  };

  FastestReporter() : ConsoleReporter(OO_None) {}
  void ReportRuns(const std::vector<Run>& runs) override;

  // Null when no such benchmark ran.
  const Result* Find(const std::string& name) const;
  // 0 when no such benchmark ran.
  double NsOf(const std::string& name) const;

 private:
  std::map<std::string, Result> fastest_;
};

}  // namespace iovalab::bench

#endif  // IOVALAB_BENCH_REPORT_H_
