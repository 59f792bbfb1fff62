#include "lab/check/check.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "lab/compare/compare_testing.h"
#include "lab/read_file.h"

namespace iovalab {
namespace {

namespace fs = std::filesystem;

// A table that is not what iovalab compare prints, and easy to foresee.
std::string RowsOf(const LoadedScenario&, const Comparison& comparison) {
  std::string text;
  for (const CompareRow& row : comparison.rows) {
    absl::StrAppend(&text, row.policies.Get("mapping"), " ", Name(row.verdict),
                    "\n");
  }
  return text;
}

constexpr char kRows[] = "hva UNSAFE\ngpa SAFE\npassthrough SAFE\n";

class CheckFiles : public testing::Test {
 protected:
  void SetUp() override {
    root_ = absl::StrCat(testing::TempDir(), "/check_test");
    fs::remove_all(root_);
    fs::create_directories(root_);
    options_.table_text = RowsOf;
  }

  std::string At(absl::string_view name) const {
    return absl::StrCat(root_, "/", name);
  }
  std::string Put(absl::string_view name, absl::string_view text) const {
    std::ofstream(At(name), std::ios::binary) << std::string(text);
    return At(name);
  }
  std::string Read(absl::string_view name) const {
    const auto text = ReadWholeFile(At(name), 1 << 20);
    return text.ok() ? *text : "none";
  }
  ScenarioCheck Check(const std::string& path, bool update = false) {
    options_.update = update;
    return CheckScenario(path, options_);
  }

