#ifndef IOVALAB_LAB_CHECK_CHECK_REPORT_H_
#define IOVALAB_LAB_CHECK_CHECK_REPORT_H_

// The results of a check in the forms that CI systems read.
//
// Not for: people (cli/check.cc).
//
// Invariants: well-formed whatever the paths and messages hold: control
// characters and bytes that are not UTF-8 are shown as \xNN; no time, host or
// other thing that changes from run to run.

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lab/check/check.h"

namespace iovalab {

// JUnit XML, as Jenkins, GitLab and others take it: one testcase a scenario;
// what a scenario did wrong is one failure, what could not be read or run an
// error.
std::string CheckJunit(absl::Span<const ScenarioCheck> checks);

// SARIF 2.1.0: one result a problem.
std::string CheckSarif(absl::Span<const ScenarioCheck> checks,
                       absl::string_view tool_version);

// GitHub's workflow commands, "::error file=…,line=…,title=…::…", a line a
// problem.
std::string CheckGithub(absl::Span<const ScenarioCheck> checks);

}  // namespace iovalab

#endif  // IOVALAB_LAB_CHECK_CHECK_REPORT_H_
