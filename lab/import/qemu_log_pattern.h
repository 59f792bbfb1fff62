#ifndef IOVALAB_LAB_IMPORT_QEMU_LOG_PATTERN_H_
#define IOVALAB_LAB_IMPORT_QEMU_LOG_PATTERN_H_

// The table of QEMU trace events, a row each, and the small pattern language
// that its rows are written in.
//
// Not for: finding lines and their prefixes (qemu_log.h).
//
// Patterns: a space stands for any number of spaces, none included (7.2 prints
// "vdpa:%p" in one event and "vdpa: %p" in the next); %x a hex number, with or
// without 0x, or "(nil)"; %d a decimal number, maybe negative; %n a name, up to
// the last place where what follows fits; {...} may be missing; * all the rest;
// anything else stands for itself. Numbers are stored in order, also past a
// missing group.

#include <cstddef>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lab/import/qemu_log.h"

namespace iovalab {

struct QemuEventRow {
  absl::string_view name;
  QemuEventKind kind;
  absl::string_view pattern;  // empty: the arguments are not read
  // What a line without its newline must still hold to be believed: a number
  // at the very end may have lost digits. A word's index, or one of these.
  static constexpr int kNothing = -1;
  static constexpr int kNewline = -2;
  int if_cut_needs = kNothing;
};

// The rows of the event of this name, to be tried in turn; none when it is not
// known. All are of one kind.
absl::Span<const QemuEventRow> FindQemuEventRows(absl::string_view name);

// Whether `name` looks like an event of the groups that the table is about.
bool LooksLikeTraceEvent(absl::string_view name);

// Fits `text` (what follows the event's name) to the pattern; stores numbers
// and name in *event. Returns the length used, or npos where it does not fit.
size_t MatchQemuPattern(absl::string_view pattern, absl::string_view text,
                        QemuEvent* event);

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_QEMU_LOG_PATTERN_H_
