#include "model/event/kinds.h"

#include <cerrno>
#include <iterator>

#include "model/event/kind_fields.h"
#include "sim/check.h"

namespace iovalab {
namespace {

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
    {Kind::kWalk, "walk",
     "the IOMMU reads an entry of a table, which is for the IOVAs first to "
     "last",
     kWalkFields},
    {Kind::kPoison, "poison",
     "an entry of the IOMMU's tables is overwritten, or is in no table (done)",
     kPoisonFields},
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
