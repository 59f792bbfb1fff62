#include "sim/engine.h"

#include <vector>

#include "gtest/gtest.h"
#include "sim/event_queue.h"
#include "sim/time.h"

namespace iovalab::sim {
namespace {

using Queue = EventQueue<int>;

// Counts down: the event n schedules n - 1.
struct Countdown {
  Queue& queue;
  std::vector<int> seen;

  Flow operator()(const Queue::Popped& popped) {
    seen.push_back(popped.payload);
    if (popped.payload == 13) return Flow::kStop;
    if (popped.payload > 0) {
      queue.Schedule(popped.time + 5, 0, popped.payload - 1);
    }
    return Flow::kContinue;
  }
};

TEST(EngineTest, RunsUntilDrained) {
  Queue queue;
  queue.Schedule(kStart, 0, 3);
  Countdown countdown{queue, {}};
  const RunResult result = RunEvents(queue, 100, countdown);
  EXPECT_EQ(result.end, RunEnd::kDrained);
  EXPECT_EQ(result.handled, 4u);
  EXPECT_EQ(countdown.seen, (std::vector<int>{3, 2, 1, 0}));
  EXPECT_EQ(queue.now(), Time{15});
}

TEST(EngineTest, BoundCutsARunThatCanContinue) {
  Queue queue;
  queue.Schedule(kStart, 0, 3);
  Countdown countdown{queue, {}};
  EXPECT_EQ(RunEvents(queue, 0, countdown).end, RunEnd::kBound);
  EXPECT_EQ(RunEvents(queue, 2, countdown).end, RunEnd::kBound);
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(RunEvents(queue, 2, countdown).end, RunEnd::kDrained);
  EXPECT_EQ(countdown.seen, (std::vector<int>{3, 2, 1, 0}));
}

TEST(EngineTest, HandlerStops) {
  Queue queue;
  queue.Schedule(kStart, 0, 14);
  queue.Schedule(kStart + 1000, 0, 1);
  Countdown countdown{queue, {}};
  const RunResult result = RunEvents(queue, 100, countdown);
  EXPECT_EQ(result.end, RunEnd::kStopped);
  EXPECT_EQ(result.handled, 2u);
  EXPECT_EQ(queue.size(), 1u);
}

TEST(EngineTest, EmptyQueueIsDrained) {
  Queue queue;
  Countdown countdown{queue, {}};
  EXPECT_EQ(RunEvents(queue, 0, countdown).end, RunEnd::kDrained);
}

}  // namespace
}  // namespace iovalab::sim
