#ifndef IOVALAB_SIM_CHECK_H_
#define IOVALAB_SIM_CHECK_H_

// Check(condition, what): ends the process when *we* broke our own rules.
// Debian's Abseil (20220623) is older than absl/log/check.h.
//
// When not to use it: for what the caller's input did wrong (absl::Status) and
// for what the simulated machine did wrong (a trace event).
//
// Invariant: it is compiled in whatever NDEBUG says, so that `opt` and `dbg`
// builds accept exactly the same runs.

#include "absl/base/optimization.h"

namespace iovalab::sim {

// Prints "<file>:<line>: check failed: <what>" to stderr and aborts.
[[noreturn]] void CheckFailed(const char* what, const char* file, int line);

// The builtins stand in for std::source_location, which libstdc++ does not
// offer to clang 14.
inline void Check(bool condition, const char* what,
                  const char* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
  if (ABSL_PREDICT_FALSE(!condition)) CheckFailed(what, file, line);
}

}  // namespace iovalab::sim

#endif  // IOVALAB_SIM_CHECK_H_
