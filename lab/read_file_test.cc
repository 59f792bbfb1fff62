#include "lab/read_file.h"

#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace iovalab {
namespace {

std::string Write(const std::string& bytes) {
  const std::string path = absl::StrCat(testing::TempDir(), "/read_file");
  std::FILE* file = std::fopen(path.c_str(), "w");
  EXPECT_NE(file, nullptr);
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  EXPECT_EQ(std::fclose(file), 0);
  return path;
}

TEST(ReadWholeFile, ReadsUpToTheBound) {
  // More than one read, and every byte.
  std::string bytes;
  for (int i = 0; i < 700'000; ++i) bytes += static_cast<char>(i * 7);
  EXPECT_EQ(ReadWholeFile(Write(bytes), bytes.size()).value(), bytes);
  EXPECT_EQ(ReadWholeFile(Write(""), 0).value(), "");
  const std::string path = Write(bytes);
  EXPECT_EQ(ReadWholeFile(path, bytes.size() - 1).status().message(),
            absl::StrCat(path,
                         ": more than 699999 bytes; a smaller file "
                         "(--max-bytes raises the bound)"));
}

TEST(ReadWholeFile, EndsWithEndlessFiles) {
  EXPECT_EQ(ReadWholeFile("/dev/zero", 1 << 20).status().message(),
            "/dev/zero: more than 1048576 bytes; a smaller file (--max-bytes "
            "raises the bound)");
}

TEST(ReadWholeFile, SaysWhatIsNoFile) {
  EXPECT_EQ(ReadWholeFile("/", 10).status().message(),
            "/: a directory; a file is needed");
  const absl::Status missing = ReadWholeFile("/nowhere/at/all", 10).status();
  EXPECT_EQ(missing.message(), "/nowhere/at/all: No such file or directory");
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadWholeFile(Write("x") + "/y", 10).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadWholeFile(absl::string_view("a\0b", 3), 10).status().message(),
            "a path with a NUL byte; a file's name");
}

TEST(ReadWholeFile, TakesStandardInput) {
  ASSERT_NE(std::freopen(Write("from a pipe\n").c_str(), "r", stdin), nullptr);
  EXPECT_EQ(ReadWholeFile("-", 100).value(), "from a pipe\n");
}

}  // namespace
}  // namespace iovalab
