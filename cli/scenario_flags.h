#ifndef IOVALAB_CLI_SCENARIO_FLAGS_H_
#define IOVALAB_CLI_SCENARIO_FLAGS_H_

// The flags that `run` and `compare` share: which policies, which seed, which
// bounds; and reading the scenario they are about.

#include <array>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/args.h"
#include "lab/axes.h"
#include "lab/compare.h"
#include "lab/scenario_load.h"

namespace iovalab {

inline constexpr Flag kSetFlag = {"--set", "AXIS=VALUE",
                                  "policy of an axis; see iovalab list axes",
                                  FlagType::kText, FlagUse::kRepeated};
inline constexpr Flag kSeedFlag = {
    "--seed", "N", "seed of all randomness, instead of the scenario's",
    FlagType::kNumber};
inline constexpr Flag kMaxEventsFlag = {"--max-events", "N",
                                        "events of a run before it ends BOUND",
                                        FlagType::kNumber};
inline constexpr Flag kMaxTraceFlag = {
    "--max-trace-bytes", "N", "memory for a trace before its run ends BOUND",
    FlagType::kNumber};
inline constexpr Flag kMaxBytesFlag = {
    "--max-bytes", "N", "bytes of a scenario file (default 16 MiB)",
    FlagType::kNumber};
inline constexpr Flag kMaxRegionsFlag = {
    "--max-regions", "N", "regions of a scenario", FlagType::kNumber};

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
