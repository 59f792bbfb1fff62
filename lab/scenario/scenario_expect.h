#ifndef IOVALAB_LAB_SCENARIO_SCENARIO_EXPECT_H_
#define IOVALAB_LAB_SCENARIO_SCENARIO_EXPECT_H_

// Parts of CheckExpects.
//
// Not for: callers outside the loader, nor for judging a run.

#include "lab/scenario/scenario_check.h"

namespace iovalab {

// A step's label, or "start".
absl::Status CheckStep(const Loading& l, const Place& at,
                       absl::string_view label);

// A store that there is, at a step that there is, and something to expect of
// it.
absl::Status CheckStoreExpect(const Loading& l, const Place& at,
                              const pb::Expect::Store& store);

// Either none, or a step or up to two stores or levels.
absl::Status CheckViolation(const Loading& l, const Place& at,
                            const pb::Expect::FirstViolation& violation);

// A step that accesses memory, and a reason that there is.
absl::Status CheckIommuFaultExpect(const Loading& l, const Place& at,
                                   const pb::Expect::IommuFault& fault);

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_SCENARIO_EXPECT_H_
