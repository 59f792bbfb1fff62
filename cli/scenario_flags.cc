#include "cli/scenario_flags.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/version.h"
#include "lab/read_file.h"
#include "lab/scenario/scenario_limits.h"

namespace iovalab {
namespace {

// A trace's words and events have indexes of 32 bits.
constexpr uint64_t kMostTraceBytes = uint64_t{16} << 30;

// Policies that every flag and scenario could be refused for at once.
absl::StatusOr<std::vector<AxisChoice>> ParseSets(const Args& args) {
  std::vector<AxisChoice> sets;
  for (const std::string& text : args.All("--set")) {
    absl::StatusOr<AxisChoice> choice = ParseSet(text);
    if (!choice.ok()) return choice.status();
    sets.push_back(*std::move(choice));
  }
  return sets;
}

absl::Status ReadLimits(const Args& args, LoadLimits& limits) {
  for (const LimitInfo& limit : LoadLimitTable()) {
    const std::string flag = absl::StrCat("--", limit.flag);
    const uint64_t value = args.Number(flag, limits.*limit.field);
    if (value > limit.most) {
      return absl::InvalidArgumentError(
          absl::StrCat(flag, ": ", value, "; at most ", limit.most));
    }
    limits.*limit.field = value;
  }
  return absl::OkStatus();
}

}  // namespace

std::string ShellWord(absl::string_view word) {
  const bool plain =
      !word.empty() &&
      word.find_first_not_of(
          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
          "_./,=:@%+-") == absl::string_view::npos;
  if (plain) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

absl::StatusOr<ScenarioArguments> LoadArguments(const Args& args) {
  ScenarioArguments loaded;
  const absl::StatusOr<std::vector<AxisChoice>> sets = ParseSets(args);
  if (!sets.ok()) return sets.status();

  LoadLimits limits;
  if (absl::Status status = ReadLimits(args, limits); !status.ok()) {
    return status;
  }
  const std::string& path = args.operands()[0];
  absl::StatusOr<std::string> text = ReadWholeFile(path, limits.max_bytes);
  if (!text.ok()) return text.status();
  absl::StatusOr<LoadedScenario> scenario = LoadScenario(path, *text, limits);
  if (!scenario.ok()) return scenario.status();
  loaded.scenario = *std::move(scenario);

  absl::StatusOr<std::vector<AxisChoice>> choices =
      MergeChoices(loaded.scenario.axes, *sets);
  if (!choices.ok()) return choices.status();
  loaded.choices = *std::move(choices);

  RunOptions& options = loaded.options;
  options.tool = kToolName;
  options.limits.max_events =
      args.Number("--max-events", options.limits.max_events);
  options.limits.max_trace_bytes =
      args.Number("--max-trace-bytes", options.limits.max_trace_bytes);
  if (options.limits.max_trace_bytes > kMostTraceBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("--max-trace-bytes: ", options.limits.max_trace_bytes,
                     "; at most ", kMostTraceBytes));
  }
  loaded.reproduce = ShellWord(path);
  if (args.Has("--seed")) options.seed = args.Number("--seed", 0);
  for (const Flag& flag : kScenarioFlags) {
    if (!args.Has(flag.name)) continue;
    absl::StrAppend(&loaded.reproduce, " ", flag.name, " ",
                    args.Number(flag.name, 0));
  }
  return loaded;
}

}  // namespace iovalab
