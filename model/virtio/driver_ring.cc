#include "model/virtio/driver_ring.h"

#include "sim/check.h"

namespace iovalab {
namespace {

uint16_t FlagsOf(const RingBuffer& buffer, bool more) {
  return static_cast<uint16_t>((buffer.write ? kDescWrite : 0) |
                               (more ? kDescNext : 0));
}

bool Write(const RingMemory& memory, const RingPlace& place,
           const RingDescriptor& d) {
  return memory.write(memory.context, place, ToWords(d));
}

// The chain from free_head on is written; makes it available.
AddOutcomeRing Publish(DriverRing& ring, uint32_t length, uint16_t after,
                       uint32_t token, const RingMemory& memory,
                       uint16_t* head) {
  *head = ring.free_head;
  ring.free_head = after;
  ring.num_free -= length;
  ring.chains[*head] = {length, token};
  if (!WriteIndex(memory, AvailPlace(ring.layout, ring.avail_idx), *head)) {
    return AddOutcomeRing::kFault;
  }
  ++ring.avail_idx;
  return WriteIndex(memory, AvailIdxPlace(ring.layout), ring.avail_idx)
             ? AddOutcomeRing::kAdded
             : AddOutcomeRing::kFault;
}

}  // namespace

DriverRing::DriverRing(const RingLayout& where)
    : layout(where),
      num_free(where.size),
      next(where.size),
      chains(where.size) {
  for (uint32_t i = 0; i < where.size; ++i) {
    next[i] = static_cast<uint16_t>((i + 1) % where.size);
  }
}

AddOutcomeRing AddChain(DriverRing& ring, absl::Span<const RingBuffer> buffers,
                        uint32_t token, const RingMemory& memory,
                        uint16_t* head) {
  sim::Check(!buffers.empty(), "a chain has a descriptor");
  if (buffers.size() > ring.num_free) return AddOutcomeRing::kNoSpace;
  uint16_t i = ring.free_head;
  for (size_t k = 0; k < buffers.size(); ++k) {
    const bool more = k + 1 < buffers.size();
    const RingDescriptor d{buffers[k].addr, buffers[k].len,
                           FlagsOf(buffers[k], more),
                           more ? ring.next[i] : uint16_t{0}};
    if (!Write(memory, DescPlace(ring.layout.desc, i), d)) {
      return AddOutcomeRing::kFault;
    }
    i = ring.next[i];
  }
  return Publish(ring, static_cast<uint32_t>(buffers.size()), i, token, memory,
                 head);
}

AddOutcomeRing AddIndirect(DriverRing& ring, uint64_t table,
                           absl::Span<const RingBuffer> buffers, uint32_t token,
                           const RingMemory& memory, uint16_t* head) {
  sim::Check(!buffers.empty(), "a chain has a descriptor");
  if (ring.num_free == 0) return AddOutcomeRing::kNoSpace;
  for (size_t k = 0; k < buffers.size(); ++k) {
    const bool more = k + 1 < buffers.size();
    const RingDescriptor d{buffers[k].addr, buffers[k].len,
                           FlagsOf(buffers[k], more),
                           static_cast<uint16_t>(more ? k + 1 : 0)};
    const auto i = static_cast<uint32_t>(k);
    if (!Write(memory, DescPlace(table, i, true), d)) {
      return AddOutcomeRing::kFault;
    }
  }
  const RingDescriptor d{table,
                         static_cast<uint32_t>(kDescBytes * buffers.size()),
                         kDescIndirect, 0};
  if (!Write(memory, DescPlace(ring.layout.desc, ring.free_head), d)) {
    return AddOutcomeRing::kFault;
  }
  return Publish(ring, 1, ring.next[ring.free_head], token, memory, head);
}

bool PollUsed(DriverRing& ring, const RingMemory& memory) {
  return ReadIndex(memory, UsedIdxPlace(ring.layout), &ring.used_idx);
}

UsedChain TakeUsed(DriverRing& ring, const RingMemory& memory) {
  UsedChain used;
  if (ring.last_used == ring.used_idx) return used;
  RingWords words{};
  if (!memory.read(memory.context, UsedPlace(ring.layout, ring.last_used),
                   &words)) {
    used.is = UsedChain::Is::kFault;
    return used;
  }
  ++ring.last_used;
  used.id = static_cast<uint32_t>(words[0]);
  used.len = static_cast<uint32_t>(words[0] >> 32);
  if (used.id >= ring.layout.size || ring.chains[used.id].length == 0) {
    used.is = UsedChain::Is::kUnknown;
    return used;
  }
  used.is = UsedChain::Is::kChain;
  DriverRing::Chain& chain = ring.chains[used.id];
  used.token = chain.token;
  uint16_t end = static_cast<uint16_t>(used.id);
  for (uint32_t i = 1; i < chain.length; ++i) end = ring.next[end];
  ring.next[end] = ring.free_head;
  ring.free_head = static_cast<uint16_t>(used.id);
  ring.num_free += chain.length;
  chain.length = 0;
  return used;
}

}  // namespace iovalab
