#include "lab/check/check_report.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "lab/utf8.h"
#include "nlohmann/json.hpp"

namespace iovalab {
namespace {

using Json = nlohmann::json;

// Everything that must be escaped somewhere, in every place.
constexpr char kNasty[] =
    "a,b:c%0A<d>&\"e'\n::error::x\x1b[2J\x7f\xff]]>\xef\xbf\xbf é";

std::vector<ScenarioCheck> Checks() {
  std::vector<ScenarioCheck> checks(4);
  checks[0].path = "scenarios/alias/good.textproto";
  checks[1].path = "top.textproto";
  checks[1].problems = {
      {CheckRule::kExpectation, "top.textproto", 7, "expect[0]: no", ""},
      {CheckRule::kTrace, "top.trace", 3, "the trace changed", "- a\n+ b\n"}};
  checks[2].path = std::string("/x/") + kNasty + ".textproto";
  checks[2].problems = {{CheckRule::kTable, kNasty, 1, kNasty, kNasty}};
  checks[3].path = "a:b/bad.textproto";
  checks[3].problems = {{CheckRule::kInvalid, "a:b/bad.textproto", 2, "x", ""}};
  checks[3].trouble = absl::InvalidArgumentError("a:b/bad.textproto:2: x");
  return checks;
}

// A reader of just the XML that we write: tags balance, attributes are quoted,
// nothing needs escaping that is not escaped. The names of the elements with
// their attributes come out in order.
struct Xml {
  std::vector<std::string> elements;
  bool well_formed = true;

