#ifndef IOVALAB_MODEL_ADDR_RANGE_H_
#define IOVALAB_MODEL_ADDR_RANGE_H_

// Range: [first, last], both inclusive, so that the whole 2^64 space is a range
// like any other. Invariant: first <= last; there is no empty range.
//
// Not for: the arguments of a modelled size-based call, which may wrap or be
// zero on purpose; keep those as the caller's numbers and convert at the edge
// with FromSize.

#include <cstdint>
#include <optional>

#include "absl/numeric/int128.h"
#include "model/addr/address.h"

namespace iovalab {

template <typename A>
struct Range {
  A first;
  A last;

  // Nothing for size 0 and where first + size - 1 passes 2^64 - 1.
  static constexpr std::optional<Range> FromSize(A first, uint64_t size) {
    if (size == 0 || first.value > UINT64_MAX - (size - 1)) return std::nullopt;
    return Range{first, A(first.value + (size - 1))};
  }

  // In bytes; 2^64 for the whole space.
  absl::uint128 Length() const {
    return absl::uint128(last.value - first.value) + 1;
  }
  constexpr bool Contains(A a) const { return first <= a && a <= last; }
  constexpr bool Contains(Range r) const {
    return first <= r.first && r.last <= last;
  }
  constexpr bool Intersects(Range r) const {
    return first <= r.last && r.first <= last;
  }
  friend constexpr bool operator==(Range, Range) = default;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_ADDR_RANGE_H_
