#ifndef IOVALAB_MODEL_VMM_LISTENER_TESTING_H_
#define IOVALAB_MODEL_VMM_LISTENER_TESTING_H_

// A listener with its trees and a kernel that notes what it is sent and refuses
// what it is told to refuse: for tests of the VMM.
//
// Not for: anything but tests.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/store/stores.h"
#include "model/vmm/listener.h"

namespace iovalab {

constexpr uint64_t kTestHva = 0x7f0000000000;

// A section of RAM whose HVA and RAM address follow the guest address.
inline Section RamSection(uint64_t first, uint64_t last) {
  Section section;
  section.flat.gpa = {Gpa(first), Gpa(last)};
  section.flat.ram_block = 0;
  section.flat.offset = first;
  section.hva = kTestHva + first;
  section.ram_addr = first;
  return section;
}

struct ListenerTest {
  explicit ListenerTest(absl::string_view strategy,
                        const VmmSwitches& switches = {}) {
    profile.strategy = StrategyByName(strategy);
    profile.switches = switches;
    sink.Emit(Kind::kStep, Actor::kScript, Rule::kNone, {kNoName, kNoName});
    sink.Begin(0, 0);
  }

  int Send(const KernelRequest& r) {
    std::string text = absl::StrCat(Name(r.type));
    if (r.type == VdpaMsgType::kUpdate || r.type == VdpaMsgType::kInvalidate) {
      absl::StrAppend(&text, " 0x", absl::Hex(r.iova), "+0x",
                      absl::Hex(r.size));
    }
    if (r.type == VdpaMsgType::kUpdate) {
      absl::StrAppend(&text, r.perm == kPermRead ? " r" : " rw", " @",
                      absl::Hex(r.uaddr - kTestHva));
    }
    sent.push_back(text);
    return r.type == VdpaMsgType::kUpdate ? answer : 0;
  }
  // What was sent since the last call.
  std::vector<std::string> Sent() { return std::exchange(sent, {}); }

  AddResult Add(const Section& section) {
    return RegionAdd(state, section, profile, sink,
                     [this](const KernelRequest& r) { return Send(r); });
  }
  DelOutcome Del(const Section& section) {
    return RegionDel(state, section, profile, sink,
                     [this](const KernelRequest& r) { return Send(r); });
  }
  void Commit() {
    ListenerCommit(state, [this](const KernelRequest& r) { return Send(r); });
  }
  std::optional<uint64_t> MapHost(const HostSpan& span) {
    return MapHostMemory(span, profile, sink,
                         [this](const KernelRequest& r) { return Send(r); });
  }
  std::optional<uint64_t> UnmapHost(uint64_t hva) {
    return UnmapHostMemory(hva, profile, sink,
                           [this](const KernelRequest& r) { return Send(r); });
  }

  // The rule of the last section that was passed over; kNone where none was.
  Rule Skipped() const {
    Rule rule = Rule::kNone;
    for (EventIndex i = 0; i < trace.size(); ++i) {
      if (trace.event(i).kind == Kind::kRegionSkip) rule = trace.event(i).rule;
    }
    return rule;
  }
  // "1000-1fff>7f.. 3000-3fff>0": entries of a store.
  std::string Tree(StoreKind kind) const {
    std::string text;
    sink.table({kind, 0}).ForEach([&](const Entry& e) {
      absl::StrAppend(
          &text, text.empty() ? "" : " ", absl::Hex(e.first), "-",
          absl::Hex(e.last), ">",
          absl::Hex(e.target >= kTestHva ? e.target - kTestHva : e.target));
    });
    return text;
  }

  ListenerProfile profile;
  ListenerState state;
  Stores stores;
  Trace trace;
  Sink sink{&stores, &trace};
  std::vector<std::string> sent;
  int answer = 0;  // to UPDATE
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_VMM_LISTENER_TESTING_H_
