#ifndef IOVALAB_CLI_SCENARIO_FLAGS_H_
#define IOVALAB_CLI_SCENARIO_FLAGS_H_

// The flags that `run` and `compare` share: which policies, which seed, which
// bounds; and reading the scenario they are about.

#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/args.h"
#include "lab/compare/compare.h"
#include "lab/scenario/axes.h"
#include "lab/scenario/scenario_load.h"

namespace iovalab {

// Each bound of lab/scenario/scenario_limits.h has a flag of its name.
inline constexpr Flag kScenarioFlags[] = {
    {"--seed", "N", "seed of all randomness, instead of the scenario's",
     FlagType::kNumber},
    {"--max-events", "N", "operations of the machine before a run ends BOUND",
     FlagType::kNumber},
    {"--max-trace-bytes", "N", "memory for a trace before its run ends BOUND",
     FlagType::kNumber},
    {"--max-bytes", "N", "bytes of a scenario file", FlagType::kNumber},
    {"--max-values", "N", "fields in a scenario file", FlagType::kNumber},
    {"--max-ram-blocks", "N", "RAM blocks, host buffers and physical runs",
     FlagType::kNumber},
    {"--max-regions", "N", "memory regions", FlagType::kNumber},
    {"--max-rendered", "N", "regions visited to render a flat view",
     FlagType::kNumber},
    {"--max-steps", "N", "steps", FlagType::kNumber},
    {"--max-changes", "N", "regions that all memory steps change",
     FlagType::kNumber},
    {"--max-buffers", "N", "buffers of a posted request", FlagType::kNumber},
    {"--max-expects", "N", "expect blocks", FlagType::kNumber},
    {"--max-depth", "N", "nesting of text, aliases and containers",
     FlagType::kNumber},
};

// A command's own flags, then those.
template <size_t N>
constexpr auto WithScenarioFlags(const Flag (&own)[N]) {
  std::array<Flag, N + std::size(kScenarioFlags)> all{};
  for (size_t i = 0; i < N; ++i) all[i] = own[i];
  for (size_t i = 0; i < std::size(kScenarioFlags); ++i) {
    all[N + i] = kScenarioFlags[i];
  }
  return all;
}

struct ScenarioArguments {
  LoadedScenario scenario;
  std::vector<AxisChoice> choices;  // scenario's and flags' together
  RunOptions options;
  std::string reproduce;  // "SCENARIO --set … --seed N", for the shell
};

// Reads the scenario that is the first operand ("-" is standard input).
absl::StatusOr<ScenarioArguments> LoadArguments(const Args& args);

// A word as a POSIX shell takes it.
std::string ShellWord(absl::string_view word);

}  // namespace iovalab

#endif  // IOVALAB_CLI_SCENARIO_FLAGS_H_
