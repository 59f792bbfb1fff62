// Every rule of scenarios/scenario.proto, broken once: testdata/bad/*.cases
// each change one thing in testdata/bad/good.textproto and say the exact error.

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "lab/read_file.h"
#include "lab/scenario/scenario_load.h"

namespace iovalab {
namespace {

struct Case {
  std::string name;
  std::string find;  // "": `with` is the whole text
  std::string with;
  std::string says;  // without the file's name
};

std::string Read(absl::string_view name) {
  const auto text =
      ReadWholeFile(absl::StrCat("testdata/bad/", name), size_t{1} << 20);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.value_or("");
}

std::string Unescape(absl::string_view text) {
  std::string out, error;
  EXPECT_TRUE(absl::CUnescape(text, &out, &error)) << text << ": " << error;
  return out;
}

// Blocks of "case", "find", "with" and "says" lines; '#' comments.
std::vector<Case> ReadCases(absl::string_view name) {
  std::vector<Case> cases;
  for (absl::string_view line : absl::StrSplit(Read(name), '\n')) {
    if (line.empty() || line == "with" || line[0] == '#') continue;
    if (absl::ConsumePrefix(&line, "case ")) {
      cases.push_back({std::string(line), "", "", ""});
      continue;
    }
    EXPECT_FALSE(cases.empty());
    if (absl::ConsumePrefix(&line, "find ")) {
      cases.back().find = Unescape(line);
    } else if (absl::ConsumePrefix(&line, "with ")) {
      cases.back().with = Unescape(line);
    } else if (absl::ConsumePrefix(&line, "says ")) {
      cases.back().says = std::string(line);
    } else {
      ADD_FAILURE() << name << ": " << line;
    }
  }
  return cases;
}

std::string Apply(const std::string& good, const Case& c) {
  if (c.find.empty()) return c.with;
  const size_t at = good.find(c.find);
  EXPECT_NE(at, std::string::npos) << c.find << " is not in good.textproto";
  EXPECT_EQ(good.find(c.find, at + 1), std::string::npos)
      << c.find << " is in good.textproto twice";
  return absl::StrCat(good.substr(0, at), c.with,
                      good.substr(at + c.find.size()));
}

class BadScenario : public testing::TestWithParam<const char*> {};

TEST_P(BadScenario, IsRefusedWithTheExactLine) {
  const std::string good = Read("good.textproto");
  const std::vector<Case> cases = ReadCases(GetParam());
  ASSERT_GE(cases.size(), 5u);
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const auto loaded = LoadScenario("F", Apply(good, c));
    if (c.says == "ok") {
      EXPECT_TRUE(loaded.ok()) << loaded.status();
      continue;
    }
    const std::string says(loaded.ok() ? "ok" : loaded.status().message());
    EXPECT_EQ(says, absl::StrCat("F:", c.says));
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, BadScenario,
                         testing::Values("text.cases", "memory.cases",
                                         "regions.cases", "steps.cases",
                                         "rings.cases", "expect.cases",
                                         "iommu.cases"),
                         [](const auto& info) {
                           return std::string(
                               absl::StripSuffix(info.param, ".cases"));
                         });

}  // namespace
}  // namespace iovalab
