#ifndef IOVALAB_SIM_HOLD_H_
#define IOVALAB_SIM_HOLD_H_

// Hold: the HOLD workload, by which event queues are usually compared: with a
// constant number of events pending, pop the earliest, call its handler, and
// schedule it again after a random delay.
//
// When not to use it: outside benchmarks, and the test that the benchmarks
// compare equals.
//
// Invariants:
//  * the k-th event scheduled has a delay of 1 + (splitmix64(k) & 0xFFFFF) ns,
//    for any queue;
//  * checksum() depends on the order in which handlers were called, with time
//    and event: two queues of different order do not agree;
//  * it is a value: copy one that is warmed up, instead of warming up again.

#include <cstdint>

#include "sim/time.h"

namespace iovalab::sim {

constexpr std::uint64_t SplitMix64(std::uint64_t k) {
  std::uint64_t z = k + 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

// An event as a simulator has it: what to call, and for whom.
struct HoldEvent {
  void (*handler)(std::uint64_t& checksum, Time time, std::uint64_t id);
  std::uint64_t id;
};

// Through a pointer, so that no queue has its handler inlined.
inline void MixIntoChecksum(std::uint64_t& checksum, Time time,
                            std::uint64_t id) {
  checksum =
      (checksum << 5 | checksum >> 59) ^
      (static_cast<std::uint64_t>(time.since_start) * 0x9E3779B97F4A7C15 + id);
}

inline Nanos HoldDelay(std::uint64_t k) {
  return 1 + static_cast<Nanos>(SplitMix64(k) & 0xFFFFF);
}

// One event that always schedules itself: the shortest loop a simulator has.
inline Nanos PingDelay(std::uint64_t /*k*/) { return 10; }

template <typename Queue, Nanos (*kDelay)(std::uint64_t) = HoldDelay>
class Hold {
 public:
  explicit Hold(std::uint64_t pending) {
    while (scheduled_ < pending) {
      const HoldEvent event{MixIntoChecksum, scheduled_};
      queue_.Schedule(kStart + kDelay(scheduled_++), 0, event);
    }
  }

  void Run(std::uint64_t operations) {
    for (std::uint64_t i = 0; i < operations; ++i) {
      const auto popped = queue_.Pop();
      popped.payload.handler(checksum_, popped.time, popped.payload.id);
      queue_.Schedule(popped.time + kDelay(scheduled_++), 0, popped.payload);
    }
  }

  std::uint64_t checksum() const { return checksum_; }

 private:
  Queue queue_;
  std::uint64_t scheduled_ = 0;
  std::uint64_t checksum_ = 0;
};

}  // namespace iovalab::sim

#endif  // IOVALAB_SIM_HOLD_H_
