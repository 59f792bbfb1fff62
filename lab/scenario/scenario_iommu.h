#ifndef IOVALAB_LAB_SCENARIO_SCENARIO_IOMMU_H_
#define IOVALAB_LAB_SCENARIO_SCENARIO_IOMMU_H_

// What a scenario may ask of page-table formats: leaves that they have, host
// memory within their width.
//
// Not for: rows whose format a flag chose; those are n/a (run_policies.h) or
// fail as the kernel lets them.

#include "absl/status/status.h"
#include "lab/scenario/scenario_check.h"

namespace iovalab {

// iommu.leaf_bytes, without a look at formats.
absl::Status LoadLeafBytes(Loading& l);

// What the formats of the scenario's own axis rule out; memory and axes are
// loaded. Leaves that a driver of them does not write are an error; host memory
// that some of them cannot address is none: mapping it is refused there with
// -ERANGE, which a scenario may be about. Memory that none can address is.
absl::Status CheckFormats(const Loading& l);

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_SCENARIO_IOMMU_H_
