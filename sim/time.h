#ifndef IOVALAB_SIM_TIME_H_
#define IOVALAB_SIM_TIME_H_

// Simulated time: `Time` is an instant, `Nanos` a length, both whole
// nanoseconds.
//
// When not to use it: for wall-clock time. No real clock may reach a trace.
//
// Invariants:
//  * an instant is 0 (the start of the run) .. kEndOfTime;
//  * a sum saturates at kEndOfTime: a timer "never" meant to fire may be set
//    with any huge length and stays in the future instead of wrapping to the
//    past;
//  * an instant and a length do not convert into each other.

#include <compare>
#include <cstdint>
#include <limits>

namespace iovalab::sim {

// A length of time. Costs in latency tables are plain integers, hence an alias.
using Nanos = std::int64_t;

inline constexpr Nanos kNanosecond = 1;
inline constexpr Nanos kMicrosecond = 1000 * kNanosecond;
inline constexpr Nanos kMillisecond = 1000 * kMicrosecond;
inline constexpr Nanos kSecond = 1000 * kMillisecond;
inline constexpr Nanos kMaxNanos = std::numeric_limits<Nanos>::max();
inline constexpr Nanos kMinNanos = std::numeric_limits<Nanos>::min();

constexpr Nanos SaturatingAdd(Nanos a, Nanos b) {
  Nanos sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b < 0 ? kMinNanos : kMaxNanos;
}

constexpr Nanos SaturatingSubtract(Nanos a, Nanos b) {
  Nanos difference = 0;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return b < 0 ? kMaxNanos : kMinNanos;
}

constexpr Nanos SaturatingMultiply(Nanos a, Nanos b) {
  Nanos product = 0;
  if (!__builtin_mul_overflow(a, b, &product)) return product;
  return (a < 0) != (b < 0) ? kMinNanos : kMaxNanos;
}

struct Time {
  Nanos since_start = 0;

  friend constexpr auto operator<=>(Time, Time) = default;
  friend constexpr Time operator+(Time t, Nanos d) {
    return {SaturatingAdd(t.since_start, d)};
  }
  friend constexpr Time operator-(Time t, Nanos d) {
    return {SaturatingSubtract(t.since_start, d)};
  }
  friend constexpr Nanos operator-(Time a, Time b) {
    return SaturatingSubtract(a.since_start, b.since_start);
  }
};

inline constexpr Time kStart{0};
inline constexpr Time kEndOfTime{kMaxNanos};

}  // namespace iovalab::sim

#endif  // IOVALAB_SIM_TIME_H_
