// The shadow virtqueue: from the guest's ring to the VMM's own, and back.

#include <cerrno>

#include "model/machine_state.h"

namespace iovalab {

void Machine::SvqKick(int64_t now, uint32_t queue, EventIndex cause) {
  if (scenario_.queues[queue].control) return ControlKick(now, queue, cause);
  Sink& sink = Begin(now, cause);
  VmmDone(now);
  if (queues_[queue].started) SvqForward(now, sink, queue);
}

// Tells the guest, by its used ring, whether kicks are heeded. While the VMM
// works it sets the flag and clears it again, which nobody sees.
void Machine::SvqQuiet(Sink& sink, uint32_t queue_index, bool quiet) {
  RingQueue& queue = queues_[queue_index];
  if (queue.quiet == quiet) return;
  queue.quiet = quiet;
  RingSide side{this, &sink, queue_index, RingVia::kVmmGuest};
  WriteIndex(ReachRing(&side), UsedFlagsPlace(queue.guest.layout),
             quiet ? kRingQuiet : uint16_t{0});
}

// The next element: the one that waited for room, else one off the guest's
// ring. None where that is empty or broken.
std::optional<uint32_t> Machine::SvqNext(Sink& sink, uint32_t queue_index) {
  RingQueue& queue = queues_[queue_index];
  if (queue.no_space) {
    const uint32_t id = *queue.no_space;
    queue.no_space.reset();
    return id;
  }
  RingSide side{this, &sink, queue_index, RingVia::kVmmGuest};
  RingChain chain;
  const PopResult popped = PopChain(queue.vmm, ReachRing(&side), &chain);
  if (popped.is == PopResult::Is::kChain) {
    return ClaimGuest(queue_index, chain, /*vmm=*/true);
  }
  if (popped.is == PopResult::Is::kEmpty) {
    SvqQuiet(sink, queue_index, false);
    return std::nullopt;
  }
  if (stopped_) return std::nullopt;
  // virtio_error: the whole device is given up.
  vmm_broken_ = true;
  const bool bad = popped.is == PopResult::Is::kBad;
  RingBad(sink, Actor::kVmm, queue_index, false,
          bad ? popped.rule : Rule::kRingUnreachable,
          bad ? popped.value : queue.guest.layout.desc,
          bad ? -EINVAL : -EFAULT);
  return std::nullopt;
}

// Forwards what is available until the guest's ring is empty, or something is
// in the way.
void Machine::SvqForward(int64_t now, Sink& sink, uint32_t queue_index) {
  while (!vmm_broken_ && !stopped_) {
    const std::optional<uint32_t> id = SvqNext(sink, queue_index);
    if (!id) return;
    const int err = SvqAddElement(now, sink, queue_index, *id);
    if (stopped_) return;
    if (err == -ENOSPC) queues_[queue_index].no_space = id;
    if (err != 0) return SvqQuiet(sink, queue_index, true);
  }
}

// False, and the first that is not is refused, where the guest's buffers are
// not all memory of the guest's.
bool Machine::SvqMapped(Sink& sink, const Request& request) {
  for (uint32_t i = 0; i < request.meant.size(); ++i) {
    if (request.meant[i].mapped) continue;
    RejectBuffer(sink, request, i, request.meant[i].buffer, Rule::kSvqNoMap);
    return false;
  }
  return true;
}

// Tells the device of what is in the shadow ring.
void Machine::SvqNotify(int64_t now, Sink& sink, uint32_t queue_index) {
  RingSide side{this, &sink, queue_index, RingVia::kVmmShadow};
  uint16_t flags = 0;
  ReadIndex(ReachRing(&side),
            UsedFlagsPlace(queues_[queue_index].shadow.layout), &flags);
  const bool quiet = (flags & kRingQuiet) != 0;
  const EventIndex kick = sink.Emit(Kind::kKick, Actor::kVmm,
                                    quiet ? Rule::kRingQuiet : Rule::kSvqPop,
                                    {queue_index, true, !quiet});
  if (!quiet) {
    Tell(now, kDeviceKicked, queue_index, kick);
  }
}

// 0, -EINVAL or -ENOSPC.
int Machine::SvqAddElement(int64_t now, Sink& sink, uint32_t queue_index,
                           uint32_t id) {
  RingQueue& queue = queues_[queue_index];
  Request& request = requests_[id];
  if (!SvqMapped(sink, request)) return -EINVAL;
  if (request.meant.size() > queue.shadow.num_free) {
    RingBad(sink, Actor::kVmm, queue_index, true, Rule::kSvqNoSpace,
            request.meant.size(), -ENOSPC);
    return -ENOSPC;
  }
  request.descriptors.clear();
  to_ring_.clear();
  for (uint32_t i = 0; i < request.meant.size(); ++i) {
    const MeantPiece& meant = request.meant[i];
    const SvqTranslation to = SvqTranslate(
        *policies_.strategy, policies_.switches, meant.buffer, sink);
    if (to.err != 0) {
      RejectBuffer(sink, request, i, meant.buffer, to.rule);
      return -EINVAL;
    }
    sink.Emit(Kind::kTranslate, Actor::kVmm, to.rule,
              {request.name, i, meant.buffer.gpa, meant.buffer.hva,
               meant.buffer.length, to.iova});
    request.descriptors.push_back({to.iova, meant.buffer.length, meant.write, i,
                                   request.ring.intent ? 1u : 0u});
    to_ring_.push_back(
        {to.iova, static_cast<uint32_t>(meant.buffer.length), meant.write});
  }
  RingSide side{this, &sink, queue_index, RingVia::kVmmShadow};
  const RingMemory memory = ReachRing(&side);
  if (AddChain(queue.shadow, to_ring_, id, memory, &request.ring.device_head) !=
      AddOutcomeRing::kAdded) {
    return -EINVAL;  // its own memory is there; the run was stopped
  }
  SvqNotify(now, sink, queue_index);
  return 0;
}

// vhost_svq_flush: used chains go back to the guest, all of them by one change
// of used->idx; then what waited for room is tried again.
void Machine::SvqCall(int64_t now, uint32_t queue_index, EventIndex cause) {
  if (scenario_.queues[queue_index].control) {
    return ControlCall(now, queue_index, cause);
  }
  RingQueue& queue = queues_[queue_index];
  Sink& sink = Begin(now, cause);
  VmmDone(now);
  RingSide shadow{this, &sink, queue_index, RingVia::kVmmShadow};
  const RingMemory own = ReachRing(&shadow);
  RingSide guest{this, &sink, queue_index, RingVia::kVmmGuest};
  const RingMemory theirs = ReachRing(&guest);
  if (!PollUsed(queue.shadow, own)) return;
  uint16_t filled = 0;
  while (!stopped_) {
    const UsedChain used = TakeUsed(queue.shadow, own);
    if (used.is == UsedChain::Is::kNone || used.is == UsedChain::Is::kFault) {
      break;
    }
    if (used.is == UsedChain::Is::kUnknown) {
      RingBad(sink, Actor::kVmm, queue_index, true, Rule::kRingUsedId, used.id,
              -EINVAL);
      continue;
    }
    if (vmm_broken_) continue;  // virtqueue_fill does nothing any more
    FillUsed(queue.vmm, requests_[used.token].ring.guest_head, used.len,
             filled++, theirs);
  }
  if (stopped_) return;
  if (!vmm_broken_) FlushUsed(queue.vmm, filled, theirs);
  if (stopped_) return;
  const EventIndex call = sink.Emit(Kind::kInterrupt, Actor::kVmm, Rule::kNone,
                                    {queue_index, false, true});
  Tell(now, kGuestCalled, queue_index, call);
  if (queue.no_space) SvqForward(now, sink, queue_index);
}

}  // namespace iovalab
