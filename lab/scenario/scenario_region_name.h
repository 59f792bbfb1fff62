#ifndef IOVALAB_LAB_SCENARIO_SCENARIO_REGION_NAME_H_
#define IOVALAB_LAB_SCENARIO_SCENARIO_REGION_NAME_H_

// Names of regions, those of arrays included: NAME, NAME[3], NAME[0-99],
// NAME[*].
//
// Not for: callers outside the loader.

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "lab/scenario/scenario_check.h"
#include "lab/scenario/scenario_place.h"

namespace iovalab {

// Regions that follow each other in Scenario::regions.
struct RegionRun {
  uint32_t first = 0;
  uint32_t count = 0;
};

// All the regions that the name stands for; false with `error` set where there
// are none such.
bool FindRegions(const Loading& l, absl::string_view name, RegionRun* run,
                 std::string* error);
// The same of a field that takes one region.
bool FindRegion(const Loading& l, absl::string_view name, uint32_t* region,
                std::string* error);

// The block in the file that the region comes from.
Place RegionPlace(const Loading& l, uint32_t region);

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_SCENARIO_REGION_NAME_H_
