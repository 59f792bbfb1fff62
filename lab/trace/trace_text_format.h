#ifndef IOVALAB_LAB_TRACE_TRACE_TEXT_FORMAT_H_
#define IOVALAB_LAB_TRACE_TRACE_TEXT_FORMAT_H_

// What the writer (trace_text.cc) and the parser (trace_parse.cc) of the text
// form agree on. Nobody else needs it.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "model/event/trace.h"

namespace iovalab::trace_text {

// The first line. A change of the format that this version's parser would
// misread gets another number.
inline constexpr absl::string_view kFirstLine = "iovalab-trace 1";

// Widths of columns, so that lines do not depend on each other; a longer value
// pushes its own line only.
inline constexpr size_t kKeyWidth = 10;
inline constexpr size_t kIdWidth = 24;
inline constexpr size_t kCauseWidth = 25;  // with its <
inline constexpr size_t kDelayWidth = 10;
inline constexpr size_t kKindWidth = 11;

// Everything before the first event, with its last newline.
std::string HeaderText(const Trace::Header& header);

// The last line, with its newline: how many events, and the checksum of all
// bytes before it.
std::string EndLine(uint64_t events, absl::string_view before);

}  // namespace iovalab::trace_text

#endif  // IOVALAB_LAB_TRACE_TRACE_TEXT_FORMAT_H_
