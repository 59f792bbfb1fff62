#ifndef IOVALAB_LAB_CONFORM_JSON_LINES_H_
#define IOVALAB_LAB_CONFORM_JSON_LINES_H_

// Reads files of one JSON object a line, plain or gzipped, a line at a time.
//
// Not for: JSON that spans lines, or files that do not fit "an object a line".
//
// Invariants: memory is bounded by kMaxJsonLine, whatever the file; every error
// names file and line. No exception leaves this file.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace iovalab {

// In bytes. The longest recorded line is a hundredth of it.
inline constexpr size_t kMaxJsonLine = size_t{1} << 20;

// One line's object and where it stood.
struct JsonRecord {
  std::string file;
  uint64_t line = 0;  // from 1
  nlohmann::json object;

  // InvalidArgument: "FILE:LINE: what".
  absl::Status Error(absl::string_view what) const;
};

class JsonLines {
 public:
  // NotFound or another status with the system's reason where it cannot be
  // opened. "-" is standard input.
  static absl::StatusOr<JsonLines> Open(const std::string& path);

  // The next line that is not blank; nothing at the end. InvalidArgument where
  // a line is no JSON object or too long, DataLoss where the file cannot be
  // read or its compressed data is damaged or cut off.
  absl::StatusOr<std::optional<JsonRecord>> Next();

 private:
  struct Source;
  struct Close {
    void operator()(Source* source) const;
  };

  explicit JsonLines(Source* source) : source_(source) {}
  // Nothing at the end of the file.
  absl::StatusOr<std::optional<std::string>> NextLine();

  std::unique_ptr<Source, Close> source_;
};

// Takes typed fields out of a record. The first that is missing or of another
// type sets status(); what is returned then is a zero, so that a caller reads
// all of its fields and asks once.
class JsonFields {
 public:
  explicit JsonFields(const JsonRecord& record) : record_(record) {}

  bool Has(const char* name) const { return record_.object.contains(name); }
  // "0x1000": 64 bits, unsigned.
  uint64_t Hex(const char* name);
  // A JSON number without fraction that fits the type.
  int64_t Int(const char* name);
  uint32_t Uint32(const char* name);
  std::string String(const char* name);
  // Never null: an empty array where there is none.
  const nlohmann::json& Array(const char* name);

  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }
  const JsonRecord& record() const { return record_; }
  // Sets the status unless one is set already.
  void Fail(const char* name, absl::string_view what);

 private:
  const nlohmann::json* Find(const char* name);

  const JsonRecord& record_;
  absl::Status status_;
};

// "0x" and 1 to 16 hexadecimal digits.
std::optional<uint64_t> HexValue(const nlohmann::json& value);

}  // namespace iovalab

#endif  // IOVALAB_LAB_CONFORM_JSON_LINES_H_
