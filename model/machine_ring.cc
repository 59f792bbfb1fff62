// DRIVER_OK, and the guest's side of its rings.

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "model/host/memory_bytes.h"
#include "model/machine_state.h"

namespace iovalab {
namespace {

constexpr size_t kHostMapIova = 5;  // Kind::kHostMap's field

}  // namespace

bool Machine::ListenerAtInit() const {
  return policies_.vmm == nullptr || policies_.vmm->listener_at_init;
}

void Machine::RingBad(Sink& sink, Actor actor, uint32_t queue, bool shadow,
                      Rule rule, uint64_t value, int err) {
  sink.Emit(Kind::kRingBad, actor, rule,
            {queue, shadow, value, static_cast<uint64_t>(int64_t{err})});
}

// Whoever allocates a ring fills it with zeros. False where it cannot be
// reached.
bool Machine::ClearRing(Sink& sink, uint32_t queue, RingVia via) {
  const bool guest = via == RingVia::kGuest;
  const RingLayout& at =
      guest ? queues_[queue].guest.layout : queues_[queue].shadow.layout;
  const std::pair<uint64_t, uint64_t> parts[] = {
      {at.desc, DescTableBytes(at.size)},
      {at.avail, AvailBytes(at.size)},
      {at.used, UsedBytes(at.size)}};
  for (const auto& [address, length] : parts) {
    spans_.clear();
    if (!guest) {
      HvaSpans(address, length);
    } else if (!GuestSpans(guest_.now(), address, length)) {
      return false;
    }
    for (const RingSpan& span : spans_) {
      ClearMemory(sink, span.hpa, span.hpa + (span.length - 1),
                  guest ? Actor::kGuest : Actor::kVmm);
    }
  }
  return true;
}

// Maps one area of a shadow ring, or a control queue's buffer, for the device.
std::optional<uint64_t> Machine::MapRing(Sink& sink, uint32_t host_buffer,
                                         bool readonly, uint8_t asid,
                                         Rule rule) {
  const HostBufferSpec& buffer = scenario_.host_buffers[host_buffer];
  const HostSpan span{buffer.hva.first.value,
                      buffer.hva.last - buffer.hva.first,
                      readonly ? kPermRead : kPermReadWrite, asid};
  const EventIndex event =
      sink.Emit(Kind::kHostMap, Actor::kVmm, rule,
                {sink.Intern(buffer.name), true, span.hva,
                 span.size_minus_1 + 1, span.perm, UINT64_MAX, span.asid});
  const EventIndex former = sink.SetCause(event);
  const std::optional<uint64_t> iova =
      MapHostMemory(span, listener_profile_, sink,
                    [&](const KernelRequest& r) { return Send(sink, r); });
  if (iova) {
    sink.SetWord(event, kHostMapIova, *iova);
    touched_.push_back(ledger_.AddHost(span, *iova));
  }
  ledger_.Settle();
  EndOperation(sink, touched_);
  sink.SetCause(former);
  return iova;
}

// The guest's driver and the VMM make their rings; the device learns where.
void Machine::StartRings(Sink& sink) {
  for (uint32_t i = 0; i < queues_.size(); ++i) {
    const QueueSpec& spec = scenario_.queues[i];
    RingQueue& queue = queues_[i];
    queue.name = sink.Intern(absl::StrCat("vq", i));
    const RingLayout guest{spec.size, spec.desc.value, spec.avail.value,
                           spec.used.value};
    queue.guest = DriverRing(guest);
    if (!ClearRing(sink, i, RingVia::kGuest)) {
      queue.guest_broken = true;
      RingBad(sink, Actor::kGuest, i, false, Rule::kRingUnreachable, guest.desc,
              -EFAULT);
      continue;
    }
    RingLayout device = guest;
    const auto [shadowed, asid] = places_[i];
    if (shadowed) {
      if (spec.control && !StartControl(sink, i)) continue;
      const uint64_t driver_hva =
          scenario_.host_buffers[spec.driver_area].hva.first.value;
      const uint64_t device_hva =
          scenario_.host_buffers[spec.device_area].hva.first.value;
      const uint64_t avail = DescTableBytes(spec.size);
      queue.shadow =
          DriverRing({spec.size, driver_hva, driver_hva + avail, device_hva});
      ClearRing(sink, i, RingVia::kVmmShadow);
      const std::optional<uint64_t> driver =
          MapRing(sink, spec.driver_area, true, asid, Rule::kSvqVring);
      const std::optional<uint64_t> used =
          MapRing(sink, spec.device_area, false, asid, Rule::kSvqVring);
      if (!driver || !used) continue;  // QEMU gives the device up
      device = {spec.size, *driver, *driver + avail, *used};
    }
    queue.vmm = {guest, RingReader::kQemu};
    queue.device = {device, RingReader::kVringh};
    queue.started = true;
  }
}

void Machine::DriverOk(int64_t now, uint32_t step, EventIndex cause) {
  Sink& sink = Begin(now, cause, /*watch=*/true);
  StartRings(sink);
  for (uint32_t i = 0; i < queues_.size(); ++i) GuestSubmit(now, sink, i);
  if (!listening_ && !ListenerAtInit()) {
    sink.Emit(Kind::kListener, Actor::kVmm, Rule::kVmmRingsFirst, {true});
    for (const auto& [first, flat] : space_.view()) {
      deliveries_.push_back({MakeSection(flat), true, /*of_listener=*/true});
    }
    return ScheduleDeliveries(now, step, cause);
  }
  FinishStep(now, step);
  VmmDone(now);
}

void Machine::RingPost(int64_t now, uint32_t id, EventIndex event) {
  Request& request = requests_[id];
  const uint32_t queue = scenario_.steps[request.step].queue;
  request.ring.on = true;
  request.ring.queue = queue;
  queues_[queue].guest_waiting.push_back(id);
  GuestSubmit(now, Begin(now, event), queue);
}

// Puts what waits into the ring, as far as there is room.
void Machine::GuestSubmit(int64_t now, Sink& sink, uint32_t queue_index) {
  RingQueue& queue = queues_[queue_index];
  RingSide side{this, &sink, queue_index, RingVia::kGuest};
  const RingMemory memory = ReachRing(&side);
  bool added = false;
  while (queue.started && !queue.guest_broken && !queue.guest_waiting.empty()) {
    const uint32_t id = queue.guest_waiting.front();
    Request& request = requests_[id];
    const StepSpec& step = scenario_.steps[request.step];
    to_ring_.clear();
    for (const BufferSpec& buffer : step.buffers) {
      to_ring_.push_back(
          {buffer.gpa.first.value,
           static_cast<uint32_t>(buffer.gpa.last - buffer.gpa.first + 1),
           buffer.writable});
    }
    const AddOutcomeRing outcome =
        step.indirect_table
            ? AddIndirect(queue.guest, *step.indirect_table, to_ring_, id,
                          memory, &request.ring.guest_head)
            : AddChain(queue.guest, to_ring_, id, memory,
                       &request.ring.guest_head);
    if (outcome == AddOutcomeRing::kNoSpace) break;
    if (outcome == AddOutcomeRing::kFault) {
      queue.guest_broken = true;
      if (stopped_) return;
      RingBad(sink, Actor::kGuest, queue_index, false, Rule::kRingUnreachable,
              queue.guest.layout.desc, -EFAULT);
      return;
    }
    queue.guest_waiting.pop_front();
    queue.kicked_by = request.step;
    added = true;
  }
  if (added) GuestKick(now, sink, queue_index);
}

void Machine::Tell(int64_t now, RingEvent whom, uint32_t queue_index,
                   EventIndex cause) {
  RingQueue& queue = queues_[queue_index];
  if ((queue.raised & whom) != 0) return;
  queue.raised |= whom;
  switch (whom) {
    case kVmmKicked:
      return EnqueueVmm(now, {Op::kSvqKick, queue_index, 0, cause});
    case kVmmCalled:
      return EnqueueVmm(now, {Op::kSvqCall, queue_index, 0, cause});
    case kDeviceKicked:
      return Schedule(now, kDevicePriority,
                      {Op::kRingTake, queue_index, 0, cause});
    case kGuestCalled:
      return Schedule(now, kVmmPriority,
                      {Op::kGuestCall, queue_index, 0, cause});
  }
}

void Machine::Heed(RingEvent whom, uint32_t queue_index) {
  queues_[queue_index].raised &= static_cast<uint8_t>(~whom);
}

void Machine::GuestKick(int64_t now, Sink& sink, uint32_t queue_index) {
  RingQueue& queue = queues_[queue_index];
  RingSide side{this, &sink, queue_index, RingVia::kGuest};
  uint16_t flags = 0;
  const bool quiet =
      ReadIndex(ReachRing(&side), UsedFlagsPlace(queue.guest.layout), &flags) &&
      (flags & kRingQuiet) != 0;
  if (stopped_) return;
  const EventIndex kick = sink.Emit(Kind::kKick, Actor::kGuest,
                                    quiet ? Rule::kRingQuiet : Rule::kNone,
                                    {queue_index, false, !quiet});
  if (quiet) return;
  if (places_[queue_index].shadowed) {
    Tell(now, kVmmKicked, queue_index, kick);
  } else {
    Tell(now, kDeviceKicked, queue_index, kick);
  }
}

// Past the driver's own books: what it writes by hand, right or wrong.
void Machine::BeginRingWrite(int64_t now, uint32_t index, EventIndex event) {
  const StepSpec& step = scenario_.steps[index];
  const RingWriteSpec& spec = step.ring_write;
  RingQueue& queue = queues_[step.queue];
  const RingLayout& ring = queue.guest.layout;
  Sink& sink = Begin(now, event);
  if (!queue.started || queue.guest_broken) return;  // never finishes
  RingSide side{this, &sink, step.queue, RingVia::kGuest};
  const RingMemory memory = ReachRing(&side);
  bool written = true;
  for (const RingDescSpec& d : spec.descriptors) {
    const RingPlace at =
        DescPlace(d.table.value_or(ring.desc), d.index, d.table.has_value());
    written =
        written && memory.write(memory.context, at,
                                ToWords({d.addr, d.len, d.flags, d.next}));
  }
  for (const uint16_t head : spec.available) {
    written = written &&
              WriteIndex(memory, AvailPlace(ring, queue.guest.avail_idx), head);
    ++queue.guest.avail_idx;
    queue.raw.push_back({head, index, false});
  }
  queue.guest.avail_idx =
      static_cast<uint16_t>(queue.guest.avail_idx + spec.skip);
  const bool kick = !spec.available.empty() || spec.skip > 0;
  if (kick) {
    written = written &&
              WriteIndex(memory, AvailIdxPlace(ring), queue.guest.avail_idx);
  }
  if (stopped_) return;
  if (!written) {
    queue.guest_broken = true;
    return RingBad(sink, Actor::kGuest, step.queue, false,
                   Rule::kRingUnreachable, ring.desc, -EFAULT);
  }
  queue.kicked_by = index;
  if (kick) GuestKick(now, sink, step.queue);
  if (spec.available.empty()) FinishStep(now, index);
}

// Whether a used id is that of a head that a ring_write step made available.
bool Machine::TakeRaw(int64_t now, uint32_t queue_index, uint32_t head) {
  std::vector<RingQueue::Raw>& raw = queues_[queue_index].raw;
  const auto at = std::find_if(raw.begin(), raw.end(), [&](const auto& r) {
    return r.head == head && r.taken;
  });
  if (at == raw.end()) return false;
  const uint32_t step = at->step;
  raw.erase(at);
  const bool over = std::none_of(raw.begin(), raw.end(),
                                 [&](const auto& r) { return r.step == step; });
  if (over) FinishStep(now, step);
  return true;
}

// The guest's interrupt handler takes what is used.
void Machine::GuestCall(int64_t now, uint32_t queue_index, EventIndex cause) {
  RingQueue& queue = queues_[queue_index];
  Sink& sink = Begin(now, cause);
  if (queue.guest_broken) return;
  RingSide side{this, &sink, queue_index, RingVia::kGuest};
  const RingMemory memory = ReachRing(&side);
  UsedChain used;
  if (!PollUsed(queue.guest, memory)) used.is = UsedChain::Is::kFault;
  while (used.is != UsedChain::Is::kFault) {
    used = TakeUsed(queue.guest, memory);
    if (used.is == UsedChain::Is::kNone) break;
    if (used.is == UsedChain::Is::kChain) {
      ControlTaken(sink, queue_index, requests_[used.token]);
      const uint32_t step = requests_[used.token].finishes;
      if (!steps_[step].finished) FinishStep(now, step);
    } else if (used.is == UsedChain::Is::kUnknown &&
               !TakeRaw(now, queue_index, used.id)) {
      queue.guest_broken = true;
      return RingBad(sink, Actor::kGuest, queue_index, false, Rule::kRingUsedId,
                     used.id, -EIO);
    }
  }
  if (stopped_) return;
  if (used.is == UsedChain::Is::kFault) {
    queue.guest_broken = true;
    return RingBad(sink, Actor::kGuest, queue_index, false,
                   Rule::kRingUnreachable, queue.guest.layout.used, -EFAULT);
  }
  GuestSubmit(now, sink, queue_index);
}

}  // namespace iovalab
