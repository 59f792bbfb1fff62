#ifndef IOVALAB_LAB_IMPORT_IMPORT_REPORT_H_
#define IOVALAB_LAB_IMPORT_IMPORT_REPORT_H_

// Import report: "is my QEMU hit?", answered from the log alone: which sections
// alias in host memory, which logged unmap removed a mapping that was not its
// own, whose that was, and what stays.
//
// Not for: what a strategy would have done (predict.h, compare).
//
// Invariants: no mapping strategy is consulted: each section's own IOVA is the
// one that its own dma_map said. Removal is the kernel's: an INVALIDATE takes
// every entry that it touches, whole (Linux 6.12 drivers/vhost/vdpa.c,
// recorded).

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "lab/import/import_blocks.h"
#include "lab/import/import_events.h"

namespace iovalab {

// A section or host-only memory, and the IOVAs that it was mapped at.
struct MappedThing {
  bool host_only = false;
  uint64_t first = 0;  // GPA (host-only: HVA), both inclusive
  uint64_t last = 0;
  uint64_t iova = 0;
  uint64_t iova_last = 0;
  uint32_t asid = 0;
  uint64_t line = 0;  // of its dma_map
};

// Two sections of guest RAM that are the same host memory, mapped at one time.
struct AliasPair {
  uint64_t a_first = 0, a_last = 0;  // GPA of the earlier one, inclusive
  uint64_t b_first = 0, b_last = 0;  // of the later one
  uint64_t shared_a_first = 0;       // GPA in a where what they share begins
  uint64_t shared_b_first = 0;
  uint64_t shared_size = 0;  // bytes
  uint64_t hva = 0;          // of what they share
  uint64_t line = 0;         // region_add of the later one
};

// An unmap that removed what was not its own.
struct WrongUnmap {
  uint64_t line = 0;  // of the dma_unmap
  uint64_t iova = 0, iova_last = 0;
  MappedThing self;                  // whose deletion this was
  bool self_stays = false;           // its own mapping is still there
  std::vector<MappedThing> removed;  // what went instead, the first few
  uint64_t removed_count = 0;
  bool removed_live = false;  // some of it the guest still had
};

// In order of how bad the news is.
enum class HitVerdict : uint8_t {
  kNotHit,
  kUnknown,
  kExposed,  // a memory map alone: what would be hit is there
  kHit,
};

struct DeviceReport {
  std::string device;
  HitVerdict verdict = HitVerdict::kUnknown;
  std::string reason;  // a sentence without its full stop
  std::vector<AliasPair> aliases;
  bool more_aliases = false;
  std::vector<WrongUnmap> wrong;
  uint64_t wrong_count = 0;
  std::vector<MappedThing> stale;  // still mapped though deleted, at the end
  uint64_t stale_count = 0;
  bool paired = false;        // some map could be paired with its section
  bool shadowed = false;      // some section has an IOVA other than its GPA
  bool told_by_gpa = false;   // a deletion that only a GPA key gets right
  uint64_t sections_max = 0;  // mapped at one time
};

struct ImportReport {
  HitVerdict verdict = HitVerdict::kUnknown;  // the worst of the devices
  std::vector<DeviceReport> devices;
};

ImportReport JudgeImport(const Import& import);

// In sentences; begins with what the log holds.
std::string ReportText(absl::string_view file, const Import& import,
                       const ImportBlocks& blocks, const ImportReport& report);

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_IMPORT_REPORT_H_
