#ifndef IOVALAB_MODEL_EVENT_KINDS_H_
#define IOVALAB_MODEL_EVENT_KINDS_H_

// Event kinds: the one table of what can be in a trace, field by field. Both
// encodings, `list events`, diff and explain are driven by it and know nothing
// of the components that emit events.
//
// Not for: behaviours of real systems (rules.h).
//
// Invariants: row i of the table is kind i; every field is one 64-bit word;
// kind and field names never change meaning (they are in goldens). A new field
// goes at the end of its row and is optional; a new value of an enum goes at
// its end. (Kinds, rules, actors and stores may move: files name them.)

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace iovalab {

enum class Actor : uint8_t {
  kScript,
  kGuest,
  kVmm,
  kKernel,
  kDevice,
  kOracle,
  kIommu,
  kCount
};

absl::string_view ActorName(Actor actor);
std::optional<Actor> ActorByName(absl::string_view name);

// How a word reads in text.
enum class FieldType : uint8_t {
  kHex,     // address: 0x and 16 digits
  kSize,    // length in bytes: 0x and as many digits as needed
  kCount,   // decimal
  kSigned,  // decimal, two's complement
  kErrno,   // 0 or -ENAME; two's complement
  kName,    // index into Trace::names, or kNoName
  kEvent,   // event, by id, or kNoEvent
  kPerm,    // -, r, w, rw, or a number
  kBool,    // 0 or 1
  kStore,   // StoreId::Pack()
  kEnum,    // value of FieldInfo::values; past them, decimal
  kRule,    // Rule
};

inline constexpr uint64_t kNoName = UINT32_MAX;
inline constexpr uint64_t kNoEvent = UINT32_MAX;

struct FieldInfo {
  absl::string_view name;
  FieldType type = FieldType::kHex;
  bool optional = false;  // left out of the text when it holds `absent`
  uint64_t absent = 0;
  absl::Span<const absl::string_view> values = {};  // kEnum: names by value
};

enum class Kind : uint8_t {
  kStep,       // a step of the scenario begins
  kDelta,      // a store changed
  kCommit,     // VMM: a memory transaction commits
  kListener,   // VMM: the listener is registered or unregistered
  kRegionAdd,  // VMM: a section is delivered to the listener
  kRegionDel,
  kRegionSkip,   // VMM: the listener passes over a section
  kLookup,       // VMM: a tree is asked which node a needle is in
  kHostMap,      // VMM: host-only memory (a vring) is mapped or unmapped
  kVdpaMsg,      // kernel: a vhost-vdpa IOTLB message and its answer
  kSetMap,       // device: set_map
  kPost,         // guest: a request is posted
  kTranslate,    // VMM: one buffer of a request gets its IOVA
  kReject,       // VMM: a buffer is refused, no DMA happens
  kDma,          // device: one segment of a DMA, and how it was judged
  kComplete,     // device: a request is done
  kViolation,    // oracle: an invariant stopped holding
  kLeak,         // oracle: something that nobody owns any more
  kCrash,        // the VMM or the kernel died
  kEnd,          // the run ended, with its verdict
  kNotify,       // VMM: a vIOMMU maps or unmaps a range
  kDiscard,      // VMM: the guest gives pages back
  kReset,        // VMM: the device is reset (status 0)
  kHostPost,     // VMM: posts a buffer of its own
  kRing,         // anyone: a field of a ring is read or written
  kRingBad,      // anyone: what a ring holds is refused
  kKick,         // guest, VMM: the other side is told of new descriptors
  kInterrupt,    // device, VMM: the other side is told of used descriptors
  kControl,      // anyone: a control command goes by
  kIommuFault,   // IOMMU: refuses an access
  kInvalidate,   // kernel: asks the IOMMU to forget translations
  kInvalidated,  // IOMMU: has forgotten them
  kWalk,         // IOMMU: reads an entry of a table
  kPoison,       // script: an entry of the IOMMU's tables is damaged
  kCount,
};

// The field of a kStep that holds its label, which is also its id.
inline constexpr size_t kStepLabel = 0;

struct KindInfo {
  Kind kind;
  absl::string_view name;
  absl::string_view says;
  absl::Span<const FieldInfo> fields;
};

const KindInfo& GetKind(Kind kind);
std::optional<Kind> KindByName(absl::string_view name);

// Values of kEnum fields, which are also the classes of docs/design.md.
enum class AccessClass : uint8_t {
  kOk,
  kDmaFault,
  kSwReject,
  kSilentCorrupt,
  kStale,
  kAbsorbed,
  kPlatformError,
  kLeak,
  kLostLog,
  kCount,
};
enum class Ended : uint8_t {
  kCompleted,
  kVmmAbort,
  kKernelOops,
  kHang,
  kBound,
  kCount
};
enum class Verdict : uint8_t { kSafe, kFaults, kUnsafe, kCount };
// Numbers as in the kernel's vhost_iotlb_msg.
enum class VdpaMsgType : uint8_t {
  kMiss = 1,
  kUpdate = 2,
  kInvalidate = 3,
  kAccessFail = 4,
  kBatchBegin = 5,
  kBatchEnd = 6,
  kCount,
};
enum class FaultReason : uint8_t {
  kNone,
  kNotPresent,
  kPermission,
  kAddressWidth,
  kUserMemory,
  kInterruptRange,
  kContext,
  kCount
};

absl::string_view Name(AccessClass c);
absl::string_view Name(Ended e);
absl::string_view Name(Verdict v);
absl::string_view Name(VdpaMsgType t);
absl::string_view Name(FaultReason r);

// Linux errno names for the values that the models answer: "0", "-EINVAL".
// Any other value prints as a decimal number.
absl::string_view ErrnoName(int64_t err);  // "" when unknown
std::optional<int64_t> ErrnoByName(absl::string_view name);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_EVENT_KINDS_H_
