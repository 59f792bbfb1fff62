#ifndef IOVALAB_LAB_TRACE_TRACE_LIMITS_H_
#define IOVALAB_LAB_TRACE_TRACE_LIMITS_H_

// TraceLimits: how much of a trace file a reader takes in before it refuses.

#include <cstdint>

namespace iovalab {

struct TraceLimits {
  uint64_t max_events = uint64_t{1} << 24;
  uint64_t max_bytes = uint64_t{1} << 30;  // of the file, and of Trace::bytes()
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_TRACE_TRACE_LIMITS_H_
