#ifndef IOVALAB_LAB_SCENARIO_SCENARIO_RENDER_H_
#define IOVALAB_LAB_SCENARIO_SCENARIO_RENDER_H_

// Whether a flat view of the regions can be rendered at all, and at what cost,
// without rendering it.
//
// Not for: callers outside the loader.

#include "lab/scenario/scenario_check.h"

namespace iovalab {

// Names of regions are resolved. Fails where a region would show itself through
// aliases and containers, where they nest deeper than LoadLimits::max_depth,
// and where a rendering would visit more than LoadLimits::max_rendered. Linear.
absl::Status CheckRendering(const Loading& l);

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_SCENARIO_RENDER_H_
