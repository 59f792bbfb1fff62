#ifndef IOVALAB_CLI_COMMAND_TESTING_H_
#define IOVALAB_CLI_COMMAND_TESTING_H_

// Command lines run in the test's own process, on files of its own.
//
// Not for: anything but tests.

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/commands.h"
#include "cli/terminal/capture.h"
#include "gtest/gtest.h"
#include "lab/read_file.h"

namespace iovalab {

using Words = std::vector<std::string>;

inline Captured RunWords(const Words& words) {
  return Capture([&](Terminal& t) { return RunCommandLine(words, t); });
}

inline std::string LastLine(const std::string& text) {
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  return lines.size() < 2 ? "" : lines[lines.size() - 2];
}

// A folder for each test, empty at its beginning.
class CommandTest : public testing::Test {
 protected:
  CommandTest() {
    const testing::TestInfo& test =
        *testing::UnitTest::GetInstance()->current_test_info();
    folder_ = absl::StrCat(testing::TempDir(), "/", test.test_suite_name(), ".",
                           test.name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }

  std::string Path(absl::string_view name) const {
    return absl::StrCat(folder_, "/", name);
  }
  std::string Put(absl::string_view name, absl::string_view text) const {
    std::ofstream(Path(name), std::ios::binary) << std::string(text);
    return Path(name);
  }
  // "none" where there is no such file.
  std::string Read(absl::string_view name) const {
    const auto text = ReadWholeFile(Path(name), 1 << 20);
    return text.ok() ? *text : "none";
  }
  static bool Exists(const std::string& path) {
    return std::filesystem::exists(path);
  }

 private:
  std::string folder_;
};

}  // namespace iovalab

#endif  // IOVALAB_CLI_COMMAND_TESTING_H_
