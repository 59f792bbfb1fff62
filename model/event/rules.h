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
  kNone,      // ours, no behaviour of a real system
  kRecorded,  // a vector or a log of a real system
  kSource,    // read in the named source or thread
  kDerived,   // deduced; no report of it was found
};

enum class Rule : uint16_t {
  kNone = 0,

  // QEMU memory API
  kMemFlatView,
  kMemDelBeforeAdd,

  // QEMU hw/virtio/vhost-vdpa.c listener
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

  // QEMU iova-tree, vhost-iova-tree, shadow virtqueue
  kTreeFirstFit,
  kTreeInsert,
  kTreeRemove,
  kTreeFindFirst,
  kTreeRefused,
  kTreeGpaCleanup,
  kSvqTranslate,
  kSvqNoMap,
  kSvqExpands,
  kSvqNeedle,
  kSvqVring,

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

  // Linux drivers/iommu under vhost-vdpa, and DMA through VT-d
  kVdpaUnmapMessage,
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

  // QEMU's shadow control queue
  kSvqHostBuffer,

  // virtqueues
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
  kSvqNoSpace,
  kSvqPop,
  kVringhPop,
  kVmmRingsFirst,
  // drivers/iommu of other formats than VT-d's, and DMA through them
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
