#include "bench/report.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace iovalab::bench {
namespace {

std::string Ratio(const RatioRow& row) {
  return row.peer == 0 ? "-" : absl::StrFormat("%.2f", row.ours / row.peer);
}

std::string Target(const RatioRow& row) {
  return row.target == 0 ? "-" : absl::StrFormat("%.2f", row.target);
}

void PrintTable(absl::Span<const RatioRow> rows) {
  absl::PrintF("\n%-9s %-40s %12s %14s %7s %7s  %s\n", "id", "what", "ours",
               "peer", "ratio", "target", "peer is");
  for (const RatioRow& row : rows) {
    absl::PrintF("%-9s %-40s %9.1f %2s %11.1f %2s %7s %7s  %s\n", row.id,
                 row.what, row.ours, row.unit, row.peer, row.unit, Ratio(row),
                 Target(row), row.peer_name);
  }
}

// The texts are ours: nothing in them needs escaping.
std::string Json(const RatioRow& row) {
  return absl::StrCat("{\"id\": \"", row.id, "\", \"what\": \"", row.what,
                      "\", \"unit\": \"", row.unit, "\", \"ours\": ", row.ours,
                      ", \"peer_name\": \"", row.peer_name,
                      "\", \"peer\": ", row.peer, ", \"target\": ", row.target,
                      "}\n");
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
    } else if (absl::ConsumePrefix(&word, "--rows=")) {
      flags.rows = std::string(word);
    } else {
      argv[kept++] = argv[i];
    }
  }
  argv[*argc = kept] = nullptr;
  return flags;
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
