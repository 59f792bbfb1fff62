#ifndef IOVALAB_LAB_TRACE_TRACE_TESTING_H_
#define IOVALAB_LAB_TRACE_TRACE_TESTING_H_

// Traces for tests: random ones, that hold everything a trace may hold, and a
// small readable one. Not for: anything but tests and benchmarks.

#include <cstdint>

#include "model/event/trace.h"

namespace iovalab {

// The same for the same numbers. Every kind, words from the whole of 64 bits
// and their extremes, names of any bytes.
Trace RandomTrace(uint64_t seed, int events);

// The guest posts a buffer, then the alias is deleted and the wrong node found
// (S0-1, shortened).
Trace SmallTrace();

// The same events and header; names may have other indexes.
bool SameTrace(const Trace& a, const Trace& b);

// splitmix64 (Steele, Lea, Flood 2014): enough for tests.
class TestRandom {
 public:
  explicit TestRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  uint64_t Below(uint64_t n) { return Next() % n; }

 private:
  uint64_t state_;
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_TRACE_TRACE_TESTING_H_
