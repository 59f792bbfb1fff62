#ifndef IOVALAB_LAB_SCENARIO_SCENARIO_PRINT_H_
#define IOVALAB_LAB_SCENARIO_SCENARIO_PRINT_H_

// The canonical text of a scenario: one text for one content. Traces embed it,
// the importer writes it.
//
// Not for: keeping a user's comments or layout; they are dropped.
//
// Invariants: fields in the order of their numbers; addresses and sizes in hex,
// counts and times in decimal; defaults left out, but both ends of every range
// said. Loading the text again gives the same scenario and the same text.

#include <string>

#include "scenarios/scenario.pb.h"

namespace iovalab {

// Begins with the two comment lines that name the schema.
std::string CanonicalText(const pb::Scenario& scenario);

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_SCENARIO_PRINT_H_
