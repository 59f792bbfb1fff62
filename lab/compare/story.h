#ifndef IOVALAB_LAB_COMPARE_STORY_H_
#define IOVALAB_LAB_COMPARE_STORY_H_

// Stories: a run told in sentences for people, from its trace: what first went
// wrong, and the narrative of a whole run.
//
// Not for: programs (JSON), nor for causal chains to an event (explain).

#include <cstdint>
#include <string>

#include "lab/compare/outcome.h"
#include "lab/scenario/scenario_load.h"
#include "model/scenario.h"

namespace iovalab {

// What first went wrong, without a full stop: "at del_m3 …". Empty where
// nothing did.
std::string StoryOf(const Scenario& scenario, const Trace& trace,
                    const Outcome& outcome);

// The names of the regions that a guest range touches, "M1", or the range.
std::string RegionsAt(const Scenario& scenario, uint64_t first, uint64_t last);

// The whole run, step by step, a line each, ending with a newline.
std::string Narrative(const Scenario& scenario, const Trace& trace);

}  // namespace iovalab

#endif  // IOVALAB_LAB_COMPARE_STORY_H_
