#ifndef IOVALAB_LAB_UTF8_H_
#define IOVALAB_LAB_UTF8_H_

// Whether bytes are text, and how to show those that may not be.
//
// Not for: changing text; what is not UTF-8 is refused, never repaired.

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace iovalab {

// Offset of the first byte that is NUL or begins no well-formed UTF-8 sequence
// (Unicode 15, table 3-7: no overlong forms, no surrogates, at most U+10FFFF);
// text.size() when there is none.
size_t FirstNotUtf8(absl::string_view text);

// Without the mark that some editors put before UTF-8.
absl::string_view WithoutByteOrderMark(absl::string_view text);

// A name that somebody typed, in quotes, cut and escaped so that it fits into a
// line of an error.
std::string Quote(absl::string_view name);

}  // namespace iovalab

#endif  // IOVALAB_LAB_UTF8_H_
