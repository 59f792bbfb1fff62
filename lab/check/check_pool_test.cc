#include "lab/check/check_pool.h"

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "gtest/gtest.h"

namespace iovalab {
namespace {

TEST(CheckPool, EachPieceIsDoneOnceWhateverTheThreads) {
  for (const size_t count : {0, 1, 2, 7, 1000}) {
    for (const size_t threads : {0, 1, 3, 64}) {
      std::vector<int> done(count, 0);
      size_t last = 0;
      DoInParallel(
          count, threads, [&](size_t i) { ++done[i]; },
          [&](size_t n) {
            EXPECT_GE(n, last);
            last = n;
          });
      EXPECT_EQ(done, std::vector<int>(count, 1));
      EXPECT_EQ(last, count);
    }
  }
}

// Two pieces that wait for each other end only on two threads.
TEST(CheckPool, ThreadsWorkAtOneTime) {
  std::atomic<int> begun = 0;
  DoInParallel(
      2, 2,
      [&](size_t) {
        ++begun;
        while (begun < 2) std::this_thread::yield();
      },
      [](size_t) {});
  EXPECT_EQ(begun, 2);
}

TEST(CheckPool, OneThreadKeepsTheOrder) {
  std::vector<size_t> order;
  DoInParallel(
      5, 1, [&](size_t i) { order.push_back(i); }, [](size_t) {});
  EXPECT_EQ(order, (std::vector<size_t>{0, 1, 2, 3, 4}));
}

}  // namespace
}  // namespace iovalab
