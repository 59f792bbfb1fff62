#ifndef IOVALAB_LAB_IMPORT_VTD_VTD_UNIT_H_
#define IOVALAB_LAB_IMPORT_VTD_VTD_UNIT_H_

// VtdUnit: the simulator's IOMMU set up as a capture says: its tables, its
// IOTLB, its devices. The capture's operations go in, what becomes of accesses
// comes out.
//
// Not for: comparing that with anything (vtd_replay.h), fault queues.
//
// Invariant: an access is answered from the operations before it alone, but
// for what VtdDomains knows.

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "lab/import/vtd/vtd_capture.h"
#include "lab/import/vtd/vtd_domains.h"
#include "lab/import/vtd/vtd_tables.h"
#include "model/iommu/fault.h"
#include "model/iommu/iotlb.h"

namespace iovalab {

struct VtdOutcome {
  bool hit = false;                 // in the IOTLB
  std::optional<IotlbEntry> found;  // unless there is no translation
  IommuFault reason = IommuFault::kNone;
  FaultPlace place = FaultPlace::kPages;

  // "0xa000" or "a fault (not_present)".
  std::string Text() const;
};

// The machine's width as dmesg tells it (QEMU: aw-bits), else the least that
// the maps need: 3, 4 or 5 levels.
int VtdLevelsOf(const VtdCapture& capture);

class VtdUnit {
 public:
  // `cache` is a name of IotlbShapes. The capture must outlive the unit.
  VtdUnit(const VtdCapture& capture, absl::string_view cache);

  enum class Done : uint8_t { kDone, kNoDomain, kRefused };
  // capture.guest[guest], which comes before capture.qemu[qemu].
  Done Guest(uint32_t guest, uint32_t qemu);
  // capture.qemu[qemu] accesses `iova`.
  VtdOutcome Access(uint32_t source, uint64_t iova, bool write, uint32_t qemu);
  // An invalidation. `unmaps`: what it covers is no longer mapped.
  void Flush(const VtdLine& line, bool unmaps);
  // Every cache is emptied.
  void Reset();

  uint64_t MappedPages() const { return tables_.MappedPages(); }

 private:
  const VtdCapture& capture_;
  VtdDomains domains_;
  VtdTables tables_;
  Iotlb iotlb_;
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_VTD_VTD_UNIT_H_
