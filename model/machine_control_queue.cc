// A network device's control queue, which the VMM shadows command by command.
//
// The VMM does not give the device the guest's buffers: it copies the command
// into a buffer of its own, waits, its thread busy, for the device to use it,
// and writes the answer into the guest's buffer. That it does the command
// itself too, so that it can tell another host, is not modelled: it takes every
// command that the device took.
//
// Source: QEMU 10.1 net/vhost-vdpa.c vhost_vdpa_net_handle_ctrl_avail,
// vhost_vdpa_net_cvq_add, hw/virtio/vhost-shadow-virtqueue.c vhost_svq_poll.

#include <algorithm>
#include <cerrno>
#include <utility>

#include "model/host/memory_bytes.h"
#include "model/kernel/vhost_vdpa.h"
#include "model/machine_state.h"

namespace iovalab {
namespace {

constexpr uint64_t kAbsent = UINT64_MAX;

// From the virtio specification 1.2, 5.1.6.5.
constexpr uint8_t kAckOk = 0;
constexpr uint8_t kAckErr = 1;
constexpr uint8_t kClassAnnounce = 3;

// vhost_svq_poll.
constexpr int64_t kPollNs = 10'000'000'000;

constexpr uint32_t kCommandBytes = 4096;  // that a VMM without profile copies

}  // namespace

QueuePlace PlaceQueue(const QueueSpec& queue, const RunPolicies& policies) {
  const bool data = policies.strategy->shadow_queue;
  if (!queue.control) return {data, 0};
  if (queue.asid) {
    return {data || *queue.asid != 0, static_cast<uint8_t>(*queue.asid)};
  }
  const bool apart =
      !data && policies.device.address_spaces > 1 &&
      (policies.kernel->vdpa_backend_features & kBackendIotlbAsid) != 0 &&
      (policies.vmm == nullptr || policies.vmm->isolates_control);
  return {data || apart, static_cast<uint8_t>(apart ? 1 : 0)};
}

// The queue's buffers, before its ring. False: the device is given up.
bool Machine::StartControl(Sink& sink, uint32_t queue) {
  const QueueSpec& spec = scenario_.queues[queue];
  for (const uint32_t buffer : {spec.out_buffer, spec.status}) {
    ClearHost(sink, scenario_.host_buffers[buffer].hva.first.value,
              kControlBufferBytes);
    if (!MapRing(sink, buffer, /*readonly=*/buffer == spec.out_buffer,
                 places_[queue].asid, Rule::kCvqBuffers)) {
      return false;
    }
  }
  return true;
}

void Machine::ControlKick(int64_t now, uint32_t queue, EventIndex cause) {
  Sink& sink = Begin(now, cause);
  if (!queues_[queue].started) return VmmDone(now);
  ControlForward(now, sink, queue);
}

// Command by command; the VMM's thread is kept while one is under way.
void Machine::ControlForward(int64_t now, Sink& sink, uint32_t queue_index) {
  RingQueue& queue = queues_[queue_index];
  while (!vmm_broken_ && !stopped_) {
    const std::optional<uint32_t> id = SvqNext(sink, queue_index);
    if (!id) break;
    const int err = ControlAdd(now, sink, queue_index, *id);
    if (stopped_ || queue.command) return;
    if (err == -ENOSPC) queue.no_space = id;
    if (err != 0) {
      SvqQuiet(sink, queue_index, true);
      break;
    }
  }
  VmmDone(now);
}

// 0, -EINVAL or -ENOSPC; with 0 the command waits for its answer, or has it.
int Machine::ControlAdd(int64_t now, Sink& sink, uint32_t queue_index,
                        uint32_t id) {
  Request& request = requests_[id];
  if (!SvqMapped(sink, request)) return -EINVAL;
  const uint64_t length = ControlCopy(sink, queue_index, request);
  if (stopped_) return -EINVAL;
  const QueueSpec& spec = scenario_.queues[queue_index];
  const uint64_t out = scenario_.host_buffers[spec.out_buffer].hva.first.value;
  if (ReadHost(out, 1) == kClassAnnounce) {
    WriteHost(sink, scenario_.host_buffers[spec.status].hva.first.value, kAckOk,
              1);
    ControlAnswer(now, sink, queue_index, id, kAckOk, Rule::kCvqAnnounce);
    return 0;
  }
  const int err = ControlPost(now, sink, queue_index, id, length);
  if (err != 0 && !stopped_) {
    ControlAnswer(now, sink, queue_index, id, kAckErr, Rule::kCvqRefused);
  }
  return err;
}

// Answers how many bytes the command has. Of an element that waited for room it
// is what the guest's memory says now.
uint64_t Machine::ControlCopy(Sink& sink, uint32_t queue, Request& request) {
  const uint64_t out =
      scenario_.host_buffers[scenario_.queues[queue].out_buffer]
          .hva.first.value;
  const uint64_t most =
      policies_.vmm != nullptr ? policies_.vmm->command_bytes : kCommandBytes;
  uint64_t length = 0;
  for (const MeantPiece& piece : request.meant) {
    if (piece.write) {
      if (!request.ring.answer) request.ring.answer = piece.buffer.hva;
      continue;
    }
    const uint64_t n = std::min(piece.buffer.length, most - length);
    if (n == 0) continue;
    CopyHost(sink, piece.buffer.hva, out + length, n);
    if (stopped_) return length;
    length += n;
  }
  sink.Emit(
      Kind::kControl, Actor::kVmm, Rule::kCvqCopy,
      {request.name, ReadHost(out, 1), ReadHost(out + 1, 1), length, kAbsent});
  return length;
}

// The VMM's own buffers into the shadow ring: from here on the request is the
// VMM's, which means its own memory by it.
int Machine::ControlPost(int64_t now, Sink& sink, uint32_t queue_index,
                         uint32_t id, uint64_t length) {
  RingQueue& queue = queues_[queue_index];
  const QueueSpec& spec = scenario_.queues[queue_index];
  Request& request = requests_[id];
  request.asid = places_[queue_index].asid;
  if (queue.shadow.num_free < 2) {
    RingBad(sink, Actor::kVmm, queue_index, true, Rule::kSvqNoSpace, 2,
            -ENOSPC);
    return -ENOSPC;
  }
  std::vector<MeantPiece> meant;
  std::vector<Descriptor> descriptors;
  to_ring_.clear();
  for (const bool write : {false, true}) {
    const uint64_t hva =
        scenario_.host_buffers[write ? spec.status : spec.out_buffer]
            .hva.first.value;
    const uint64_t bytes = write ? 1 : length;
    // An empty buffer has an address all the same.
    const uint64_t some = std::max<uint64_t>(bytes, 1);
    const auto i = static_cast<uint32_t>(meant.size());
    sink.Emit(Kind::kHostPost, Actor::kVmm, Rule::kSvqHostBuffer,
              {request.name, hva, bytes, write ? kPermWrite : kPermRead, i,
               request.asid});
    const SvqTranslation to = SvqTranslateHost(
        *policies_.strategy, policies_.switches, hva, some, sink);
    if (to.err != 0) {
      RejectHost(sink, request, i, {{Hva(hva), Hva(hva + (some - 1))}, write},
                 to.rule);
      return -EINVAL;
    }
    sink.Emit(Kind::kTranslate, Actor::kVmm, to.rule,
              {request.name, i, kAbsent, hva, bytes, to.iova});
    const Entry vma = *result_.stores.Get({StoreKind::kVma, 0}).Find(hva);
    meant.push_back({{kAbsent, hva, 0, some},
                     write,
                     HostMapped(hva, write, request.asid),
                     {static_cast<ObjectIndex>(vma.tag), vma.Translate(hva)},
                     /*host=*/true});
    descriptors.push_back({to.iova, bytes, write, i, 1});
    to_ring_.push_back({to.iova, static_cast<uint32_t>(bytes), write});
  }
  request.meant = std::move(meant);
  request.descriptors = std::move(descriptors);
  request.ring.intent = true;
  RingSide side{this, &sink, queue_index, RingVia::kVmmShadow};
  if (AddChain(queue.shadow, to_ring_, id, ReachRing(&side),
               &request.ring.device_head) != AddOutcomeRing::kAdded) {
    return -EINVAL;  // its own memory is there; the run was stopped
  }
  SvqNotify(now, sink, queue_index);
  queue.command = id;
  queue.gives_up = sim::SaturatingAdd(now, kPollNs);
  queue.timeout =
      queue_.Schedule(sim::Time{queue.gives_up}, kVmmPriority,
                      {Op::kControlPoll, queue_index, 0, sink.cause()});
  return 0;
}

// Whatever the device used is taken for the answer.
void Machine::ControlPoll(int64_t now, uint32_t queue_index, EventIndex cause) {
  RingQueue& queue = queues_[queue_index];
  if (!queue.command) return;
  Sink& sink = Begin(now, cause);
  RingSide side{this, &sink, queue_index, RingVia::kVmmShadow};
  const RingMemory own = ReachRing(&side);
  UsedChain used;
  if (PollUsed(queue.shadow, own)) used = TakeUsed(queue.shadow, own);
  if (stopped_) return;
  if (used.is == UsedChain::Is::kNone && now < queue.gives_up) return;
  const uint32_t id = *queue.command;
  queue.command.reset();
  queue_.Cancel(queue.timeout);
  Rule rule = Rule::kCvqAnswer;
  uint8_t ack = kAckErr;
  if (used.is == UsedChain::Is::kNone) {
    rule = Rule::kCvqTimeout;
  } else if (used.is != UsedChain::Is::kChain || used.len == 0) {
    rule = Rule::kCvqShort;
  } else if (ReadHost(
                 scenario_.host_buffers[scenario_.queues[queue_index].status]
                     .hva.first.value,
                 1) == kAckOk) {
    ack = kAckOk;
  }
  ControlAnswer(now, sink, queue_index, id, ack, rule);
  if (stopped_) return;
  ControlForward(now, sink, queue_index);
}

// Gives the command back to the guest, whose driver sees it without an
// interrupt.
void Machine::ControlAnswer(int64_t now, Sink& sink, uint32_t queue_index,
                            uint32_t id, uint8_t ack, Rule rule) {
  RingQueue& queue = queues_[queue_index];
  const RingRequest& ring = requests_[id].ring;
  const EventIndex event =
      sink.Emit(Kind::kControl, Actor::kVmm, rule,
                {requests_[id].name, kAbsent, kAbsent, kAbsent, ack});
  if (ring.answer) WriteHost(sink, *ring.answer, ack, 1);
  RingSide guest{this, &sink, queue_index, RingVia::kVmmGuest};
  if (!vmm_broken_) {
    PushUsed(queue.vmm, ring.guest_head, ring.answer ? 1 : 0,
             ReachRing(&guest));
  }
  Tell(now, kGuestCalled, queue_index, event);
}

// The device's interrupt: what it used for a command that was given up, and the
// guest is told, whatever there is.
void Machine::ControlCall(int64_t now, uint32_t queue_index, EventIndex cause) {
  RingQueue& queue = queues_[queue_index];
  Sink& sink = Begin(now, cause);
  RingSide side{this, &sink, queue_index, RingVia::kVmmShadow};
  const RingMemory own = ReachRing(&side);
  if (!queue.started || !PollUsed(queue.shadow, own)) return VmmDone(now);
  while (!stopped_) {
    const UsedChain used = TakeUsed(queue.shadow, own);
    if (used.is == UsedChain::Is::kNone || used.is == UsedChain::Is::kFault) {
      break;
    }
    const bool known = used.is == UsedChain::Is::kChain;
    RingBad(sink, Actor::kVmm, queue_index, true,
            known ? Rule::kCvqLate : Rule::kRingUsedId, used.id,
            known ? 0 : -EINVAL);
  }
  if (stopped_) return;
  const EventIndex call = sink.Emit(Kind::kInterrupt, Actor::kVmm, Rule::kNone,
                                    {queue_index, false, true});
  Tell(now, kGuestCalled, queue_index, call);
  if (queue.no_space) return ControlForward(now, sink, queue_index);
  VmmDone(now);
}

// The guest's driver has its command back and reads the answer.
void Machine::ControlTaken(Sink& sink, uint32_t queue, const Request& request) {
  if (!scenario_.queues[queue].control) return;
  for (const BufferSpec& buffer : scenario_.steps[request.step].buffers) {
    if (!buffer.writable) continue;
    spans_.clear();
    if (!GuestSpans(guest_.now(), buffer.gpa.first.value, 1)) return;
    sink.Emit(Kind::kControl, Actor::kGuest, Rule::kCtrlTaken,
              {request.name, kAbsent, kAbsent, kAbsent,
               ReadBytes(result_.stores, host_, spans_.front().hpa, 1)});
    return;
  }
}

}  // namespace iovalab
