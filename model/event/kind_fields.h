#ifndef IOVALAB_MODEL_EVENT_KIND_FIELDS_H_
#define IOVALAB_MODEL_EVENT_KIND_FIELDS_H_

// The fields of each kind of event, and the names of enumerated values.
//
// Not for: anybody but kinds.cc.
// Invariant: kinds.h says what may change.

#include <iterator>

#include "model/event/kinds.h"

namespace iovalab {

using T = FieldType;

inline constexpr absl::string_view kActors[] = {
    "script", "guest", "vmm", "kernel", "device", "oracle", "iommu"};
inline constexpr absl::string_view kClasses[] = {
    "OK",       "DMA_FAULT",      "SW_REJECT", "SILENT_CORRUPT", "STALE",
    "ABSORBED", "PLATFORM_ERROR", "LEAK",      "LOST_LOG"};
inline constexpr absl::string_view kEnds[] = {"COMPLETED", "VMM_ABORT",
                                              "KERNEL_OOPS", "HANG", "BOUND"};
inline constexpr absl::string_view kVerdicts[] = {"SAFE", "FAULTS", "UNSAFE"};
inline constexpr absl::string_view kMsgTypes[] = {
    "0",           "MISS",        "UPDATE",   "INVALIDATE",
    "ACCESS_FAIL", "BATCH_BEGIN", "BATCH_END"};
inline constexpr absl::string_view kReasons[] = {
    "none",        "not_present",     "permission", "address_width",
    "user_memory", "interrupt_range", "context"};
inline constexpr absl::string_view kDeltaOps[] = {"add", "del", "set"};
inline constexpr absl::string_view kOnOff[] = {"off", "on"};
static_assert(std::size(kActors) == static_cast<size_t>(Actor::kCount));
static_assert(std::size(kClasses) == static_cast<size_t>(AccessClass::kCount));
static_assert(std::size(kEnds) == static_cast<size_t>(Ended::kCount));
static_assert(std::size(kVerdicts) == static_cast<size_t>(Verdict::kCount));
static_assert(std::size(kMsgTypes) == static_cast<size_t>(VdpaMsgType::kCount));
static_assert(std::size(kReasons) == static_cast<size_t>(FaultReason::kCount));

inline constexpr FieldInfo kStepFields[] = {{"name", T::kName},
                                            {"does", T::kName}};
inline constexpr FieldInfo kDeltaFields[] = {
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
inline constexpr FieldInfo kCommitFields[] = {{"del", T::kCount},
                                              {"add", T::kCount}};
inline constexpr FieldInfo kListenerFields[] = {
    {"registered", T::kEnum, false, 0, kOnOff}};
inline constexpr FieldInfo kSectionFields[] = {{"region", T::kName},
                                               {"first", T::kHex},
                                               {"last", T::kHex},
                                               {"hva", T::kHex},
                                               {"perm", T::kPerm}};
inline constexpr FieldInfo kSkipFields[] = {
    {"region", T::kName}, {"first", T::kHex}, {"last", T::kHex}};
inline constexpr FieldInfo kLookupFields[] = {
    {"store", T::kStore},      {"needle_first", T::kHex},
    {"needle_last", T::kHex},  {"found", T::kBool},
    {"first", T::kHex, true},  {"last", T::kHex, true},
    {"target", T::kHex, true}, {"scanned", T::kCount},
};
inline constexpr FieldInfo kHostMapFields[] = {
    {"name", T::kName},        {"mapped", T::kEnum, false, 0, kOnOff},
    {"hva", T::kHex},          {"size", T::kSize},
    {"perm", T::kPerm, true},  {"iova", T::kHex, true, UINT64_MAX},
    {"asid", T::kCount, true},
};
inline constexpr FieldInfo kVdpaMsgFields[] = {
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
inline constexpr FieldInfo kSetMapFields[] = {
    {"asid", T::kCount}, {"nmaps", T::kCount}, {"err", T::kErrno}};
inline constexpr FieldInfo kPostFields[] = {{"request", T::kName},
                                            {"gpa", T::kHex},
                                            {"len", T::kSize},
                                            {"access", T::kPerm},
                                            {"segment", T::kCount}};
inline constexpr FieldInfo kTranslateFields[] = {
    {"request", T::kName},
    {"segment", T::kCount},
    {"gpa", T::kHex, true, UINT64_MAX},
    {"hva", T::kHex},
    {"len", T::kSize},
    {"iova", T::kHex},
};
inline constexpr FieldInfo kRejectFields[] = {
    {"request", T::kName},
    {"segment", T::kCount},
    {"gpa", T::kHex, true, UINT64_MAX},
    {"hva", T::kHex, true},
    {"len", T::kSize},
    {"err", T::kErrno},
    {"class", T::kEnum, false, 0, kClasses},
    {"deserved", T::kBool, true},
};
inline constexpr FieldInfo kDmaFields[] = {
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
inline constexpr FieldInfo kCompleteFields[] = {
    {"request", T::kName}, {"written", T::kSize}, {"err", T::kErrno}};
inline constexpr FieldInfo kViolationFields[] = {
    {"invariant", T::kCount}, {"store", T::kStore}, {"against", T::kStore},
    {"first", T::kHex},       {"last", T::kHex},    {"why", T::kName},
};
inline constexpr FieldInfo kLeakFields[] = {{"store", T::kStore},
                                            {"first", T::kHex},
                                            {"last", T::kHex},
                                            {"entries", T::kCount}};
inline constexpr FieldInfo kCrashFields[] = {
    {"ended", T::kEnum, false, 0, kEnds}, {"why", T::kName}};
inline constexpr FieldInfo kEndFields[] = {
    {"ended", T::kEnum, false, 0, kEnds},
    {"verdict", T::kEnum, false, 0, kVerdicts},
    {"fingerprint", T::kHex}};

inline constexpr FieldInfo kNotifyFields[] = {{"first", T::kHex},
                                              {"last", T::kHex},
                                              {"gpa", T::kHex},
                                              {"perm", T::kPerm}};
inline constexpr FieldInfo kDiscardFields[] = {
    {"first", T::kHex}, {"last", T::kHex}, {"err", T::kErrno}};
inline constexpr FieldInfo kResetFields[] = {{"err", T::kErrno}};
inline constexpr FieldInfo kHostPostFields[] = {
    {"request", T::kName}, {"hva", T::kHex},       {"len", T::kSize},
    {"access", T::kPerm},  {"segment", T::kCount}, {"asid", T::kCount, true},
};

inline constexpr absl::string_view kRings[] = {"guest", "shadow"};
inline constexpr absl::string_view kReadWrite[] = {"read", "write"};
inline constexpr absl::string_view kRingParts[] = {
    "desc",  "table",      "avail.flags", "avail.idx",
    "avail", "used.flags", "used.idx",    "used"};
inline constexpr FieldInfo kRingFields[] = {
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
inline constexpr FieldInfo kRingBadFields[] = {
    {"queue", T::kCount},
    {"ring", T::kEnum, false, 0, kRings},
    {"value", T::kCount},
    {"err", T::kErrno},
};
inline constexpr FieldInfo kKickFields[] = {
    {"queue", T::kCount},
    {"ring", T::kEnum, false, 0, kRings},
    {"sent", T::kBool, true, 1}};
// Those of model/iommu: IommuFault, FaultDialect, FaultFate
// (model/machine_iommu tests that they agree).
inline constexpr absl::string_view kIommuReasons[] = {
    "none",          "no_context",  "table_fetch", "table_corrupt",
    "not_present",   "permission",  "input_width", "output_width",
    "reserved_bits", "access_flag", "type_blocked"};
inline constexpr absl::string_view kDialects[] = {
    "vtd", "vtd_scalable", "amd", "smmuv3", "riscv", "s390", "none"};
inline constexpr absl::string_view kFates[] = {
    "recorded", "compressed", "overflowed", "latched", "silent"};
inline constexpr FieldInfo kIommuFaultFields[] = {
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
    {"pasid", T::kSize, true, UINT64_MAX},
};
// Of model/iommu/invalidation.h InvalidationKind.
inline constexpr absl::string_view kInvalidations[] = {
    "context",        "global", "domain", "pages",     "pasid",
    "pages_of_pasid", "device", "wait",   "interrupts"};
inline constexpr FieldInfo kInvalidateFields[] = {
    {"what", T::kEnum, false, 0, kInvalidations},
    {"first", T::kHex, true, UINT64_MAX},
    {"last", T::kHex, true, UINT64_MAX},
    {"commands", T::kCount},
    {"leaf_only", T::kBool, true},
    {"atc", T::kBool, true},
};
inline constexpr FieldInfo kInvalidatedFields[] = {
    {"iotlb", T::kCount},
    {"walk", T::kCount, true},
    {"atc", T::kCount, true},
};

// `was`: the entry before, absent where no table holds it.
inline constexpr FieldInfo kPoisonFields[] = {
    {"iova", T::kHex},
    {"level", T::kSigned},
    {"pte_at", T::kHex, true, UINT64_MAX},
    {"was", T::kHex, true, UINT64_MAX},
    {"pte", T::kHex},
    {"done", T::kBool},
};

inline constexpr FieldInfo kControlFields[] = {
    {"request", T::kName},
    {"class", T::kCount, true, UINT64_MAX},
    {"command", T::kCount, true, UINT64_MAX},
    {"len", T::kSize, true, UINT64_MAX},
    {"ack", T::kCount, true, UINT64_MAX},
};

inline constexpr FieldInfo kWalkFields[] = {
    {"first", T::kHex},  {"last", T::kHex}, {"level", T::kSigned},
    {"pte_at", T::kHex}, {"pte", T::kHex},
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_EVENT_KIND_FIELDS_H_
