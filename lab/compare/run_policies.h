#ifndef IOVALAB_LAB_COMPARE_RUN_POLICIES_H_
#define IOVALAB_LAB_COMPARE_RUN_POLICIES_H_

// From the names of policies (axes.h) to the parts of the machine that they
// mean, and which combinations mean nothing.
//
// Not for: choosing combinations.

#include <string>

#include "lab/scenario/axes.h"
#include "model/machine.h"

namespace iovalab {

struct ResolvedPolicies {
  RunPolicies run;             // where applicable
  std::string not_applicable;  // the reason; empty: it applies
};

// `policies` holds every axis with values of the table (checked). Some
// combinations mean nothing for this scenario only.
ResolvedPolicies ResolvePolicies(const Policies& policies,
                                 const Scenario& scenario);

}  // namespace iovalab

#endif  // IOVALAB_LAB_COMPARE_RUN_POLICIES_H_
