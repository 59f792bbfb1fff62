#ifndef IOVALAB_LAB_SCENARIO_SCENARIO_LOAD_H_
#define IOVALAB_LAB_SCENARIO_SCENARIO_LOAD_H_

// From the text of a scenario to values that the machine can run: parsed,
// every field checked as scenarios/scenario.proto says, names resolved,
// defaults filled in.
//
// Not for: reading files (read_file.h), nor for running.
//
// Invariants: any bytes either load or give a one-line error; no input crashes,
// hangs or takes more memory than its limits allow.

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lab/scenario/axes.h"
#include "lab/scenario/scenario_limits.h"
#include "lab/scenario/scenario_place.h"
#include "model/scenario.h"
#include "scenarios/scenario.pb.h"

namespace iovalab {

struct LoadedScenario {
  pb::Scenario proto;  // as written: axes, expectations and texts
  Scenario spec;
  std::string canonical;                   // CanonicalText(proto)
  std::vector<AxisChoice> axes;            // of the scenario, in file order
  std::shared_ptr<const Locations> where;  // names file:line in later errors
};

// `file_name` is for errors only. Errors are InvalidArgument, one line:
// "FILE:LINE: FIELD: what is wrong; what would be right", of the first error in
// the order name, vmm, device, memory, regions, steps, axes, expect.
absl::StatusOr<LoadedScenario> LoadScenario(absl::string_view file_name,
                                            absl::string_view text,
                                            const LoadLimits& limits = {});

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_SCENARIO_LOAD_H_
