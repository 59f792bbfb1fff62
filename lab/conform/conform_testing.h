#ifndef IOVALAB_LAB_CONFORM_CONFORM_TESTING_H_
#define IOVALAB_LAB_CONFORM_CONFORM_TESTING_H_

// Recordings in and out of files, for tests of conform.
//
// Not for: anything but tests. One file at a time: WriteLines writes over the
// one before.

#include <gtest/gtest.h>
#include <stdio.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lab/conform/json_lines.h"

namespace iovalab {

inline std::string Recording(absl::string_view kind) {
  return absl::StrCat("testdata/vectors/", kind, ".jsonl.gz");
}

inline std::vector<nlohmann::json> ReadRecords(const std::string& path) {
  std::vector<nlohmann::json> records;
  absl::StatusOr<JsonLines> lines = JsonLines::Open(path);
  EXPECT_TRUE(lines.ok());
  for (;;) {
    absl::StatusOr<std::optional<JsonRecord>> record = lines->Next();
    EXPECT_TRUE(record.ok());
    if (!record->has_value()) return records;
    records.push_back((*record)->object);
  }
}

inline std::string WriteLines(const std::vector<std::string>& lines) {
  const std::string path = absl::StrCat(testing::TempDir(), "/vectors.jsonl");
  const std::string text = absl::StrJoin(lines, "\n");
  FILE* file = fopen(path.c_str(), "wb");
  EXPECT_EQ(fwrite(text.data(), 1, text.size(), file), text.size());
  fclose(file);
  return path;
}

}  // namespace iovalab

#endif  // IOVALAB_LAB_CONFORM_CONFORM_TESTING_H_
