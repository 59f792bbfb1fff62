#include "model/event/name_table.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/strings/str_cat.h"

namespace iovalab {
namespace {

TEST(NameTable, NumbersNamesInTheOrderOfTheirFirstUse) {
  NameTable table;
  std::map<std::string, uint32_t> slow;
  uint64_t x = 1;
  for (int i = 0; i < 50'000; ++i) {
    x = x * 6364136223846793005 + 1442695040888963407;
    const std::string name = absl::StrCat("n", (x >> 40) % 20'000);
    const auto [at, fresh] =
        slow.emplace(name, static_cast<uint32_t>(slow.size()));
    ASSERT_EQ(table.Add(name), at->second);
    ASSERT_EQ(table.size(), slow.size());
  }
  const NameTable copy = table;
  for (const auto& [name, number] : slow) {
    EXPECT_EQ(copy.names()[number], name);
  }
}

TEST(NameTable, AnEmptyNameIsANameToo) {
  NameTable table;
  EXPECT_EQ(table.Add("a"), 0u);
  EXPECT_EQ(table.Add(""), 1u);
  EXPECT_EQ(table.Add(""), 1u);
  EXPECT_EQ(table.Add("a"), 0u);
}

}  // namespace
}  // namespace iovalab
