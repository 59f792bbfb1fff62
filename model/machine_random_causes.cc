#include "model/machine_random_causes.h"

#include "model/machine_testing.h"

namespace iovalab {

bool IsBadEvent(const Trace& trace, EventIndex i) {
  switch (trace.event(i).kind) {
    case Kind::kViolation:
    case Kind::kLeak:
    case Kind::kCrash:
      return true;
    case Kind::kDma:
    case Kind::kReject:
      return FieldOf(trace, i, "deserved") == 0 &&
             FieldOf(trace, i, "class") !=
                 static_cast<uint64_t>(AccessClass::kOk);
    default:
      return false;
  }
}

uint64_t Causes::F(EventIndex i, absl::string_view name) const {
  return FieldOf(trace_, i, name);
}

std::string Causes::Of(EventIndex i) const {
  switch (KindAt(i)) {
    case Kind::kDma:
      return OfDma(i);
    case Kind::kReject:
      if (F(i, "gpa") == UINT64_MAX) return OfHostReject(i);
      return Unmapped(i, F(i, "gpa"), F(i, "gpa") + F(i, "len") - 1);
    case Kind::kViolation:
    case Kind::kLeak:
      return Refused(i);
    default:
      return "";
  }
}

// What the shadow queue's answer was made of.
std::string Causes::OfTranslation(EventIndex dma, EventIndex t) const {
  const bool host = F(t, "gpa") == UINT64_MAX;
  const uint64_t needle = F(t, host ? "hva" : "gpa");
  const EventIndex lookup = t - 1;
  const uint64_t node = F(lookup, "target");
  if (node > needle) return "R1 below a node";
  if (!host && node % kPageSize != 0) return "rounded section";
  // The node that the IOVA was taken from is gone, or another is there.
  const uint64_t l1 = F(dma, "l1");
  if (l1 == kNoEvent || l1 > t) return "remapped in flight";
  if (!host) return "";
  return MappedTwice(t, node) ||
                 OtherSpace(t, F(lookup, "first"), F(dma, "asid"))
             ? "R6 mapped twice"
             : "";
}

std::string Causes::OfDma(EventIndex i) const {
  if (RuleAt(i) == Rule::kDevIdentity) return "identity";
  for (EventIndex t = i; t-- > 0;) {
    // Of a descriptor that holds several segments: the first's.
    if (KindAt(t) != Kind::kTranslate || F(t, "request") != F(i, "request") ||
        F(t, "segment") > F(i, "segment")) {
      continue;
    }
    const std::string cause = OfTranslation(i, t);
    if (!cause.empty()) return cause;
    break;
  }
  // A probe means nothing, but finds what is not mapped all the same.
  const uint64_t meant = F(i, "meant");
  const std::string unmapped =
      F(i, "meant_hva") != 0 ? Skipped(i)
                             : Unmapped(i, meant, meant + F(i, "len") - 1);
  if (!unmapped.empty()) return unmapped;
  if (meant == UINT64_MAX && CleanedOlder(i, 0, UINT64_MAX)) {
    return "R2 added twice";
  }
  return !batches_ && F(i, "meant_hva") == 0 ? "no batch" : "";
}

// Memory of the VMM's own that it had mapped.
std::string Causes::OfHostReject(EventIndex i) const {
  const EventIndex lookup = i - 1;
  if (F(lookup, "found") != 0) {
    if (F(lookup, "target") > F(i, "hva")) return "R1 below a node";
    return RuleAt(i) == Rule::kSvqExpands ? "posted across mappings" : "";
  }
  return UnmappedElsewhere(i) ? "R6 mapped twice" : "";
}

// Sections of [first, last] that the listener passed over or lost.
std::string Causes::Unmapped(EventIndex before, uint64_t first,
                             uint64_t last) const {
  if (!Listening(before)) return "listener off";
  if (CleanedOlder(before, first, last)) return "R2 added twice";
  for (EventIndex i = 0; i < before; ++i) {
    const Kind kind = KindAt(i);
    if (kind != Kind::kRegionSkip && kind != Kind::kRegionAdd) continue;
    if (F(i, "first") > last || F(i, "last") < first) continue;
    if (kind == Kind::kRegionSkip) {
      if (RuleAt(i) == Rule::kLsnSkipNotRam) continue;
      return "section not mapped";
    }
    if (F(i, "first") % kPageSize != 0 || (F(i, "last") + 1) % kPageSize != 0) {
      return "rounded section";
    }
  }
  return Skipped(before);
}

// Of the operation that the violation is found in, or an earlier one.
std::string Causes::Refused(EventIndex before) const {
  if (UnmappedElsewhere(before)) return "R6 mapped twice";
  if (CleanedOlder(before, 0, UINT64_MAX)) return "R2 added twice";
  for (EventIndex i = before; i-- > 0;) {
    if (RuleAt(i) == Rule::kTreeRefused) return "no IOVA";
    if (RuleAt(i) == Rule::kLsnMapFailed) return "map refused";
    if (KindAt(i) == Kind::kRegionAdd && F(i, "first") % kPageSize != 0) {
      return "rounded section";
    }
  }
  return Skipped(before);
}

std::string Causes::Skipped(EventIndex before) const {
  for (EventIndex i = 0; i < before; ++i) {
    if (RuleAt(i) == Rule::kVdpaVaSkipped) return "private memory";
  }
  return "";
}

// Registering takes until its last section is mapped.
bool Causes::Listening(EventIndex before) const {
  bool on = !scenario_.listener_off_at_start;
  for (EventIndex i = 0; i < before; ++i) {
    if (KindAt(i) != Kind::kListener) continue;
    EventIndex last = i;
    for (EventIndex k = i; k < trace_.size(); ++k) {
      if (trace_.event(k).cause == trace_.event(i).cause) last = k;
    }
    on = F(i, "registered") != 0 && last < before;
  }
  return on;
}

// R2: a clean-up took the node of guest memory in [first, last].
bool Causes::CleanedOlder(EventIndex before, uint64_t first,
                          uint64_t last) const {
  constexpr StoreId kGpaIova{StoreKind::kGpaIova, 0};
  for (EventIndex i = 0; i < before; ++i) {
    if (KindAt(i) == Kind::kDelta && RuleAt(i) == Rule::kTreeGpaCleanup &&
        F(i, "store") == kGpaIova.Pack() && F(i, "first") <= last &&
        F(i, "last") >= first) {
      return true;
    }
  }
  return false;
}

// The address space that host memory at this IOVA was last mapped in is not
// this one.
bool Causes::OtherSpace(EventIndex before, uint64_t iova, uint64_t asid) const {
  for (EventIndex i = before; i-- > 0;) {
    if (KindAt(i) == Kind::kHostMap && F(i, "mapped") != 0 &&
        F(i, "iova") == iova) {
      return F(i, "asid") != asid;
    }
  }
  return false;
}

bool Causes::UnmappedElsewhere(EventIndex before) const {
  for (EventIndex i = 0; i < before; ++i) {
    if (KindAt(i) == Kind::kHostMap && F(i, "mapped") == 0 &&
        OtherSpace(i, F(i, "iova"), F(i, "asid"))) {
      return true;
    }
  }
  return false;
}

// The buffer was mapped more than once, perhaps with less permission.
bool Causes::MappedTwice(EventIndex before, uint64_t hva) const {
  int maps = 0;
  for (EventIndex i = 0; i < before; ++i) {
    maps += KindAt(i) == Kind::kHostMap && F(i, "mapped") != 0 &&
            F(i, "hva") == hva && F(i, "iova") != UINT64_MAX;
  }
  return maps > 1;
}

}  // namespace iovalab
