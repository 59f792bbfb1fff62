#include "model/event/rules.h"

#include <algorithm>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace iovalab {
namespace {

TEST(RulesTest, EveryRuleIsFoundByItsName) {
  std::set<std::string> names;
  for (size_t r = 0; r < static_cast<size_t>(Rule::kCount); ++r) {
    const RuleInfo& info = GetRule(static_cast<Rule>(r));
    EXPECT_EQ(info.rule, static_cast<Rule>(r));
    EXPECT_EQ(RuleByName(info.name), info.rule);
    EXPECT_TRUE(names.insert(std::string(info.name)).second) << info.name;
  }
  EXPECT_FALSE(RuleByName("").has_value());
  EXPECT_FALSE(RuleByName("no.such").has_value());
}

TEST(RulesTest, EveryRuleHasEvidenceSourceAndWords) {
  for (size_t r = 1; r < static_cast<size_t>(Rule::kCount); ++r) {
    const RuleInfo& info = GetRule(static_cast<Rule>(r));
    EXPECT_NE(info.evidence, Evidence::kNone) << info.name;
    EXPECT_FALSE(info.source.empty()) << info.name;
    EXPECT_FALSE(info.says.empty()) << info.name;
  }
}

// Traces hold the names in parentheses, without quotes.
TEST(RulesTest, NamesAreGroupDotName) {
  for (size_t r = 1; r < static_cast<size_t>(Rule::kCount); ++r) {
    const absl::string_view name = GetRule(static_cast<Rule>(r)).name;
    EXPECT_EQ(std::count(name.begin(), name.end(), '.'), 1) << name;
    EXPECT_TRUE(std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
             c == '.';
    })) << name;
  }
}

TEST(RulesTest, NoneIsADash) {
  EXPECT_EQ(GetRule(Rule::kNone).name, "-");
  EXPECT_EQ(GetRule(Rule::kNone).evidence, Evidence::kNone);
}

TEST(RulesTest, EvidenceAsUsersReadIt) {
  EXPECT_EQ(EvidenceName(Evidence::kNone), "-");
  EXPECT_EQ(EvidenceName(Evidence::kRecorded), "recorded");
  EXPECT_EQ(EvidenceName(Evidence::kSource), "source");
  EXPECT_EQ(EvidenceName(Evidence::kDerived), "derived");
}

}  // namespace
}  // namespace iovalab
