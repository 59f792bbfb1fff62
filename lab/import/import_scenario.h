#ifndef IOVALAB_LAB_IMPORT_IMPORT_SCENARIO_H_
#define IOVALAB_LAB_IMPORT_IMPORT_SCENARIO_H_

// Import scenario: one device of a log as a scenario that `compare` can run
// under every strategy: the same sections in the same transactions, host-only
// memory mapped and unmapped where the log has it, and guest DMA around every
// deletion to show who survives it.
//
// Not for: predicting the log's own messages (predict.h).
//
// Invariants: addresses of the VMM are the rebased ones of import_blocks.h, and
// labels count transactions, so two runs of one layout give one scenario. Same
// input, same message. What a scenario cannot say is left out: the deletion of
// sections whose region_add the log lacks.

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "lab/import/import_blocks.h"
#include "lab/import/import_events.h"
#include "scenarios/scenario.pb.h"

namespace iovalab {

struct ImportScenarioOptions {
  std::string name = "imported";
  std::string source;           // where the log comes from
  std::string mapping = "hva";  // first value of the axis: what `run` takes
  // Requests posted after a deletion, and held across it.
  int max_posts = 16;
  int max_holds = 8;
  int max_requests = 2000;  // in all
};

// The device with the most listener events; the first of equals. Nothing (-1)
// where no device has any.
int ChooseImportDevice(const Import& import);

// Errors: ResourceExhausted where the log has more transactions, sections or
// blocks than a scenario file may (lab/scenario/scenario_limits.h);
// InvalidArgument where its addresses fit no address space.
absl::StatusOr<pb::Scenario> ScenarioFromImport(
    const ImportDevice& device, const ImportBlocks& blocks,
    const ImportScenarioOptions& options);

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_IMPORT_SCENARIO_H_
