#ifndef IOVALAB_LAB_SCENARIO_SCENARIO_FORMAT_H_
#define IOVALAB_LAB_SCENARIO_SCENARIO_FORMAT_H_

// The layout of a scenario that a person wrote: indentation, spacing and line
// breaks made the same everywhere, and nothing else touched.
//
// Not for: one text for one content (CanonicalText drops comments and orders
// fields); checking what a scenario says (LoadScenario).
//
// Invariants: the formatted text parses to the same message, holds the same
// comments, and formats to itself. Linear in the text.

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lab/scenario/scenario_limits.h"

namespace iovalab {

// Two spaces a level; "name: value" and "name {"; a message that holds no
// message, or one message alone, stands on one line where that has at most 80
// columns and no comment is in it; adjacent strings one below the other. Fields
// stay in their order, numbers as written, blank lines where they are, at most
// one. A comment behind something stays behind it; one in the middle of a field
// goes above that. A list of messages becomes the messages.
//
// InvalidArgument, as LoadScenario's, where the text is no scenario.
absl::StatusOr<std::string> FormatScenario(absl::string_view file_name,
                                           absl::string_view text,
                                           const LoadLimits& limits = {});

// The same for any text that the parser takes as pb::Scenario (checked by
// callers), whatever it says.
std::string FormatText(absl::string_view text);

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_SCENARIO_FORMAT_H_
