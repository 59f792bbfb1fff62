// The device takes chains off its ring, does them, and gives them back; and
// which request of the guest's a chain is, for the oracle.

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "model/machine_state.h"

namespace iovalab {
namespace {

bool Writes(const RingDescriptor& d) { return (d.flags & kDescWrite) != 0; }

// A buffer does not wrap past 2^64; what is past it would fault.
uint64_t LengthOf(const RingDescriptor& d) {
  if (d.len == 0) return 0;
  return std::min(uint64_t{d.len} - 1, UINT64_MAX - d.addr) + 1;
}

bool IsOf(const RingChain& chain, const std::vector<BufferSpec>& buffers) {
  return std::equal(chain.descriptors.begin(), chain.descriptors.end(),
                    buffers.begin(), buffers.end(),
                    [](const RingDescriptor& d, const BufferSpec& buffer) {
                      return d.addr == buffer.gpa.first.value &&
                             d.len == buffer.gpa.last - buffer.gpa.first + 1 &&
                             Writes(d) == buffer.writable;
                    });
}

bool IsOf(const RingChain& chain, const std::vector<Descriptor>& descriptors) {
  return std::equal(
      chain.descriptors.begin(), chain.descriptors.end(), descriptors.begin(),
      descriptors.end(), [](const RingDescriptor& d, const Descriptor& of) {
        return d.addr == of.iova && d.len == of.length && Writes(d) == of.write;
      });
}

}  // namespace

// A chain that is nobody's post. `step`: who is named for it.
uint32_t Machine::WildRequest(uint32_t queue, uint32_t step) {
  const uint32_t id = TakeRequest(step);
  Request& request = requests_[id];
  request.ring = {};
  request.ring.on = true;
  request.ring.queue = queue;
  request.ring.wild = true;
  request.ring.intent = false;
  return id;
}

// The request becomes what the chain says: with intent, as guest addresses that
// its driver meant.
void Machine::TakeChain(Request& request, const RingChain& chain) {
  request.meant.clear();
  request.descriptors.clear();
  for (const RingDescriptor& d : chain.descriptors) {
    const uint64_t length = LengthOf(d);
    if (length == 0) continue;
    const auto first = static_cast<uint32_t>(request.meant.size());
    CutBuffer(request, d.addr, length, Writes(d));
    const auto count = static_cast<uint32_t>(request.meant.size()) - first;
    request.descriptors.push_back(
        {d.addr, length, Writes(d), first, request.ring.intent ? count : 0});
  }
}

// Of a chain of the guest's ring, which the VMM or the device took.
uint32_t Machine::ClaimGuest(uint32_t queue_index, const RingChain& chain,
                             bool vmm) {
  RingQueue& queue = queues_[queue_index];
  const DriverRing::Chain& own = queue.guest.chains[chain.head];
  if (own.length > 0) {
    Request& request = requests_[own.token];
    bool& took = vmm ? request.ring.vmm_took : request.ring.device_took;
    if (!took) {
      took = true;
      request.ring.intent = IsOf(chain, scenario_.steps[request.step].buffers);
      if (!request.ring.intent) {
        TakeChain(request, chain);
      } else if (vmm) {
        CutBuffers(request);
      }
      return own.token;
    }
  }
  uint32_t step = queue.kicked_by;
  bool intent = false;
  for (RingQueue::Raw& raw : queue.raw) {
    if (raw.head != chain.head || raw.taken) continue;
    raw.taken = true;
    step = raw.step;
    intent = true;
    break;
  }
  const uint32_t id = WildRequest(queue_index, step);
  Request& request = requests_[id];
  request.ring.intent = intent;
  request.ring.guest_head = chain.head;
  request.ring.vmm_took = vmm;
  TakeChain(request, chain);
  return id;
}

// Of a chain of the shadow ring, which the device took.
uint32_t Machine::ClaimShadow(uint32_t queue_index, const RingChain& chain) {
  RingQueue& queue = queues_[queue_index];
  const DriverRing::Chain& own = queue.shadow.chains[chain.head];
  uint32_t id = own.token;
  if (own.length == 0 || requests_[id].ring.device_took) {
    id = WildRequest(queue_index, queue.kicked_by);
  }
  Request& request = requests_[id];
  request.ring.device_took = true;
  if (!request.ring.wild || own.length > 0) {
    if (IsOf(chain, request.descriptors)) return id;
  }
  // What the device read is not what the VMM wrote.
  request.ring.intent = false;
  request.meant.clear();
  request.descriptors.clear();
  for (const RingDescriptor& d : chain.descriptors) {
    if (const uint64_t length = LengthOf(d)) {
      request.descriptors.push_back({d.addr, length, Writes(d), 0, 0});
    }
  }
  return id;
}

void Machine::RingTake(int64_t now, uint32_t queue_index, EventIndex cause) {
  RingQueue& queue = queues_[queue_index];
  Sink& sink = Begin(now, cause);
  if (!queue.started) return;
  const bool shadow = places_[queue_index].shadowed;
  RingSide side{this, &sink, queue_index, RingVia::kDevice};
  const RingMemory memory = ReachRing(&side);
  RingChain chain;
  while (!stopped_) {
    queue.more = in_flight_ == scenario_.in_flight;
    if (queue.more) return;
    const PopResult popped = PopChain(queue.device, memory, &chain);
    if (stopped_ || popped.is == PopResult::Is::kEmpty) return;
    if (popped.is != PopResult::Is::kChain) {
      const bool bad = popped.is == PopResult::Is::kBad;
      return RingBad(sink, Actor::kDevice, queue_index, shadow,
                     bad ? popped.rule : Rule::kVringhPop,
                     bad ? popped.value : queue.device.last_avail,
                     bad ? -EINVAL : -EFAULT);
    }
    const uint32_t id = shadow ? ClaimShadow(queue_index, chain)
                               : ClaimGuest(queue_index, chain, /*vmm=*/false);
    Request& request = requests_[id];
    request.ring.device_head = chain.head;
    request.cause = cause;
    const uint32_t step = request.step;
    if (!request.ring.wild && scenario_.steps[step].hold) {
      steps_[step].request = id;
      if (!steps_[step].finished) FinishStep(now, step);
      continue;
    }
    RingStart(now, id);
  }
}

void Machine::RingStart(int64_t now, uint32_t id) {
  const uint32_t queue = requests_[id].ring.queue;
  ++in_flight_;
  queues_[queue].taken.push_back(id);
  uint64_t latency = scenario_.latency_ns;
  if (scenario_.jitter_ns > 0) {
    latency += jitter_.InRange(0, scenario_.jitter_ns);
  }
  Schedule(sim::SaturatingAdd(now, static_cast<int64_t>(latency)),
           kDevicePriority, {Op::kRingWork, queue, 0, requests_[id].cause});
}

// One of those that the device works on is done: the first that it took, or
// any.
void Machine::RingWork(int64_t now, uint32_t queue_index, EventIndex) {
  RingQueue& queue = queues_[queue_index];
  const size_t which =
      scenario_.out_of_order ? order_.Below(queue.taken.size()) : 0;
  const uint32_t id = queue.taken[which];
  queue.taken.erase(queue.taken.begin() + static_cast<int64_t>(which));
  Sink& sink = Begin(now, requests_[id].cause);
  CommandDone done;
  if (scenario_.queues[queue_index].control) {
    done = DoCommand(sink, queue_index, requests_[id]);
  } else {
    std::tie(done.written, done.err) = DoDescriptors(sink, requests_[id]);
    done.used_len = static_cast<uint32_t>(done.written);
  }
  if (stopped_) return;
  --in_flight_;
  if (!done.dropped) RingComplete(now, sink, queue_index, id, done);
  if (stopped_ || !queue.started) return;
  // There is room again; and it looks whether more is available, kick or not.
  queue.more = true;
  for (uint32_t i = 0; i < queues_.size(); ++i) {
    if (queues_[i].more) {
      queues_[i].more = false;
      Tell(now, kDeviceKicked, i, sink.cause());
    }
  }
}

// Gives a chain back.
void Machine::RingComplete(int64_t now, Sink& sink, uint32_t queue_index,
                           uint32_t id, const CommandDone& done) {
  RingQueue& queue = queues_[queue_index];
  sink.SetCause(sink.Emit(Kind::kComplete, Actor::kDevice, Rule::kNone,
                          {requests_[id].name, done.written,
                           static_cast<uint64_t>(int64_t{done.err})}));
  if (!queue.started) return;  // reset meanwhile
  const bool shadow = places_[queue_index].shadowed;
  RingSide side{this, &sink, queue_index, RingVia::kDevice};
  const RingMemory memory = ReachRing(&side);
  PushUsed(queue.device, requests_[id].ring.device_head, done.used_len, memory);
  // A failed write is not looked at; the flags lie in the other area.
  uint16_t flags = 0;
  const bool reached =
      ReadIndex(memory, AvailFlagsPlace(queue.device.layout), &flags);
  if (stopped_) return;
  const bool sent = reached && (flags & kRingQuiet) == 0;
  const EventIndex call = sink.Emit(Kind::kInterrupt, Actor::kDevice,
                                    sent ? Rule::kNone : Rule::kRingQuiet,
                                    {queue_index, shadow, sent});
  if (sent && shadow) {
    Tell(now, kVmmCalled, queue_index, call);
  } else if (sent) {
    Tell(now, kGuestCalled, queue_index, call);
  }
  // The VMM looks at the used ring all the time while it waits.
  if (queue.command) {
    Schedule(now, kVmmPriority, {Op::kControlPoll, queue_index, 0, call});
  }
}

}  // namespace iovalab
