#ifndef IOVALAB_LAB_IMPORT_VTD_VTD_REPLAY_H_
#define IOVALAB_LAB_IMPORT_VTD_VTD_REPLAY_H_

// Runs a capture's accesses on the simulator's IOMMU, over tables built from
// the capture's maps, and compares what it reports with what was recorded.
//
// What is taken from the capture: maps and unmaps, invalidations, the accesses
// themselves (device, address, direction of those that faulted), permissions of
// leaves where QEMU's trace shows them (ftrace does not), when the driver took
// a fault record, which device is in which domain. What is compared: the
// translation of each access and whether the IOTLB had it; of each fault that
// it is one, address, direction, reason and source id; whether it was recorded,
// and the register's bits; the line that the driver printed.
//
// Not for: captures without all of these; what is missing is not compared.
//
// Invariant: no outcome that is compared is looked at before it is predicted.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "lab/import/vtd/vtd_capture.h"

namespace iovalab {

struct VtdTally {
  uint64_t reproduced = 0;
  uint64_t total = 0;

  void Count(bool same) {
    ++total;
    reproduced += same;
  }
};

struct VtdMismatch {
  uint64_t line = 0;  // of QEMU's trace, or of dmesg
  std::string what;
};

struct VtdReplay {
  static constexpr size_t kMaxMismatches = 20;

  absl::string_view cache;  // the shape of the IOTLB (IotlbShapes)
  VtdTally translations;    // addresses
  VtdTally hits;            // found in the IOTLB, or not
  VtdTally faults;          // address, direction, reason, source id
  VtdTally records;         // reported or not, and the register's bits
  VtdTally dmesg;           // lines of the driver
  uint64_t faults_reported = 0;
  uint64_t faults_compressed = 0;
  uint64_t faults_overflowed = 0;
  uint64_t faults_after_guest = 0;  // past the end of the guest's ftrace
  uint64_t maps = 0;
  uint64_t maps_without_domain = 0;  // nothing tells which
  uint64_t maps_refused = 0;         // do not fit the tables
  uint64_t mapped_pages = 0;         // at the end of the guest's ftrace
  uint64_t most_pages = 0;           // mapped at one time
  int levels = 3;
  std::vector<VtdMismatch> mismatches;  // the first few

  bool all() const;
};

// With the IOTLB that reproduces most: QEMU 7.2's or that of later versions.
VtdReplay ReplayVtdCapture(const VtdCapture& capture, const VtdOrder& order);
// With that IOTLB.
VtdReplay ReplayVtdCapture(const VtdCapture& capture, const VtdOrder& order,
                           absl::string_view cache);

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_VTD_VTD_REPLAY_H_
