#ifndef IOVALAB_SIM_CHECK_H_
#define IOVALAB_SIM_CHECK_H_

// Check: stops the program when *we* broke an invariant of ours.
//
// Not for: bad input (absl::Status) nor for what the simulated machine does
// wrong (a trace event).

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace iovalab::sim {

inline void Check(
    bool ok, const char* what,
    std::source_location where = std::source_location::current()) {
  if (ok) [[likely]]
    return;
  std::fprintf(stderr, "iovalab: internal error at %s:%u: %s\n",
               where.file_name(), static_cast<unsigned>(where.line()), what);
  std::abort();
}

}  // namespace iovalab::sim

#endif  // IOVALAB_SIM_CHECK_H_
