#include "cli/args.h"

#include "gtest/gtest.h"

namespace iovalab {
namespace {

using Words = std::vector<std::string>;

constexpr Flag kFlags[] = {
    {"--set", "AXIS=VALUE", "", FlagType::kText, FlagUse::kRepeated},
    {"--seed", "N", "", FlagType::kNumber},
    {"--format", "text|json", "", FlagType::kChoice},
    {"--color", "auto|never", "", FlagType::kChoice, FlagUse::kLastWins},
    {"--predict", "", "", FlagType::kSwitch},
    {"-o", "FILE", ""},
};

absl::StatusOr<Args> Parse(const Words& words,
                           Operands operands = {"FILE…", 1, 2}) {
  return ParseArgs(words, kFlags, operands, "iovalab try FILE…");
}

TEST(ParseArgs, FlagsAndOperandsInAnyOrder) {
  const auto args = Parse({"--set", "a=1", "in", "--seed=0x10", "--set=b=2=3",
                           "--predict", "-o", "-", "--format", "json", "-"});
  ASSERT_TRUE(args.ok()) << args.status();
  EXPECT_EQ(args->operands(), Words({"in", "-"}));
  EXPECT_EQ(args->All("--set"), Words({"a=1", "b=2=3"}));
  EXPECT_EQ(args->Number("--seed", 7), 16u);
  EXPECT_EQ(args->Text("--format", "text"), "json");
  EXPECT_EQ(args->Text("-o"), "-");
  EXPECT_TRUE(args->Has("--predict"));
}

TEST(ParseArgs, Defaults) {
  const auto args = Parse({"in"});
  ASSERT_TRUE(args.ok());
  EXPECT_EQ(args->Number("--seed", 7), 7u);
  EXPECT_EQ(args->Text("--format", "text"), "text");
  EXPECT_FALSE(args->Has("--predict"));
  EXPECT_TRUE(args->All("--set").empty());
}

TEST(ParseArgs, TwoDashesEndFlags) {
  const auto args = Parse({"--", "--seed", "--"});
  ASSERT_TRUE(args.ok());
  EXPECT_EQ(args->operands(), Words({"--seed", "--"}));
}

TEST(ParseArgs, EmptyValueIsAValue) {
  const auto args = Parse({"in", "-o="});
  ASSERT_TRUE(args.ok());
  EXPECT_TRUE(args->Has("-o"));
  EXPECT_EQ(args->Text("-o", "x"), "");
}

TEST(ParseArgs, LastWinsWhereItMay) {
  const auto args = Parse(
      {"in", "--color=auto", "--color", "never", "--predict", "--predict"});
  ASSERT_TRUE(args.ok()) << args.status();
  EXPECT_EQ(args->Text("--color"), "never");
}

TEST(ParseArgs, ErrorsSayWhatWouldBeRight) {
  const struct {
    Words words;
    const char* message;
  } kCases[] = {
      {{"in", "--sede=1"}, "--sede: no such flag; did you mean --seed?"},
      {{"in", "--bogus"},
       "--bogus: no such flag; there are --set, --seed, --format, --color, "
       "--predict, -o"},
      {{"in", "--seed"}, "--seed: needs a value: --seed=N"},
      {{"in", "--seed", "--predict"}, "--seed: needs a value: --seed=N"},
      {{"in", "--seed", "-1"},
       "--seed: '-1' is not a whole number from 0 to 18446744073709551615"},
      {{"in", "--seed", " 1"},
       "--seed: ' 1' is not a whole number from 0 to 18446744073709551615"},
      {{"in", "--seed=18446744073709551616"},
       "--seed: '18446744073709551616' is not a whole number from 0 to "
       "18446744073709551615"},
      {{"in", "--seed="},
       "--seed: '' is not a whole number from 0 to 18446744073709551615"},
      {{"in", "--seed=1", "--seed=1"}, "--seed: given twice; once is right"},
      {{"in", "--format=jsn"},
       "--format: 'jsn' is not one of text, json; did you mean json?"},
      {{"in", "--predict=yes"}, "--predict: takes no value"},
      {{}, "FILE…: missing; usage: iovalab try FILE…"},
      {{"a", "b", "c"}, "c: one argument too many; usage: iovalab try FILE…"},
  };
  for (const auto& c : kCases) {
    const auto args = Parse(c.words);
    ASSERT_FALSE(args.ok()) << c.message;
    EXPECT_EQ(std::string(args.status().message()), c.message);
  }
}

TEST(ParseNumber, Table) {
  const struct {
    const char* text;
    bool ok;
    uint64_t number;
  } kCases[] = {
      {"0", true, 0},
      {"0xffffffffffffffff", true, UINT64_MAX},
      {"0X1", false, 0},
      {"0x", false, 0},
      {"", false, 0},
      {"+1", false, 0},
      {"1e3", false, 0},
      {"12 ", false, 0},
      {"0x10000000000000000", false, 0},
      {"0x-1", false, 0},
  };
  for (const auto& c : kCases) {
    uint64_t number = 0;
    EXPECT_EQ(ParseNumber(c.text, number), c.ok) << c.text;
    if (c.ok) {
      EXPECT_EQ(number, c.number) << c.text;
    }
  }
}

TEST(ArgsDeathTest, UndeclaredFlagIsOurBug) {
  EXPECT_DEATH(Args(kFlags).Has("--undeclared"), "does not declare");
}

}  // namespace
}  // namespace iovalab
