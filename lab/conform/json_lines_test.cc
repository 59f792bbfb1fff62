#include "lab/conform/json_lines.h"

#include <gtest/gtest.h>
#include <stdio.h>
#include <zlib.h>

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace iovalab {
namespace {

std::string WriteFile(absl::string_view name, absl::string_view text) {
  const std::string path = absl::StrCat(testing::TempDir(), name);
  FILE* file = fopen(path.c_str(), "wb");
  EXPECT_EQ(fwrite(text.data(), 1, text.size(), file), text.size());
  fclose(file);
  return path;
}

std::string Gzip(absl::string_view text) {
  const std::string path = absl::StrCat(testing::TempDir(), "/gzip.tmp");
  gzFile gz = gzopen(path.c_str(), "wb9");
  EXPECT_EQ(gzwrite(gz, text.data(), text.size()),
            static_cast<int>(text.size()));
  gzclose(gz);
  FILE* file = fopen(path.c_str(), "rb");
  std::string bytes(1 << 16, '\0');
  bytes.resize(fread(bytes.data(), 1, bytes.size(), file));
  fclose(file);
  return bytes;
}

// "LINE:value of a" for each record, then the error's message if any.
std::string ReadAll(const std::string& path) {
  absl::StatusOr<JsonLines> lines = JsonLines::Open(path);
  if (!lines.ok()) return std::string(lines.status().message());
  std::string text;
  for (;;) {
    absl::StatusOr<std::optional<JsonRecord>> record = lines->Next();
    if (!record.ok()) {
      return absl::StrCat(text, std::string(record.status().message()));
    }
    if (!record->has_value()) return text;
    JsonFields in(**record);
    absl::StrAppend(&text, (*record)->line, ":", in.Int("a"), " ");
  }
}

TEST(JsonLines, ReadsPlainAndGzipped) {
  const struct {
    absl::string_view text, read;
  } kCases[] = {
      {"", ""},
      {"{\"a\":1}\n{\"a\":2}\n", "1:1 2:2 "},
      {"\n  \r\n{\"a\":1}\r\n\n{\"a\":-2}", "3:1 5:-2 "},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(ReadAll(WriteFile("/plain", c.text)), c.read) << c.text;
    EXPECT_EQ(ReadAll(WriteFile("/packed", Gzip(c.text))), c.read) << c.text;
  }
}

TEST(JsonLines, ErrorsNameFileAndLine) {
  const std::string long_line(kMaxJsonLine + 1, ' ');
  const std::string deep(kMaxJsonLine, '[');
  const std::string packed = Gzip("{\"a\":1}\n{\"a\":2}\n");
  std::string damaged = packed;
  damaged[damaged.size() - 6] ^= 1;  // in the checksum
  const struct {
    std::string text, says;
  } kCases[] = {
      {"{\"a\":1}\n{\"a\":}\n", "1:1 $:2: not valid JSON at byte 6"},
      {"{\"a\":1} x", "$:1: not valid JSON at byte 9"},
      {"[1]", "$:1: a JSON array; an object is right"},
      {"{\"a\":\"\xff\"}", "$:1: not valid JSON"},
      {"{\"a\":1}\n" + long_line, "1:1 $:2: line is longer than 1048576"},
      {deep, "$:1: not valid JSON"},
      {packed.substr(0, packed.size() - 9), "cannot be read"},
      {damaged, "cannot be read: "},
  };
  for (const auto& c : kCases) {
    const std::string path = WriteFile("/bad", c.text);
    std::string read = ReadAll(path);
    if (const size_t at = read.find(path); at != std::string::npos) {
      read.replace(at, path.size(), "$");
    }
    EXPECT_TRUE(absl::StrContains(read, c.says)) << read << "\n" << c.says;
  }
  EXPECT_TRUE(absl::StrContains(ReadAll("/no/such"), "/no/such: cannot be "));
  EXPECT_TRUE(absl::StrContains(ReadAll("/"), "cannot be "));
}

TEST(JsonFields, TypesAreChecked) {
  const struct {
    absl::string_view text, hex, number, uint32;
  } kCases[] = {
      {"\"0x0\"", "0", "bad", "bad"},
      {"\"0xffffffffffffffff\"", "18446744073709551615", "bad", "bad"},
      {"\"0x10000000000000000\"", "bad", "bad", "bad"},
      {"\"0xFf\"", "255", "bad", "bad"},
      {"\"0x\"", "bad", "bad", "bad"},
      {"\"0x-1\"", "bad", "bad", "bad"},
      {"\"12\"", "bad", "bad", "bad"},
      {"12", "bad", "12", "12"},
      {"-3", "bad", "-3", "bad"},
      {"4294967296", "bad", "4294967296", "bad"},
      {"18446744073709551615", "bad", "bad", "bad"},
      {"1.5", "bad", "bad", "bad"},
      {"null", "bad", "bad", "bad"},
  };
  for (const auto& c : kCases) {
    JsonRecord record{
        "f", 7, nlohmann::json::parse(absl::StrCat("{\"a\":", c.text, "}"))};
    const auto read = [&](auto get) {
      JsonFields in(record);
      const auto value = get(in);
      return in.ok() ? absl::StrCat(value) : "bad";
    };
    EXPECT_EQ(read([](JsonFields& in) { return in.Hex("a"); }), c.hex);
    EXPECT_EQ(read([](JsonFields& in) { return in.Int("a"); }), c.number);
    EXPECT_EQ(read([](JsonFields& in) { return in.Uint32("a"); }), c.uint32);
    JsonFields in(record);
    in.Int("b");
    in.Hex("c");
    EXPECT_EQ(in.status().message(), "f:7: field \"b\": is missing");
  }
}

}  // namespace
}  // namespace iovalab
