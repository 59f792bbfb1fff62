#ifndef IOVALAB_LAB_SCENARIO_SCENARIO_HOST_H_
#define IOVALAB_LAB_SCENARIO_SCENARIO_HOST_H_

// Steps with memory of the VMM's own, and the device's address spaces.
//
// Not for: callers outside the loader; nor for the host buffers themselves
// (scenario_memory.cc).

#include <cstdint>

#include "absl/status/status.h"
#include "lab/scenario/scenario_check.h"
#include "lab/scenario/scenario_place.h"
#include "model/scenario.h"
#include "scenarios/scenario.pb.h"

namespace iovalab {

inline constexpr uint32_t kMaxAsid = 255;  // StoreId::asid is a byte

// `at` is the message that has the field `asid`.
absl::Status LoadAsid(const Loading& l, const Place& at, uint32_t asid,
                      StepSpec& step);

// `at` is the step.
absl::Status LoadHostPost(Loading& l, const Place& at, const pb::Step& in,
                          StepSpec& step);

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_SCENARIO_HOST_H_
