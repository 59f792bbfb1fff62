// The narrative of a run: one line an event that people care about.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "lab/compare/narrative_iommu.h"
#include "lab/compare/story.h"
#include "lab/trace/trace_fields.h"

namespace iovalab {
namespace {

std::string Hex(uint64_t v) { return absl::StrFormat("0x%x", v); }

std::string ErrText(uint64_t word) {
  const auto err = static_cast<int64_t>(word);
  const absl::string_view name = ErrnoName(err);
  return name.empty() ? absl::StrCat(err) : std::string(name);
}

std::string Entries(uint64_t n) {
  return absl::StrCat(n, n == 1 ? " entry" : " entries");
}

std::string Message(const Trace& trace, EventIndex i) {
  const EventFields f(trace, i);
  const auto type = static_cast<VdpaMsgType>(f["type"]);
  if (type != VdpaMsgType::kUpdate && type != VdpaMsgType::kInvalidate) {
    return "";
  }
  std::string text = absl::StrFormat("%s IOVA 0x%x size 0x%x", Name(type),
                                     f["iova"], f["size"]);
  if (f["err"] != 0) {
    return absl::StrCat(text, " fails: ", ErrText(f["err"]), " in the kernel, ",
                        ErrText(f["user_err"]), " to the VMM");
  }
  return absl::StrCat(text, ": ", Entries(f["entries"]),
                      type == VdpaMsgType::kUpdate ? " in" : " out");
}

std::string Lookup(const Trace& trace, EventIndex i) {
  const EventFields f(trace, i);
  const StoreId store = StoreId::Unpack(f["store"]).value_or(StoreId());
  const std::string asked = absl::StrFormat(
      "%s looked up by %s 0x%x: ", store.Name(),
      store.kind == StoreKind::kGpaIova ? "GPA" : "HVA", f["needle_first"]);
  if (f["found"] == 0) return asked + "no node";
  return absl::StrFormat("%snode of IOVA 0x%x-0x%x", asked, f["first"],
                         f["last"]);
}

std::string Dma(const Trace& trace, EventIndex i) {
  const EventFields f(trace, i);
  std::string text = absl::StrFormat(
      "%s%s: %s IOVA 0x%x len 0x%x", Name(static_cast<AccessClass>(f["class"])),
      f["deserved"] != 0 ? " (deserved)" : "",
      f["access"] == kPermWrite ? "write to" : "read of", f["iova"], f["len"]);
  if (f["meant"] != UINT64_MAX) {
    absl::StrAppend(&text, ", meant GPA ", Hex(f["meant"]));
  }
  if (f["meant_hva"] != 0) {
    absl::StrAppend(&text, ", meant HVA ", Hex(f["meant_hva"]));
  }
  if (f["fault"] != 0) {
    return absl::StrCat(text, ", ", Name(static_cast<FaultReason>(f["fault"])));
  }
  if (f["gpa"] != UINT64_MAX) {
    absl::StrAppend(&text, ", reached GPA ", Hex(f["gpa"]));
  } else if (f["meant_hva"] != 0) {
    absl::StrAppend(&text, ", reached HVA ", Hex(f["hva"]));
  }
  if (f["unpinned"] != 0) absl::StrAppend(&text, ", pinned no more");
  return text;
}

std::string Section(const Trace& trace, EventIndex i) {
  const EventFields f(trace, i);
  return absl::StrFormat("%s %s GPA 0x%x-0x%x",
                         GetKind(trace.event(i).kind).name,
                         trace.name(f["region"]), f["first"], f["last"]);
}

// Where a buffer is: the VMM's own has no guest address.
std::string Buffer(const EventFields& f) {
  return f["gpa"] != UINT64_MAX ? absl::StrCat("GPA ", Hex(f["gpa"]))
                                : absl::StrCat("HVA ", Hex(f["hva"]));
}

// What an event is worth saying; "" for most.
std::string Line(const Scenario& scenario, const Trace& trace, EventIndex i) {
  const EventRecord& e = trace.event(i);
  const EventFields f(trace, i);
  switch (e.kind) {
    case Kind::kRegionAdd:
    case Kind::kRegionDel:
      return Section(trace, i);
    case Kind::kRegionSkip:
      return absl::StrCat("  skipped: ", GetRule(e.rule).says);
    case Kind::kLookup:
      return absl::StrCat("  ", Lookup(trace, i));
    case Kind::kVdpaMsg: {
      const std::string message = Message(trace, i);
      return message.empty() ? "" : absl::StrCat("  ", message);
    }
    case Kind::kHostMap:
      return absl::StrFormat(
          "host memory %s HVA 0x%x %s", trace.name(f["name"]), f["hva"],
          f["iova"] == UINT64_MAX
              ? (f["mapped"] != 0 ? "is not mapped" : "was not mapped")
              : absl::StrCat(f["mapped"] != 0 ? "mapped at" : "unmapped from",
                             " IOVA ", Hex(f["iova"]),
                             f["asid"] != 0
                                 ? absl::StrCat(" of space ", f["asid"])
                                 : ""));
    case Kind::kReject:
      return absl::StrFormat("%s%s: buffer at %s refused, %s",
                             Name(static_cast<AccessClass>(f["class"])),
                             f["deserved"] != 0 ? " (deserved)" : "", Buffer(f),
                             GetRule(e.rule).says);
    case Kind::kTranslate:
      return absl::StrFormat("  %s is at IOVA 0x%x", Buffer(f), f["iova"]);
    case Kind::kRingBad:
      return absl::StrFormat("queue %d, %s's ring: %s (%d)", f["queue"],
                             f["ring"] != 0 ? "the VMM" : "the guest",
                             GetRule(e.rule).says, f["value"]);
    case Kind::kControl:
      if (e.actor == Actor::kGuest) {
        return absl::StrCat("the driver reads ",
                            f["ack"] == 0 ? "VIRTIO_NET_OK" : "VIRTIO_NET_ERR");
      }
      return f["ack"] == UINT64_MAX || e.rule == Rule::kCvqAnswer
                 ? ""
                 : absl::StrCat("  ", GetRule(e.rule).says);
    case Kind::kKick:
    case Kind::kInterrupt:
      return f["sent"] != 0 ? "" : absl::StrCat("no ", GetKind(e.kind).name);
    case Kind::kIommuFault:
      return IommuFaultLine(trace, i);
    case Kind::kInvalidated:
      return InvalidatedLine(trace, i);
    case Kind::kWalk:
      return absl::StrFormat("  walk: level %d, entry at 0x%x: 0x%x",
                             static_cast<int64_t>(f["level"]), f["pte_at"],
                             f["pte"]);
    case Kind::kPoison:
      return PoisonLine(trace, i);
    case Kind::kDma:
      return Dma(trace, i);
    case Kind::kViolation: {
      const StoreId a = StoreId::Unpack(f["store"]).value_or(StoreId());
      const StoreId b = StoreId::Unpack(f["against"]).value_or(StoreId());
      std::string where =
          a.kind == StoreKind::kFlatView
              ? absl::StrCat(" (", RegionsAt(scenario, f["first"], f["last"]),
                             ")")
              : "";
      return absl::StrCat("! ", trace.name(f["why"]), where, ": ",
                          GetStoreKind(a.kind).level, " against ",
                          GetStoreKind(b.kind).level);
    }
    case Kind::kLeak:
      return absl::StrFormat(
          "LEAK: %s 0x%x-0x%x, %s",
          StoreId::Unpack(f["store"]).value_or(StoreId()).Name(), f["first"],
          f["last"], Entries(f["entries"]));
    case Kind::kCrash:
      return std::string(trace.name(f["why"]));
    default:
      return "";
  }
}

// Requests that the device holds to the end, as no step releases them.
std::string HeldToTheEnd(const Scenario& scenario, int width) {
  std::vector<bool> released(scenario.steps.size(), false);
  for (const StepSpec& step : scenario.steps) {
    if (step.kind == StepKind::kRelease) released[step.post] = true;
  }
  std::string out;
  for (size_t i = 0; i < scenario.steps.size(); ++i) {
    const StepSpec& step = scenario.steps[i];
    if (step.kind != StepKind::kPost || !step.hold || released[i]) continue;
    absl::StrAppend(
        &out, absl::StrFormat("%-*s  its request is held to the end: no step "
                              "releases it\n",
                              width, step.label));
  }
  return out;
}

}  // namespace

std::string Narrative(const Scenario& scenario, const Trace& trace) {
  size_t width = 0;
  for (EventIndex i = 0; i < trace.size(); ++i) {
    if (trace.event(i).kind == Kind::kStep) {
      width = std::max(width, trace.name(trace.word(i, 0)).size());
    }
  }
  std::string out;
  EventIndex shown = kNoEventIndex;
  for (EventIndex i = 0; i < trace.size(); ++i) {
    const EventRecord& e = trace.event(i);
    const bool is_step = e.kind == Kind::kStep;
    const std::string line = is_step ? std::string(trace.name(trace.word(i, 1)))
                                     : Line(scenario, trace, i);
    if (line.empty()) continue;
    const absl::string_view label =
        e.root != shown ? trace.name(trace.word(e.root, 0)) : "";
    shown = e.root;
    const std::string indented = absl::StrReplaceAll(
        line, {{"\n", absl::StrCat("\n", std::string(width + 4, ' '))}});
    absl::StrAppend(&out, absl::StrFormat("%-*s  %s%s\n", width, label,
                                          is_step ? "" : "  ", indented));
  }
  return out + HeldToTheEnd(scenario, static_cast<int>(width));
}

}  // namespace iovalab
