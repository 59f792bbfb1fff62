#ifndef IOVALAB_LAB_IMPORT_VTD_VTD_SCENARIO_H_
#define IOVALAB_LAB_IMPORT_VTD_VTD_SCENARIO_H_

// One device of a guest behind QEMU's intel-iommu as a scenario: what the guest
// maps and unmaps for it are steps of a vIOMMU, its accesses are probes, and
// what QEMU did with each is expected of the run.
//
// The run has the guest's tables, of the guest's format, in the platform's
// IOMMU: a guest address is the same host address, so that an access reaches
// the page that QEMU's trace names.
//
// Not for: translation caches and the bits of fault records (vtd_replay.h).
//
// Invariants: steps are in the order of OrderVtdCapture and named after lines:
// "fault376" is line 376 of QEMU's trace, "map14" line 14 of the guest's
// ftrace. Same input, same message. What is left out is counted.

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "lab/import/vtd/vtd_capture.h"
#include "scenarios/scenario.pb.h"

namespace iovalab {

struct VtdScenarioOptions {
  std::string name = "imported";
  std::string source;  // where the files come from
  // Accesses that something is expected of: checking takes time.
  size_t max_expects = 1000;
};

struct VtdScenario {
  pb::Scenario scenario;
  // The one with the most faults, of those with the most accesses.
  uint32_t device = 0;
  uint64_t maps = 0;
  uint64_t unmaps = 0;
  uint64_t translations = 0;
  uint64_t faults = 0;
  // Left out, of this device:
  uint64_t faults_of_contexts = 0;  // the machine has tables alone
  uint64_t accesses_elsewhere = 0;  // while it was in another domain
  uint64_t accesses_unknown = 0;    // of what was mapped past the ftrace's end
  uint64_t maps_left_out = 0;       // no whole pages, not in the tables' width,
                                    // or to memory past 32 TiB
  uint64_t maps_without_domain = 0;

  // In a line, without newline; what was left out is named.
  std::string Text() const;
};

// Errors: InvalidArgument where QEMU's trace has no device's access,
// ResourceExhausted for more steps than a scenario file may have.
absl::StatusOr<VtdScenario> ScenarioFromVtd(const VtdCapture& capture,
                                            const VtdOrder& order,
                                            const VtdScenarioOptions& options);

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_VTD_VTD_SCENARIO_H_
