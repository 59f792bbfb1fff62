#include "cli/commands.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/command_testing.h"
#include "cli/terminal/text.h"
#include "gtest/gtest.h"
#include "lab/scenario/axes.h"

namespace iovalab {
namespace {

// Help reads the table; a sloppy row would show there.
TEST(Commands, EveryRowIsWhole) {
  std::set<absl::string_view> names;
  for (const Command* c : Commands()) {
    EXPECT_TRUE(names.insert(c->name).second) << c->name;
    EXPECT_NE(c->run, nullptr) << c->name;
    EXPECT_FALSE(c->summary.empty() || c->details.empty()) << c->name;
    EXPECT_TRUE(absl::StrContains(c->examples, "iovalab")) << c->name;
    for (absl::string_view line : absl::StrSplit(c->details, '\n')) {
      EXPECT_LE(Columns(line), 78u) << c->name << ": " << line;
    }
    std::set<absl::string_view> flags;
    for (const Flag& f : GlobalFlags()) flags.insert(f.name);
    for (const Flag& f : c->flags) {
      EXPECT_TRUE(flags.insert(f.name).second) << c->name << " " << f.name;
      EXPECT_EQ(f.value.empty(), f.type == FlagType::kSwitch) << f.name;
      EXPECT_FALSE(f.says.empty()) << f.name;
    }
  }
}

TEST(Commands, HelpNamesEveryCommandAndFlag) {
  const Captured all = RunWords({"help"});
  EXPECT_EQ(all.status, kFine);
  EXPECT_EQ(all.err, "");
  for (const Command* c : Commands()) {
    EXPECT_TRUE(absl::StrContains(all.out, c->summary)) << c->name;
    const Captured one = RunWords({"help", std::string(c->name)});
    EXPECT_EQ(one.status, kFine);
    EXPECT_TRUE(absl::StrContains(one.out, Usage(*c)));
    for (const Flag& f : c->flags) {
      EXPECT_TRUE(absl::StrContains(one.out, f.says)) << f.name;
    }
  }
}

TEST(Commands, HelpFlagWinsAnywhere) {
  const std::string overview = RunWords({"help"}).out;
  const std::string list = RunWords({"help", "list"}).out;
  const struct {
    Words words;
    const std::string& out;
  } kCases[] = {
      {{"--help"}, overview},
      {{"-h"}, overview},
      {{"nonsense", "--help"}, overview},
      {{"list", "--help"}, list},
      {{"--help", "list"}, list},
      {{"list", "--nonsense", "x", "y", "z", "-h"}, list},
      {{"--color", "never", "list", "--help"}, list},
      {{"--color=never", "list", "--help"}, list},
  };
  for (const auto& c : kCases) {
    const Captured got = RunWords(c.words);
    EXPECT_EQ(got.status, kFine);
    EXPECT_EQ(got.out, c.out);
    EXPECT_EQ(got.err, "");
  }
  EXPECT_EQ(RunWords({"list", "--", "--help"}).status, kTrouble);
}

TEST(Commands, GlobalFlagsBeforeAndAfter) {
  const Words kLines[] = {{"--color=always", "help"},
                          {"--color", "always", "help"},
                          {"help", "--color", "always"},
                          {"--color=never", "help", "--color=always"}};
  for (const Words& words : kLines) {
    const Captured got = RunWords(words);
    EXPECT_EQ(got.status, kFine) << got.err;
    EXPECT_TRUE(absl::StrContains(got.out, "\x1b[1m"));
  }
  EXPECT_FALSE(absl::StrContains(RunWords({"help"}).out, "\x1b"));
}

TEST(Commands, TroubleIsOneLine) {
  const struct {
    Words words;
    const char* err;
  } kCases[] = {
      {{}, "iovalab: COMMAND: missing; `iovalab help` lists the commands\n"},
      {{"lits"}, "iovalab: lits: no such command; did you mean list?\n"},
      {{"help", "vresion"},
       "iovalab: vresion: no such command; did you mean version?\n"},
      {{"--colour=always", "help"},
       "iovalab: --colour: no such flag; did you mean --color?\n"},
      {{"--color=blue", "help"},
       "iovalab: --color: 'blue' is not one of auto, always, never\n"},
      {{"--color"},
       "iovalab: --color: needs a value: "
       "--color=auto|always|never\n"},
      {{"list", "evnets"},
       "iovalab: evnets: nothing to list by this name; there is axes, values, "
       "scenarios, stores, events; did "
       "you mean events?\n"},
      {{"list", "events", "x"},
       "iovalab: x: one argument too many; usage: iovalab list events\n"},
      {{"version", "x"},
       "iovalab: x: one argument too many; usage: iovalab version\n"},
  };
  for (const auto& c : kCases) {
    const Captured got = RunWords(c.words);
    EXPECT_EQ(got.status, kTrouble) << c.err;
    EXPECT_EQ(got.out, "");
    EXPECT_EQ(got.err, c.err);
  }
}

TEST(ListEvents, ShowsBothTablesWithSources) {
  const std::string out = RunWords({"list", "events"}).out;
  for (const char* part : {"\nregion_del ", "op=add|del|set", "[count=NUMBER]",
                           "\nmem.del_before_add ", " recorded  ", " derived  ",
                           "QEMU 10.1 hw/virtio/vhost-vdpa.c"}) {
    EXPECT_TRUE(absl::StrContains(out, part)) << part;
  }
}

TEST(ListAxes, ValuesOfEveryAxis) {
  const std::string axes = RunWords({"list", "axes"}).out;
  for (const AxisInfo& axis : Axes()) {
    EXPECT_TRUE(absl::StrContains(axes, absl::StrCat("\n", axis.name, " ")));
    const Captured values =
        RunWords({"list", "values", std::string(axis.name)});
    EXPECT_EQ(values.status, kFine);
    for (const AxisValue& value : axis.values) {
      EXPECT_TRUE(absl::StrContains(values.out, value.source)) << value.name;
    }
    EXPECT_TRUE(absl::StrContains(
        values.out, absl::StrCat("\n*  ", axis.default_value, " ")));
  }
  EXPECT_EQ(RunWords({"list", "values", "mappin"}).status, kTrouble);
}

TEST(ListScenarios, TellsWhatEachIsAbout) {
  const Captured got = RunWords({"list", "scenarios", "testdata/bad"});
  EXPECT_EQ(got.status, kFine) << got.err;
  EXPECT_TRUE(absl::StrContains(
      got.out,
      "\ntestdata/bad/good.textproto  Every field of a scenario, used as it "
      "should be. (none)\n"))
      << got.out;
  EXPECT_EQ(RunWords({"list", "scenarios", "no/such"}).err,
            "iovalab: no/such: No such file or directory; a folder of "
            "scenarios would do\n");
}

TEST(Version, IsOneWordAfterTheName) {
  EXPECT_EQ(RunWords({"version"}).out, RunWords({"--version"}).out);
  EXPECT_TRUE(absl::StartsWith(RunWords({"version"}).out, "iovalab "));
}

}  // namespace
}  // namespace iovalab
