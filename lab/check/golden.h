#ifndef IOVALAB_LAB_CHECK_GOLDEN_H_
#define IOVALAB_LAB_CHECK_GOLDEN_H_

// What differs between a golden and what a scenario gives now, told by meaning.
//
// Not for: reading or writing goldens (check.h).
//
// Invariant: no difference is told if and only if the golden holds.

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace iovalab {

struct GoldenDifference {
  int line = 1;         // of the golden, the first that differs
  std::string says;     // "the trace changed: 1 changed, 2 added (…)"
  std::string details;  // the first changes, a line each
};

// A golden trace holds byte for byte. `now` is the text of a trace; `file` is
// what errors call the golden.
std::optional<GoldenDifference> CompareTrace(absl::string_view file,
                                             absl::string_view golden,
                                             absl::string_view now);

// A golden table holds byte for byte, but for lines that begin with "again: ":
// they name the scenario as somebody typed it.
std::optional<GoldenDifference> CompareTable(absl::string_view golden,
                                             absl::string_view now);

}  // namespace iovalab

#endif  // IOVALAB_LAB_CHECK_GOLDEN_H_
