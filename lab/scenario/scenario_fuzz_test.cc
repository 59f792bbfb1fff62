// Random edits of a good scenario: whatever comes out either loads, and then
// its canonical text loads to the same, or gives a one-line error. Never a
// crash, a hang, or a word on stderr.

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "lab/read_file.h"
#include "lab/scenario/scenario_load.h"
#include "lab/scenario/scenario_scan.h"
#include "sim/random.h"

namespace iovalab {
namespace {

constexpr absl::string_view kNumbers[] = {
    "0",
    "1",
    "-1",
    "0xfff",
    "0x1000",
    "0x7fffffff",
    "0x100000000",
    "0x7fffffffffffffff",
    "0x8000000000000000",
    "0xfffffffffffff000",
    "0xffffffffffffffff",
    "0x10000000000000000",
    "1e9",
    "077",
};

std::vector<std::string> Tokens(absl::string_view text) {
  std::vector<std::string> tokens;
  TextScanner scanner(text);
  for (auto t = scanner.Next(); t.kind != TextScanner::Kind::kEnd;
       t = scanner.Next()) {
    tokens.emplace_back(t.text);
  }
  return tokens;
}

bool IsNumber(const std::string& token) {
  return token[0] >= '0' && token[0] <= '9';
}

// One edit that mostly leaves a text that still parses.
void EditToken(const std::vector<std::string>& words, sim::Random& random,
               std::vector<std::string>& tokens) {
  if (tokens.empty()) return;
  std::string& token = tokens[random.Below(tokens.size())];
  if (IsNumber(token)) {
    token = random.Chance(1, 2)
                ? std::string(kNumbers[random.Below(std::size(kNumbers))])
                : tokens[random.Below(tokens.size())];
    return;
  }
  switch (random.Below(token[0] == '"' ? 2 : 8)) {
    case 0:
    case 1:
      // Another of its sort: a string for a string, a word for a word.
      for (int i = 0; i < 50; ++i) {
        const std::string& word = words[random.Below(words.size())];
        if ((word[0] == '"') != (token[0] == '"')) continue;
        token = word;
        return;
      }
      return;
    case 2:
      tokens.erase(tokens.begin() +
                   static_cast<long>(random.Below(tokens.size())));
      return;
    case 3: {
      const size_t from = random.Below(tokens.size());
      const size_t length = random.Below(12);
      const std::vector<std::string> copy(
          tokens.begin() + static_cast<long>(from),
          tokens.begin() +
              static_cast<long>(std::min(tokens.size(), from + length)));
      tokens.insert(
          tokens.begin() + static_cast<long>(random.Below(tokens.size() + 1)),
          copy.begin(), copy.end());
      return;
    }
    default:
      return;
  }
}

void EditByte(sim::Random& random, std::string& text) {
  if (text.empty()) return;
  const size_t at = random.Below(text.size());
  switch (random.Below(4)) {
    case 0:
      text[at] = static_cast<char>(random.Below(256));
      return;
    case 1:
      text.erase(at, random.Below(40));
      return;
    case 2:
      text.insert(at, text.substr(random.Below(text.size()), 20));
      return;
    default:
      text.insert(at, 1, "{}[]<>:,;#'\"\\\n"[random.Below(14)]);
  }
}

void Judge(const std::string& text, size_t* loads) {
  const auto loaded = LoadScenario("F", text);
  if (!loaded.ok()) {
    const absl::string_view what = loaded.status().message();
    EXPECT_TRUE(absl::StartsWith(what, "F:")) << what;
    EXPECT_TRUE(absl::StrContains(what, ": ")) << what;
    EXPECT_FALSE(absl::StrContains(what, "\n")) << what;
    EXPECT_LT(what.size(), 1500u) << what;
    return;
  }
  ++*loads;
  const auto again = LoadScenario("F", loaded->canonical);
  ASSERT_TRUE(again.ok()) << again.status() << "\n" << loaded->canonical;
  EXPECT_EQ(again->spec, loaded->spec);
  EXPECT_EQ(again->canonical, loaded->canonical);
}

TEST(ScenarioFuzz, RandomEditsLoadOrGiveALine) {
  const auto good = ReadWholeFile("testdata/bad/good.textproto", 1 << 20);
  ASSERT_TRUE(good.ok()) << good.status();
  const std::vector<std::string> words = Tokens(*good);
  size_t loads = 0;
  testing::internal::CaptureStderr();
  for (uint64_t seed = 0; seed < 8000 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    sim::Random random(seed, 0);
    std::vector<std::string> tokens = words;
    for (uint64_t edits = 1 + random.Below(3); edits > 0; --edits) {
      EditToken(words, random, tokens);
    }
    std::string text;
    for (const std::string& token : tokens) {
      absl::StrAppend(&text, token, random.Chance(1, 8) ? "\n" : " ");
    }
    if (random.Chance(1, 3)) EditByte(random, text);
    Judge(text, &loads);
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  // Both ways out were taken often.
  EXPECT_GT(loads, 800u);
  EXPECT_LT(loads, 7200u);
}

}  // namespace
}  // namespace iovalab
