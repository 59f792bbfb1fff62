#include "lab/check/check_pool.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace iovalab {
namespace {

constexpr absl::Duration kProgress = absl::Milliseconds(100);

struct Shared {
  absl::Mutex mutex;
  absl::CondVar changed;
  size_t next = 0;
  size_t done = 0;
};

void WorkUntilNoneIsLeft(size_t count, absl::FunctionRef<void(size_t)> work,
                         Shared& shared) {
  for (;;) {
    size_t mine;
    {
      const absl::MutexLock lock(&shared.mutex);
      if (shared.next == count) return;
      mine = shared.next++;
    }
    work(mine);
    const absl::MutexLock lock(&shared.mutex);
    ++shared.done;
    shared.changed.Signal();
  }
}

}  // namespace

size_t HardwareThreads() {
  return std::max(1u, std::thread::hardware_concurrency());
}

void DoInParallel(size_t count, size_t threads,
                  absl::FunctionRef<void(size_t)> work,
                  absl::FunctionRef<void(size_t)> on_progress) {
  Shared shared;
  std::vector<std::thread> pool;
  for (size_t i = std::min(std::max(threads, size_t{1}), count); i > 0; --i) {
    pool.emplace_back([&] { WorkUntilNoneIsLeft(count, work, shared); });
  }
  for (size_t done = 0; done < count;) {
    {
      const absl::MutexLock lock(&shared.mutex);
      if (shared.done < count) {
        shared.changed.WaitWithTimeout(&shared.mutex, kProgress);
      }
      done = shared.done;
    }
    on_progress(done);
  }
  for (std::thread& thread : pool) thread.join();
}

}  // namespace iovalab
