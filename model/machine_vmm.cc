// The VMM's thread: memory transactions through the listener, and requests
// through the shadow virtqueue.

#include <cerrno>

#include "model/machine_state.h"
#include "model/profile/latency.h"
#include "sim/check.h"

namespace iovalab {
namespace {

constexpr StoreId kFlatView{StoreKind::kFlatView, 0};

// Kind::kHostMap: the field that is known last, and what it holds when the
// mapping failed.
constexpr size_t kHostMapIova = 5;
constexpr uint64_t kNoIova = UINT64_MAX;

bool IsRam(const FlatRange& flat) {
  return flat.kind == RegionKind::kRam || flat.kind == RegionKind::kRamDevice;
}

}  // namespace

Section Machine::MakeSection(const FlatRange& flat) {
  Section section;
  section.flat = flat;
  section.name = result_.trace.Intern(scenario_.regions[flat.region].name);
  if (flat.ram_block != kNoIndex) {
    const RamBlockSpec& block = scenario_.ram_blocks[flat.ram_block];
    section.hva = block.hva.first.value + flat.offset;
    section.ram_addr = block.ram_addr.value + flat.offset;
  }
  return section;
}

// The guest's RAM in the view.
std::vector<Entry> Machine::GuestSections(const FlatView& view) const {
  std::vector<Entry> sections;
  for (const FlatRange& flat : view) {
    if (!IsRam(flat)) continue;
    Entry entry;
    entry.first = flat.gpa.first.value;
    entry.last = flat.gpa.last.value;
    entry.target =
        scenario_.ram_blocks[flat.ram_block].hva.first.value + flat.offset;
    entry.perm = flat.readonly ? kPermRead : kPermReadWrite;
    sections.push_back(entry);
  }
  return sections;
}

// Changes the regions of the step; where it does them each, the next of them.
void Machine::Change(uint32_t index) {
  const StepSpec& step = scenario_.steps[index];
  uint32_t skip = steps_[index].changed;
  bool stop = false;
  const auto set = [&](const std::vector<uint32_t>& regions,
                       bool RegionState::*field, bool value) {
    if (skip >= regions.size()) {
      skip -= static_cast<uint32_t>(regions.size());
      return;
    }
    for (size_t i = skip; i < regions.size() && !stop; ++i) {
      RegionState state = space_.state(regions[i]);
      state.*field = value;
      space_.Set(regions[i], state);
      ++steps_[index].changed;
      stop = step.each;
    }
    skip = 0;
  };
  set(step.disable, &RegionState::enabled, false);
  if (!stop) set(step.enable, &RegionState::enabled, true);
  if (!stop) set(step.make_readonly, &RegionState::readonly, true);
  if (!stop) set(step.make_writable, &RegionState::readonly, false);
}

bool Machine::MoreToChange(uint32_t index) const {
  const StepSpec& step = scenario_.steps[index];
  return step.each && steps_[index].changed < step.disable.size() +
                                                  step.enable.size() +
                                                  step.make_readonly.size() +
                                                  step.make_writable.size();
}

void Machine::Commit(int64_t now, uint32_t index, EventIndex cause) {
  const StepSpec& step = scenario_.steps[index];
  Sink& sink = Begin(now, cause);
  if (step.kind == StepKind::kListener) {
    sink.Emit(Kind::kListener, Actor::kVmm, Rule::kNone, {step.registered});
    if (listening_ != step.registered || step.again) {
      for (const auto& [first, flat] : space_.view()) {
        deliveries_.push_back(
            {MakeSection(flat), step.registered, /*of_listener=*/true});
      }
    }
    return ScheduleDeliveries(now, index, cause);
  }
  Change(index);
  const FlatViewDiff diff = space_.Commit();
  guest_.Begin(GuestSections(diff.del), GuestSections(diff.add));
  sink.Emit(Kind::kCommit, Actor::kVmm, Rule::kMemDelBeforeAdd,
            {diff.del.size(), diff.add.size()});
  for (const FlatRange& flat : diff.del) {
    deliveries_.push_back({MakeSection(flat), /*add=*/false});
  }
  for (const FlatRange& flat : diff.add) {
    deliveries_.push_back({MakeSection(flat), /*add=*/true});
  }
  ScheduleDeliveries(now, index, cause);
}

// One section at a time, each taking the VMM's thread for a while.
void Machine::ScheduleDeliveries(int64_t now, uint32_t step, EventIndex cause) {
  const auto n = static_cast<uint32_t>(deliveries_.size());
  int64_t at = now;
  for (uint32_t i = 0; i < n; ++i) {
    at = sim::SaturatingAdd(at, kListenerSectionNs);
    Schedule(at, kVmmPriority, {Op::kDeliver, step, i, cause});
  }
  Schedule(at, kVmmPriority, {Op::kDelivered, step, 0, cause});
}

void Machine::Deliver(int64_t now, uint32_t step, uint32_t index,
                      EventIndex cause) {
  Sink& sink = Begin(now, cause, /*watch=*/true);
  const StepSpec& spec = scenario_.steps[step];
  const Delivery delivery = deliveries_[index];
  if (spec.kind != StepKind::kMemory) listening_ = true;
  DeliverOne(sink, delivery);
  if (!stopped_) EndOperation(sink, touched_);
}

void Machine::Delivered(int64_t now, uint32_t step, EventIndex cause) {
  Sink& sink = Begin(now, cause, /*watch=*/true);
  ListenerCommit(listener_, [&](const KernelRequest& request) {
    return Send(sink, request);
  });
  EndOperation(sink, {});
  guest_.End();
  ledger_.Settle();
  const StepSpec& spec = scenario_.steps[step];
  if (spec.kind == StepKind::kListener) listening_ = spec.registered;
  if (spec.kind == StepKind::kDriverOk) listening_ = true;
  deliveries_.clear();
  if (MoreToChange(step)) {
    vmm_jobs_.push_back({Op::kCommit, step, 0, cause});
  } else {
    Return(now, step);
  }
  VmmDone(now);
}

// Registering or leaving the listener changes what is mapped, not what the
// guest sees.
void Machine::ChangeFlatView(Sink& sink, const Delivery& delivery) {
  const FlatRange& flat = delivery.section.flat;
  if (!IsRam(flat) || delivery.of_listener) return;
  Entry entry;
  entry.first = flat.gpa.first.value;
  entry.last = flat.gpa.last.value;
  entry.target = delivery.section.hva;
  entry.perm = flat.readonly ? kPermRead : kPermReadWrite;
  if (delivery.add) {
    sink.Add(kFlatView, entry, Rule::kMemFlatView, Actor::kVmm);
  } else {
    sink.Del(kFlatView, entry, Rule::kMemFlatView, Actor::kVmm);
  }
}

void Machine::DeliverOne(Sink& sink, const Delivery& delivery) {
  const Section& section = delivery.section;
  const FlatRange& flat = section.flat;
  const auto send = [&](const KernelRequest& request) {
    return Send(sink, request);
  };
  if (!listening_) return ChangeFlatView(sink, delivery);
  sink.SetCause(
      sink.Emit(delivery.add ? Kind::kRegionAdd : Kind::kRegionDel, Actor::kVmm,
                delivery.add ? Rule::kLsnMap : Rule::kLsnUnmap,
                {section.name, flat.gpa.first.value, flat.gpa.last.value,
                 section.hva, flat.readonly ? kPermRead : kPermReadWrite}));
  ChangeFlatView(sink, delivery);
  const ListenerView view = ViewSection(section, listener_profile_);
  const bool counts = view.skipped == Rule::kNone && IsRam(flat);
  if (delivery.add) {
    const AddResult added =
        RegionAdd(listener_, section, listener_profile_, sink, send);
    if (counts) {
      touched_.push_back(ledger_.AddSection(
          view.span, added.iova, added.outcome == AddOutcome::kMapped));
    }
    return;
  }
  const DelOutcome outcome =
      RegionDel(listener_, section, listener_profile_, sink, send);
  if (outcome == DelOutcome::kCrashed) {
    return Crash(sink, Ended::kVmmAbort, "region_del brought the VMM down");
  }
  if (!counts) return;
  if (const std::optional<uint32_t> owner =
          ledger_.DropSection(view.span.section_gpa)) {
    touched_.push_back(*owner);
  }
}

int Machine::Send(Sink& sink, const KernelRequest& request) {
  // A message before this one, in the same operation, has returned.
  TakeDone(kernel_until_, sink);
  VdpaMsg message;
  message.type = request.type;
  message.iova = request.iova;
  message.size = request.size;
  message.uaddr = request.uaddr;
  message.perm = request.perm;
  message.asid = request.asid;
  const VhostVdpaEnv env{policies_.kernel, &policies_.device, &host_};
  const int err = VhostVdpaStep(vdpa_, device_, message, env, sink).user_ret;
  HandOver(sink);
  return err;
}

void Machine::RejectBuffer(Sink& sink, const Request& request, uint32_t segment,
                           const SvqBuffer& buffer, Rule rule) {
  const bool deserved = !guest_.now().Find(buffer.gpa).has_value();
  sink.Emit(Kind::kReject, Actor::kVmm, rule,
            {request.name, segment, buffer.gpa, buffer.hva, buffer.length,
             static_cast<uint64_t>(int64_t{-EINVAL}),
             static_cast<uint64_t>(AccessClass::kSwReject), deserved});
  Count(AccessClass::kSwReject, deserved);
}

// A request that the VMM refused is over.
void Machine::Refused(int64_t now, uint32_t id) {
  FinishStep(now, requests_[id].step);
  GiveRequest(id);
}

void Machine::SvqAdd(int64_t now, uint32_t id, EventIndex cause) {
  Sink& sink = Begin(now, cause);
  VmmDone(now);
  Request& request = requests_[id];
  // The VMM takes the buffers now; the guest's view may have changed since.
  CutBuffers(request);
  for (uint32_t i = 0; i < request.meant.size(); ++i) {
    const MeantPiece& meant = request.meant[i];
    if (!meant.mapped) {
      RejectBuffer(sink, request, i, meant.buffer, Rule::kSvqNoMap);
      return Refused(now, id);
    }
    const SvqTranslation to = SvqTranslate(
        *policies_.strategy, policies_.switches, meant.buffer, sink);
    if (to.err != 0) {
      RejectBuffer(sink, request, i, meant.buffer, to.rule);
      return Refused(now, id);
    }
    sink.Emit(Kind::kTranslate, Actor::kVmm, to.rule,
              {request.name, i, meant.buffer.gpa, meant.buffer.hva,
               meant.buffer.length, to.iova});
    request.descriptors.push_back(
        {to.iova, meant.buffer.length, meant.write, i, 1});
  }
  steps_[request.step].request = id;
  if (scenario_.steps[request.step].hold) return FinishStep(now, request.step);
  Doorbell(now, id, cause);
}

void Machine::HostMap(int64_t now, uint32_t index, EventIndex cause) {
  const StepSpec& step = scenario_.steps[index];
  const HostBufferSpec& buffer = scenario_.host_buffers[step.host_buffer];
  VmmDone(now);
  // Without a shadow queue the VMM has no memory of its own to show but a
  // control queue's, which has an address space to itself.
  if (!policies_.strategy->shadow_queue && step.asid == 0) {
    return FinishStep(now, index);
  }
  Sink& sink = Begin(now, cause, /*watch=*/true);
  const bool map = step.kind == StepKind::kHostMap;
  const HostSpan span{buffer.hva.first.value,
                      buffer.hva.last - buffer.hva.first,
                      step.write_only ? kPermWrite
                      : step.readonly ? kPermRead
                                      : kPermReadWrite,
                      static_cast<uint8_t>(step.asid)};
  const EventIndex event =
      sink.Emit(Kind::kHostMap, Actor::kVmm, Rule::kSvqVring,
                {sink.Intern(buffer.name), map, span.hva, span.size_minus_1 + 1,
                 map ? span.perm : kPermNone, kNoIova, span.asid});
  sink.SetCause(event);
  const auto send = [&](const KernelRequest& r) { return Send(sink, r); };
  const std::optional<uint64_t> iova =
      map ? MapHostMemory(span, listener_profile_, sink, send)
          : UnmapHostMemory(span.hva, listener_profile_, sink, send, span.asid);
  if (iova) sink.SetWord(event, kHostMapIova, *iova);
  if (map && iova) {
    touched_.push_back(ledger_.AddHost(span, *iova));
  } else if (!map) {
    const std::optional<uint32_t> owner = ledger_.DropHost(span.hva, iova);
    if (owner) touched_.push_back(*owner);
  }
  EndOperation(sink, touched_);
  Return(now, index);
}

}  // namespace iovalab
