#ifndef IOVALAB_LAB_IMPORT_IMPORT_VERDICT_H_
#define IOVALAB_LAB_IMPORT_IMPORT_VERDICT_H_

// Import verdict: one device's verdict and its reason, from what the judge
// found.
//
// Not for: finding it (import_judge.cc).

#include "lab/import/import_report.h"

namespace iovalab {

// Fills in verdict and reason of a report that is otherwise whole.
void ConcludeDevice(const ImportDevice& device, DeviceReport* report);

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_IMPORT_VERDICT_H_
