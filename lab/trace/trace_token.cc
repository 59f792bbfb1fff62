#include "lab/trace/trace_token.h"

#include <algorithm>

namespace iovalab {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_' || c == '.' || c == ':' ||
         c == '@' || c == '/' || c == '-';
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

void AppendQuoted(std::string* out, absl::string_view name) {
  out->push_back('"');
  for (const char c : name) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (c == '\n') {
      out->append("\\n");
    } else if (byte >= 0x20 && byte < 0x7f) {
      out->push_back(c);
    } else {
      out->append("\\x");
      out->push_back(kDigits[byte >> 4]);
      out->push_back(kDigits[byte & 15]);
    }
  }
  out->push_back('"');
}

// `in` is just past a backslash.
bool ConsumeEscaped(absl::string_view* in, char* c) {
  if (in->empty()) return false;
  const char e = in->front();
  if (e == '"' || e == '\\' || e == 'n') {
    *c = e == 'n' ? '\n' : e;
    in->remove_prefix(1);
    return true;
  }
  if (e != 'x' || in->size() < 3) return false;
  const int high = HexValue((*in)[1]);
  const int low = HexValue((*in)[2]);
  if (high < 0 || low < 0) return false;
  *c = static_cast<char>(high << 4 | low);
  in->remove_prefix(3);
  return true;
}

bool ConsumeQuoted(absl::string_view* in, std::string* name) {
  absl::string_view rest = in->substr(1);
  name->clear();
  while (!rest.empty()) {
    char c = rest.front();
    rest.remove_prefix(1);
    if (c == '"') {
      *in = rest;
      return true;
    }
    if (c == '\\' && !ConsumeEscaped(&rest, &c)) return false;
    name->push_back(c);
  }
  return false;
}

bool ConsumeText(absl::string_view* in, bool slashes, std::string* name) {
  if (!in->empty() && in->front() == '"') return ConsumeQuoted(in, name);
  size_t n = 0;
  while (n < in->size() && IsPlain((*in)[n]) && (slashes || (*in)[n] != '/')) {
    ++n;
  }
  const absl::string_view plain = in->substr(0, n);
  if (plain.empty() || plain == "-") return false;
  name->assign(plain.data(), plain.size());
  in->remove_prefix(n);
  return true;
}

bool NeedsNoQuotes(absl::string_view name) {
  return !name.empty() && name != "-" &&
         std::all_of(name.begin(), name.end(), IsPlain);
}

}  // namespace

void AppendDecimal(std::string* out, uint64_t value) {
  char buffer[20];
  char* p = buffer + sizeof(buffer);
  do {
    *--p = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  out->append(p, buffer + sizeof(buffer) - p);
}

void AppendHex16(std::string* out, uint64_t value) {
  char buffer[18] = {'0', 'x'};
  for (int i = 0; i < 16; ++i) {
    buffer[2 + i] = kDigits[value >> (60 - 4 * i) & 15];
  }
  out->append(buffer, sizeof(buffer));
}

void AppendHex(std::string* out, uint64_t value) {
  int shift = 60;
  while (shift > 0 && value >> shift == 0) shift -= 4;
  out->append("0x");
  for (; shift >= 0; shift -= 4) out->push_back(kDigits[value >> shift & 15]);
}

void AppendHexBytes(std::string* out, absl::string_view bytes) {
  for (const char c : bytes) {
    out->push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
    out->push_back(kDigits[static_cast<uint8_t>(c) & 15]);
  }
}

bool ConsumeDecimal(absl::string_view* in, uint64_t* value) {
  uint64_t v = 0;
  size_t n = 0;
  for (; n < in->size() && (*in)[n] >= '0' && (*in)[n] <= '9'; ++n) {
    const uint64_t digit = (*in)[n] - '0';
    if (v > (UINT64_MAX - digit) / 10) return false;
    v = v * 10 + digit;
  }
  if (n == 0) return false;
  in->remove_prefix(n);
  *value = v;
  return true;
}

bool ConsumeHex(absl::string_view* in, uint64_t* value) {
  if (in->size() < 3 || (*in)[0] != '0' || (*in)[1] != 'x') return false;
  uint64_t v = 0;
  size_t n = 2;
  for (; n < in->size() && HexValue((*in)[n]) >= 0; ++n) {
    if (n == 18) return false;
    v = v << 4 | static_cast<uint64_t>(HexValue((*in)[n]));
  }
  if (n == 2) return false;
  in->remove_prefix(n);
  *value = v;
  return true;
}

bool ConsumeHexBytes(absl::string_view* in, std::string* bytes) {
  bytes->clear();
  size_t n = 0;
  for (; n + 1 < in->size(); n += 2) {
    const int high = HexValue((*in)[n]);
    const int low = HexValue((*in)[n + 1]);
    if (high < 0 || low < 0) break;
    bytes->push_back(static_cast<char>(high << 4 | low));
  }
  if (n == 0) return false;
  in->remove_prefix(n);
  return true;
}

void AppendName(std::string* out, absl::string_view name) {
  if (NeedsNoQuotes(name)) {
    out->append(name.data(), name.size());
  } else {
    AppendQuoted(out, name);
  }
}

void AppendLabel(std::string* out, absl::string_view label) {
  if (label.find('/') == absl::string_view::npos) {
    AppendName(out, label);
  } else {
    AppendQuoted(out, label);
  }
}

bool ConsumeName(absl::string_view* in, std::string* name) {
  return ConsumeText(in, true, name);
}

bool ConsumeLabel(absl::string_view* in, std::string* label) {
  return ConsumeText(in, false, label);
}

bool Consume(absl::string_view* in, absl::string_view literal) {
  if (in->substr(0, literal.size()) != literal) return false;
  in->remove_prefix(literal.size());
  return true;
}

bool ConsumeSpaces(absl::string_view* in) {
  const size_t n = std::min(in->find_first_not_of(' '), in->size());
  in->remove_prefix(n);
  return n != 0;
}

}  // namespace iovalab
