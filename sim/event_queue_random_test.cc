// EventQueue against ReferenceQueue, under a million random operations.

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "sim/event_queue.h"
#include "sim/random.h"
#include "sim/reference_queue.h"
#include "sim/time.h"

namespace iovalab::sim {
namespace {

using Queue = EventQueue<std::uint64_t>;
using Reference = ReferenceQueue<std::uint64_t>;

// How far ahead events are scheduled. Each round of the test draws from a few
// of these, so that crowded, sparse and mixed queues all occur.
enum class Gap : std::uint8_t { kNone, kTiny, kBucket, kWide, kHuge, kEnd };
constexpr std::uint64_t kGaps = 6;

class Duel {
 public:
  explicit Duel(std::uint64_t seed) : random_(seed, 0) {
    for (Gap& gap : gaps_) gap = static_cast<Gap>(random_.Below(kGaps));
    priorities_ = std::array<std::uint64_t, 3>{1, 3, 256}[random_.Below(3)];
  }

  void Run(int operations) {
    for (int i = 0; i < operations && !testing::Test::HasFailure(); ++i) {
      // Grow for a while, then shrink for a while.
      const std::uint64_t schedules = i / 1000 % 2 == 0 ? 50 : 25;
      const std::uint64_t dice = random_.Below(100);
      if (dice < schedules) {
        Schedule();
      } else if (dice < schedules + 10) {
        Cancel();
      } else if (dice < schedules + 25) {
        Reschedule();
      } else {
        Pop();
      }
      if (random_.Chance(1, 5000)) queue_ = Queue(queue_);
    }
    while (!reference_.empty() && !testing::Test::HasFailure()) Pop();
    EXPECT_TRUE(queue_.empty());
  }

 private:
  struct Handles {
    Handle ours;
    Reference::Handle theirs;
  };

  Time DrawTime() {
    const Time now = reference_.now();
    switch (gaps_[random_.Below(gaps_.size())]) {
      case Gap::kNone:
        return now;
      case Gap::kTiny:
        return now + Draw(4);
      case Gap::kBucket:
        return now + Draw(768);
      case Gap::kWide:
        return now + Draw(std::uint64_t{1} << 20);
      case Gap::kHuge:
        return now + Draw(std::uint64_t{1} << random_.InRange(30, 62));
      case Gap::kEnd:
        return std::max(now, kEndOfTime - Draw(1000));
    }
    return now;
  }

  Nanos Draw(std::uint64_t below) {
    return static_cast<Nanos>(random_.Below(below));
  }

  void Schedule() {
    const Time at = DrawTime();
    const auto priority = static_cast<Priority>(random_.Below(priorities_));
    ++payload_;
    handles_.push_back({queue_.Schedule(at, priority, payload_),
                        reference_.Schedule(at, priority, payload_)});
  }

  // Any handle ever given out; mostly a recent one, else nearly all would be
  // stale.
  Handles DrawHandle() {
    if (handles_.empty()) return {Handle{}, ~std::uint64_t{0}};
    const std::uint64_t count = handles_.size();
    const std::uint64_t back =
        random_.Chance(1, 10) ? count : std::min<std::uint64_t>(count, 500);
    return handles_[count - 1 - random_.Below(back)];
  }

  void Cancel() {
    const Handles handles = DrawHandle();
    ASSERT_EQ(queue_.Cancel(handles.ours), reference_.Cancel(handles.theirs));
  }

  void Reschedule() {
    const Handles handles = DrawHandle();
    const Time at = DrawTime();
    ASSERT_EQ(queue_.Reschedule(handles.ours, at),
              reference_.Reschedule(handles.theirs, at));
  }

  void Pop() {
    ASSERT_EQ(queue_.size(), reference_.size());
    ASSERT_EQ(queue_.empty(), reference_.empty());
    if (reference_.empty()) return;
    const Queue::Popped ours = queue_.Pop();
    const Reference::Popped theirs = reference_.Pop();
    ASSERT_EQ(ours.payload, theirs.payload);
    ASSERT_EQ(ours.time, theirs.time);
    ASSERT_EQ(ours.handle, handles_[theirs.handle].ours);
    ASSERT_EQ(queue_.now(), reference_.now());
  }

  Random random_;
  std::array<Gap, 3> gaps_{};
  std::uint64_t priorities_ = 1;
  Queue queue_;
  Reference reference_;
  std::uint64_t payload_ = 0;
  std::vector<Handles> handles_;  // Index: the reference's handle.
};

TEST(EventQueueRandomTest, AgreesWithTheReference) {
  constexpr std::uint64_t kRounds = 100;
  for (std::uint64_t seed = 0; seed < kRounds; ++seed) {
    SCOPED_TRACE(seed);
    Duel(seed).Run(10'000);
    if (HasFailure()) return;
  }
}

// Many more pending at once, so that every level of the wheel fills.
TEST(EventQueueRandomTest, AgreesWithTheReferenceWhenFull) {
  for (const int spread_bits : {0, 1, 9, 17, 33, 62}) {
    SCOPED_TRACE(spread_bits);
    Queue queue;
    Reference reference;
    Random random(7, static_cast<std::uint64_t>(spread_bits));
    for (std::uint64_t i = 0; i < 20'000; ++i) {
      const Time at = kStart + static_cast<Nanos>(random.Below(std::uint64_t{1}
                                                               << spread_bits));
      const auto priority = static_cast<Priority>(random.Below(2));
      queue.Schedule(at, priority, i);
      reference.Schedule(at, priority, i);
    }
    while (!reference.empty()) {
      const auto theirs = reference.Pop();
      const auto ours = queue.Pop();
      ASSERT_EQ(ours.payload, theirs.payload);
      ASSERT_EQ(ours.time, theirs.time);
    }
    EXPECT_TRUE(queue.empty());
  }
}

}  // namespace
}  // namespace iovalab::sim
