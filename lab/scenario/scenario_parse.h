#ifndef IOVALAB_LAB_SCENARIO_SCENARIO_PARSE_H_
#define IOVALAB_LAB_SCENARIO_SCENARIO_PARSE_H_

// Text to pb::Scenario, with the lines of its fields. Syntax only.
//
// Not for: callers outside the loader; LoadScenario also checks what the fields
// say.

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lab/scenario/scenario_limits.h"
#include "lab/scenario/scenario_place.h"
#include "scenarios/scenario.pb.h"

namespace iovalab {

// InvalidArgument "FILE:LINE: FIELD: what; what would be right" at the first
// error of the text. Nothing is written to stderr.
absl::Status ParseScenarioText(absl::string_view text, const LoadLimits& limits,
                               Locations* locations, pb::Scenario* scenario);

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_SCENARIO_PARSE_H_
