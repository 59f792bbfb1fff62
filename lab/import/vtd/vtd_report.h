#ifndef IOVALAB_LAB_IMPORT_VTD_VTD_REPORT_H_
#define IOVALAB_LAB_IMPORT_VTD_VTD_REPORT_H_

// What `import` says about the files of a guest behind an intel-iommu.
//
// Not for: the replay itself (vtd_replay.h).

#include <string>

#include "lab/import/vtd/vtd_capture.h"

namespace iovalab {

struct VtdReport {
  // In sentences; the last line is "faults: reproduced N of N". Where the files
  // cannot be put in order: what they hold, and why.
  std::string text;
  bool differs = false;  // something was not reproduced
};

VtdReport ReportVtdCapture(const VtdCapture& capture);

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_VTD_VTD_REPORT_H_
