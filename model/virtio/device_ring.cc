#include "model/virtio/device_ring.h"

#include <algorithm>
#include <optional>

namespace iovalab {
namespace {

using Is = PopResult::Is;

// VIRTQUEUE_MAX_SIZE: the segments that QEMU takes of one element.
constexpr size_t kQemuMaxSegments = 1024;

constexpr PopResult kFaulted{Is::kFault, Rule::kNone, 0};

PopResult Bad(Rule rule, uint64_t value) { return {Is::kBad, rule, value}; }

bool Has(const RingDescriptor& d, uint16_t flag) {
  return (d.flags & flag) != 0;
}

// A buffer as it joins the chain, or why QEMU does not take it.
std::optional<PopResult> TakeQemu(const RingDescriptor& d, RingChain* chain) {
  const bool wrote =
      !chain->descriptors.empty() && Has(chain->descriptors.back(), kDescWrite);
  if (!Has(d, kDescWrite) && wrote) {
    return Bad(Rule::kRingOrder, chain->descriptors.size());
  }
  if (d.len == 0) return Bad(Rule::kRingZeroLength, d.addr);
  if (chain->descriptors.size() == kQemuMaxSegments) {
    return Bad(Rule::kRingTooMany, kQemuMaxSegments);
  }
  chain->descriptors.push_back(d);
  return std::nullopt;
}

// An indirect table counts where the head is one; the flag of any other
// descriptor is not looked at.
PopResult WalkQemu(const DeviceRing& ring, const RingMemory& memory,
                   RingChain* chain) {
  uint64_t table = ring.layout.desc;
  uint32_t most = ring.layout.size;
  bool indirect = false;
  RingDescriptor d;
  if (!ReadDescriptor(memory, DescPlace(table, chain->head), &d)) {
    return kFaulted;
  }
  if (Has(d, kDescIndirect)) {
    if (d.len == 0 || d.len % kDescBytes != 0) {
      return Bad(Rule::kRingIndirectSize, d.len);
    }
    table = d.addr;
    most = static_cast<uint32_t>(d.len / kDescBytes);
    indirect = true;
    if (!ReadDescriptor(memory, DescPlace(table, 0, true), &d)) return kFaulted;
  }
  for (uint32_t taken = 1;; ++taken) {
    if (const auto refused = TakeQemu(d, chain)) return *refused;
    if (taken > most) return Bad(Rule::kRingLoop, taken);
    if (!Has(d, kDescNext)) return {Is::kChain, Rule::kNone, 0};
    if (d.next >= most) return Bad(Rule::kRingNextRange, d.next);
    if (!ReadDescriptor(memory, DescPlace(table, d.next, indirect), &d)) {
      return kFaulted;
    }
  }
}

// An indirect table may come anywhere in the chain, and the chain goes on
// behind it where its descriptor has a next other than 0. Lengths of 0 are
// taken.
PopResult WalkVringh(const DeviceRing& ring, const RingMemory& memory,
                     RingChain* chain) {
  uint64_t table = ring.layout.desc;
  uint32_t most = ring.layout.size;
  bool indirect = false;
  uint32_t back = 0;  // where the chain goes on after the table; 0: nowhere
  uint32_t direct_taken = 0;
  uint32_t indirect_taken = 0;
  uint32_t i = chain->head;
  bool wrote = false;
  while (true) {
    RingDescriptor d;
    if (!ReadDescriptor(memory, DescPlace(table, i, indirect), &d)) {
      return kFaulted;
    }
    if (Has(d, kDescIndirect)) {
      if (indirect) return Bad(Rule::kRingIndirectNested, i);
      if (d.len % kDescBytes != 0) return Bad(Rule::kRingIndirectSize, d.len);
      back = Has(d, kDescNext) ? d.next : 0;
      table = d.addr;
      most = static_cast<uint32_t>(d.len / kDescBytes);
      indirect = true;
      i = 0;
      continue;
    }
    ++(indirect ? indirect_taken : direct_taken);
    // Over all tables of the chain, against the one at hand.
    if (direct_taken > ring.layout.size || indirect_taken > most) {
      return Bad(Rule::kRingLoop, direct_taken + indirect_taken);
    }
    if (!Has(d, kDescWrite) && wrote) {
      return Bad(Rule::kRingOrder, chain->descriptors.size());
    }
    wrote = wrote || Has(d, kDescWrite);
    chain->descriptors.push_back(d);
    if (Has(d, kDescNext)) {
      i = d.next;
    } else if (indirect && back > 0) {
      i = back;
      back = 0;
      table = ring.layout.desc;
      most = ring.layout.size;
      indirect = false;
    } else {
      return {Is::kChain, Rule::kNone, 0};
    }
    if (i >= most) return Bad(Rule::kRingNextRange, i);
  }
}

}  // namespace

PopResult PopChain(DeviceRing& ring, const RingMemory& memory,
                   RingChain* chain) {
  const bool qemu = ring.reader == RingReader::kQemu;
  chain->descriptors.clear();
  if (!qemu || ring.avail_idx == ring.last_avail) {
    if (!ReadIndex(memory, AvailIdxPlace(ring.layout), &ring.avail_idx)) {
      return kFaulted;
    }
  }
  if (ring.avail_idx == ring.last_avail) return {};
  if (qemu && ring.in_use >= ring.layout.size) {
    return Bad(Rule::kRingSizeExceeded, ring.in_use);
  }
  if (!ReadIndex(memory, AvailPlace(ring.layout, ring.last_avail),
                 &chain->head)) {
    return kFaulted;
  }
  if (chain->head >= ring.layout.size) {
    // QEMU has counted the entry by then, vringh has not.
    if (qemu) ++ring.last_avail;
    return Bad(Rule::kRingHeadRange, chain->head);
  }
  ++ring.last_avail;
  const PopResult walked =
      qemu ? WalkQemu(ring, memory, chain) : WalkVringh(ring, memory, chain);
  if (walked.is == Is::kChain) ++ring.in_use;
  return walked;
}

bool FillUsed(const DeviceRing& ring, uint16_t head, uint32_t len,
              uint16_t offset, const RingMemory& memory) {
  const auto index = static_cast<uint16_t>(ring.used_idx + offset);
  const RingWords element{head | uint64_t{len} << 32, 0};
  return memory.write(memory.context, UsedPlace(ring.layout, index), element);
}

bool FlushUsed(DeviceRing& ring, uint16_t count, const RingMemory& memory) {
  ring.in_use -= std::min<uint32_t>(ring.in_use, count);
  const auto next = static_cast<uint16_t>(ring.used_idx + count);
  if (!WriteIndex(memory, UsedIdxPlace(ring.layout), next)) return false;
  ring.used_idx = next;
  return true;
}

bool PushUsed(DeviceRing& ring, uint16_t head, uint32_t len,
              const RingMemory& memory) {
  if (FillUsed(ring, head, len, 0, memory)) {
    return FlushUsed(ring, 1, memory);
  }
  if (ring.in_use > 0) --ring.in_use;
  return false;
}

}  // namespace iovalab
