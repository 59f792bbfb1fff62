#ifndef IOVALAB_LAB_IMPORT_VTD_VTD_CAPTURE_H_
#define IOVALAB_LAB_IMPORT_VTD_VTD_CAPTURE_H_

// VtdCapture: the files of one run of a guest behind QEMU's intel-iommu, and
// one order of what they tell: the guest's maps and unmaps between the lines of
// QEMU's trace.
//
// The two clocks are not compared. Each invalidation that the guest's ftrace
// shows (qi_submit) is found again in QEMU's trace, in order; between two of
// them the guest's maps come first, as a driver maps before it tells the
// device, and its unmaps last, as it flushes after them.
//
// Not for: what an IOMMU would have done (vtd_replay.h).
//
// Invariants: QEMU's lines keep their order; memory grows with the events that
// are kept, at most kMaxEvents.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lab/import/vtd/vtd_log.h"

namespace iovalab {

struct VtdFile {
  std::string path;
  VtdFileKind kind = VtdFileKind::kNone;
  uint64_t lines = 0;
  uint64_t known = 0;
  uint64_t damaged = 0;
  uint64_t first_damaged_line = 0;
};

struct VtdCapture {
  static constexpr uint64_t kMaxEvents = 1 << 20;

  std::vector<VtdFile> files;
  std::vector<VtdLine> qemu;   // kRoot to kFlushGlobal
  std::vector<VtdLine> guest;  // kMap, kUnmap, kCommand
  std::vector<VtdLine> dmesg;
  // Entries that the guest's ring buffer held; more than were printed: cut.
  uint64_t ftrace_entries = 0;
  uint64_t ftrace_lines = 0;  // printed

  uint64_t Count(VtdLineKind kind) const;
};

// Takes the lines of a file from memory.
absl::Status AddVtdText(absl::string_view path, VtdFileKind kind,
                        absl::string_view text, VtdCapture& capture);
// Reads a file, gzipped or not, as a stream. Errors as ReadLogPieces', and
// ResourceExhausted for more than kMaxEvents.
absl::Status AddVtdFile(absl::string_view path, VtdFileKind kind,
                        VtdCapture& capture);
// Reads the beginning. kNone for what is no regular file (it could not be read
// again) and for what cannot be read.
VtdFileKind DetectVtdFileAt(absl::string_view path);

struct VtdStep {
  enum class From : uint8_t { kQemu, kGuest };
  From from = From::kQemu;
  uint32_t index = 0;  // in qemu or guest
  // kQemu: the guest's ftrace may not reach here; what it mapped since is not
  // known.
  bool after_guest = false;
};

struct VtdOrder {
  std::vector<VtdStep> steps;
  uint64_t matched = 0;  // invalidations found in both
};
// FailedPrecondition where QEMU's trace does not have the guest's
// invalidations in their order: files of different runs, or without
// intel_iommu:qi_submit.
absl::StatusOr<VtdOrder> OrderVtdCapture(const VtdCapture& capture);

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_VTD_VTD_CAPTURE_H_
