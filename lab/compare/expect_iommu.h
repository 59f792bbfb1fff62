#ifndef IOVALAB_LAB_COMPARE_EXPECT_IOMMU_H_
#define IOVALAB_LAB_COMPARE_EXPECT_IOMMU_H_

// Checks what a scenario expects of the platform IOMMU's faults.
//
// Not for: callers outside expect.cc.

#include <string>

#include "model/event/trace.h"
#include "scenarios/scenario.pb.h"

namespace iovalab {

// "" where the trace has such a fault; else what it has instead.
std::string MissingIommuFault(const pb::Expect::IommuFault& wanted,
                              const Trace& trace);

}  // namespace iovalab

#endif  // IOVALAB_LAB_COMPARE_EXPECT_IOMMU_H_
