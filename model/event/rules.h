#ifndef IOVALAB_MODEL_EVENT_RULES_H_
#define IOVALAB_MODEL_EVENT_RULES_H_

// Rules: every modelled behaviour of a real system, with its evidence. Deltas,
// errnos and refusals cite one; `list events` and verdicts read this table.
//
// Not for: choices of ours (bounds, formats); those cite kNone.
//
// Invariant: row i of the table is rule i (checked at compile time in
// rules.cc). New rules go at the end of their group; names are what traces
// hold, so a name is never reused for another behaviour.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace iovalab {

enum class Evidence : uint8_t {
  kNone = 0,  // ours, no behaviour of a real system
  kRecorded,  // a vector or a log of a real system
  kSource,    // read in the named source or thread
  kDerived,   // deduced; no report of it was found
};

enum class Rule : uint16_t {
  kNone = 0,

  // QEMU's memory API
  kMemFlatView,
  kMemDelBeforeAdd,

  // QEMU's vhost-vdpa listener
  kLsnSkipNotRam,
  kLsnSkipRamDevice,
  kLsnSkipProtected,
  kLsnBelowRange,
  kLsnAboveRange,
  kLsnMisaligned,
  kLsnAlign,
  kLsnBatchOnce,
  kLsnMapFailed,
  kLsnDelUnknown,
  kLsnUnmapHalves,
  kLsnUnmapAsserts,
  kLsnIommuRegion,
  kLsnNotify,
  kLsnNotifyRange,
  kLsnNotifyNoRam,
  kLsnDiscard,
  kLsnReset,
  kLsnMap,
  kLsnUnmap,

  // QEMU's trees of IOVAs
  kTreeFirstFit,
  kTreeInsert,
  kTreeRemove,
  kTreeFindFirst,
  kTreeRefused,
  kTreeGpaCleanup,

  // QEMU's shadow virtqueue
  kSvqTranslate,
  kSvqNoMap,
  kSvqExpands,
  kSvqNeedle,
  kSvqVring,
  kSvqHostBuffer,
  kSvqNoSpace,
  kSvqPop,

  // what QEMU versions do
  kVmmRingsFirst,

  // QEMU's shadow control queue
  kCvqBuffers,
  kCvqCopy,
  kCvqAnnounce,
  kCvqAnswer,
  kCvqTimeout,
  kCvqShort,
  kCvqRefused,
  kCvqLate,

  // the guest's driver
  kCtrlTaken,

  // Linux drivers/vhost/vdpa.c
  kVdpaSizeZero,
  kVdpaOwner,
  kVdpaAsid,
  kVdpaBatchAsid,
  kVdpaType,
  kVdpaRange,
  kVdpaOverlap,
  kVdpaPaMap,
  kVdpaPaZeroPages,
  kVdpaMemlock,
  kVdpaPinFailed,
  kVdpaVaMap,
  kVdpaVaSkipped,
  kVdpaTableFull,
  kVdpaRollback,
  kVdpaInvalidate,
  kVdpaUnpinFirst,
  kVdpaBatch,
  kVdpaBatchEndIgnored,
  kVdpaFlattened,
  kVdpaInvalidateWrap,
  kVdpaNoBatch,
  kVdpaClose,
  kVdpaVaNoVma,
  kVdpaRollbackAll,
  kVdpaUnmapMessage,

  // Linux drivers/iommu, and DMA through a platform IOMMU
  kIommuMap,
  kIommuUnmap,
  kIommuPerm,
  kIommuUnaligned,
  kIommuSuperpage,
  kIommuAlreadySet,
  kIommuFreed,
  kIommuTranslate,
  kIommuReadBit,
  kIommuNotPresent,
  kIommuPermission,
  kIommuWidth,
  kIommuMsiWrite,
  kIommuMsiRead,
  kIommuMapAmd,
  kIommuMapLpae,
  kIommuMapS390,
  kIommuMapRiscv,
  kIommuMapToy,
  kIommuLeafDropped,
  kIommuSplit,
  kIommuPartRefused,
  kIommuReplaced,
  kIommuExists,
  kIommuTooWide,
  kIommuNoWriteOnly,
  kIommuWalk,
  kIommuCached,
  kIommuEvicted,
  kIommuStrict,
  kIommuLazy,
  kIommuNoFlush,
  kIommuShortFlush,
  kIommuInvalidated,
  kIommuOld,
  kIommuTableReplaced,
  kIommuTableFreed,
  kIommuAttached,
  kIommuContext,
  kIommuProcess,
  kIommuRefused,
  kIommuIdentity,
  kIommuPoison,
  kIommuNoTable,
  kIommuDamaged,
  kIommuHealed,

  // vDPA devices
  kDevIdentity,
  kDevSetMap,
  kDevSetMapFull,
  kDevDmaMap,
  kDevTranslate,
  kDevNoEntry,
  kDevPermission,
  kDevUserMemory,
  kDevReset,
  kDevDmaMapFull,
  kVringhPop,
  kCtrlMac,
  kCtrlOther,
  kCtrlNoHeader,
  kCtrlNoAnswer,

  // virtqueues, as their readers see them
  kRingHeadRange,
  kRingNextRange,
  kRingLoop,
  kRingOrder,
  kRingZeroLength,
  kRingTooMany,
  kRingIndirectSize,
  kRingIndirectNested,
  kRingSizeExceeded,
  kRingUnreachable,
  kRingUsedId,
  kRingQuiet,

  kCount,
};

struct RuleInfo {
  Rule rule;
  absl::string_view name;  // in traces, e.g. "vdpa.overlap"
  Evidence evidence;
  absl::string_view
      source;  // where: a vector's case, a file and version, a thread
  absl::string_view says;  // the behaviour in a sentence
};

// The row of a rule. Any value from kNone up to, not including, kCount.
const RuleInfo& GetRule(Rule rule);
std::optional<Rule> RuleByName(absl::string_view name);
absl::string_view EvidenceName(Evidence evidence);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_EVENT_RULES_H_
