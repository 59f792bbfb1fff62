#include "lab/utf8.h"

#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace iovalab {
namespace {

// Which second bytes may follow a range of first bytes, and how many bytes
// follow in all.
struct Lead {
  uint8_t first, last;
  uint8_t low, high;  // of the second byte
  uint8_t more;
};
constexpr Lead kLeads[] = {
    {0x01, 0x7f, 0, 0, 0},       {0xc2, 0xdf, 0x80, 0xbf, 1},
    {0xe0, 0xe0, 0xa0, 0xbf, 2}, {0xe1, 0xec, 0x80, 0xbf, 2},
    {0xed, 0xed, 0x80, 0x9f, 2}, {0xee, 0xef, 0x80, 0xbf, 2},
    {0xf0, 0xf0, 0x90, 0xbf, 3}, {0xf1, 0xf3, 0x80, 0xbf, 3},
    {0xf4, 0xf4, 0x80, 0x8f, 3},
};

constexpr size_t kMaxQuoted = 64;

// Bytes of the well-formed sequence that begins at `at`; 0 when none does.
size_t SequenceLength(absl::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  for (const Lead& lead : kLeads) {
    if (byte(at) < lead.first || byte(at) > lead.last) continue;
    if (text.size() - at <= lead.more) return 0;
    for (size_t i = 1; i <= lead.more; ++i) {
      const uint8_t low = i == 1 ? lead.low : 0x80;
      const uint8_t high = i == 1 ? lead.high : 0xbf;
      if (byte(at + i) < low || byte(at + i) > high) return 0;
    }
    return lead.more + size_t{1};
  }
  return 0;
}

}  // namespace

size_t FirstNotUtf8(absl::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = SequenceLength(text, at);
    if (length == 0) return at;
    at += length;
  }
  return text.size();
}

absl::string_view WithoutByteOrderMark(absl::string_view text) {
  absl::ConsumePrefix(&text, "\xef\xbb\xbf");
  return text;
}

std::string Quote(absl::string_view name) {
  const bool cut = name.size() > kMaxQuoted;
  if (cut) {
    name = name.substr(0, kMaxQuoted);
    name = name.substr(0, FirstNotUtf8(name));  // no half of a character
  }
  return absl::StrCat("\"", absl::Utf8SafeCEscape(name), cut ? "..." : "",
                      "\"");
}

}  // namespace iovalab
