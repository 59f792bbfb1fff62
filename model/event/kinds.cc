#include "model/event/kinds.h"

#include <cerrno>
#include <iterator>

#include "sim/check.h"

namespace iovalab {
namespace {

using T = FieldType;

constexpr absl::string_view kActors[] = {"script", "guest",  "vmm",  "kernel",
                                         "device", "oracle", "iommu"};
constexpr absl::string_view kClasses[] = {
    "OK",       "DMA_FAULT",      "SW_REJECT", "SILENT_CORRUPT", "STALE",
    "ABSORBED", "PLATFORM_ERROR", "LEAK",      "LOST_LOG"};
constexpr absl::string_view kEnds[] = {"COMPLETED", "VMM_ABORT", "KERNEL_OOPS",
                                       "HANG", "BOUND"};
constexpr absl::string_view kVerdicts[] = {"SAFE", "FAULTS", "UNSAFE"};
constexpr absl::string_view kMsgTypes[] = {
    "0",           "MISS",        "UPDATE",   "INVALIDATE",
    "ACCESS_FAIL", "BATCH_BEGIN", "BATCH_END"};
constexpr absl::string_view kReasons[] = {"none",        "not_present",
                                          "permission",  "address_width",
                                          "user_memory", "interrupt_range"};
constexpr absl::string_view kDeltaOps[] = {"add", "del", "set"};
constexpr absl::string_view kOnOff[] = {"off", "on"};
static_assert(std::size(kActors) == static_cast<size_t>(Actor::kCount));
static_assert(std::size(kClasses) == static_cast<size_t>(AccessClass::kCount));
static_assert(std::size(kEnds) == static_cast<size_t>(Ended::kCount));
static_assert(std::size(kVerdicts) == static_cast<size_t>(Verdict::kCount));
static_assert(std::size(kMsgTypes) == static_cast<size_t>(VdpaMsgType::kCount));
static_assert(std::size(kReasons) == static_cast<size_t>(FaultReason::kCount));

constexpr FieldInfo kStepFields[] = {{"name", T::kName}, {"does", T::kName}};
constexpr FieldInfo kDeltaFields[] = {
    {"store", T::kStore},
    {"op", T::kEnum, false, 0, kDeltaOps},
    {"first", T::kHex},
    {"last", T::kHex},
    {"target", T::kHex},
    {"tag", T::kHex, true},
    {"perm", T::kPerm},
    {"old_target", T::kHex, true},
    {"old_tag", T::kHex, true},
    {"old_perm", T::kPerm, true},
    {"count", T::kCount, true, 1},
    {"key_stride", T::kSize, true},
    {"target_stride", T::kSize, true},
};
constexpr FieldInfo kCommitFields[] = {{"del", T::kCount}, {"add", T::kCount}};
constexpr FieldInfo kListenerFields[] = {
    {"registered", T::kEnum, false, 0, kOnOff}};
constexpr FieldInfo kSectionFields[] = {{"region", T::kName},
                                        {"first", T::kHex},
                                        {"last", T::kHex},
                                        {"hva", T::kHex},
                                        {"perm", T::kPerm}};
constexpr FieldInfo kSkipFields[] = {
    {"region", T::kName}, {"first", T::kHex}, {"last", T::kHex}};
constexpr FieldInfo kLookupFields[] = {
    {"store", T::kStore},      {"needle_first", T::kHex},
    {"needle_last", T::kHex},  {"found", T::kBool},
    {"first", T::kHex, true},  {"last", T::kHex, true},
    {"target", T::kHex, true}, {"scanned", T::kCount},
};
constexpr FieldInfo kHostMapFields[] = {
    {"name", T::kName},        {"mapped", T::kEnum, false, 0, kOnOff},
    {"hva", T::kHex},          {"size", T::kSize},
    {"perm", T::kPerm, true},  {"iova", T::kHex, true, UINT64_MAX},
    {"asid", T::kCount, true},
};
constexpr FieldInfo kVdpaMsgFields[] = {
    {"type", T::kEnum, false, 0, kMsgTypes},
    {"asid", T::kCount},
    {"iova", T::kHex, true, UINT64_MAX},
    {"size", T::kSize, true, UINT64_MAX},
    {"uaddr", T::kHex, true},
    {"perm", T::kPerm, true},
    {"err", T::kErrno},
    {"user_err", T::kErrno, true},
    {"entries", T::kCount, true},
    {"pages", T::kSigned, true},
    {"flushes", T::kCount, true},
};
constexpr FieldInfo kSetMapFields[] = {
    {"asid", T::kCount}, {"nmaps", T::kCount}, {"err", T::kErrno}};
constexpr FieldInfo kPostFields[] = {{"request", T::kName},
                                     {"gpa", T::kHex},
                                     {"len", T::kSize},
                                     {"access", T::kPerm},
                                     {"segment", T::kCount}};
constexpr FieldInfo kTranslateFields[] = {
    {"request", T::kName},
    {"segment", T::kCount},
    {"gpa", T::kHex, true, UINT64_MAX},
    {"hva", T::kHex},
    {"len", T::kSize},
    {"iova", T::kHex},
};
constexpr FieldInfo kRejectFields[] = {
    {"request", T::kName},
    {"segment", T::kCount},
    {"gpa", T::kHex, true, UINT64_MAX},
    {"hva", T::kHex, true},
    {"len", T::kSize},
    {"err", T::kErrno},
    {"class", T::kEnum, false, 0, kClasses},
    {"deserved", T::kBool, true},
};
constexpr FieldInfo kDmaFields[] = {
    {"request", T::kName},
    {"segment", T::kCount, true},
    {"asid", T::kCount, true},
    {"iova", T::kHex},
    {"len", T::kSize},
    {"access", T::kPerm},
    {"class", T::kEnum, false, 0, kClasses},
    {"deserved", T::kBool, true},
    {"fault", T::kEnum, true, 0, kReasons},
    {"l1", T::kEvent, true, kNoEvent},
    {"l2", T::kEvent, true, kNoEvent},
    {"l3", T::kEvent, true, kNoEvent},
    {"hva", T::kHex, true},
    {"hpa", T::kHex, true},
    {"gpa", T::kHex, true, UINT64_MAX},
    {"meant", T::kHex, true, UINT64_MAX},
    {"decided_by", T::kEvent, true, kNoEvent},
    {"meant_hva", T::kHex, true},
    {"unpinned", T::kBool, true},
    {"l4", T::kEvent, true, kNoEvent},
};
constexpr FieldInfo kCompleteFields[] = {
    {"request", T::kName}, {"written", T::kSize}, {"err", T::kErrno}};
constexpr FieldInfo kViolationFields[] = {
    {"invariant", T::kCount}, {"store", T::kStore}, {"against", T::kStore},
    {"first", T::kHex},       {"last", T::kHex},    {"why", T::kName},
};
constexpr FieldInfo kLeakFields[] = {{"store", T::kStore},
                                     {"first", T::kHex},
                                     {"last", T::kHex},
                                     {"entries", T::kCount}};
constexpr FieldInfo kCrashFields[] = {{"ended", T::kEnum, false, 0, kEnds},
                                      {"why", T::kName}};
constexpr FieldInfo kEndFields[] = {{"ended", T::kEnum, false, 0, kEnds},
                                    {"verdict", T::kEnum, false, 0, kVerdicts},
                                    {"fingerprint", T::kHex}};

constexpr FieldInfo kNotifyFields[] = {{"first", T::kHex},
                                       {"last", T::kHex},
                                       {"gpa", T::kHex},
                                       {"perm", T::kPerm}};
constexpr FieldInfo kDiscardFields[] = {
    {"first", T::kHex}, {"last", T::kHex}, {"err", T::kErrno}};
constexpr FieldInfo kResetFields[] = {{"err", T::kErrno}};
constexpr FieldInfo kHostPostFields[] = {
    {"request", T::kName}, {"hva", T::kHex},       {"len", T::kSize},
    {"access", T::kPerm},  {"segment", T::kCount}, {"asid", T::kCount, true},
};

constexpr absl::string_view kRings[] = {"guest", "shadow"};
constexpr absl::string_view kReadWrite[] = {"read", "write"};
constexpr absl::string_view kRingParts[] = {"desc",      "table", "avail.flags",
                                            "avail.idx", "avail", "used.flags",
                                            "used.idx",  "used"};
constexpr FieldInfo kRingFields[] = {
    {"queue", T::kCount},
    {"ring", T::kEnum, false, 0, kRings},
    {"op", T::kEnum, false, 0, kReadWrite},
    {"part", T::kEnum, false, 0, kRingParts},
    {"index", T::kCount, true, UINT64_MAX},
    {"at", T::kHex},
    {"value", T::kCount, true, UINT64_MAX},
    {"addr", T::kHex, true, UINT64_MAX},
    {"len", T::kSize, true, UINT64_MAX},
    {"flags", T::kCount, true, UINT64_MAX},
    {"next", T::kCount, true, UINT64_MAX},
};
constexpr FieldInfo kRingBadFields[] = {
    {"queue", T::kCount},
    {"ring", T::kEnum, false, 0, kRings},
    {"value", T::kCount},
    {"err", T::kErrno},
};
constexpr FieldInfo kKickFields[] = {{"queue", T::kCount},
                                     {"ring", T::kEnum, false, 0, kRings},
                                     {"sent", T::kBool, true, 1}};
// Those of model/iommu: IommuFault, FaultDialect, FaultFate
// (model/machine_iommu tests that they agree).
constexpr absl::string_view kIommuReasons[] = {
    "none",          "no_context",  "table_fetch", "table_corrupt",
    "not_present",   "permission",  "input_width", "output_width",
    "reserved_bits", "access_flag", "type_blocked"};
constexpr absl::string_view kDialects[] = {
    "vtd", "vtd_scalable", "amd", "smmuv3", "riscv", "s390", "none"};
constexpr absl::string_view kFates[] = {"recorded", "compressed", "overflowed",
                                        "latched"};
constexpr FieldInfo kIommuFaultFields[] = {
    {"request", T::kName},
    {"iova", T::kHex},
    {"access", T::kPerm},
    {"format", T::kName},
    {"reason", T::kEnum, false, 0, kIommuReasons},
    {"dialect", T::kEnum, false, 0, kDialects},
    {"code", T::kSize},
    {"level", T::kSigned, true, UINT64_MAX},
    {"pte_at", T::kHex, true, UINT64_MAX},
    {"pte", T::kHex, true, UINT64_MAX},
    {"source_id", T::kSize},
    {"reported", T::kBool},
    {"fate", T::kEnum, true, 0, kFates},
};
// Of model/iommu/invalidation.h InvalidationKind.
constexpr absl::string_view kInvalidations[] = {
    "context",        "global", "domain", "pages",     "pasid",
    "pages_of_pasid", "device", "wait",   "interrupts"};
constexpr FieldInfo kInvalidateFields[] = {
    {"what", T::kEnum, false, 0, kInvalidations},
    {"first", T::kHex, true, UINT64_MAX},
    {"last", T::kHex, true, UINT64_MAX},
    {"commands", T::kCount},
    {"leaf_only", T::kBool, true},
    {"atc", T::kBool, true},
};
constexpr FieldInfo kInvalidatedFields[] = {
    {"iotlb", T::kCount},
    {"walk", T::kCount, true},
    {"atc", T::kCount, true},
};

constexpr FieldInfo kControlFields[] = {
    {"request", T::kName},
    {"class", T::kCount, true, UINT64_MAX},
    {"command", T::kCount, true, UINT64_MAX},
    {"len", T::kSize, true, UINT64_MAX},
    {"ack", T::kCount, true, UINT64_MAX},
};

constexpr KindInfo kKinds[] = {
    {Kind::kStep, "step", "a step of the scenario begins", kStepFields},
    {Kind::kDelta, "delta", "a store changed: add, delete or set entries",
     kDeltaFields},
    {Kind::kCommit, "commit",
     "a memory transaction delivers its deletions, then its additions",
     kCommitFields},
    {Kind::kListener, "listener",
     "the VMM registers or unregisters its memory listener", kListenerFields},
    {Kind::kRegionAdd, "region_add",
     "a section of the flat view reaches the listener", kSectionFields},
    {Kind::kRegionDel, "region_del",
     "a section of the flat view is taken from the listener", kSectionFields},
    {Kind::kRegionSkip, "region_skip", "the listener passes over a section",
     kSkipFields},
    {Kind::kLookup, "lookup",
     "a VMM tree is searched by target; scanned = nodes a linear scan visits",
     kLookupFields},
    {Kind::kHostMap, "host_map",
     "memory of the VMM's own (a vring) is mapped or unmapped", kHostMapFields},
    {Kind::kVdpaMsg, "vdpa_msg",
     "a vhost-vdpa message; err inside the kernel, user_err from write()",
     kVdpaMsgFields},
    {Kind::kSetMap, "set_map",
     "the whole address space is handed to the device", kSetMapFields},
    {Kind::kPost, "post", "the guest posts a buffer", kPostFields},
    {Kind::kTranslate, "translate", "the shadow queue gives a buffer its IOVA",
     kTranslateFields},
    {Kind::kReject, "reject", "the VMM refuses a buffer; no DMA happens",
     kRejectFields},
    {Kind::kDma, "dma", "the device accesses memory: one segment, judged",
     kDmaFields},
    {Kind::kComplete, "complete", "the device is done with a request",
     kCompleteFields},
    {Kind::kViolation, "violation",
     "an invariant between two stores stopped holding", kViolationFields},
    {Kind::kLeak, "leak", "an entry that nobody owns at the end", kLeakFields},
    {Kind::kCrash, "crash", "the VMM or the kernel died", kCrashFields},
    {Kind::kEnd, "end", "the run ended", kEndFields},
    {Kind::kNotify, "notify",
     "a vIOMMU maps (perm) or unmaps (-) a range, and the listener hears of it",
     kNotifyFields},
    {Kind::kDiscard, "discard", "the guest's balloon gives pages back",
     kDiscardFields},
    {Kind::kReset, "reset", "the VMM resets the device (status 0)",
     kResetFields},
    {Kind::kHostPost, "host_post", "the VMM posts a buffer of its own",
     kHostPostFields},
    {Kind::kRing, "ring", "a field of a virtqueue is read or written",
     kRingFields},
    {Kind::kRingBad, "ring_bad", "what a virtqueue holds is refused",
     kRingBadFields},
    {Kind::kKick, "kick", "the other side is told of new descriptors",
     kKickFields},
    {Kind::kInterrupt, "interrupt",
     "the other side is told of used descriptors", kKickFields},
    {Kind::kControl, "control",
     "a control command is copied, done, answered or taken back",
     kControlFields},
    {Kind::kIommuFault, "iommu_fault",
     "the platform IOMMU refuses an access; reported: software hears of it",
     kIommuFaultFields},
    {Kind::kInvalidate, "invalidate",
     "the kernel asks the IOMMU to forget translations; commands: how many, "
     "without the wait",
     kInvalidateFields},
    {Kind::kInvalidated, "invalidated",
     "the IOMMU has forgotten them; how many entries there were",
     kInvalidatedFields},
};

constexpr bool RowsMatch() {
  for (size_t i = 0; i < std::size(kKinds); ++i) {
    if (kKinds[i].kind != static_cast<Kind>(i)) return false;
  }
  return std::size(kKinds) == static_cast<size_t>(Kind::kCount);
}
static_assert(RowsMatch(), "a row of kKinds is missing or out of place");

struct ErrnoRow {
  int64_t err;
  absl::string_view name;
};
constexpr ErrnoRow kErrnos[] = {
    {0, "0"},
    {-EPERM, "-EPERM"},
    {-ENOENT, "-ENOENT"},
    {-EIO, "-EIO"},
    {-EAGAIN, "-EAGAIN"},
    {-ENOMEM, "-ENOMEM"},
    {-EFAULT, "-EFAULT"},
    {-EBUSY, "-EBUSY"},
    {-EEXIST, "-EEXIST"},
    {-EINVAL, "-EINVAL"},
    {-ENOSPC, "-ENOSPC"},
    {-EOPNOTSUPP, "-EOPNOTSUPP"},
    {-EOVERFLOW, "-EOVERFLOW"},
    {-ERANGE, "-ERANGE"},
};

}  // namespace

absl::string_view ActorName(Actor actor) {
  sim::Check(actor < Actor::kCount, "actor out of range");
  return kActors[static_cast<size_t>(actor)];
}

std::optional<Actor> ActorByName(absl::string_view name) {
  for (size_t i = 0; i < std::size(kActors); ++i) {
    if (kActors[i] == name) return static_cast<Actor>(i);
  }
  return std::nullopt;
}

const KindInfo& GetKind(Kind kind) {
  sim::Check(kind < Kind::kCount, "kind out of range");
  return kKinds[static_cast<size_t>(kind)];
}

std::optional<Kind> KindByName(absl::string_view name) {
  for (const KindInfo& info : kKinds) {
    if (info.name == name) return info.kind;
  }
  return std::nullopt;
}

absl::string_view Name(AccessClass c) {
  return kClasses[static_cast<size_t>(c)];
}
absl::string_view Name(Ended e) { return kEnds[static_cast<size_t>(e)]; }
absl::string_view Name(Verdict v) { return kVerdicts[static_cast<size_t>(v)]; }
absl::string_view Name(VdpaMsgType t) {
  return kMsgTypes[static_cast<size_t>(t)];
}
absl::string_view Name(FaultReason r) {
  return kReasons[static_cast<size_t>(r)];
}

absl::string_view ErrnoName(int64_t err) {
  for (const ErrnoRow& row : kErrnos) {
    if (row.err == err) return row.name;
  }
  return "";
}

std::optional<int64_t> ErrnoByName(absl::string_view name) {
  for (const ErrnoRow& row : kErrnos) {
    if (row.name == name) return row.err;
  }
  return std::nullopt;
}

}  // namespace iovalab
