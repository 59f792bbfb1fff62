#ifndef IOVALAB_LAB_IMPORT_VTD_VTD_LOG_H_
#define IOVALAB_LAB_IMPORT_VTD_VTD_LOG_H_

// One line of what a Linux guest behind QEMU's intel-iommu leaves: QEMU's vtd_*
// trace, the guest's ftrace (iommu:map, iommu:unmap, intel_iommu:qi_submit),
// the guest's dmesg (DMAR lines).
//
// Not for: what the lines mean together (vtd_capture.h).
//
// Invariant: any bytes are accepted; a line that lacks a number of its kind, or
// has one cut or too long for 64 bits, is damaged, never believed.

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace iovalab {

enum class VtdLineKind : uint8_t {
  kOther,    // none of ours
  kDamaged,  // begins as one of ours
  // QEMU 7.2 to 10.0 hw/i386/trace-events
  kRoot,         // address, write: scalable mode
  kEnable,       // write: 1 on, 0 off
  kCacheUpdate,  // source address entry domain: walked, and now cached
  kCacheHit,     // the same: found in the cache
  kTranslate,    // source address target mask
  kFault,        // source reason address write
  kRecord,       // index high low
  kPending,      // write: the fault status register's PPF
  kFlushPages,   // domain address mask
  kFlushDomain,  // domain
  kFlushGlobal,
  // Linux tracefs text
  kMap,      // address last target
  kUnmap,    // address last
  kCommand,  // high, low: words 0 and 1 of a descriptor of type IOTLB
  kEntries,  // "entries-in-buffer/entries-written": mask kept, target written
  // Linux dmesg
  kDmesgFault,   // source reason address write; text
  kDmesgStatus,  // address: the fault status register; text
  kDmesgWidth,   // address: of the machine, in bits
};

struct VtdLine {
  VtdLineKind kind = VtdLineKind::kOther;
  uint64_t line = 0;  // from 1, in its file
  uint32_t source = 0;
  uint32_t domain = 0;
  uint32_t reason = 0;
  uint32_t index = 0;
  bool write = false;
  uint64_t address = 0;
  uint64_t last = 0;
  uint64_t target = 0;
  uint64_t entry = 0;
  uint64_t mask = 0;
  uint64_t high = 0;
  uint64_t low = 0;
  uint64_t micros = 0;  // ftrace: the guest's time
  std::string text;     // dmesg: from "DMAR:" on
};

// `text` is the line without its newline.
VtdLine ParseVtdLine(absl::string_view text);

enum class VtdFileKind : uint8_t { kNone, kQemu, kFtrace, kDmesg };
// What a file is, from its beginning (some tens of KiB). A QEMU log is one of
// ours only if it has a vtd_ event there.
VtdFileKind DetectVtdFile(absl::string_view beginning);
absl::string_view VtdFileKindName(VtdFileKind kind);

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_VTD_VTD_LOG_H_
