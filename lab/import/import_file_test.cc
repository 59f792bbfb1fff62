#include "lab/import/import_file.h"

#include <zlib.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "lab/import/import_testing.h"

namespace iovalab {
namespace {

std::string Write(absl::string_view text) {
  const std::string path = absl::StrCat(testing::TempDir(), "/import.log");
  std::FILE* file = std::fopen(path.c_str(), "wb");
  EXPECT_EQ(std::fwrite(text.data(), 1, text.size(), file), text.size());
  std::fclose(file);
  return path;
}

TEST(ImportFile, SameAsFromMemory) {
  std::string log;
  for (int i = 0; i < 12; ++i) log += ReadCapture("qemu72-q35-4g-novga-svq");
  ASSERT_GT(log.size(), size_t{1} << 20);  // more than one piece
  const auto import = ImportQemuLogFile(Write(log));
  ASSERT_TRUE(import.ok()) << import.status();
  const Import direct = ImportQemuLog(log);
  EXPECT_EQ(import->counts.known, direct.counts.known);
  ASSERT_EQ(import->devices.size(), 1u);
  EXPECT_EQ(import->devices[0].ops.size(), direct.devices[0].ops.size());
  EXPECT_EQ(import->counts.damaged, 0u);
}

TEST(ImportFile, GzippedAsPlain) {
  const std::string log = ReadCapture("qemu72-q35-4g-novga-svq");
  const std::string path = absl::StrCat(testing::TempDir(), "/import.log.gz");
  const gzFile file = gzopen(path.c_str(), "wb");
  ASSERT_EQ(gzwrite(file, log.data(), log.size()),
            static_cast<int>(log.size()));
  gzclose(file);
  const auto import = ImportQemuLogFile(path);
  ASSERT_TRUE(import.ok()) << import.status();
  EXPECT_EQ(import->counts.bytes, log.size());
  EXPECT_EQ(import->counts.known, ImportQemuLog(log).counts.known);

  // Cut off anywhere it is no log, not even the part that can be read.
  const auto size = std::filesystem::file_size(path);
  for (const auto left :
       {size - 1, size - 8, size / 2, size_t{20}, size_t{5}}) {
    std::filesystem::resize_file(path, left);
    const auto cut = ImportQemuLogFile(path);
    EXPECT_EQ(cut.status().code(), absl::StatusCode::kDataLoss) << left;
    EXPECT_TRUE(absl::StrContains(cut.status().message(),
                                  "import.log.gz: ends within its gzip data"));
  }
}

TEST(ImportFile, AByteOrderMarkIsNoPartOfTheFirstLine) {
  const auto import = ImportQemuLogFile(
      Write("\xef\xbb\xbfvhost_vdpa_listener_region_add vdpa: 0x1 iova 0x0 "
            "llend 0x1000 vaddr: 0x7f0000000000 read-only: 0\n"));
  ASSERT_TRUE(import.ok()) << import.status();
  EXPECT_EQ(import->counts.known, 1u);
}

TEST(ImportFile, Errors) {
  const auto code = [](absl::string_view path) {
    return ImportQemuLogFile(path).status().code();
  };
  EXPECT_EQ(code("/no/such.log"), absl::StatusCode::kNotFound);
  EXPECT_EQ(code("/"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(absl::string_view("a\0b", 3)),
            absl::StatusCode::kInvalidArgument);
  const auto big = ImportQemuLogFile(Write("12345678\n"), 8);
  EXPECT_EQ(big.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(absl::StrContains(big.status().message(), "import.log: more"));
}

}  // namespace
}  // namespace iovalab
