#include "model/host/layout_overlap.h"

#include <algorithm>
#include <utility>

#include "absl/numeric/int128.h"

namespace iovalab {
namespace {

using absl::uint128;

// Sum over 0 <= i < n of floor((a * i + b) / m), modulo 2^128. The usual
// exchange of the axes, as in Euclid's algorithm.
uint128 FloorSum(uint128 n, uint128 m, uint128 a, uint128 b) {
  uint128 sum = 0;
  while (true) {
    if (a >= m) {
      // n * (n - 1) / 2: halve the even one first, so that nothing is lost.
      const uint128 pairs = n % 2 == 0 ? (n / 2) * (n - 1) : n * ((n - 1) / 2);
      sum += pairs * (a / m);
      a %= m;
    }
    if (b >= m) {
      sum += n * (b / m);
      b %= m;
    }
    const uint128 top = a * n + b;
    if (top < m) return sum;
    n = top / m;
    b = top % m;
    std::swap(m, a);
  }
}

// Whether some 0 <= i < n has (a * i + b) mod m <= most. b < m.
bool SomeResidueAtMost(uint64_t n, uint64_t m, uint64_t a, uint64_t b,
                       uint64_t most) {
  if (n == 0) return false;
  if (most >= m - 1) return true;
  // The floor of x/m and of (x - most - 1)/m differ where x mod m <= most.
  const uint128 whole = FloorSum(n, m, a, uint128(b) + m);
  const uint128 less = FloorSum(n, m, a, uint128(b) + m - most - 1);
  return whole != less;
}

// First index of the run's chunks that begins at or after `at`.
uint64_t FirstChunkFrom(const LayoutRun& run, uint64_t at) {
  if (at <= run.hpa.value) return 0;
  const uint64_t past = at - run.hpa.value;
  return past / run.stride + (past % run.stride != 0 ? 1 : 0);
}

uint64_t ChunkCount(const LayoutRun& run) {
  return (run.last_offset - run.first_offset) / run.chunk_size + 1;
}

uint64_t LastByte(const LayoutRun& run) {
  return run.hpa.value + (ChunkCount(run) - 1) * run.stride +
         (run.chunk_size - 1);
}

}  // namespace

bool ChunksOverlap(const LayoutRun& a, const LayoutRun& b) {
  const uint64_t b_first = b.hpa.value;
  const uint64_t b_last = LastByte(b);
  const uint64_t a_last = LastByte(a);
  if (a.hpa.value > b_last || b_first > a_last) return false;

  // Chunks [from, to) of `a` begin within b's extent.
  const uint64_t from = FirstChunkFrom(a, b_first);
  const uint64_t to =
      b_last == UINT64_MAX
          ? ChunkCount(a)
          : std::min(ChunkCount(a), FirstChunkFrom(a, b_last + 1));
  const auto begin = [&](uint64_t i) { return a.hpa.value + i * a.stride; };
  // One that begins before it and reaches in holds b's first byte.
  if (from > 0 && begin(from - 1) + (a.chunk_size - 1) >= b_first) return true;
  if (from >= to) return false;

  // The others begin x bytes into the extent and touch no chunk of b exactly
  // when b.chunk_size <= x mod b.stride <= b.stride - a.chunk_size. (One that
  // reaches out of the extent holds its last byte, and breaks that rule too.)
  if (a.chunk_size > b.stride - b.chunk_size) return true;
  const uint64_t x = (begin(from) - b_first) % b.stride;
  const uint64_t shifted =
      static_cast<uint64_t>((uint128(x) + (a.chunk_size - 1)) % b.stride);
  return SomeResidueAtMost(to - from, b.stride, a.stride, shifted,
                           a.chunk_size - 1 + b.chunk_size - 1);
}

}  // namespace iovalab
