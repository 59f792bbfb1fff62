#include "lab/import/qemu_log.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "lab/import/qemu_log_pattern.h"

namespace iovalab {
namespace {

constexpr size_t kNone = absl::string_view::npos;

bool IsNameChar(char c) {
  return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
}

size_t DigitsAt(absl::string_view text, size_t pos) {
  size_t n = 0;
  while (pos + n < text.size() && absl::ascii_isdigit(text[pos + n])) ++n;
  return n;
}

// `-msg timestamp=on` begins a line with TID@SEC.USEC: and six digits of USEC.
// The beginning of a file cut by a rotation lacks some of it.
size_t PrefixLength(absl::string_view line) {
  size_t i = 0;
  while (i < line.size() &&
         (absl::ascii_isdigit(line[i]) || line[i] == '@' || line[i] == '.')) {
    ++i;
  }
  return i > 0 && i < line.size() && line[i] == ':' ? i + 1 : 0;
}

struct Stamp {
  size_t first = kNone;  // where its digits begin
  size_t end = kNone;    // past the colon
};

// A whole TID@SEC.USEC: anywhere past `from`.
Stamp FindStamp(absl::string_view text, size_t from) {
  for (size_t at = text.find('@', from); at != kNone;
       at = text.find('@', at + 1)) {
    const size_t seconds = DigitsAt(text, at + 1);
    const size_t dot = at + 1 + seconds;
    if (seconds == 0 || dot >= text.size() || text[dot] != '.') continue;
    const size_t end = dot + 1 + 6;
    if (DigitsAt(text, dot + 1) != 6 || end >= text.size() || text[end] != ':')
      continue;
    size_t first = at;
    while (first > from && absl::ascii_isdigit(text[first - 1])) --first;
    if (first == at) continue;
    return {first, end + 1};
  }
  return {};
}

// The name of an event of ours in the middle of a line, as journals and other
// prefixes leave it: after a space or a colon.
size_t FindName(absl::string_view text) {
  for (const absl::string_view group : {"vhost_", "vfio_listener_"}) {
    for (size_t at = text.find(group); at != kNone;
         at = text.find(group, at + 1)) {
      if (at == 0 || (text[at - 1] != ' ' && text[at - 1] != ':')) continue;
      size_t end = at;
      while (end < text.size() && IsNameChar(text[end])) ++end;
      if (!FindQemuEventRows(text.substr(at, end - at)).empty()) return at;
    }
  }
  return kNone;
}

absl::string_view StripNuls(absl::string_view line) {
  // A rotated or overwritten log has runs of NULs where its bytes were.
  while (!line.empty() && line.front() == '\0') line.remove_prefix(1);
  while (!line.empty() && (line.back() == '\0' || line.back() == '\r')) {
    line.remove_suffix(1);
  }
  return line;
}

// Whether the event's last number can be believed, given the text after it and
// whether the line is known to be whole.
bool EndsWell(const QemuEventRow& row, const QemuEvent& event,
              absl::string_view rest, bool whole) {
  if (!rest.empty()) return rest.front() == ' ';
  if (whole || row.if_cut_needs == QemuEventRow::kNothing) return true;
  return row.if_cut_needs != QemuEventRow::kNewline &&
         event.Has(row.if_cut_needs);
}

}  // namespace

void QemuLogParser::Feed(absl::string_view piece, Sink sink) {
  counts_.bytes += piece.size();
  while (!piece.empty()) {
    const size_t newline = piece.find('\n');
    const absl::string_view head = piece.substr(0, newline);
    if (newline != kNone && partial_.empty() && head.size() <= kMaxLine) {
      Line(head, true, sink);
    } else {
      const size_t room = kMaxLine - std::min(partial_.size(), kMaxLine);
      // A run of NULs at a line's beginning is a hole, of any length.
      absl::string_view add = partial_.empty() ? StripNuls(head) : head;
      cut_ = cut_ || add.size() > room;
      partial_.append(add.data(), std::min(add.size(), room));
      if (newline != kNone) {
        Line(partial_, !cut_, sink);
        partial_.clear();
        cut_ = false;
      }
    }
    if (newline == kNone) return;
    piece.remove_prefix(newline + 1);
  }
}

void QemuLogParser::Finish(Sink sink) {
  if (!partial_.empty()) Line(partial_, false, sink);
  partial_.clear();
  cut_ = false;
}

void QemuLogParser::Line(absl::string_view line, bool whole, Sink sink) {
  ++counts_.lines;
  line = absl::StripAsciiWhitespace(StripNuls(line));
  if (line.empty()) {
    ++counts_.blank;
    return;
  }
  LineIs is = Events(line.substr(PrefixLength(line)), whole, sink);
  if (is == LineIs::kForeign) {
    const Stamp stamp = FindStamp(line, 0);
    if (stamp.end != kNone) is = Events(line.substr(stamp.end), whole, sink);
  }
  if (is == LineIs::kForeign) {
    const size_t name = FindName(line);
    if (name != kNone) is = Events(line.substr(name), whole, sink);
  }
  switch (is) {
    case LineIs::kForeign:
      ++counts_.foreign;
      break;
    case LineIs::kOther:
      ++counts_.other;
      break;
    case LineIs::kKnown:
      ++counts_.known;
      break;
    case LineIs::kDamaged:
      if (counts_.damaged++ == 0) counts_.first_damaged_line = counts_.lines;
      break;
  }
}

// All events of a line: more than one where a newline was lost.
QemuLogParser::LineIs QemuLogParser::Events(absl::string_view text, bool whole,
                                            Sink sink) {
  LineIs is = LineIs::kForeign;
  while (true) {
    const Stamp next = FindStamp(text, 0);
    const absl::string_view own = text.substr(0, next.first);
    const bool last = next.end == kNone;
    // What the next event was written onto may have lost its end.
    const bool own_whole = last ? whole : absl::EndsWith(own, " ");
    is = std::max(is, OneEvent(own, own_whole, sink));
    if (last || is == LineIs::kForeign) return is;
    text.remove_prefix(next.end);
  }
}

QemuLogParser::LineIs QemuLogParser::OneEvent(absl::string_view text,
                                              bool whole, Sink sink) {
  size_t end = 0;
  while (end < text.size() && IsNameChar(text[end])) ++end;
  if (end == 0 || (end < text.size() && text[end] != ' ')) {
    return LineIs::kForeign;
  }
  const absl::string_view name = text.substr(0, end);
  const absl::Span<const QemuEventRow> rows = FindQemuEventRows(name);
  if (rows.empty()) {
    return LooksLikeTraceEvent(name) ? LineIs::kOther : LineIs::kForeign;
  }
  QemuEvent event;
  if (!rows[0].pattern.empty()) {
    const absl::string_view args = absl::StripAsciiWhitespace(text.substr(end));
    size_t used = kNone;
    for (size_t i = 0; i < rows.size() && used == kNone; ++i) {
      event = {};
      used = MatchQemuPattern(rows[i].pattern, args, &event);
    }
    if (used == kNone || !EndsWell(rows[0], event, args.substr(used), whole)) {
      return LineIs::kDamaged;
    }
    if (used < args.size() && counts_.trailing++ == 0) {
      counts_.first_trailing_line = counts_.lines;
      counts_.first_trailing =
          std::string(absl::StripAsciiWhitespace(args.substr(used, 80)));
    }
    event.kind = rows[0].kind;
    event.line = counts_.lines;
    sink(event);
  }
  ++counts_.by_kind[static_cast<int>(rows[0].kind)];
  return LineIs::kKnown;
}

}  // namespace iovalab
