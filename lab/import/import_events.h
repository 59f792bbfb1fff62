#ifndef IOVALAB_LAB_IMPORT_IMPORT_EVENTS_H_
#define IOVALAB_LAB_IMPORT_IMPORT_EVENTS_H_

// Import: what a QEMU log says, by device: the listener's events in order and
// host-only memory, apart from what the log says was sent to the kernel.
//
// Not for: predicting (predict.h), judging (import_report.h).
//
// Invariants: ImportOp holds no IOVA of the log: whoever is given ops alone
// cannot look at the answer. Ops of a device are in the order of the log. Each
// LoggedOp belongs to exactly one op.
//
// How lines become ops (recorded on QEMU 7.2 and 10.0): a dma_map that follows
// a region_add of the same pointer, with its address, is that section's; any
// other dma_map is host-only memory (a vring, a control buffer). Likewise for
// unmaps. Pointers with the same fd are one device: 7.2 has a vhost_vdpa for
// each vhost_dev.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "lab/import/monitor_dump.h"
#include "lab/import/qemu_log.h"

namespace iovalab {

enum class ImportOpKind : uint8_t {
  kRegionAdd,  // first last hva readonly
  kRegionDel,  // first last, and hva readonly of its region_add where known
  kHostMap,    // hva size asid perm ring
  kHostUnmap,  // size asid
  kCommit,     // end of the listener's transaction
  kStart,      // device started or stopped
  kStop,
  kReset,  // the device was created again: nothing of before is left
};

struct ImportOp {
  ImportOpKind kind = ImportOpKind::kCommit;
  uint64_t line = 0;
  uint64_t first = 0;  // GPA, both inclusive
  uint64_t last = 0;
  uint64_t hva = 0;
  uint64_t size = 0;  // bytes, host-only memory
  bool readonly = false;
  bool known = true;  // kRegionDel: its region_add is in the log
  bool ring = false;  // kHostMap: a set_vring_addr came right after
  bool has_asid = false;
  uint32_t asid = 0;
  uint32_t perm = 0;
  int32_t logged = -1;  // index into ImportDevice::logged
};

// A message to the kernel, as logged.
struct LoggedOp {
  uint64_t line = 0;
  uint64_t iova = 0;
  uint64_t size = 0;
  uint32_t asid = 0;
  bool map = false;
};

enum class ImportSource : uint8_t {
  kVdpa,     // vhost_vdpa_*
  kVhost,    // snapshots of vhost_region_add_section: vhost-user, kernel vhost
  kVfio,     // vfio_listener_*
  kMonitor,  // no log: memory maps that a monitor printed
};

struct ImportDevice {
  ImportSource source = ImportSource::kVdpa;
  std::string name;             // "fd 9", "vdpa 1", "vhost", "vfio"
  bool shared_pointer = false;  // lines say vdpa_shared (QEMU 9.0 and later)
  bool has_range = false;
  uint64_t iova_first = 0;
  uint64_t iova_last = UINT64_MAX;
  std::vector<ImportOp> ops;
  std::vector<LoggedOp> logged;

  size_t CountOps(ImportOpKind kind) const;
};

// Host memory that the log names: vhost_region_add_section.
struct NamedSpan {
  uint64_t hva = 0;
  uint64_t size = 0;
  std::string name;
};

struct Import {
  std::vector<ImportDevice> devices;  // in order of first appearance
  std::vector<NamedSpan> names;       // by hva; bounded
  QemuLogCounts counts;
  bool too_many = false;  // the log has more than kMaxOps operations

  // Of a monitor's dump; empty for a log (monitor_import.h).
  std::vector<LinesOf> files;  // whose lines are whose
  uint64_t views = 0;          // memory maps in the dump
  uint64_t what_if = 0;  // sections that go and come though it has no such
};

class ImportBuilder {
 public:
  // 4 million operations: a vdpa log of some 600 MB.
  static constexpr size_t kMaxOps = size_t{1} << 22;
  static constexpr size_t kMaxNames = 4096;

  void Add(const QemuEvent& event);
  Import Finish(const QemuLogCounts& counts);

 private:
  // Where an event came from before it is known which device that is.
  struct Origin {
    ImportSource source = ImportSource::kVdpa;
    uint64_t pointer = 0;
    int64_t fd = -1;  // -1: the line does not say
    friend auto operator<=>(const Origin&, const Origin&) = default;
  };
  struct Raw {
    Origin origin;
    ImportOp op;
    LoggedOp logged;
  };
  using Key = std::pair<ImportSource, uint64_t>;  // source and pointer
  struct LiveSection {
    uint64_t last = 0;
    uint64_t hva = 0;
    bool readonly = false;
    uint64_t users = 1;  // vfio: containers that each add it
  };
  struct Pointer {
    int64_t pending = -1;  // index of a region op whose message may follow
    std::map<uint64_t, LiveSection> live;  // by first
    // The last two host maps, where nothing else came after them.
    std::array<int64_t, 2> tail = {-1, -1};
    uint64_t init_line = 0;
    bool shared = false;
    bool has_range = false;
    uint64_t iova_first = 0, iova_last = 0;
  };

  Raw& Append(ImportOpKind kind, uint64_t line, const Origin& origin);
  void RegionAdd(const Origin& origin, uint64_t line, uint64_t first,
                 uint64_t last, uint64_t hva, bool readonly);
  void RegionDel(const Origin& origin, uint64_t line, uint64_t first,
                 uint64_t last);
  void DmaMap(const QemuEvent& event);
  void DmaUnmap(const QemuEvent& event);
  void BatchEnd(const QemuEvent& event);
  void DevInit(const QemuEvent& event);
  void Range(uint64_t pointer, uint64_t first, uint64_t last);
  void VhostRegion(const QemuEvent& event);
  void VhostCommit(const QemuEvent& event);
  void Vfio(const QemuEvent& event);
  uint64_t PointerOfDev(uint64_t dev) const;
  bool HostMapOutstanding(uint64_t size) const;

  std::vector<Raw> raw_;
  std::map<Key, Pointer> pointers_;
  std::map<uint64_t, uint64_t> pointer_of_dev_;
  std::map<uint64_t, int64_t> host_sizes_;  // outstanding host maps, by size
  uint64_t last_pointer_ = 0;
  Pointer* Of(const Origin& o) { return &pointers_[{o.source, o.pointer}]; }
  Pointer* OfVdpa(uint64_t p) { return &pointers_[{ImportSource::kVdpa, p}]; }

  // The list of sections that the next vhost_commit ends, and the last one.
  struct VhostSection {
    uint64_t first, last, hva;
    bool aligned;  // only the aligned line was seen
    friend auto operator<=>(const VhostSection&, const VhostSection&) = default;
  };
  std::vector<VhostSection> snapshot_;
  std::vector<VhostSection> last_snapshot_;
  std::map<std::pair<uint64_t, uint64_t>, std::string> names_;
  bool too_many_ = false;
};

// Reads a whole log held in memory.
Import ImportQemuLog(absl::string_view log);

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_IMPORT_EVENTS_H_
