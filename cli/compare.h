#ifndef IOVALAB_CLI_COMPARE_H_
#define IOVALAB_CLI_COMPARE_H_

// `iovalab compare`.

#include <string>

#include "cli/command.h"
#include "cli/terminal/terminal.h"
#include "lab/compare/compare.h"

namespace iovalab {

extern const Command kCompareCommand;

// What it prints: the scenario's summary, a row a combination, and where and
// why the rows part.
std::string ComparisonText(const LoadedScenario& scenario,
                           const Comparison& comparison,
                           const Terminal& terminal);

}  // namespace iovalab

#endif  // IOVALAB_CLI_COMPARE_H_
