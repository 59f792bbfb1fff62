// How each actor reaches the bytes of a ring: the guest by its own addresses,
// the VMM by its, the device through its table.

#include <algorithm>

#include "model/host/memory_bytes.h"
#include "model/host/vma.h"
#include "model/machine_state.h"

namespace iovalab {
namespace {

constexpr StoreId kFlatView{StoreKind::kFlatView, 0};
constexpr uint64_t kAbsent = UINT64_MAX;

Actor ActorOf(RingVia via) {
  switch (via) {
    case RingVia::kGuest:
      return Actor::kGuest;
    case RingVia::kVmmGuest:
    case RingVia::kVmmShadow:
      return Actor::kVmm;
    case RingVia::kDevice:
      return Actor::kDevice;
  }
  return Actor::kDevice;
}

bool IsFlags(RingField field) {
  return field == RingField::kAvailFlags || field == RingField::kUsedFlags;
}

// As much of it as does not wrap past 2^64; what is missing faults.
uint64_t NotWrapping(uint64_t address, uint64_t length) {
  return std::min(length - 1, UINT64_MAX - address) + 1;
}

uint64_t BytesOf(const std::vector<RingSpan>& spans) {
  uint64_t bytes = 0;
  for (const RingSpan& span : spans) bytes += span.length;
  return bytes;
}

// Calls f(hpa, n, word, shift) for the parts of the access that lie in one
// place and in one word.
template <typename F>
void ForEachPart(const std::vector<RingSpan>& spans, F f) {
  uint64_t at = 0;
  for (const RingSpan& span : spans) {
    for (uint64_t done = 0; done < span.length;) {
      const auto n =
          static_cast<uint32_t>(std::min(span.length - done, 8 - at % 8));
      f(span.hpa + done, n, at / 8, 8 * (at % 8));
      done += n;
      at += n;
    }
  }
}

}  // namespace

RingMemory Machine::ReachRing(RingSide* side) {
  side->machine = this;
  return {
      side,
      [](void* context, const RingPlace& at, RingWords* words) {
        const auto* of = static_cast<RingSide*>(context);
        return static_cast<Machine*>(of->machine)->RingRead(*of, at, words);
      },
      [](void* context, const RingPlace& at, const RingWords& words) {
        const auto* of = static_cast<RingSide*>(context);
        return static_cast<Machine*>(of->machine)->RingWrite(*of, at, words);
      }};
}

void Machine::HvaSpans(uint64_t hva, uint64_t length) {
  while (length > 0) {
    const std::optional<Entry> vma = result_.stores.Get(kVmaStore).Find(hva);
    if (!vma || vma->perm == kPermNone) return;
    const PhysicalSpan at =
        host_.Resolve(static_cast<ObjectIndex>(vma->tag), vma->Translate(hva));
    const uint64_t n =
        std::min({length - 1, vma->last - hva, at.length - 1}) + 1;
    spans_.push_back({at.hpa.value, n});
    hva += n;
    length -= n;
  }
}

bool Machine::GuestSpans(const IntervalTable& view, uint64_t gpa,
                         uint64_t length) {
  buffers_.clear();
  uint64_t bad_gpa = 0;
  if (!MapGuestBuffer(view, blocks_, gpa, NotWrapping(gpa, length), &buffers_,
                      &bad_gpa)) {
    return false;
  }
  for (const SvqBuffer& piece : buffers_) HvaSpans(piece.hva, piece.length);
  return true;
}

// What the device's access of its ring should have come to.
AccessFacts Machine::RingFacts(const RingSide& side, const RingPlace& at,
                               const DmaPiece& piece, bool write,
                               uint64_t* gpa) const {
  const RingQueue& queue = queues_[side.queue];
  const uint64_t skipped = piece.iova - at.address;
  const auto [shadowed, asid] = places_[side.queue];
  if (!shadowed) {
    *gpa = piece.iova;
    MeantPiece meant;
    meant.buffer.gpa = piece.iova;
    meant.write = write;
    if (const std::optional<Entry> section = guest_.now().Find(piece.iova)) {
      meant.mapped = true;
      meant.buffer.hva = section->Translate(piece.iova);
      if (const std::optional<Entry> vma =
              result_.stores.Get(kVmaStore).Find(meant.buffer.hva)) {
        meant.memory = {static_cast<ObjectIndex>(vma->tag),
                        vma->Translate(meant.buffer.hva)};
      }
    }
    return FactsOf(piece, meant, 0);
  }
  if (at.field == RingField::kIndirectDesc) {
    return ProbeFacts(piece, write, asid);
  }
  const bool used = at.field == RingField::kUsedRing ||
                    at.field == RingField::kUsedIdx ||
                    at.field == RingField::kUsedFlags;
  const uint64_t hva =
      used ? queue.shadow.layout.used + (at.address - queue.device.layout.used)
           : queue.shadow.layout.desc + (at.address - queue.device.layout.desc);
  AccessFacts facts;
  facts.completed = piece.fault == FaultReason::kNone;
  facts.wanted = true;  // the VMM keeps its rings mapped
  facts.page_right = piece.memory && HvaOf(*piece.memory) == hva + skipped;
  return facts;
}

bool Machine::DeviceSpans(const RingSide& side, const RingPlace& at,
                          bool write) {
  pieces_.clear();
  const uint8_t asid = places_[side.queue].asid;
  DmaAccess(*side.sink, asid, at.address, NotWrapping(at.address, at.bytes),
            write, policies_.device, Platform(), host_, &pieces_);
  bool reached = true;
  for (const DmaPiece& piece : pieces_) {
    uint64_t gpa = kAbsent;
    AccessFacts facts = RingFacts(side, at, piece, write, &gpa);
    uint64_t last = 0;
    facts.dropped = Dropped(piece, asid, &last);
    // A ring is read and written all the time: what is as it should be is told
    // by the ring's event alone.
    if (Judge(facts).access_class != AccessClass::kOk) {
      EmitDma(*side.sink, queues_[side.queue].name, 0, asid, piece, write,
              facts, gpa);
    }
    if (piece.fault != FaultReason::kNone) reached = false;
    // Where no object is, reads are garbage and writes are lost.
    spans_.push_back({piece.hpa, piece.length});
  }
  return reached;
}

bool Machine::RingSpans(const RingSide& side, const RingPlace& at, bool write) {
  spans_.clear();
  if (!Afford()) return false;
  bool reached = true;
  switch (side.via) {
    case RingVia::kGuest:
      reached = GuestSpans(guest_.now(), at.address, at.bytes);
      break;
    case RingVia::kVmmGuest:
      reached = GuestSpans(result_.stores.Get(kFlatView), at.address, at.bytes);
      break;
    case RingVia::kVmmShadow:
      HvaSpans(at.address, at.bytes);
      break;
    case RingVia::kDevice:
      reached = DeviceSpans(side, at, write);
      break;
  }
  return reached && BytesOf(spans_) == at.bytes;
}

void Machine::EmitRing(const RingSide& side, const RingPlace& at, bool write,
                       const RingWords& words) {
  // A flag that is not set changes nothing.
  if (IsFlags(at.field) && !write && words[0] == 0) return;
  const bool shadow =
      side.via == RingVia::kVmmShadow ||
      (side.via == RingVia::kDevice && places_[side.queue].shadowed);
  uint64_t index = at.index;
  uint64_t value = words[0];
  uint64_t addr = kAbsent;
  uint64_t length = kAbsent;
  uint64_t flags = kAbsent;
  uint64_t next = kAbsent;
  switch (at.field) {
    case RingField::kDesc:
    case RingField::kIndirectDesc: {
      const RingDescriptor d = ToDescriptor(words);
      value = kAbsent;
      addr = d.addr;
      length = d.len;
      flags = d.flags;
      if ((d.flags & kDescNext) != 0) next = d.next;
      break;
    }
    case RingField::kUsedRing:
      value = static_cast<uint32_t>(words[0]);
      length = words[0] >> 32;
      break;
    case RingField::kAvailRing:
      break;
    default:
      index = kAbsent;
  }
  side.sink->Emit(Kind::kRing, ActorOf(side.via), Rule::kNone,
                  {side.queue, shadow, write, static_cast<uint64_t>(at.field),
                   index, at.address, value, addr, length, flags, next});
}

bool Machine::RingRead(const RingSide& side, const RingPlace& at,
                       RingWords* words) {
  if (!RingSpans(side, at, /*write=*/false)) return false;
  *words = {};
  ForEachPart(
      spans_, [&](uint64_t hpa, uint32_t n, uint64_t word, uint64_t shift) {
        (*words)[word] |= ReadBytes(result_.stores, host_, hpa, n) << shift;
      });
  EmitRing(side, at, false, *words);
  return true;
}

bool Machine::RingWrite(const RingSide& side, const RingPlace& at,
                        const RingWords& words) {
  if (!RingSpans(side, at, /*write=*/true)) return false;
  EmitRing(side, at, true, words);
  ForEachPart(spans_, [&](uint64_t hpa, uint32_t n, uint64_t word,
                          uint64_t shift) {
    side.sink->Flush();
    if (host_.FindByHpa(Hpa(hpa))) {
      WriteBytes(*side.sink, hpa, words[word] >> shift, n, ActorOf(side.via));
    }
  });
  return true;
}

}  // namespace iovalab
