#include "lab/compare/story.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lab/trace/trace_fields.h"

namespace iovalab {
namespace {

std::string Hex(uint64_t v) { return absl::StrFormat("0x%x", v); }

std::string Span(uint64_t first, uint64_t last) {
  return absl::StrFormat("0x%x-0x%x", first, last);
}

// The last event of a kind among the effects of `cause` before `before`.
std::optional<EventIndex> Effect(const Trace& trace, EventIndex cause,
                                 Kind kind, EventIndex before) {
  for (EventIndex i = before; i-- > cause;) {
    if (trace.event(i).kind == kind && trace.event(i).cause == cause) return i;
  }
  return std::nullopt;
}

// Whose mapping a node of an L1 store was: the section that was added with this
// IOVA last before the event.
std::string OwnerOfIova(const Scenario& scenario, const Trace& trace,
                        uint64_t iova, EventIndex before) {
  for (EventIndex i = before; i-- > 0;) {
    if (trace.event(i).kind != Kind::kVdpaMsg) continue;
    const EventFields message(trace, i);
    if (message["type"] != static_cast<uint64_t>(VdpaMsgType::kUpdate) ||
        message["iova"] != iova) {
      continue;
    }
    const EventIndex cause = trace.event(i).cause;
    if (trace.event(cause).kind == Kind::kRegionAdd) {
      return std::string(trace.name(EventFields(trace, cause)["region"]));
    }
  }
  (void)scenario;
  return "";
}

// The look-up that a violation's operation made, if it found another's node.
std::string WrongLookup(const Scenario& scenario, const Trace& trace,
                        EventIndex violation) {
  const EventIndex cause = trace.event(violation).cause;
  const std::optional<EventIndex> at =
      Effect(trace, cause, Kind::kLookup, violation);
  if (!at || trace.event(cause).kind != Kind::kRegionDel) return "";
  const EventFields lookup(trace, *at);
  const EventFields section(trace, cause);
  if (lookup["found"] == 0) return "";
  const StoreId store = StoreId::Unpack(lookup["store"]).value_or(StoreId());
  const std::string owner =
      OwnerOfIova(scenario, trace, lookup["first"], violation);
  std::string text = absl::StrCat(
      "region_del of ", trace.name(section["region"]), " looks for ",
      store.kind == StoreKind::kGpaIova ? "GPA " : "HVA ",
      Hex(lookup["needle_first"]), " and finds the node of IOVA ",
      Span(lookup["first"], lookup["last"]));
  if (!owner.empty()) absl::StrAppend(&text, ", ", owner, "'s");
  return absl::StrCat(text, "; ");
}

std::string ViolationStory(const Scenario& scenario, const Trace& trace,
                           const ViolationOutcome& v) {
  const std::string levels =
      absl::StrCat(GetStoreKind(v.store.kind).level, " against ",
                   GetStoreKind(v.against.kind).level);
  std::string where = Span(v.first, v.last);
  if (v.store.kind == StoreKind::kFlatView) {
    where = absl::StrCat(RegionsAt(scenario, v.first, v.last), ", GPA ", where);
  } else if (v.first == 0 && v.last == 0) {
    where = "";
  } else {
    where = absl::StrCat("IOVA ", where);
  }
  return absl::StrCat(
      "at ", v.step, ", ", WrongLookup(scenario, trace, v.event), v.why,
      where.empty() ? "" : absl::StrCat(" (", where, ")"), ": ", levels);
}

// Guest memory, or memory of the VMM's own.
std::string Meant(const AccessOutcome& a) {
  return a.meant_hva != 0 ? absl::StrCat("HVA ", Hex(a.meant_hva))
                          : absl::StrCat("GPA ", Hex(a.meant_gpa.value_or(0)));
}

std::string AccessStory(const AccessOutcome& a) {
  std::string text = absl::StrCat("at ", a.step, ", ");
  if (a.access_class == AccessClass::kSwReject) {
    return absl::StrCat(text, "the VMM refuses the buffer at ", Meant(a));
  }
  absl::StrAppend(&text, "the device's access to IOVA ", Hex(a.iova));
  if (a.meant_gpa || a.meant_hva != 0) {
    absl::StrAppend(&text, ", meant for ", Meant(a), ",");
  }
  if (a.access_class == AccessClass::kDmaFault) {
    return absl::StrCat(text, " faults");
  }
  if (a.access_class == AccessClass::kAbsorbed) {
    return absl::StrCat(text, " is taken for an interrupt request");
  }
  absl::StrAppend(&text, " reaches ",
                  a.lands_gpa        ? absl::StrCat("GPA ", Hex(*a.lands_gpa))
                  : a.meant_hva != 0 ? absl::StrCat("HVA ", Hex(a.lands_hva))
                                     : std::string("memory outside the guest"));
  if (a.access_class == AccessClass::kStale) {
    absl::StrAppend(&text, " through a mapping that should be gone");
  }
  return text;
}

}  // namespace

std::string RegionsAt(const Scenario& scenario, uint64_t first, uint64_t last) {
  for (const RegionSpec& region : scenario.regions) {
    if (region.container == kNoIndex && region.addr.first.value == first &&
        region.addr.last.value == last) {
      return region.name;
    }
  }
  for (const RegionSpec& region : scenario.regions) {
    if (region.container == kNoIndex && region.addr.first.value <= first &&
        last <= region.addr.last.value) {
      return absl::StrCat("part of ", region.name);
    }
  }
  return "guest memory";
}

std::string StoryOf(const Scenario& scenario, const Trace& trace,
                    const Outcome& outcome) {
  const AccessOutcome* bad = nullptr;
  for (const AccessOutcome& access : outcome.accesses) {
    if (access.access_class != AccessClass::kOk && !access.deserved) {
      bad = &access;
      break;
    }
  }
  const auto& violation = outcome.first_violation;
  std::string story;
  if (violation && (bad == nullptr || violation->event < bad->event)) {
    story = ViolationStory(scenario, trace, *violation);
  } else if (bad != nullptr) {
    story = AccessStory(*bad);
  }
  if (outcome.ended != Ended::kCompleted) {
    absl::StrAppend(&story, story.empty() ? "" : "; ", "the run ended ",
                    Name(outcome.ended));
  } else if (story.empty() && outcome.leaks > 0) {
    story = absl::StrCat("at the end ", outcome.leaks,
                         " ranges are left that nobody owns");
  }
  return story;
}

}  // namespace iovalab
