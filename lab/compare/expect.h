#ifndef IOVALAB_LAB_COMPARE_EXPECT_H_
#define IOVALAB_LAB_COMPARE_EXPECT_H_

// Checks a run against the expectations of its scenario.
//
// Not for: goldens; they say what happened, this says what must.

#include <string>
#include <vector>

#include "lab/compare/outcome.h"
#include "lab/scenario/axes.h"
#include "model/machine.h"
#include "scenarios/scenario.pb.h"

namespace iovalab {

// Whether the expectation is about runs with these policies.
bool Applies(const pb::Expect& expect, const Policies& policies);

// What does not hold, one sentence each, of expectation number `index` (from 0)
// that applies. Names and values in it were validated at loading.
std::vector<std::string> CheckExpect(const pb::Expect& expect, int index,
                                     const RunResult& result,
                                     const Outcome& outcome);

// The same for a combination that was not run.
std::vector<std::string> CheckNotApplicable(const pb::Expect& expect, int index,
                                            absl::string_view reason);

}  // namespace iovalab

#endif  // IOVALAB_LAB_COMPARE_EXPECT_H_
