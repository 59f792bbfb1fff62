#include "bench/report.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace iovalab::bench {
namespace {

std::string Ratio(const RatioRow& row) {
  const double peer = row.peers.front().time;
  return peer == 0 ? "-" : absl::StrFormat("%.2f", row.ours / peer);
}

std::string Target(const RatioRow& row) {
  return row.target == 0 ? "-" : absl::StrFormat("%.2f", row.target);
}

std::string Time(const Peer& peer) {
  return peer.time == 0 ? "-" : absl::StrFormat("%.1f", peer.time);
}

void PrintTable(absl::Span<const RatioRow> rows) {
  absl::PrintF("\n%-9s %-40s %12s %7s %7s  %s\n", "id", "what", "ours", "ratio",
               "target", "peers, the target's first");
  for (const RatioRow& row : rows) {
    const auto peer = [](std::string* out, const Peer& p) {
      absl::StrAppend(out, p.name, " ", Time(p));
    };
    absl::PrintF("%-9s %-40s %9.1f %2s %7s %7s  %s\n", row.id, row.what,
                 row.ours, row.unit, Ratio(row), Target(row),
                 absl::StrJoin(row.peers, "; ", peer));
  }
}

// The texts are ours: nothing in them needs escaping.
std::string Json(const RatioRow& row) {
  const auto peer = [](std::string* out, const Peer& p) {
    absl::StrAppend(out, "{\"name\": \"", p.name, "\", \"time\": ", p.time,
                    ", \"package\": \"", p.package, "\"}");
  };
  return absl::StrCat("{\"id\": \"", row.id, "\", \"what\": \"", row.what,
                      "\", \"unit\": \"", row.unit, "\", \"ours\": ", row.ours,
                      ", \"target\": ", row.target, ", \"peers\": [",
                      absl::StrJoin(row.peers, ", ", peer), "]}\n");
}

}  // namespace

Flags TakeFlags(int* argc, char** argv) {
  Flags flags;
  int kept = 1;
  for (int i = 1; i < *argc; ++i) {
    absl::string_view word = argv[i];
    if (word == "--smoke") {
      flags.smoke = true;
    } else if (word == "--quick") {
      flags.quick = true;
    } else if (absl::ConsumePrefix(&word, "--filter=")) {
      flags.filter = absl::StrSplit(word, ',', absl::SkipEmpty());
    } else if (absl::ConsumePrefix(&word, "--rows=")) {
      flags.rows = std::string(word);
    } else {
      argv[kept++] = argv[i];
    }
  }
  argv[*argc = kept] = nullptr;
  return flags;
}

bool Initialize(int argc, char** argv) {
  std::vector<char*> args(argv, argv + argc);
  std::string interleave = "--benchmark_enable_random_interleaving=true";
  args.insert(args.begin() + 1, interleave.data());
  int count = static_cast<int>(args.size());
  args.push_back(nullptr);
  benchmark::Initialize(&count, args.data());
  return !benchmark::ReportUnrecognizedArguments(count, args.data());
}

bool Wanted(const Flags& flags, absl::string_view id) {
  return flags.filter.empty() ||
         std::any_of(
             flags.filter.begin(), flags.filter.end(),
             [&](const std::string& f) { return absl::StartsWith(id, f); });
}

bool Report(absl::Span<const RatioRow> rows, const Flags& flags) {
  PrintTable(rows);
  if (flags.rows.empty()) return true;
  std::FILE* file = std::fopen(flags.rows.c_str(), "a");
  bool ok = file != nullptr;
  for (const RatioRow& row : rows) {
    ok = ok && std::fputs(Json(row).c_str(), file) >= 0;
  }
  if (file != nullptr) ok = std::fclose(file) == 0 && ok;
  if (!ok) std::fprintf(stderr, "%s: cannot be written\n", flags.rows.c_str());
  return ok;
}

void FastestReporter::ReportRuns(const std::vector<Run>& runs) {
  ConsoleReporter::ReportRuns(runs);
  for (const Run& run : runs) {
    if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
    Result result;
    result.ns =
        run.cpu_accumulated_time * 1e9 / static_cast<double>(run.iterations);
    for (const auto& [name, counter] : run.counters) {
      result.counters[name] = counter.value;
    }
    const auto [it, first] =
        fastest_.try_emplace(run.run_name.function_name, result);
    if (!first && result.ns < it->second.ns) it->second = result;
  }
}

const FastestReporter::Result* FastestReporter::Find(
    const std::string& name) const {
  const auto it = fastest_.find(name);
  return it == fastest_.end() ? nullptr : &it->second;
}

double FastestReporter::NsOf(const std::string& name) const {
  const Result* result = Find(name);
  return result == nullptr ? 0 : result->ns;
}

}  // namespace iovalab::bench
