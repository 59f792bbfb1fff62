#ifndef IOVALAB_UTIL_NEAREST_H_
#define IOVALAB_UTIL_NEAREST_H_

// The known name that a mistyped one most likely meant, for error messages.
//
// Not for: accepting abbreviations. A name is spelled out or it is an error, so
// that a script keeps its meaning when names are added.

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace iovalab {

// Edits (insert, delete, replace, swap of neighbours) from `a` to `b`; limit +
// 1 when there are more than `limit`. O(|a| * |b|) for names of up to 64 bytes;
// longer ones count as too far.
size_t EditDistance(absl::string_view a, absl::string_view b, size_t limit);

// The name that `typed` begins, else the one with the fewest edits; the first
// of equals; "" when none is near (more than a third of it would change).
absl::string_view Nearest(absl::string_view typed,
                          absl::Span<const absl::string_view> names);

// "; did you mean NAME?", or "" when no name is near.
std::string DidYouMean(absl::string_view typed,
                       absl::Span<const absl::string_view> names);

}  // namespace iovalab

#endif  // IOVALAB_UTIL_NEAREST_H_
