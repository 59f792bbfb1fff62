#ifndef IOVALAB_MODEL_SCENARIO_H_
#define IOVALAB_MODEL_SCENARIO_H_

// Scenario: a guest's memory map and what happens to it, as plain values: what
// scenarios/scenario.proto says after lab/scenario/scenario_load has checked
// it. Names are resolved to indexes, defaults filled in.
//
// Not for: expectations and texts (lab/scenario/scenario_load.h keeps them).
//
// Invariants: as documented at each field of the proto; every index is valid.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/addr/address.h"
#include "model/addr/range.h"

namespace iovalab {

inline constexpr uint32_t kNoIndex = UINT32_MAX;

// Of each buffer of a control queue: the longest command, rounded up to pages
// (QEMU 10.1 net/vhost-vdpa.c vhost_vdpa_net_cvq_cmd_page_len).
inline constexpr uint64_t kControlBufferBytes = 0x1000;

struct PhysicalRunSpec {
  uint64_t first_offset = 0;
  uint64_t last_offset = 0;  // inclusive
  uint64_t chunk = 0;        // bytes, > 0
  Hpa hpa;                   // of chunk 0
  uint64_t stride = 0;       // bytes, >= chunk

  friend bool operator==(const PhysicalRunSpec&,
                         const PhysicalRunSpec&) = default;
};

struct RamBlockSpec {
  std::string name;
  Range<Hva> hva;
  RamAddr ram_addr;
  std::vector<PhysicalRunSpec> physical;  // covers the block, in order
  bool shared = true;                     // a shared file mapping

  friend bool operator==(const RamBlockSpec&, const RamBlockSpec&) = default;
};

struct HostBufferSpec {
  std::string name;
  Range<Hva> hva;
  std::vector<PhysicalRunSpec> physical;  // one run

  friend bool operator==(const HostBufferSpec&,
                         const HostBufferSpec&) = default;
};

enum class RegionKind : uint8_t { kRam, kRamDevice, kIo, kIommu, kContainer };

struct RegionSpec {
  std::string name;
  RegionKind kind = RegionKind::kRam;
  Range<Gpa> addr;                // in its container
  uint32_t ram_block = kNoIndex;  // kRam, kRamDevice
  uint64_t offset = 0;            // in ram_block, or in alias_of
  uint32_t container = kNoIndex;  // kNoIndex: the system address space
  uint32_t alias_of = kNoIndex;   // region
  int32_t priority = 0;
  bool readonly = false;
  bool enabled = true;
  bool is_protected = false;

  friend bool operator==(const RegionSpec&, const RegionSpec&) = default;
};

struct BufferSpec {
  Range<Gpa> gpa;
  bool writable = false;
  std::string data = {};  // that the driver writes first, if any

  friend bool operator==(const BufferSpec&, const BufferSpec&) = default;
};

// A descriptor of a request of the VMM's own; in host buffers.
struct HostPieceSpec {
  Range<Hva> hva;
  bool writable = false;

  friend bool operator==(const HostPieceSpec&, const HostPieceSpec&) = default;
};

// A virtqueue whose rings are bytes in memory.
struct QueueSpec {
  uint32_t size = 0;  // entries, a power of two
  // Where the guest's driver put its parts.
  Gpa desc;
  Gpa avail;
  Gpa used;
  // Host buffers for the VMM's shadow ring: descriptors and avail, and used.
  uint32_t driver_area = kNoIndex;
  uint32_t device_area = kNoIndex;
  bool control = false;               // of commands
  std::optional<uint32_t> asid = {};  // of a control queue; else as QEMU does
  // Host buffers of a control queue: of commands and of their answers.
  uint32_t out_buffer = kNoIndex;
  uint32_t status = kNoIndex;

  friend bool operator==(const QueueSpec&, const QueueSpec&) = default;
};

// A descriptor that the guest's driver writes as it is.
struct RingDescSpec {
  uint16_t index = 0;
  std::optional<uint64_t> table;  // GPA of an indirect table; else the queue's
  uint64_t addr = 0;
  uint32_t len = 0;
  uint16_t flags = 0;
  uint16_t next = 0;

  friend bool operator==(const RingDescSpec&, const RingDescSpec&) = default;
};

struct RingWriteSpec {
  std::vector<RingDescSpec> descriptors;
  std::vector<uint16_t> available;  // heads
  uint32_t skip = 0;                // avail->idx moves on by so many more

