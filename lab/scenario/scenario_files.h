#ifndef IOVALAB_LAB_SCENARIO_SCENARIO_FILES_H_
#define IOVALAB_LAB_SCENARIO_SCENARIO_FILES_H_

// Which files are scenarios: those whose names end in .textproto.
//
// Not for: whether they can be loaded (scenario_load.h).
//
// Invariant: the order depends on names alone, not on the file system's.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace iovalab {

inline constexpr absl::string_view kScenarioEnding = ".textproto";

// The scenarios in a folder and below it, sorted, as paths that begin with the
// folder's; links to folders are not followed. NotFound where there is none, or
// no such folder.
absl::StatusOr<std::vector<std::string>> ScenariosBelow(
    const std::string& folder);

// The files that users' paths mean: a file is itself, a folder the scenarios
// below it, and what comes twice counts at its first place; a leading "./" is
// dropped, so that CI systems know the file. NotFound or
// InvalidArgument "PATH: what" for a path that is neither a folder nor a file
// that can be rewritten and has the ending.
absl::StatusOr<std::vector<std::string>> FindScenarios(
    absl::Span<const std::string> paths);

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_SCENARIO_FILES_H_
