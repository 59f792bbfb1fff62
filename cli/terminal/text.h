#ifndef IOVALAB_CLI_TERMINAL_TEXT_H_
#define IOVALAB_CLI_TERMINAL_TEXT_H_

// Text for people: how wide it is on a screen, and how to show text that came
// from a file without letting it steer the terminal.
//
// Not for: traces and JSON, which have escapes of their own.

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace iovalab {

// Columns that `text` takes: one a code point, none for combining marks. Wide
// (East Asian) characters count as one; our own text has none.
size_t Columns(absl::string_view text);

// `text` with control characters, line breaks and bytes that are not UTF-8
// written as \xNN, so that it is one line and only that.
std::string Printable(absl::string_view text);

// `text` in lines of at most `width` columns, broken at spaces; a longer word
// gets a line of its own. At least one line.
std::vector<absl::string_view> Wrap(absl::string_view text, size_t width);

}  // namespace iovalab

#endif  // IOVALAB_CLI_TERMINAL_TEXT_H_
