#ifndef IOVALAB_LAB_IMPORT_QEMU_LOG_H_
#define IOVALAB_LAB_IMPORT_QEMU_LOG_H_

// QemuLogParser: reads the text that QEMU writes for `-trace`, line by line,
// and hands on each event that it knows, with its numbers.
//
// Not for: what the events mean together (import_events.h).
//
// Invariants: any bytes are accepted; memory does not grow with the input (a
// line is kept up to kMaxLine bytes); every line is counted once as damaged,
// known, other, foreign or blank (the first of these that fits).

#include <array>
#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace iovalab {

// The words of each, by index, are in the comment; those in [] may be missing
// (bit 0 of QemuEvent::present). Texts: QEMU 7.2.22, 10.0.2 and between,
// hw/virtio/trace-events, hw/vfio/trace-events.
enum class QemuEventKind : uint8_t {
  kDmaMap,      // vdpa fd msg_type [asid] iova size uaddr perm [type]
  kDmaUnmap,    // vdpa fd msg_type [asid] iova size [type]
  kRegionAdd,   // vdpa first llend hva readonly; llend is exclusive
  kRegionDel,   // vdpa first llend; llend odd: inclusive (since 10.0)
  kBatchBegin,  // vdpa fd msg_type [type] [asid]
  kBatchEnd,    // vdpa fd msg_type [type] [asid]
  kIovaRange,   // dev first last
  kSkipped,     // ram iommu protected ram_device first last (of the IOVA range)
  kVringAddr,   // dev index
  kDevInit,     // dev [shared] vdpa
  kDevCleanup,  // dev vdpa
  kDevStart,    // dev started
  kVhostRegion,  // gpa size hva; name. One of the list that a commit ends
  kVhostRegionAligned,  // the same
  kVhostCommit,         // started changed
  kVfioAdd,             // first last hva; last is inclusive
  kVfioDel,             // first last; last is inclusive
  kVfioSkip,            // first last
  kVfioIommu,           // first last
  kVtdFault,            // source, reason, address, write
  kIgnored,             // known, and of no use here
};
inline constexpr int kQemuEventKinds =
    static_cast<int>(QemuEventKind::kIgnored) + 1;

struct QemuEvent {
  QemuEventKind kind = QemuEventKind::kIgnored;
  uint64_t line = 0;       // from 1
  absl::string_view name;  // of a memory region; valid during the call only
  std::array<uint64_t, 9> word = {};
  uint32_t present = 0;  // bit i: word i was in the line

  bool Has(int i) const { return (present >> i & 1) != 0; }
};

struct QemuLogCounts {
  uint64_t bytes = 0;
  uint64_t lines = 0;
  uint64_t known = 0;    // events that this parser has a row for
  uint64_t other = 0;    // trace events that it has none for
  uint64_t foreign = 0;  // no trace event at all
  uint64_t damaged = 0;  // a known event's line, cut or overwritten
  uint64_t blank = 0;
  uint64_t trailing = 0;  // known ones with unknown text after them
  uint64_t first_damaged_line = 0;
  uint64_t first_trailing_line = 0;
  std::string first_trailing;  // that text, up to 80 bytes
  std::array<uint64_t, kQemuEventKinds> by_kind = {};
};

class QemuLogParser {
 public:
  using Sink = absl::FunctionRef<void(const QemuEvent&)>;

  // Longer lines are damaged or foreign, and cut.
  static constexpr size_t kMaxLine = 1 << 16;

  // The next piece of the log; pieces may end anywhere.
  void Feed(absl::string_view piece, Sink sink);
  // The end: the last line may lack its newline, and then may be cut.
  void Finish(Sink sink);

  const QemuLogCounts& counts() const { return counts_; }

 private:
  enum class LineIs : uint8_t { kForeign, kOther, kKnown, kDamaged };

  void Line(absl::string_view line, bool whole, Sink sink);
  LineIs Events(absl::string_view text, bool whole, Sink sink);
  LineIs OneEvent(absl::string_view text, bool whole, Sink sink);

  QemuLogCounts counts_;
  std::string partial_;  // the beginning of a line not yet ended
  bool cut_ = false;     // partial_ is longer than kMaxLine in the log
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_QEMU_LOG_H_
