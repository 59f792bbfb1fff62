#include "cli/completion/words.h"

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lab/scenario/axes.h"

namespace iovalab {
namespace {

// How help writes a value or an operand, and what it stands for. The first row
// that fits counts.
struct Placeholder {
  absl::string_view begins;
  WordKind kind;
};
constexpr Placeholder kPlaceholders[] = {
    {"AXIS=", WordKind::kAxis},    {"SCENARIO", WordKind::kScenario},
    {"PATH", WordKind::kScenario}, {"FILE", WordKind::kFile},
    {"IN OUT", WordKind::kFile},   {"A B", WordKind::kFile},
    {"DIR", WordKind::kFolder},
};

std::vector<std::string> AxisNames() {
  std::vector<std::string> names;
  for (const AxisInfo& axis : Axes()) names.emplace_back(axis.name);
  return names;
}

WordChoice ByPlaceholder(absl::string_view text) {
  for (const Placeholder& row : kPlaceholders) {
    if (!absl::StartsWith(text, row.begins)) continue;
    WordChoice choice{row.kind, {}};
    if (row.kind == WordKind::kAxis) choice.words = AxisNames();
    return choice;
  }
  return {};
}

}  // namespace

std::vector<std::string> AxisWords(absl::string_view axis) {
  std::vector<std::string> words;
  for (const AxisInfo& info : Axes()) {
    if (info.name != axis) continue;
    for (const AxisValue& value : info.values) words.emplace_back(value.name);
  }
  words.push_back("all");
  return words;
}

WordChoice ValueWords(const Flag& flag) {
  if (flag.type == FlagType::kChoice) {
    WordChoice choice{WordKind::kOneOf, {}};
    for (absl::string_view word : Choices(flag)) {
      choice.words.emplace_back(word);
    }
    return choice;
  }
  if (flag.type != FlagType::kText) return {};
  // "mapping=NAME": of one axis only.
  if (absl::EndsWith(flag.value, "=NAME")) {
    const std::string axis(absl::StripSuffix(flag.value, "=NAME"));
    return {WordKind::kAxis, {axis}};
  }
  return ByPlaceholder(flag.value);
}

WordChoice OperandWords(const CommandLine& line, const Command& command) {
  const absl::string_view usage = command.operands.usage;
  WordChoice choice{WordKind::kOneOf, {}};
  if (usage == "[COMMAND]") {
    for (const Command* each : line.commands) {
      choice.words.emplace_back(each->name);
    }
    return choice;
  }
  if (!absl::StrContains(usage, "|")) return ByPlaceholder(usage);
  for (absl::string_view word : absl::StrSplit(usage, '|')) {
    choice.words.emplace_back(word.substr(0, word.find(' ')));
  }
  return choice;
}

std::vector<Flag> FlagsOf(const CommandLine& line, const Command& command) {
  std::vector<Flag> flags(command.flags.begin(), command.flags.end());
  flags.insert(flags.end(), line.global.begin(), line.global.end());
  return flags;
}

std::vector<std::string> AxisPairs(const WordChoice& choice) {
  std::vector<std::string> pairs;
  for (const std::string& axis : choice.words) {
    for (const std::string& value : AxisWords(axis)) {
      pairs.push_back(absl::StrCat(axis, "=", value));
    }
  }
  return pairs;
}

}  // namespace iovalab
