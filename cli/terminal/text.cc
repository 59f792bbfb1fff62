#include "cli/terminal/text.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_format.h"

namespace iovalab {
namespace {

struct CodePoint {
  uint32_t value = 0;
  size_t bytes = 1;
  bool valid = false;
};

// The code point that `text`, which is not empty, begins with. Not valid: too
// short, overlong, a surrogate, or above U+10FFFF (RFC 3629).
CodePoint Decode(absl::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  if (byte(0) < 0x80) return {byte(0), 1, true};
  const size_t bytes = byte(0) >= 0xf0   ? 4
                       : byte(0) >= 0xe0 ? 3
                       : byte(0) >= 0xc0 ? 2
                                         : 0;
  if (bytes == 0 || text.size() < bytes) return {};
  uint32_t value = byte(0) & (0x7f >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3f);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[bytes] || value > 0x10ffff ||
      (value >= 0xd800 && value <= 0xdfff)) {
    return {};
  }
  return {value, bytes, true};
}

bool IsControl(uint32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0); }

}  // namespace

size_t Columns(absl::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    const CodePoint c = Decode(text);
    const bool combining = c.value >= 0x300 && c.value <= 0x36f;
    if (!combining) ++columns;
    text.remove_prefix(c.bytes);
  }
  return columns;
}

std::string Printable(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = Decode(text);
    if (c.valid && !IsControl(c.value)) {
      out.append(text.data(), c.bytes);
    } else {
      for (size_t i = 0; i < c.bytes; ++i) {
        out += absl::StrFormat("\\x%02x", static_cast<uint8_t>(text[i]));
      }
    }
    text.remove_prefix(c.bytes);
  }
  return out;
}

std::vector<absl::string_view> Wrap(absl::string_view text, size_t width) {
  std::vector<absl::string_view> lines;
  size_t begin = 0;  // of the line
  size_t fits = 0;   // end of the last word that fits on it
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find(' ', at);
    if (end == absl::string_view::npos) end = text.size();
    if (fits > begin && Columns(text.substr(begin, end - begin)) > width) {
      lines.push_back(text.substr(begin, fits - begin));
      begin = at;
    }
    fits = end;
    at = std::min(end + 1, text.size());
  }
  lines.push_back(text.substr(begin));
  return lines;
}

}  // namespace iovalab