  explicit Xml(absl::string_view text) {
    if (!absl::ConsumePrefix(&text,
                             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")) {
      well_formed = false;
    }
    well_formed = well_formed && FirstNotUtf8(text) == text.size();
    std::vector<std::string> open;
    while (well_formed && !text.empty()) {
      if (text[0] != '<') {
        const size_t end = std::min(text.find('<'), text.size());
        CheckText(text.substr(0, end));
        text.remove_prefix(end);
        continue;
      }
      const size_t end = text.find('>');
      if (end == absl::string_view::npos) {
        well_formed = false;
        break;
      }
      absl::string_view tag = text.substr(1, end - 1);
      text.remove_prefix(end + 1);
      if (absl::ConsumePrefix(&tag, "/")) {
        well_formed = !open.empty() && open.back() == tag;
        if (well_formed) open.pop_back();
        continue;
      }
      const bool whole = absl::ConsumeSuffix(&tag, "/");
      elements.emplace_back(tag);
      const absl::string_view name = tag.substr(0, tag.find(' '));
      CheckAttributes(tag.substr(name.size()));
      if (!whole) open.emplace_back(name);
    }
    well_formed = well_formed && open.empty();
  }

 private:
  void CheckText(absl::string_view text) {
    for (size_t i = 0; i < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      if (c == '>' || c == '"' || c == 0x7f || (c < 0x20 && c != '\n')) {
        well_formed = false;
      }
      if (c != '&') continue;
      const absl::string_view rest = text.substr(i);
      bool entity = false;
      for (const char* known : {"&amp;", "&lt;", "&gt;", "&quot;", "&#10;"}) {
        entity = entity || absl::StartsWith(rest, known);
      }
      well_formed = well_formed && entity;
    }
  }

  void CheckAttributes(absl::string_view text) {
    while (!text.empty() && well_formed) {
      const size_t equals = text.find("=\"");
      const size_t close = text.find('"', equals + 2);
      if (text[0] != ' ' || equals == absl::string_view::npos ||
          close == absl::string_view::npos) {
        well_formed = false;
        return;
      }
      CheckText(text.substr(equals + 2, close - equals - 2));
      text.remove_prefix(close + 1);
    }
  }
};

TEST(CheckReport, JunitIsWellFormedAndCounts) {
  const std::string text = CheckJunit(Checks());
  const Xml xml(text);
  ASSERT_TRUE(xml.well_formed) << text;
  const std::vector<std::string> begins = {
      "testsuites name=\"iovalab check\" tests=\"4\" failures=\"2\" "
      "errors=\"1\"",
      "testsuite name=\"iovalab check\" tests=\"4\" failures=\"2\" "
      "errors=\"1\" skipped=\"0\"",
      "testcase classname=\"scenarios.alias\" name=\"good\" "
      "file=\"scenarios/alias/good.textproto\"",
      "testcase classname=\"\" name=\"top\" file=\"top.textproto\"",
      "failure type=\"expectation\" message=\"top.textproto:7: expect[0]: no\"",
      "testcase classname=\".x\" name=\"a,b:c%0A&lt;",
      "failure type=\"table-changed\"",
      "testcase classname=\"a:b\" name=\"bad\"",
      "error type=\"invalid\" message=\"a:b/bad.textproto:2: x\""};
  ASSERT_EQ(xml.elements.size(), begins.size());
  for (size_t i = 0; i < begins.size(); ++i) {
    // The closing '>' of a quoted one is escaped, so elements are whole.
    EXPECT_TRUE(absl::StartsWith(xml.elements[i], begins[i]))
        << xml.elements[i];
  }
  // The failure's text has all problems with their details.
  EXPECT_TRUE(absl::StrContains(
      text,
      "top.textproto:7: expect[0]: no&#10;top.trace:3: the trace changed&#10;"
      "- a&#10;+ b&#10;</failure>"));
  EXPECT_TRUE(Xml(CheckJunit({})).well_formed);
}

// What SARIF 2.1.0 requires of each object that we write, and what code
// scanning needs besides.
TEST(CheckReport, SarifHasWhatIsRequired) {
  const Json sarif = Json::parse(CheckSarif(Checks(), "0.1.0"));
  EXPECT_EQ(sarif["version"], "2.1.0");
  EXPECT_TRUE(sarif["$schema"].is_string());
  ASSERT_EQ(sarif["runs"].size(), 1u);
  const Json& driver = sarif["runs"][0]["tool"]["driver"];
  EXPECT_EQ(driver["name"], "iovalab");
  EXPECT_EQ(driver["version"], "0.1.0");
  const Json& results = sarif["runs"][0]["results"];
  ASSERT_EQ(results.size(), 4u);
  for (const Json& result : results) {
    EXPECT_TRUE(result["message"]["text"].is_string());
    EXPECT_EQ(result["level"], "error");
    const Json& rule = driver["rules"][result["ruleIndex"].get<size_t>()];
    EXPECT_EQ(rule["id"], result["ruleId"]);
    EXPECT_TRUE(rule["shortDescription"]["text"].is_string());
    ASSERT_EQ(result["locations"].size(), 1u);
    const Json& place = result["locations"][0]["physicalLocation"];
    EXPECT_GE(place["region"]["startLine"].get<int>(), 1);
    const std::string uri = place["artifactLocation"]["uri"];
    EXPECT_EQ(uri.find_first_of(" <>\"\\^`{|}[]\n"), std::string::npos) << uri;
  }
  const auto uri = [&](size_t i) {
    return results[i]["locations"][0]["physicalLocation"]["artifactLocation"]
                  ["uri"];
  };
  EXPECT_EQ(uri(0), "top.textproto");
  EXPECT_EQ(results[1]["message"]["text"], "the trace changed\n- a\n+ b");
  EXPECT_EQ(uri(2),
            "./a,b:c%250A%3Cd%3E&%22e'%0A::error::x%1B%5B2J%7F%FF%5D%5D%3E%EF%"
            "BF%BF%20%C3%A9");
  EXPECT_EQ(uri(3), "./a:b/bad.textproto") << "no scheme a";
  // No finding is an empty array, not nothing.
  EXPECT_TRUE(
      Json::parse(CheckSarif({}, "1"))["runs"][0]["results"].is_array());
}

TEST(CheckReport, GithubIsALineAProblem) {
  const std::string text = CheckGithub(Checks());
  const std::vector<std::string> lines =
      absl::StrSplit(text, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 4u) << text;
  EXPECT_EQ(lines[0],
            "::error file=top.textproto,line=7,title=iovalab "
            "expectation::expect[0]: no");
  EXPECT_EQ(lines[1],
            "::error file=top.trace,line=3,title=iovalab trace-changed::the "
            "trace changed%0A- a%0A+ b");
  EXPECT_TRUE(absl::StartsWith(
      lines[2], "::error file=a%2Cb%3Ac%250A<d>&\"e'%0A%3A%3Aerror%3A%3Ax"))
      << lines[2];
  for (const std::string& line : lines) {
    EXPECT_EQ(FirstNotUtf8(line), line.size());
    EXPECT_FALSE(absl::StrContains(line, "\x1b"));
  }
}

}  // namespace
}  // namespace iovalab
