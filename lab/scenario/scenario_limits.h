#ifndef IOVALAB_LAB_SCENARIO_SCENARIO_LIMITS_H_
#define IOVALAB_LAB_SCENARIO_SCENARIO_LIMITS_H_

// Bounds on what a scenario file may hold, so that no input can exhaust memory
// or time. Each can be raised by a flag, up to a bound of its own.
//
// Not for: bounds on a run (events, trace bytes).

#include <cstddef>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace iovalab {

struct LoadLimits {
  size_t max_bytes = size_t{16} << 20;  // of the file
  size_t max_values = 1'000'000;        // fields and list elements written
  size_t max_ram_blocks = 20'000;  // blocks, host buffers and physical runs
  size_t max_regions = 20'000;
  // Regions and aliases that a rendering visits; an alias of a container visits
  // all that it holds, so that a few regions can ask for 2^32.
  size_t max_rendered = 1'000'000;
  size_t max_steps = 100'000;
  // Regions that all memory steps change; arrays say many in a few bytes.
  size_t max_changes = 1'000'000;
  size_t max_buffers = 1'000;  // of a post
  size_t max_expects = 100'000;
  size_t max_depth = 32;  // of the text, and of aliases and containers
};

struct LimitInfo {
  absl::string_view flag;  // "max-bytes"
  size_t LoadLimits::*field;
  size_t most;  // what the flag can raise it to
  absl::string_view help;
};

// One row for each field, in their order.
absl::Span<const LimitInfo> LoadLimitTable();

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_SCENARIO_LIMITS_H_
