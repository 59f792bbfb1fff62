#ifndef IOVALAB_LAB_IMPORT_VTD_VTD_TESTING_H_
#define IOVALAB_LAB_IMPORT_VTD_VTD_TESTING_H_

// For tests: the recorded guest behind an intel-iommu, as texts that a test may
// alter.
//
// Not for: anything but tests.

#include <string>

#include "absl/status/status.h"
#include "lab/import/import_testing.h"
#include "lab/import/vtd/vtd_capture.h"
#include "sim/check.h"

namespace iovalab {

struct VtdTexts {
  std::string qemu, ftrace, dmesg;

  VtdCapture Capture() const {
    VtdCapture capture;
    absl::Status status = AddVtdText("q", VtdFileKind::kQemu, qemu, capture);
    status.Update(AddVtdText("f", VtdFileKind::kFtrace, ftrace, capture));
    status.Update(AddVtdText("d", VtdFileKind::kDmesg, dmesg, capture));
    sim::Check(status.ok(), "texts of a test");
    return capture;
  }
};

inline VtdTexts RecordedVtd() {
  const std::string name = "qemu72-q35-2g-vtd-linux";
  return {ReadCapture(name), ReadCaptureFile(name + ".ftrace-iommu.txt.gz"),
          ReadCaptureFile(name + ".dmesg-dmar.txt.gz")};
}

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_VTD_VTD_TESTING_H_
