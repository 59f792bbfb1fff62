#ifndef IOVALAB_LAB_CHECK_CHECK_POOL_H_
#define IOVALAB_LAB_CHECK_CHECK_POOL_H_

// A number of independent pieces of work on a fixed number of threads.
//
// Not for: one run, which is one thread (a run's order must not depend on
// threads); work that fails (store what failed, look at it afterwards).
//
// Invariant: each piece is done once, and all are when this returns.

#include <cstddef>

#include "absl/functional/function_ref.h"

namespace iovalab {

// What the machine can do at a time; at least 1.
size_t HardwareThreads();

// Calls work(0) to work(count - 1), each from one of `threads` threads (at
// least 1, no more than there is work). Now and then, and at the end,
// on_progress is called from this thread with how many are done.
void DoInParallel(size_t count, size_t threads,
                  absl::FunctionRef<void(size_t)> work,
                  absl::FunctionRef<void(size_t)> on_progress);

}  // namespace iovalab

#endif  // IOVALAB_LAB_CHECK_CHECK_POOL_H_
