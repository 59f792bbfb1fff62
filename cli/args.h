#ifndef IOVALAB_CLI_ARGS_H_
#define IOVALAB_CLI_ARGS_H_

// Flags and operands of one command. Ours rather than Abseil's, whose flags
// exit with 1 on bad usage, where 1 must mean "differs".
//
// `--flag=value` and `--flag value` are the same; `--` ends flags; `-` is an
// operand (standard input or output). Names are spelled out in full.
//
// Invariants: a flag that Args is asked for was declared (checked); numbers and
// choices were validated by ParseArgs.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace iovalab {

enum class FlagType : uint8_t {
  kSwitch,  // takes no value
  kText,
  kNumber,  // whole, 0 to 2^64 - 1, decimal or 0x
  kChoice,  // one of Flag::value's names
};

enum class FlagUse : uint8_t {
  kOnce,
  kRepeated,  // all values count
  kLastWins,  // for flags that people keep in an alias
};

struct Flag {
  absl::string_view name;   // as typed: "--trace", "-o"
  absl::string_view value;  // in help: "FILE"; for a choice "text|json"
  absl::string_view says;   // one line of help
  FlagType type = FlagType::kText;
  FlagUse use = FlagUse::kOnce;
};

// What a command takes besides flags.
struct Operands {
  absl::string_view usage = "";  // in help: "SCENARIO", "FILE…"
  size_t min = 0;
  size_t max = 0;
};

inline constexpr size_t kAnyNumber = SIZE_MAX;

class Args {
 public:
  explicit Args(absl::Span<const Flag> flags) : flags_(flags) {}

  const std::vector<std::string>& operands() const { return operands_; }

  bool Has(absl::string_view flag) const;
  // The value of a flag, or what it is without one.
  std::string Text(absl::string_view flag,
                   absl::string_view otherwise = "") const;
  uint64_t Number(absl::string_view flag, uint64_t otherwise) const;
  // All values of a repeated flag, in order.
  std::vector<std::string> All(absl::string_view flag) const;

  // For ParseArgs.
  const Flag* Find(absl::string_view flag) const;
  absl::Status Add(const Flag& flag, std::string value);
  void AddOperand(std::string operand) {
    operands_.push_back(std::move(operand));
  }

 private:
  const Flag& Declared(absl::string_view flag) const;

  absl::Span<const Flag> flags_;
  std::vector<std::pair<const Flag*, std::string>> values_;
  std::vector<std::string> operands_;
};

// Parses what follows the command's name. Errors name the argument and say what
// would be right; `usage` is quoted in those about operands.
absl::StatusOr<Args> ParseArgs(absl::Span<const std::string> words,
                               absl::Span<const Flag> flags, Operands operands,
                               absl::string_view usage);

// The alternatives of a choice, in order.
std::vector<absl::string_view> Choices(const Flag& flag);

// A whole number as flags and operands are written, decimal or 0x.
bool ParseNumber(absl::string_view text, uint64_t& number);

}  // namespace iovalab

#endif  // IOVALAB_CLI_ARGS_H_
