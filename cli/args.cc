#include "cli/args.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "sim/check.h"
#include "util/nearest.h"

namespace iovalab {
namespace {

// A word that must be a flag: "-" alone is an operand.
bool LooksLikeFlag(absl::string_view word) {
  return word.size() > 1 && word[0] == '-';
}

absl::Status Bad(absl::string_view flag, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(flag, ": ", why));
}

absl::Status UnknownFlag(absl::string_view name, absl::Span<const Flag> flags) {
  std::vector<absl::string_view> names;
  for (const Flag& flag : flags) names.push_back(flag.name);
  const std::string hint = DidYouMean(name, names);
  return Bad(
      name,
      absl::StrCat("no such flag",
                   !hint.empty()   ? hint
                   : names.empty() ? "; there are none here"
                                   : absl::StrCat("; there are ",
                                                  absl::StrJoin(names, ", "))));
}

absl::Status CheckValue(const Flag& flag, absl::string_view value) {
  uint64_t number;
  if (flag.type == FlagType::kNumber && !ParseNumber(value, number)) {
    return Bad(flag.name,
               absl::StrCat("'", value, "' is not a whole number from 0 to ",
                            UINT64_MAX));
  }
  if (flag.type == FlagType::kChoice) {
    const std::vector<absl::string_view> choices = Choices(flag);
    if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
      return Bad(flag.name, absl::StrCat("'", value, "' is not one of ",
                                         absl::StrJoin(choices, ", "),
                                         DidYouMean(value, choices)));
    }
  }
  return absl::OkStatus();
}

// The flag at words[i], its value with it; moves i to the last word it took.
absl::Status ParseFlag(absl::Span<const std::string> words, size_t& i,
                       absl::Span<const Flag> flags, Args& args) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(words[i], absl::MaxSplits('=', 1));
  const bool has_value = parts.first.size() < words[i].size();
  const Flag* flag = args.Find(parts.first);
  if (flag == nullptr) return UnknownFlag(parts.first, flags);
  if (flag->type == FlagType::kSwitch) {
    if (has_value) return Bad(flag->name, "takes no value");
    return args.Add(*flag, "");
  }
  if (has_value) return args.Add(*flag, std::string(parts.second));
  // A forgotten value must not swallow the flag behind it.
  if (i + 1 == words.size() || absl::StartsWith(words[i + 1], "--")) {
    return Bad(flag->name,
               absl::StrCat("needs a value: ", flag->name, "=", flag->value));
  }
  return args.Add(*flag, words[++i]);
}

}  // namespace

std::vector<absl::string_view> Choices(const Flag& flag) {
  return absl::StrSplit(flag.value, '|');
}

bool ParseNumber(absl::string_view text, uint64_t& number) {
  const bool hex = absl::StartsWith(text, "0x");
  const absl::string_view digits = hex ? text.substr(2) : text;
  // SimpleAtoi accepts blanks and signs.
  if (digits.find_first_not_of("0123456789abcdefABCDEF") !=
      absl::string_view::npos) {
    return false;
  }
  return hex ? absl::SimpleHexAtoi(digits, &number)
             : absl::SimpleAtoi(digits, &number);
}

const Flag* Args::Find(absl::string_view flag) const {
  for (const Flag& f : flags_) {
    if (f.name == flag) return &f;
  }
  return nullptr;
}

const Flag& Args::Declared(absl::string_view flag) const {
  const Flag* found = Find(flag);
  sim::Check(found != nullptr, "a command asks for a flag it does not declare");
  return *found;
}

absl::Status Args::Add(const Flag& flag, std::string value) {
  if (absl::Status s = CheckValue(flag, value); !s.ok()) return s;
  if (flag.use != FlagUse::kRepeated && Has(flag.name)) {
    if (flag.use == FlagUse::kOnce && flag.type != FlagType::kSwitch) {
      return Bad(flag.name, "given twice; once is right");
    }
    values_.erase(std::find_if(values_.begin(), values_.end(),
                               [&](auto& v) { return v.first == &flag; }));
  }
  values_.emplace_back(&flag, std::move(value));
  return absl::OkStatus();
}

bool Args::Has(absl::string_view flag) const { return !All(flag).empty(); }

std::string Args::Text(absl::string_view flag,
                       absl::string_view otherwise) const {
  const std::vector<std::string> values = All(flag);
  return values.empty() ? std::string(otherwise) : values.back();
}

uint64_t Args::Number(absl::string_view flag, uint64_t otherwise) const {
  sim::Check(Declared(flag).type == FlagType::kNumber, "flag is no number");
  uint64_t number = otherwise;
  if (Has(flag)) ParseNumber(Text(flag), number);
  return number;
}

std::vector<std::string> Args::All(absl::string_view flag) const {
  const Flag& declared = Declared(flag);
  std::vector<std::string> all;
  for (const auto& [f, value] : values_) {
    if (f == &declared) all.push_back(value);
  }
  return all;
}

absl::StatusOr<Args> ParseArgs(absl::Span<const std::string> words,
                               absl::Span<const Flag> flags, Operands operands,
                               absl::string_view usage) {
  Args args(flags);
  bool flags_ended = false;
  for (size_t i = 0; i < words.size(); ++i) {
    if (flags_ended || !LooksLikeFlag(words[i])) {
      args.AddOperand(words[i]);
    } else if (words[i] == "--") {
      flags_ended = true;
    } else if (absl::Status s = ParseFlag(words, i, flags, args); !s.ok()) {
      return s;
    }
  }
  const size_t given = args.operands().size();
  if (given > operands.max) {
    return Bad(args.operands()[operands.max],
               absl::StrCat("one argument too many; usage: ", usage));
  }
  if (given < operands.min) {
    return Bad(operands.usage, absl::StrCat("missing; usage: ", usage));
  }
  return args;
}

}  // namespace iovalab
