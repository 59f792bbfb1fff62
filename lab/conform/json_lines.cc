#include "lab/conform/json_lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace iovalab {
namespace {

using nlohmann::json;

// Only to learn where a text that does not parse goes wrong.
class ErrorColumn : public nlohmann::json_sax<json> {
 public:
  size_t column = 0;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(size_t position, const std::string&,
                   const json::exception&) override {
    column = position;
    return false;
  }
};

size_t FindErrorColumn(const std::string& text) {
  ErrorColumn handler;
  json::sax_parse(text, &handler);
  return handler.column;
}

}  // namespace

absl::Status JsonRecord::Error(absl::string_view what) const {
  return absl::InvalidArgumentError(absl::StrCat(file, ":", line, ": ", what));
}

struct JsonLines::Source {
  std::string path;
  gzFile file = nullptr;
  uint64_t line = 0;
  size_t begin = 0;  // unread bytes of buffer: [begin, end)
  size_t end = 0;
  std::array<char, 1 << 16> buffer;
};

void JsonLines::Close::operator()(Source* source) const {
  if (source->file != nullptr) gzclose(source->file);
  delete source;
}

absl::StatusOr<JsonLines> JsonLines::Open(const std::string& path) {
  JsonLines lines(new Source);
  Source& source = *lines.source_;
  source.path = path;
  errno = 0;
  if (path == "-") {
    const int fd = dup(STDIN_FILENO);
    source.file = fd < 0 ? nullptr : gzdopen(fd, "rb");
  } else {
    source.file = gzopen(path.c_str(), "rb");
  }
  if (source.file == nullptr) {
    const std::string what = absl::StrCat(
        path, ": cannot be opened: ", errno ? strerror(errno) : "no memory");
    return errno == ENOENT ? absl::NotFoundError(what)
                           : absl::UnknownError(what);
  }
  return lines;
}

absl::StatusOr<std::optional<std::string>> JsonLines::NextLine() {
  Source& s = *source_;
  std::string line;
  for (;;) {
    if (s.begin == s.end) {
      const int n = gzread(s.file, s.buffer.data(), s.buffer.size());
      int error = Z_OK;
      const char* message = gzerror(s.file, &error);
      if (n < 0 || error != Z_OK) {
        if (error == Z_ERRNO) message = strerror(errno);
        return absl::DataLossError(absl::StrCat(s.path, ":", s.line + 1,
                                                ": cannot be read: ", message));
      }
      if (n == 0) break;
      s.begin = 0;
      s.end = static_cast<size_t>(n);
    }
    const char* from = s.buffer.data() + s.begin;
    const void* newline = memchr(from, '\n', s.end - s.begin);
    const size_t n =
        newline ? static_cast<const char*>(newline) - from : s.end - s.begin;
    if (line.size() + n > kMaxJsonLine) {
      return absl::InvalidArgumentError(absl::StrCat(
          s.path, ":", s.line + 1, ": line is longer than ", kMaxJsonLine,
          " bytes; one JSON object a line is right"));
    }
    line.append(from, n);
    s.begin += n + (newline ? 1 : 0);
    if (newline) {
      ++s.line;
      return line;
    }
  }
  if (line.empty()) return std::nullopt;
  ++s.line;
  return line;
}

absl::StatusOr<std::optional<JsonRecord>> JsonLines::Next() {
  for (;;) {
    absl::StatusOr<std::optional<std::string>> line = NextLine();
    if (!line.ok()) return line.status();
    if (!line->has_value()) return std::nullopt;
    const std::string& text = **line;
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    JsonRecord record{source_->path, source_->line,
                      json::parse(text, nullptr, /*allow_exceptions=*/false)};
    if (record.object.is_discarded()) {
      return record.Error(absl::StrCat("not valid JSON at byte ",
                                       FindErrorColumn(text),
                                       "; one JSON object a line is right"));
    }
    if (!record.object.is_object()) {
      return record.Error(absl::StrCat("a JSON ", record.object.type_name(),
                                       "; an object is right"));
    }
    return record;
  }
}

std::optional<uint64_t> HexValue(const json& value) {
  const std::string* text = value.get_ptr<const std::string*>();
  if (text == nullptr || text->size() < 3 || text->size() > 18 ||
      (*text)[0] != '0' || (*text)[1] != 'x') {
    return std::nullopt;
  }
  uint64_t number = 0;
  for (char c : absl::string_view(*text).substr(2)) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) {
      return std::nullopt;
    }
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    number = number << 4 | static_cast<uint64_t>(digit);
  }
  return number;
}

void JsonFields::Fail(const char* name, absl::string_view what) {
  if (status_.ok()) {
    status_ = record_.Error(absl::StrCat("field \"", name, "\": ", what));
  }
}

const json* JsonFields::Find(const char* name) {
  const auto it = record_.object.find(name);
  if (it != record_.object.end()) return &*it;
  Fail(name, "is missing");
  return nullptr;
}

uint64_t JsonFields::Hex(const char* name) {
  const json* value = Find(name);
  if (value == nullptr) return 0;
  const std::optional<uint64_t> number = HexValue(*value);
  if (!number)
    Fail(name, "a hex string of up to 64 bits is right, as \"0x1000\"");
  return number.value_or(0);
}

int64_t JsonFields::Int(const char* name) {
  const json* value = Find(name);
  if (value == nullptr) return 0;
  if (!value->is_number_integer() ||
      (value->is_number_unsigned() &&
       *value->get_ptr<const json::number_unsigned_t*>() > INT64_MAX)) {
    Fail(name, "a whole number of 64 bits is right");
    return 0;
  }
  return value->get<int64_t>();
}

uint32_t JsonFields::Uint32(const char* name) {
  const int64_t value = Int(name);
  if (value < 0 || value > UINT32_MAX) {
    Fail(name, "a whole number from 0 to 4294967295 is right");
    return 0;
  }
  return static_cast<uint32_t>(value);
}

std::string JsonFields::String(const char* name) {
  const json* value = Find(name);
  if (value == nullptr) return "";
  if (!value->is_string()) {
    Fail(name, "a string is right");
    return "";
  }
  return value->get<std::string>();
}

const json& JsonFields::Array(const char* name) {
  static const json* const kEmpty = new json(json::array());
  const json* value = Find(name);
  if (value == nullptr) return *kEmpty;
  if (!value->is_array()) {
    Fail(name, "an array is right");
    return *kEmpty;
  }
  return *value;
}

}  // namespace iovalab
