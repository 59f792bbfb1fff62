// The device: requests in flight, accesses, and the judgement of each.

#include <cerrno>

#include "model/machine_state.h"
#include "sim/check.h"

namespace iovalab {
namespace {

constexpr StoreId kFlatView{StoreKind::kFlatView, 0};
constexpr StoreId kMemory{StoreKind::kMemory, 0};
constexpr StoreId kIovaHva{StoreKind::kIovaHva, 0};
constexpr StoreId kIovaOnly{StoreKind::kIovaOnly, 0};

// The event that put the covering entry there.
uint64_t BornOf(const Stores& stores, StoreId store, uint64_t key) {
  const std::optional<Entry> entry = stores.Get(store).Find(key);
  return entry ? entry->born : kNoEvent;
}

}  // namespace

void Machine::Doorbell(int64_t now, uint32_t request, EventIndex cause) {
  requests_[request].cause = cause;
  if (in_flight_ == scenario_.in_flight) {
    waiting_.push_back(request);
    return;
  }
  StartWork(now, request);
}

void Machine::StartWork(int64_t now, uint32_t request) {
  ++in_flight_;
  uint64_t latency = scenario_.latency_ns;
  if (scenario_.jitter_ns > 0) {
    latency += jitter_.InRange(0, scenario_.jitter_ns);
  }
  Schedule(sim::SaturatingAdd(now, static_cast<int64_t>(latency)),
           kDevicePriority,
           {Op::kDeviceWork, request, 0, requests_[request].cause});
}

void Machine::Count(AccessClass access_class, bool deserved) {
  ClassCounts& counts = deserved ? result_.deserved : result_.counts;
  ++counts[static_cast<size_t>(access_class)];
}

void Machine::DeviceWork(int64_t now, uint32_t id, EventIndex cause) {
  const Request& request = requests_[id];
  Sink& sink = Begin(now, cause);
  uint64_t written = 0;
  int err = 0;
  for (uint32_t i = 0; i < request.descriptors.size() && err == 0; ++i) {
    const Descriptor& descriptor = request.descriptors[i];
    pieces_.clear();
    DmaAccess(result_.stores, request.asid, descriptor.iova, descriptor.length,
              descriptor.write, policies_.device, host_, &pieces_);
    for (const DmaPiece& piece : pieces_) {
      RecordPiece(sink, request, i, descriptor, piece);
      if (piece.fault != FaultReason::kNone) {
        err = -EIO;
      } else if (descriptor.write) {
        written += piece.length;
        WriteMemory(sink, piece);
      }
    }
  }
  sink.Emit(Kind::kComplete, Actor::kDevice, Rule::kNone,
            {request.name, written, static_cast<uint64_t>(int64_t{err})});
  --in_flight_;
  if (!waiting_.empty()) {
    const uint32_t next = waiting_.front();
    waiting_.pop_front();
    StartWork(now, next);
  }
  FinishStep(now, request.finishes);
  GiveRequest(id);
}

// Whether the guest's map has now what it meant when it posted.
bool Machine::GuestHas(const MeantPiece& meant, bool need_access) const {
  if (!meant.mapped) return false;
  const std::optional<Entry> section =
      result_.stores.Get(kFlatView).Find(meant.buffer.gpa);
  if (!section || section->Translate(meant.buffer.gpa) != meant.buffer.hva) {
    return false;
  }
  const uint32_t need = meant.write ? kPermWrite : kPermRead;
  return !need_access || (section->perm & need) != 0;
}

AccessFacts Machine::FactsOf(const Request& request,
                             const Descriptor& descriptor,
                             const DmaPiece& piece, uint64_t* meant_gpa) const {
  AccessFacts facts;
  facts.completed = piece.fault == FaultReason::kNone;
  facts.has_intent = descriptor.meant != kNoIndex;
  if (!facts.has_intent) {
    const Owner* owner = ledger_.OwnerOf(piece.iova);
    const uint32_t need = descriptor.write ? kPermWrite : kPermRead;
    facts.ever_owned = owner != nullptr;
    facts.wanted = owner != nullptr && owner->live;
    if (facts.wanted && !facts.completed) {
      const uint32_t perm =
          owner->is_section ? owner->span.perm : owner->host.perm;
      facts.wanted = (perm & need) != 0;
    }
    return facts;
  }
  const MeantPiece& meant = request.meant[descriptor.meant];
  const uint64_t offset = piece.iova - descriptor.iova;
  *meant_gpa = meant.buffer.gpa + offset;
  facts.page_right = meant.mapped && piece.memory &&
                     piece.memory->object == meant.memory.object &&
                     piece.memory->offset == meant.memory.offset + offset;
  facts.wanted = GuestHas(meant, !facts.completed);
  return facts;
}

void Machine::RecordPiece(Sink& sink, const Request& request, uint32_t segment,
                          const Descriptor& descriptor, const DmaPiece& piece) {
  uint64_t meant_gpa = UINT64_MAX;
  const AccessFacts facts = FactsOf(request, descriptor, piece, &meant_gpa);
  const Judgement judgement = Judge(facts);
  const Stores& stores = result_.stores;
  uint64_t hva = piece.hva;
  uint64_t gpa = UINT64_MAX;
  if (piece.memory) {
    if (hva == 0) hva = HvaOf(*piece.memory);
    const IntervalTable::Reverse section =
        stores.Get(kFlatView).FindByTarget(0, hva, hva);
    if (section.entry) {
      gpa = section.entry->first + (hva - section.entry->target);
    }
  }
  uint64_t l1 = BornOf(stores, kIovaHva, piece.iova);
  if (l1 == kNoEvent) l1 = BornOf(stores, kIovaOnly, piece.iova);
  const uint64_t l2 =
      BornOf(stores, {StoreKind::kVhostIotlb, request.asid}, piece.iova);
  const uint64_t l3 = piece.entry ? piece.entry->born : kNoEvent;
  uint64_t decided_by = l3;
  if (!piece.entry) {
    decided_by = removed_.Find(piece.iova).value_or(kNoEvent);
  }
  sink.Emit(Kind::kDma, Actor::kDevice, piece.rule,
            {request.name, segment, request.asid, piece.iova, piece.length,
             descriptor.write ? kPermWrite : kPermRead,
             static_cast<uint64_t>(judgement.access_class), judgement.deserved,
             static_cast<uint64_t>(piece.fault), l1, l2, l3, hva, piece.hpa,
             gpa, meant_gpa, decided_by});
  Count(judgement.access_class, judgement.deserved);
}

uint64_t Machine::HvaOf(const ObjectOffset& memory) const {
  // Objects are mapped whole and in order: blocks, then host buffers.
  const size_t blocks = scenario_.ram_blocks.size();
  const Range<Hva>& hva =
      memory.object < blocks
          ? scenario_.ram_blocks[memory.object].hva
          : scenario_.host_buffers[memory.object - blocks].hva;
  return hva.first.value + memory.offset;
}

// Notes whose bytes a host page holds now, chunk by chunk.
void Machine::WriteMemory(Sink& sink, const DmaPiece& piece) {
  if (!piece.memory) return;
  const ObjectOffset at = *piece.memory;
  ForEachPhysicalRun(host_.object(at.object), at.offset,
                     at.offset + piece.length - 1,
                     [&](uint64_t offset, Hpa hpa, uint64_t length) {
                       const uint64_t first = hpa.value;
                       const uint64_t last = first + (length - 1);
                       while (const std::optional<Entry> old =
                                  sink.table(kMemory).FirstIn(first, last)) {
                         sink.Del(kMemory, *old, Rule::kNone, Actor::kDevice);
                         Entry rest = *old;
                         if (old->first < first) {
                           rest.last = first - 1;
                           sink.Add(kMemory, rest, Rule::kNone, Actor::kDevice);
                         }
                         if (old->last > last) {
                           rest = *old;
                           rest.first = last + 1;
                           rest.target = old->Translate(rest.first);
                           sink.Add(kMemory, rest, Rule::kNone, Actor::kDevice);
                         }
                       }
                       Entry now;
                       now.first = first;
                       now.last = last;
                       now.target = piece.iova + (offset - at.offset);
                       now.perm = kPermWrite;
                       sink.Add(kMemory, now, Rule::kNone, Actor::kDevice);
                     });
}

}  // namespace iovalab
