#include "lab/check/golden.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "lab/compare/compare_testing.h"
#include "lab/trace/trace_text.h"

namespace iovalab {
namespace {

// The trace of the alias scenario under a mapping, as text.
std::string TraceUnder(const std::string& mapping,
                       absl::string_view tool = "x 1") {
  const LoadedScenario scenario = LoadForTest();
  std::string text;
  RunOptions options;
  options.tool = tool;
  const auto choices =
      MergeChoices(scenario.axes, {*ParseSet("mapping=" + mapping)});
  const auto done = Compare(scenario, *Product(*choices), options,
                            [&](const CompareRow&, const Trace* trace) {
                              text = TraceToText(*trace);
                              return absl::OkStatus();
                            });
  EXPECT_TRUE(done.ok());
  return text;
}

TEST(GoldenTrace, HoldsByteForByte) {
  const std::string trace = TraceUnder("gpa");
  EXPECT_FALSE(CompareTrace("F", trace, trace));
  for (const std::string& other :
       {std::string(), trace + "\n", trace.substr(0, trace.size() - 1),
        absl::StrReplaceAll(trace, {{"\n", "\r\n"}})}) {
    const auto difference = CompareTrace("F", other, trace);
    ASSERT_TRUE(difference);
    EXPECT_TRUE(
        absl::StartsWith(difference->says, "the golden is no trace: F:"))
        << difference->says;
  }
}

TEST(GoldenTrace, IsToldByMeaning) {
  const std::string was = TraceUnder("gpa");
  const std::string is = TraceUnder("hva");
  const auto difference = CompareTrace("F", was, is);
  ASSERT_TRUE(difference);
  EXPECT_TRUE(absl::StartsWith(difference->says, "the trace changed: "))
      << difference->says;
  EXPECT_TRUE(
      absl::StartsWith(difference->details, "~ policy mapping: gpa -> hva\n"))
      << difference->details;
  // The first line that differs is the policy's.
  const size_t at = was.find("policy     mapping gpa");
  EXPECT_EQ(
      difference->line,
      1 + std::count(was.begin(), was.begin() + static_cast<long>(at), '\n'));
  // A trace that says the same by another program's version is still another.
  const auto version = CompareTrace("F", was, TraceUnder("gpa", "x 2"));
  ASSERT_TRUE(version);
  EXPECT_EQ(version->says, "the trace says the same in other bytes");
  EXPECT_EQ(version->line, 2);
}

TEST(GoldenTable, Table) {
  std::string many;
  std::string more;
  for (int i = 0; i < 10; ++i) absl::StrAppend(&many, "line ", i, "\n");
  for (int i = 0; i < 8; ++i) absl::StrAppend(&more, "- line ", i, "\n");
  const struct {
    std::string golden;
    std::string now;
    int line;  // 0: it holds
    std::string details;
  } kCases[] = {
      {"", "", 0, ""},
      {"a\nagain: x\n", "a\nagain: y\n", 0, ""},
      {"a\nb\nc\n", "a\nB\nc\n", 2, "- b\n+ B\n"},
      {"a\nc\n", "a\nb\nc\n", 2, "+ b\n"},
      {"a\nb\nb\n", "a\nb\n", 3, "- b\n"},
      {"a\nagain: x\n", "b\nagain: y\n", 1, "- a\n+ b\n"},
      {"a\nagain: x\n", "a\n", 2, "- again: x\n"},
      {"a", "a\n", 2, ""},
      {many, "", 1, more + "- … 2 more\n"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.golden);
    const auto difference = CompareTable(c.golden, c.now);
    EXPECT_EQ(difference.has_value(), c.line != 0);
    if (!difference) continue;
    EXPECT_EQ(difference->line, c.line);
    EXPECT_EQ(difference->details, c.details);
  }
}

}  // namespace
}  // namespace iovalab