  std::string root_;
  CheckOptions options_;
};

TEST_F(CheckFiles, GoldensAreWrittenOnceAndThenHold) {
  const std::string path = Put("a.textproto", kAliasScenario);
  const ScenarioCheck first = Check(path);
  EXPECT_TRUE(first.OnlyLacksGoldens());
  ASSERT_EQ(first.problems.size(), 2u);
  EXPECT_EQ(first.problems[0].file, At("a.trace"));
  EXPECT_EQ(first.problems[1].file, At("a.table"));
  EXPECT_EQ(Read("a.trace"), "none") << "nothing is written unasked";

  const ScenarioCheck update = Check(path, true);
  EXPECT_TRUE(update.ok());
  EXPECT_EQ(update.written,
            (std::vector<std::string>{At("a.trace"), At("a.table")}));
  EXPECT_EQ(Read("a.table"), kRows);
  EXPECT_TRUE(absl::StrContains(Read("a.trace"), "policy     mapping hva\n"));

  for (const bool again : {false, true}) {
    const ScenarioCheck check = Check(path, again);
    EXPECT_TRUE(check.ok() && check.written.empty());
  }
  EXPECT_EQ(Read("a.textproto"), kAliasScenario);
}

TEST_F(CheckFiles, AnotherGoldenIsTold) {
  const std::string path = Put("a.textproto", kAliasScenario);
  ASSERT_TRUE(Check(path, true).ok());
  const std::string trace = Read("a.trace");
  Put("a.trace",
      absl::StrReplaceAll(trace, {{"seed       0", "seed       7"}}));
  Put("a.table", "hva UNSAFE\ngpa FAULTS\npassthrough SAFE\n");
  const ScenarioCheck check = Check(path);
  EXPECT_FALSE(check.OnlyLacksGoldens());
  EXPECT_TRUE(check.trouble.ok());
  ASSERT_EQ(check.problems.size(), 2u);
  EXPECT_EQ(check.problems[0].rule, CheckRule::kTrace);
  EXPECT_EQ(check.problems[0].line, 4);
  EXPECT_EQ(check.problems[1].rule, CheckRule::kTable);
  EXPECT_EQ(check.problems[1].line, 2);
  EXPECT_EQ(check.problems[1].details, "- gpa FAULTS\n+ gpa SAFE\n");
  EXPECT_TRUE(Check(path, true).ok());
  EXPECT_EQ(Read("a.trace"), trace);
}

TEST_F(CheckFiles, AFailedExpectationIsTheCombinationsAndItsLine) {
  std::string text = kAliasScenario;
  const int lines =
      static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  absl::StrAppend(&text,
                  "expect {\n  verdict: SAFE\n"
                  "  access { step: \"post\" is: STALE }\n}\n");
  const std::string path = Put("a.textproto", text);
  const ScenarioCheck check = Check(path, true);
  ASSERT_EQ(check.problems.size(), 3u) << "goldens are not looked at";
  const struct {
    int line;
    const char* says;
  } kProblems[] = {
      {2, "expect[0].verdict: wanted SAFE, got UNSAFE (hva)"},
      {3, "expect[0].access[0]"},
      {3, "expect[0].access[0]"},
  };
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(check.problems[i].rule, CheckRule::kExpectation);
    EXPECT_EQ(check.problems[i].file, path);
    EXPECT_EQ(check.problems[i].line, lines + kProblems[i].line);
    EXPECT_TRUE(absl::StartsWith(check.problems[i].says, kProblems[i].says))
        << check.problems[i].says;
  }
  EXPECT_TRUE(absl::EndsWith(check.problems[2].says, "(gpa, passthrough)"))
      << check.problems[2].says;
  EXPECT_EQ(Read("a.trace"), "none") << "a golden is no way round";
  EXPECT_EQ(Check(path).problems.size(), 5u) << "and are looked at without";
}

TEST_F(CheckFiles, TroubleIsAProblemWithItsPlace) {
  const struct {
    std::string path;
    int line;
    const char* says;
  } kCases[] = {
      {Put("bad.textproto", "name: \"a\"\nnonsense: 1\n"), 2, "no field"},
      {At("none.textproto"), 1, "No such file or directory"},
      {Put("axes.textproto",
           absl::StrCat(absl::StrReplaceAll(kAliasScenario,
                                            {{"axis {", "seed: 1 axis {"}}),
                        "axis { name: \"kernel\" value: \"deb_6_1_192\" }")),
       20, "axis[0]: the first values of the axes do not go together"},
  };
  for (const auto& c : kCases) {
    const ScenarioCheck check = Check(c.path, true);
    SCOPED_TRACE(check.trouble.message());
    EXPECT_FALSE(check.trouble.ok());
    ASSERT_EQ(check.problems.size(), 1u);
    EXPECT_EQ(check.problems[0].rule, CheckRule::kInvalid);
    EXPECT_EQ(check.problems[0].file, c.path);
    EXPECT_EQ(check.problems[0].line, c.line);
    EXPECT_TRUE(absl::StrContains(check.problems[0].says, c.says))
        << check.problems[0].says;
    EXPECT_FALSE(absl::StrContains(check.problems[0].says, c.path));
  }
  // A golden that cannot be read is not taken for a missing one.
  fs::create_directory(At("a.trace"));
  const ScenarioCheck check = Check(Put("a.textproto", kAliasScenario), true);
  EXPECT_FALSE(check.trouble.ok());
  EXPECT_TRUE(check.written.empty());
}

TEST_F(CheckFiles, TheOrderIsThePathsWhateverTheThreads) {
  std::vector<std::string> paths;
  for (int i = 0; i < 12; ++i) {
    // Every third cannot be read, so is done at once.
    paths.push_back(i % 3 == 0
                        ? At(absl::StrCat(i, ".textproto"))
                        : Put(absl::StrCat(i, ".textproto"), kAliasScenario));
  }
  for (const size_t threads : {1, 4, 32}) {
    options_.threads = threads;
    size_t last = 0;
    const std::vector<ScenarioCheck> checks =
        CheckScenarios(paths, options_, [&](size_t done) { last = done; });
    EXPECT_EQ(last, paths.size());
    ASSERT_EQ(checks.size(), paths.size());
    for (size_t i = 0; i < paths.size(); ++i) {
      EXPECT_EQ(checks[i].path, paths[i]);
      EXPECT_EQ(checks[i].trouble.ok(), i % 3 != 0);
      EXPECT_EQ(checks[i].problems.size(), i % 3 == 0 ? 1u : 2u);
    }
  }
}

}  // namespace
}  // namespace iovalab