  friend bool operator==(const RingWriteSpec&, const RingWriteSpec&) = default;
};

enum class StepKind : uint8_t {
  kMemory,
  kPost,
  kRelease,
  kProbe,
  kHostMap,
  kHostUnmap,
  kListener,
  kViommu,
  kDiscard,
  kReset,
  kHostPost,
  kDriverOk,
  kRingWrite,
  kContext,
  kPoison,
};

// What the platform's IOMMU knows of a device or of one of its processes.
enum class ContextSpec : uint8_t { kNone, kBlocked, kIdentity, kTranslated };

// Which entry of the IOMMU's tables for an address. Neither: the one at which a
// walk for it ends.
struct EntrySpec {
  std::optional<int32_t> level;        // in the format's own numbers
  std::optional<uint32_t> above_last;  // levels above the last one

  friend bool operator==(const EntrySpec&, const EntrySpec&) = default;
};

// A step of any kind; the fields of the other kinds keep their defaults.
struct StepSpec {
  std::string label;
  StepKind kind = StepKind::kMemory;
  // Begins at `at_ns` when `after` is kNoIndex, else when that step is
  // finished; plus delay_ns.
  uint64_t at_ns = 0;
  uint32_t after = kNoIndex;  // index of a step
  uint64_t delay_ns = 0;

  // kMemory: regions.
  std::vector<uint32_t> enable, disable, make_readonly, make_writable;
  bool each = false;  // a transaction for each
  // kPost
  std::vector<BufferSpec> buffers;
  bool hold = false;                       // also kHostPost
  std::vector<HostPieceSpec> host_pieces;  // kHostPost
  uint32_t post = kNoIndex;                // kRelease: step that posted
  // kProbe, kViommu, kPoison
  Range<Iova> iova;
  bool writable = false;
  uint32_t asid = 0;                // also kHostMap, kHostUnmap, kHostPost
  uint32_t host_buffer = kNoIndex;  // kHostMap, kHostUnmap
  bool readonly = false;            // kHostMap, kViommu
  bool write_only = false;          // kHostMap; not with readonly
  Range<Gpa> gpa;                   // kViommu (mapped to), kDiscard
  bool unmap = false;               // kViommu
  bool registered = false;          // kListener
  bool again = false;               // kListener: although it is registered
  uint32_t queue = 0;               // kPost, kRingWrite; with queues
  std::optional<uint64_t> indirect_table;          // kPost: GPA
  RingWriteSpec ring_write;                        // kRingWrite
  std::optional<uint32_t> pasid;                   // kProbe: 20 bits
  ContextSpec context = ContextSpec::kTranslated;  // kContext
  EntrySpec entry;                                 // kPoison, of iova.first
  uint64_t value = 0;                              // kPoison

  friend bool operator==(const StepSpec&, const StepSpec&) = default;
};

// A translation cache: like one that has a name (IotlbShapes), but for what is
// said here.
struct CacheSpec {
  std::string like;
  std::optional<uint32_t> sets, ways;

  friend bool operator==(const CacheSpec&, const CacheSpec&) = default;
};

// A process of the device that the IOMMU knows.
struct ProcessSpec {
  uint32_t pasid = 0;                           // 20 bits
  ContextSpec kind = ContextSpec::kTranslated;  // not kNone

  friend bool operator==(const ProcessSpec&, const ProcessSpec&) = default;
};

// The platform's IOMMU, where a scenario says more than the axis `format`.
struct IommuSpec {
  std::optional<uint32_t> fault_records;  // 1 or more; else the driver's
  std::optional<bool> compress_source;
  uint32_t source_id = 0x28;  // 00:05.0
  // Bit n: the driver may write leaves of 2^n bytes; 0: all that it has.
  uint64_t leaf_sizes = 0;
  // Where they are not the usual ones (model/iommu/unit_shape.h).
  std::optional<CacheSpec> iotlb, walk_cache, atc;
  std::optional<uint64_t> invalidation_ns;
  bool show_walks = false;
  std::vector<ProcessSpec> processes;

  friend bool operator==(const IommuSpec&, const IommuSpec&) = default;
};

struct Scenario {
  std::string name;
  std::vector<RamBlockSpec> ram_blocks;
  std::vector<HostBufferSpec> host_buffers;
  std::vector<RegionSpec> regions;
  Range<Iova> iova_range{Iova(0), Iova(0xffffffffffff)};
  bool listener_off_at_start = false;
  bool no_batch = false;
  std::optional<uint64_t> memlock;  // bytes
  std::optional<uint64_t> max_iotlb_entries;
  uint64_t latency_ns = 1000;
  uint64_t jitter_ns = 0;
  uint32_t in_flight = 16;
  std::vector<QueueSpec> queues;  // none: requests need no rings
  bool out_of_order = false;      // completion, with queues
  std::vector<StepSpec> steps;
  uint64_t seed = 0;
  IommuSpec iommu;

  friend bool operator==(const Scenario&, const Scenario&) = default;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_SCENARIO_H_
