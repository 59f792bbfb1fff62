// check on files, with its reports and exit statuses.

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "cli/command_testing.h"
#include "gtest/gtest.h"
#include "lab/compare/compare_testing.h"
#include "nlohmann/json.hpp"

namespace iovalab {
namespace {

class Check : public CommandTest {};

TEST_F(Check, UpdateThenOkThenAnotherGolden) {
  const std::string file = Put("a.textproto", kAliasScenario);
  EXPECT_EQ(RunWords({"check", file}).status, kDiffers);
  const Captured update = RunWords({"check", "--update", file});
  EXPECT_EQ(update.status, kFine) << update.err;
  EXPECT_EQ(update.out,
            absl::StrCat("written   ", file, "\n  written: ", Path("a.trace"),
                         "\n  written: ", Path("a.table"),
                         "\n\n1 scenario: 1 ok, 0 failed; goldens written: 2\n"
                         "again: ./iovalab check ",
                         file, "\n"));
  // They hold what run and compare print.
  EXPECT_EQ(Read("a.trace"), RunWords({"run", file, "--trace=-"}).out);
  EXPECT_EQ(Read("a.table"), RunWords({"compare", file}).out);

  const Captured ok = RunWords({"--color=always", "check", file});
  EXPECT_EQ(ok.status, kFine);
  EXPECT_TRUE(absl::StrContains(ok.out, "\x1b[32mok\x1b[0m        "))
      << ok.out << "colour is for people; goldens have none";

  Put("a.trace", absl::StrReplaceAll(Read("a.trace"), {{"seed", "sEed"}}));
  const Captured other = RunWords({"check", file});
  EXPECT_EQ(other.status, kDiffers);
  EXPECT_EQ(other.err, "");
  EXPECT_TRUE(absl::StartsWith(
      other.out, absl::StrCat("FAIL      ", file, "\n  ", Path("a.trace"),
                              ":4: the golden is no trace: ")))
      << other.out;
  EXPECT_TRUE(absl::EndsWith(
      other.out, absl::StrCat("\n1 scenario: 0 ok, 1 failed\n"
                              "to take what is new: ./iovalab check --update ",
                              file, "\nagain: ./iovalab check ", file, "\n")));
}

TEST_F(Check, ThePathMayBeWrittenInAnotherWay) {
  const std::string file = Put("a.textproto", kAliasScenario);
  ASSERT_EQ(RunWords({"check", "--update", file}).status, kFine);
  const std::string other = absl::StrCat(Path("."), "/a.textproto");
  EXPECT_EQ(RunWords({"check", other}).status, kFine);
  const Captured update = RunWords({"check", "--update", other});
  EXPECT_TRUE(absl::StrContains(update.out, "goldens written: 0"))
      << update.out;
}

TEST_F(Check, AFolderInItsOrderWhateverTheJobs) {
  for (const char* name : {"c", "a", "b"}) {
    Put(absl::StrCat(name, ".textproto"), kAliasScenario);
  }
  RunWords({"check", "--update", Path("b.textproto")});
  Put("c.textproto", absl::StrCat(kAliasScenario, "expect { verdict: SAFE }"));
  std::string out;
  for (const char* jobs : {"--jobs=1", "--jobs=8"}) {
    const Captured got = RunWords({"check", jobs, Path("")});
    EXPECT_EQ(got.status, kDiffers);
    EXPECT_TRUE(out.empty() || out == got.out);
    out = got.out;
  }
  const size_t a = out.find("no golden " + Path("a.textproto"));
  const size_t b = out.find("\nok        " + Path("b.textproto"));
  const size_t c = out.find("\nFAIL      " + Path("c.textproto"));
  EXPECT_TRUE(a < b && b < c && c != std::string::npos) << out;
  EXPECT_TRUE(absl::StrContains(
      out, "expect[0].verdict: wanted SAFE, got UNSAFE (hva)"))
      << out;
  EXPECT_TRUE(absl::StrContains(out, "\n3 scenarios: 1 ok, 2 failed\n"));
  // The last line names what failed alone.
  EXPECT_EQ(LastLine(out),
            absl::StrCat("again: ./iovalab check ", Path("a.textproto"), " ",
                         Path("c.textproto")));
}

TEST_F(Check, AnInvalidScenarioIsTroubleAndTheOthersAreChecked) {
  Put("a.textproto", "nonsense: 1");
  Put("b.textproto", kAliasScenario);
  const Captured got = RunWords({"check", "--update", Path("")});
  EXPECT_EQ(got.status, kTrouble);
  EXPECT_TRUE(absl::StrContains(got.err, "a.textproto:1: no field")) << got.err;
  EXPECT_EQ(got.err.find('\n'), got.err.size() - 1) << "one line";
  EXPECT_TRUE(absl::StrContains(got.out, "2 scenarios: 1 ok, 1 failed"));
  EXPECT_TRUE(Exists(Path("b.trace")));
}

TEST_F(Check, Reports) {
  const std::string file = Put("a.textproto", kAliasScenario);
  const Captured got =
      RunWords({"check", file, absl::StrCat("--junit=", Path("j.xml")),
                "--sarif", Path("s.json"), "--github"});
  EXPECT_EQ(got.status, kDiffers);
  EXPECT_TRUE(absl::StrContains(Read("j.xml"), "<failure type=\"no-golden\""));
  EXPECT_EQ(nlohmann::json::parse(Read("s.json"))["runs"][0]["results"].size(),
            2u);
  EXPECT_TRUE(absl::StrContains(
      got.out, absl::StrCat("\n::error file=", Path("a.trace"), ",line=1,")))
      << got.out;
  // On standard output a report stands alone.
  EXPECT_EQ(RunWords({"check", file, "--junit=-"}).out, Read("j.xml"));
  EXPECT_EQ(RunWords({"check", file, "--sarif=-"}).out, Read("s.json"));
}

TEST_F(Check, Trouble) {
  const std::string file = Put("a.textproto", kAliasScenario);
  const struct {
    Words words;
    const char* says;
  } kCases[] = {
      {{"check"}, "PATH"},
      {{"check", file, Path("none")}, "/none: No such file or directory"},
      {{"check", "-"}, "-: standard input is no file"},
      {{"check", file, "--jobs=0"}, "--jobs: 0; 1 to 1024"},
      {{"check", file, "--jobs=1025"}, "--jobs: 1025; 1 to 1024"},
      {{"check", file, "--junit=-", "--sarif=-"}, "standard output: "},
      {{"check", file, "--junit=-", "--github"}, "standard output: "},
      {{"check", file, "--junit=x", "--sarif=x"},
       "--sarif: x is --junit's too"},
      {{"check", file, "--junit="}, "--junit: an empty name"},
      {{"check", Path(""), "--sarif", file}, "a.textproto is read as well"},
  };
  for (const auto& c : kCases) {
    const Captured got = RunWords(c.words);
    SCOPED_TRACE(absl::StrCat(c.says, "\n", got.err));
    EXPECT_EQ(got.status, kTrouble);
    EXPECT_EQ(got.out, "") << "nothing was run";
    EXPECT_TRUE(absl::StrContains(got.err, c.says));
  }
  const Captured full = RunWords({"check", file, "--junit=/dev/full"});
  EXPECT_EQ(full.status, kTrouble);
  EXPECT_TRUE(absl::StrContains(full.err, "/dev/full")) << full.err;
}

class Fmt : public CommandTest {};

TEST_F(Fmt, InPlaceAndOnlyWhereItChanges) {
  const std::string ugly = Put("a.textproto", kAliasScenario);
  const Captured check = RunWords({"fmt", "--check", ugly});
  EXPECT_EQ(check.status, kDiffers);
  EXPECT_EQ(check.out, ugly + "\n");
  EXPECT_EQ(Read("a.textproto"), kAliasScenario);

  const Captured fmt = RunWords({"fmt", Path("")});
  EXPECT_EQ(fmt.status, kFine) << fmt.err;
  EXPECT_EQ(fmt.out, absl::StrCat("formatted ", ugly, "\n"));
  EXPECT_TRUE(absl::StartsWith(Read("a.textproto"), "name: \"small\"\n"));
  for (const Words& words :
       {Words{"fmt", ugly}, Words{"fmt", "--check", ugly}}) {
    const Captured again = RunWords(words);
    EXPECT_EQ(again.status, kFine);
    EXPECT_EQ(again.out, "");
  }
  // The same scenario still.
  Put("b.textproto", kAliasScenario);
  EXPECT_EQ(RunWords({"run", ugly, "--trace=-"}).out,
            RunWords({"run", Path("b.textproto"), "--trace=-"}).out);
}

TEST_F(Fmt, OneInvalidFileChangesNone) {
  const std::string ugly = Put("a.textproto", kAliasScenario);
  const std::string bad = Put("b.textproto", "name: \"b\"  # \nnonsense: 1");
  for (const Words& words : {Words{"fmt", ugly, bad}, Words{"fmt", bad, ugly},
                             Words{"fmt", "--check", bad}}) {
    const Captured got = RunWords(words);
    EXPECT_EQ(got.status, kTrouble);
    EXPECT_EQ(got.err, RunWords({"run", bad}).err);
    EXPECT_EQ(Read("a.textproto"), kAliasScenario);
    EXPECT_EQ(Read("b.textproto"), "name: \"b\"  # \nnonsense: 1");
  }
}

}  // namespace
}  // namespace iovalab
