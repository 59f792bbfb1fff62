#ifndef IOVALAB_LAB_CONFORM_CONFORM_H_
#define IOVALAB_LAB_CONFORM_CONFORM_H_

// conform: replays recorded vectors of real systems against the model and
// counts the operations that come out the same.
//
// Not for: logs of a whole QEMU (import --predict); recordings here name each
// operation, its arguments, its results and the tables after it.
//
// Invariants: each case starts from nothing and no state is ever copied from a
// record; after a mismatch the rest of that case counts as unmatched; nothing
// here knows a case by name.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace iovalab {

struct ConformMismatch {
  std::string test_case;
  int64_t step = 0;
  uint64_t line = 0;  // of the file, from 1
  std::string field;  // "ret", "tree[3]"
  std::string expected;
  std::string got;
};

// Mismatches kept for each file; more are only counted.
inline constexpr size_t kMaxConformMismatches = 20;

struct ConformFile {
  std::string file;
  std::string kind;
  // Operations whose results and tables are all as recorded, of all.
  uint64_t matched = 0;
  uint64_t total = 0;
  // Operations whose driver calls are as recorded, of those that record any.
  uint64_t ev_matched = 0;
  uint64_t ev_total = 0;
  uint64_t mismatch_count = 0;
  std::vector<ConformMismatch> mismatches;
};

struct ConformReport {
  std::vector<ConformFile> files;
  // Sums over the files.
  uint64_t matched = 0;
  uint64_t total = 0;
  uint64_t ev_matched = 0;
  uint64_t ev_total = 0;

  bool AllMatched() const { return matched == total && ev_matched == ev_total; }
};

// Files as recorded, plain or gzipped; "-" is standard input. An error names
// file, line and field: unreadable, not JSON, a field missing or of the wrong
// type, an operation or a kind of file that is not known, a case without its
// step 0 or with a step left out.
// on_step is called after each operation, with how many are done.
absl::StatusOr<ConformReport> ConformFiles(
    absl::Span<const std::string> paths,
    absl::FunctionRef<void(uint64_t)> on_step = [](uint64_t) {});

// For people: a line for each file, its first mismatches below it, and at the
// end "ev N of M" and "matched N of M".
std::string ConformText(const ConformReport& report);
// One line, as CLI.md says.
std::string ConformJson(const ConformReport& report);

}  // namespace iovalab

#endif  // IOVALAB_LAB_CONFORM_CONFORM_H_
