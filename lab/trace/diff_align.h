#ifndef IOVALAB_LAB_TRACE_DIFF_ALIGN_H_
#define IOVALAB_LAB_TRACE_DIFF_ALIGN_H_

// AlignKeys: which elements of two sequences are the same ones, in order: a
// longest common subsequence while the sequences differ little (Myers, "An
// O(ND) Difference Algorithm", 1986), and past a bound of differences a common
// subsequence of equal elements, found in n log n.
//
// Not for: telling what a difference means (diff.h).

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace iovalab {

// Positions in a and in b, both increasing.
using Alignment = std::vector<std::pair<uint32_t, uint32_t>>;

// Sequences are shorter than 2^31. Time O((n + m) max_edits) at most, then
// n log n; space O(n + m + max_edits^2).
Alignment AlignKeys(absl::Span<const uint64_t> a, absl::Span<const uint64_t> b,
                    int max_edits = 1000);

// Positions of a longest strictly increasing subsequence. n log n.
std::vector<uint32_t> LongestIncreasing(absl::Span<const uint32_t> values);

}  // namespace iovalab

#endif  // IOVALAB_LAB_TRACE_DIFF_ALIGN_H_
