#ifndef IOVALAB_LAB_SCENARIO_SCENARIO_TIME_H_
#define IOVALAB_LAB_SCENARIO_SCENARIO_TIME_H_

// The order of a scenario's steps: what each waits for, and that no run of it
// can pass the end of time.
//
// Not for: callers outside the loader.

#include <cstdint>
#include <vector>

#include "lab/scenario/scenario_check.h"

namespace iovalab {

// A run's times are int64 nanoseconds; a scenario may use a quarter of them (73
// years), so that the machine's own latencies never overflow.
inline constexpr uint64_t kMaxTimeNs = uint64_t{1} << 61;

// value <= kMaxTimeNs.
absl::Status CheckTime(const Loading& l, const Place& at, uint64_t value);

// What is known of when a step begins, before any run.
struct StepTime {
  uint64_t earliest = 0;  // ns
  bool exact = false;     // it begins at `earliest`, whatever happens
  // Position in a walk of the tree of `after`: b waits for a, however far,
  // exactly when enter(a) <= enter(b) <= leave(a).
  uint32_t enter = 0;
  uint32_t leave = 0;
};

// Resolves at_ns, after and delay_ns of all steps; labels are known. Fails on
// cycles and on times that pass kMaxTimeNs.
absl::Status LoadTimes(Loading& l, std::vector<StepTime>* times);

// Whether `b` certainly begins before `a` does.
bool CertainlyBefore(const StepTime& b, const StepTime& a);

// Each held request is released at most once and each host_unmap has a host_map
// to undo, both earlier in the file and not certainly later in time.
absl::Status CheckOrder(const Loading& l, const std::vector<StepTime>& times);

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_SCENARIO_TIME_H_
