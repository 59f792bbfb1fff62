#include "lab/scenario/scenario_format.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "lab/read_file.h"
#include "lab/scenario/scenario_load.h"
#include "lab/scenario/scenario_parse.h"
#include "lab/scenario/scenario_scan.h"
#include "sim/random.h"

namespace iovalab {
namespace {

namespace fs = std::filesystem;
using Kind = TextScanner::Kind;

std::string Read(const std::string& path) {
  const auto text = ReadWholeFile(path, 1 << 20);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.ok() ? *text : "";
}

// Every scenario of the repository.
std::vector<std::string> ScenarioFiles() {
  std::vector<std::string> paths = {"testdata/bad/good.textproto",
                                    "bench/thirty_steps.textproto"};
  for (const auto& entry : fs::recursive_directory_iterator("scenarios")) {
    if (entry.path().extension() == ".textproto") {
      paths.push_back(entry.path().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

bool Parses(absl::string_view text, pb::Scenario* scenario) {
  Locations where("F");
  return ParseScenarioText(text, LoadLimits(), &where, scenario).ok();
}

std::vector<std::string> TokensOf(absl::string_view text, bool comments) {
  std::vector<std::string> tokens;
  TextScanner scanner(text, TextScanner::Comments::kTell);
  for (auto t = scanner.Next(); t.kind != Kind::kEnd; t = scanner.Next()) {
    if ((t.kind == Kind::kComment) == comments) tokens.emplace_back(t.text);
  }
  return tokens;
}

std::vector<std::string> SortedComments(absl::string_view text) {
  std::vector<std::string> comments = TokensOf(text, true);
  for (std::string& comment : comments) {
    comment.erase(comment.find_last_not_of(" \t\r\f\v") + 1);
  }
  std::sort(comments.begin(), comments.end());
  return comments;
}

// What FormatText promises, for a text that parses.
void ExpectKept(const std::string& text) {
  pb::Scenario before;
  ASSERT_TRUE(Parses(text, &before)) << text;
  const std::string formatted = FormatText(text);
  pb::Scenario after;
  ASSERT_TRUE(Parses(formatted, &after)) << text << "\n->\n" << formatted;
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(before, after))
      << text << "\n->\n"
      << formatted;
  EXPECT_EQ(SortedComments(text), SortedComments(formatted)) << text;
  EXPECT_EQ(FormatText(formatted), formatted) << text;
  EXPECT_FALSE(absl::StrContains(formatted, "\n\n\n"));
  EXPECT_FALSE(absl::StrContains(formatted, " \n"));
}

TEST(ScenarioFormat, Table) {
  const struct {
    const char* text;
    const char* formatted;
  } kCases[] = {
      {"", ""},
      {"name:\"a\"summary:'b'", "name: \"a\"\nsummary: \"b\"\n"},
      {"summary: 'a\"b' 'c\\'d'", "summary: 'a\"b'\n         'c\\'d'\n"},
      {"vmm: < no_batch : true ; > seed:0X1F,",
       "vmm { no_batch: true }\nseed: 0X1F\n"},
      {"\n\n# head \t\r\n\n\n\nname: \"a\"\r\n", "# head\n\nname: \"a\"\n"},
      {"\xef\xbb\xbfname: \"a\"", "name: \"a\"\n"},
      // Comments: behind a value, a brace, at the end, in the middle.
      {"name: \"a\"# x\nvmm { # y\nno_batch: true\n#z\n} # w\n#end",
       "name: \"a\"  # x\nvmm {  # y\n  no_batch: true\n  #z\n}  # w\n#end\n"},
      {"name # x\n: # y\n\"a\" # z\n\"b\"; # w",
       "# x\n# y\n# z\nname: \"a\"\n      \"b\"  # w\n"},
      {"name: \"a\" # x\n, # y\nseed: 1", "name: \"a\"  # x\n# y\nseed: 1\n"},
      // One line: no message, or one alone.
      {"step { label: \"a\" memory { enable: \"b\" } }",
       "step {\n  label: \"a\"\n  memory { enable: \"b\" }\n}\n"},
      {"vmm {\n iova_range {\n first: 0\n last: 0xfff\n}\n}",
       "vmm { iova_range { first: 0 last: 0xfff } }\n"},
      {"vmm {\n}", "vmm {}\n"},
      // Lists.
      {"axis { name: \"a\" value: [\"b\" , 'c',\n\"d\"\n]}",
       "axis { name: \"a\" value: [\"b\", \"c\", \"d\"] }\n"},
      {"step: [ { label: \"a\" }, # x\n < label: \"b\" > ]",
       "# x\nstep { label: \"a\" }\nstep { label: \"b\" }\n"},
      {"axis { value: [\"a\" \"b\", \"c\"] }",
       "axis {\n  value: [\n    \"a\"\n    \"b\",\n    \"c\"\n  ]\n}\n"},
      {"expect { access { is: OK iova: - 1 } }",
       "expect { access { is: OK iova: -1 } }\n"},
  };
  for (const auto& c : kCases) EXPECT_EQ(FormatText(c.text), c.formatted);
}

TEST(ScenarioFormat, BreaksPastEightyColumns) {
  for (const size_t columns : {80, 81}) {
    // Two bytes a column count as one.
    const std::string name(
        columns - absl::string_view("axis { name: \"é\" }").size() + 1, 'x');
    const std::string text = absl::StrCat("axis { name: \"é", name, "\" }\n");
    EXPECT_EQ(FormatText(text) == text, columns == 80);
    ExpectKept("name: \"s\" " + text);
  }
}

TEST(ScenarioFormat, EveryScenarioOfTheRepositoryIsCanonical) {
  ASSERT_GT(ScenarioFiles().size(), 10u);
  for (const std::string& path : ScenarioFiles()) {
    const std::string text = Read(path);
    const auto formatted = FormatScenario(path, text);
    ASSERT_TRUE(formatted.ok()) << formatted.status();
    // This one is to hold what is allowed, not what is usual.
    const bool odd = path == "testdata/bad/good.textproto";
    EXPECT_EQ(*formatted == text, !odd)
        << path << " is not canonical; ./iovalab fmt " << path;
    ExpectKept(text);
  }
}

TEST(ScenarioFormat, AnInvalidScenarioGivesTheReadersError) {
  for (const char* text : {"name: \"a\"\nnonsense: 1", "name: \"a\""}) {
    EXPECT_EQ(FormatScenario("F", text).status(),
              LoadScenario("F", text).status());
    EXPECT_FALSE(FormatScenario("F", text).ok());
  }
}

// However the tokens are laid out, the formatted text is one.
TEST(ScenarioFormat, LayoutDoesNotMatter) {
  for (const std::string& path : ScenarioFiles()) {
    const std::vector<std::string> tokens = TokensOf(Read(path), false);
    std::string plain;
    for (const std::string& token : tokens) absl::StrAppend(&plain, token, " ");
    const std::string formatted = FormatText(plain);
    for (uint64_t seed = 0; seed < 20 && !HasFailure(); ++seed) {
      SCOPED_TRACE(absl::StrCat(path, " ", seed));
      sim::Random random(seed, 0);
      std::string text;
      for (size_t i = 0; i < tokens.size(); ++i) {
        // A separator may follow a value; angle brackets are braces.
        const bool ends_value = i + 1 < tokens.size() && i > 0 &&
                                tokens[i - 1] == ":" && tokens[i] != "[" &&
                                tokens[i][0] != '"';
        absl::StrAppend(&text, tokens[i],
                        ends_value && random.Chance(1, 4) ? "," : "",
                        random.Chance(1, 4) ? "\n" : " ");
      }
      EXPECT_EQ(FormatText(text), formatted);
    }
  }
}

TEST(ScenarioFormat, RandomLayoutsAndEditsAreKept) {
  constexpr absl::string_view kBetween[] = {
      " ", " ", " ", "\n", "\n\n\n", " # c\n", "\n#d \n\n", "\t\r\n"};
  const std::string good = Read("testdata/bad/good.textproto");
  const std::vector<std::string> tokens = TokensOf(good, false);
  size_t edited = 0;
  for (uint64_t seed = 0; seed < 2000 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    sim::Random random(seed, 0);
    std::string text;
    for (const std::string& token : tokens) {
      absl::StrAppend(&text, token,
                      kBetween[random.Below(std::size(kBetween))]);
    }
    ExpectKept(text);
    for (uint64_t edits = 1 + random.Below(2); edits > 0; --edits) {
      const size_t at = random.Below(text.size());
      if (random.Chance(1, 2)) {
        text.erase(at, random.Below(40));
      } else {
        text.insert(at, 1, "{}[]<>:,;#'\"\\\n-1"[random.Below(17)]);
      }
      if (text.empty()) break;
    }
    pb::Scenario ignored;
    if (!Parses(text, &ignored)) continue;
    ++edited;
    ExpectKept(text);
  }
  EXPECT_GT(edited, 150u) << "edits that leave a scenario";
}

}  // namespace
}  // namespace iovalab
