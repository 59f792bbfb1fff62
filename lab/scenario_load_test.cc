#include "lab/scenario_load.h"

#include <string>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "lab/read_file.h"

namespace iovalab {
namespace {

std::string Good() {
  const auto text = ReadWholeFile("testdata/bad/good.textproto", 1 << 20);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.value_or("");
}

TEST(LoadScenario, FillsInTheSpec) {
  const auto loaded = LoadScenario("good", Good());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  std::printf("%s", loaded->canonical.c_str());
  const auto again = LoadScenario("again", loaded->canonical);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->canonical, loaded->canonical);
}

}  // namespace
}  // namespace iovalab
