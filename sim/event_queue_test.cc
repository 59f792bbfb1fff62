#include "sim/event_queue.h"

#include <algorithm>
#include <vector>

#include "gtest/gtest.h"
#include "sim/time.h"

namespace iovalab::sim {
namespace {

using Queue = EventQueue<int>;

std::vector<int> PopAll(Queue queue) {
  std::vector<int> popped;
  while (!queue.empty()) popped.push_back(queue.Pop().payload);
  return popped;
}

TEST(EventQueueTest, OrderIsTimePriorityInsertion) {
  Queue queue;
  queue.Schedule(Time{20}, 0, 5);
  queue.Schedule(Time{10}, 9, 3);
  queue.Schedule(Time{10}, 9, 4);
  queue.Schedule(Time{10}, 1, 1);
  queue.Schedule(Time{10}, 1, 2);
  queue.Schedule(kEndOfTime, 255, 7);
  queue.Schedule(kEndOfTime, 0, 6);
  EXPECT_EQ(queue.size(), 7u);
  EXPECT_EQ(PopAll(queue), (std::vector<int>{1, 2, 3, 4, 5, 6, 7}));
}

TEST(EventQueueTest, PoppingMovesTheClock) {
  Queue queue;
  EXPECT_EQ(queue.now(), kStart);
  const Handle handle = queue.Schedule(Time{10}, 0, 1);
  queue.Schedule(kEndOfTime, 0, 2);
  EXPECT_EQ(queue.now(), kStart);
  const Queue::Popped popped = queue.Pop();
  EXPECT_EQ(popped.time, Time{10});
  EXPECT_EQ(popped.handle, handle);
  EXPECT_EQ(queue.now(), Time{10});
  queue.Pop();
  EXPECT_EQ(queue.now(), kEndOfTime);
  queue.Schedule(kEndOfTime, 0, 3);
  EXPECT_EQ(queue.Pop().payload, 3);
}

// Also what is scheduled at the very time that is being handled.
TEST(EventQueueTest, LowerPriorityGoesFirstAmongWhatIsLeft) {
  Queue queue;
  for (int i = 0; i < 10; ++i) queue.Schedule(Time{10}, 5, i);
  EXPECT_EQ(queue.Pop().payload, 0);
  queue.Schedule(Time{10}, 2, 100);
  queue.Schedule(Time{10}, 5, 10);
  EXPECT_EQ(PopAll(queue),
            (std::vector<int>{100, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST(EventQueueTest, TiesSurviveAnEarlierArrival) {
  Queue queue;
  queue.Schedule(Time{50}, 0, 1);  // Alone: waits outside the wheel.
  queue.Schedule(Time{50}, 0, 2);
  queue.Schedule(Time{40}, 0, 0);
  queue.Schedule(Time{50}, 0, 3);
  EXPECT_EQ(PopAll(queue), (std::vector<int>{0, 1, 2, 3}));
}

TEST(EventQueueTest, CancelledEventsDoNotHappen) {
  Queue queue;
  const Handle first = queue.Schedule(Time{10}, 0, 1);
  const Handle second = queue.Schedule(Time{20}, 0, 2);
  queue.Schedule(Time{30}, 0, 3);
  EXPECT_TRUE(queue.Cancel(second));
  EXPECT_FALSE(queue.Cancel(second));
  EXPECT_TRUE(queue.Cancel(first));
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(PopAll(queue), (std::vector<int>{3}));
}

TEST(EventQueueTest, StaleHandlesNameNothing) {
  Queue queue;
  EXPECT_FALSE(queue.Cancel(Handle{}));
  const Handle old = queue.Schedule(Time{10}, 0, 1);
  EXPECT_TRUE(queue.IsPending(old));
  queue.Pop();
  const Handle fresh = queue.Schedule(Time{20}, 0, 2);
  EXPECT_EQ(old.slot, fresh.slot) << "the test is about a slot used again";
  EXPECT_FALSE(queue.IsPending(old));
  EXPECT_FALSE(queue.Cancel(old));
  EXPECT_FALSE(queue.Reschedule(old, Time{30}));
  EXPECT_FALSE(queue.Cancel(Handle{}));
  EXPECT_TRUE(queue.Cancel(fresh));
}

TEST(EventQueueTest, RescheduledEventGoesBehindItsNewPeers) {
  Queue queue;
  const Handle moved = queue.Schedule(Time{10}, 3, 1);
  queue.Schedule(Time{20}, 3, 2);
  queue.Schedule(Time{20}, 4, 4);
  EXPECT_TRUE(queue.Reschedule(moved, Time{20}));
  EXPECT_EQ(PopAll(queue), (std::vector<int>{2, 1, 4}));
  // To the same time, too.
  const Handle first = queue.Schedule(Time{30}, 3, 5);
  queue.Schedule(Time{30}, 3, 6);
  EXPECT_TRUE(queue.Reschedule(first, Time{30}));
  EXPECT_EQ(PopAll(queue), (std::vector<int>{2, 1, 4, 6, 5}));
  // The handle is still good, and to an earlier time.
  EXPECT_TRUE(queue.Reschedule(first, Time{5}));
  EXPECT_EQ(queue.Pop().handle, first);
}

TEST(EventQueueTest, CopyIsIndependent) {
  Queue queue;
  for (int i = 0; i < 1000; ++i) queue.Schedule(Time{i * 7 % 100}, 0, i);
  const Handle handle = queue.Schedule(Time{200}, 0, 1000);
  Queue copy = queue;
  EXPECT_TRUE(copy.Cancel(handle));
  EXPECT_TRUE(queue.IsPending(handle));
  std::vector<int> expected = PopAll(queue);
  EXPECT_EQ(expected.back(), 1000);
  expected.pop_back();
  EXPECT_EQ(PopAll(copy), expected);
}

TEST(EventQueueTest, TimerPushedBackManyTimesFiresOnce) {
  Queue queue;
  queue.Schedule(kEndOfTime, 0, 3);
  queue.Schedule(Time{1}, 0, 1);
  Handle timer = queue.Schedule(Time{1000}, 0, 2);
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(queue.Reschedule(timer, Time{1000 + i % 5000}));
  }
  EXPECT_EQ(queue.size(), 3u);
  EXPECT_EQ(PopAll(queue), (std::vector<int>{1, 2, 3}));
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(queue.Cancel(timer));
    timer = queue.Schedule(Time{2000 - i}, 0, 2);
  }
  EXPECT_EQ(PopAll(queue), (std::vector<int>{1, 2, 3}));
}

// Entries carry 24 bits of stamp. Here a timer leaves dead entries with its
// first twenty stamps in the far future, is moved until its stamps come round,
// few enough being dead at any moment for no sweep to be due on that account,
// and its slot then serves an event beyond them.
TEST(EventQueueTest, DeadEntriesStayDeadWhenStampsComeRound) {
  constexpr Time kFar = kEndOfTime - 1000;
  constexpr int kStamps = 1 << 24;
  constexpr int kFirst = 20;
  constexpr int kMovesPerStep = 12;
  Queue queue;
  queue.Schedule(Time{1}, 0, 0);
  const Handle timer = queue.Schedule(kFar, 1, 1);
  for (int i = 0; i < kFirst; ++i) queue.Reschedule(timer, kFar);
  queue.Reschedule(timer, Time{2});
  queue.Pop();
  int moves = kFirst + 1;
  while (moves < kStamps + kFirst / 2) {
    // Two at the next time keep the timer behind the queue's one-event cache,
    // where it could be moved without a stamp.
    const Time next = queue.now() + 1;
    queue.Schedule(next, 0, 0);
    queue.Schedule(next, 0, 0);
    const int more = std::min(kMovesPerStep, kStamps + kFirst / 2 - moves);
    for (int i = 0; i < more; ++i) queue.Reschedule(timer, next + 1);
    moves += more;
    ASSERT_EQ(queue.Pop().time, next);
    ASSERT_EQ(queue.Pop().time, next);
  }
  ASSERT_TRUE(queue.Cancel(timer));
  const Handle beyond = queue.Schedule(kFar + 10, 1, 2);
  ASSERT_EQ(beyond.slot, timer.slot) << "the test is about a slot used again";
  EXPECT_EQ(queue.Pop().time, kFar + 10);
  EXPECT_TRUE(queue.empty());
}

TEST(EventQueueDeathTest, ThePastIsOurBug) {
  Queue queue;
  const Handle handle = queue.Schedule(Time{20}, 0, 2);
  queue.Schedule(Time{10}, 0, 1);
  queue.Pop();
  queue.Reschedule(handle, Time{10});
  EXPECT_DEATH(queue.Schedule(Time{9}, 0, 3), "scheduled in the past");
  EXPECT_DEATH(queue.Reschedule(handle, Time{9}), "into the past");
  EXPECT_DEATH(queue.Schedule(Time{-1}, 0, 3), "scheduled in the past");
}

TEST(EventQueueDeathTest, NothingToPopIsOurBug) {
  Queue queue;
  EXPECT_DEATH(queue.Pop(), "nothing to pop");
  queue.Cancel(queue.Schedule(Time{1}, 0, 1));
  EXPECT_DEATH(queue.Pop(), "nothing to pop");
}

}  // namespace
}  // namespace iovalab::sim
