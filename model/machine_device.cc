// The device: requests in flight, accesses, and the judgement of each.

#include <algorithm>
#include <cerrno>

#include "model/host/memory_bytes.h"
#include "model/machine_state.h"
#include "sim/check.h"

namespace iovalab {
namespace {

constexpr StoreId kFlatView{StoreKind::kFlatView, 0};
constexpr StoreId kIovaHva{StoreKind::kIovaHva, 0};
constexpr StoreId kIovaOnly{StoreKind::kIovaOnly, 0};
constexpr StoreId kPins{StoreKind::kPins, 0};

// The event that put the covering entry there.
uint64_t BornOf(const Stores& stores, StoreId store, uint64_t key) {
  const std::optional<Entry> entry = stores.Get(store).Find(key);
  return entry ? entry->born : kNoEvent;
}

// Takes the first n bytes, less than all, off a piece that completed.
void Advance(uint64_t n, const HostMemory& host, DmaPiece* piece) {
  piece->iova += n;
  piece->length -= n;
  if (piece->hva != 0) piece->hva += n;
  piece->hpa += n;
  if (piece->memory) {
    piece->memory->offset += n;
    piece->hpa =
        host.Resolve(piece->memory->object, piece->memory->offset).hpa.value;
  }
}

// Cuts what completed where what was meant is cut, so that each piece is judged
// by one intent.
void CutAsMeant(const Request& request, const Descriptor& descriptor,
                const HostMemory& host, std::vector<DmaPiece>* pieces) {
  if (descriptor.meant_count < 2) return;
  std::vector<DmaPiece> cut;
  uint32_t meant = descriptor.meant_first;
  uint64_t end = request.meant[meant].buffer.length;  // in the descriptor
  for (DmaPiece piece : *pieces) {
    while (true) {
      const uint64_t offset = piece.iova - descriptor.iova;
      while (offset >= end) end += request.meant[++meant].buffer.length;
      if (piece.fault != FaultReason::kNone || piece.length <= end - offset) {
        break;
      }
      const uint64_t n = end - offset;
      cut.push_back(piece);
      cut.back().length = n;
      Advance(n, host, &piece);
    }
    cut.push_back(piece);
  }
  *pieces = std::move(cut);
}

}  // namespace

void Machine::Doorbell(int64_t now, uint32_t request, EventIndex cause) {
  requests_[request].cause = cause;
  if (requests_[request].ring.on) return RingStart(now, request);
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
  const auto [written, err] = DoDescriptors(sink, request);
  if (stopped_) return;
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

std::pair<uint64_t, int> Machine::DoDescriptors(Sink& sink,
                                                const Request& request) {
  uint64_t written = 0;
  int err = 0;
  for (uint32_t i = 0; i < request.descriptors.size() && err == 0; ++i) {
    const auto [bytes, failed] =
        DoDescriptor(sink, request, request.descriptors[i], nullptr);
    written += bytes;
    err = failed;
    if (stopped_) break;
  }
  return {written, err};
}

std::pair<uint64_t, int> Machine::DoDescriptor(Sink& sink,
                                               const Request& request,
                                               const Descriptor& descriptor,
                                               ControlTransfer* control) {
  uint64_t written = 0;
  int err = 0;
  pieces_.clear();
  DmaAccess(sink, request.asid, descriptor.iova, descriptor.length,
            descriptor.write, policies_.device, Platform(request.pasid), host_,
            &pieces_);
  CutWhereDropped(request.asid);
  CutAsMeant(request, descriptor, host_, &pieces_);
  uint32_t meant = 0;
  uint64_t before = 0;  // bytes meant by those before it
  for (const DmaPiece& piece : pieces_) {
    const uint64_t offset = piece.iova - descriptor.iova;
    const MeantPiece* of = nullptr;
    if (descriptor.meant_count > 0) {
      of = &request.meant[descriptor.meant_first + meant];
      for (; offset - before >= of->buffer.length; ++of, ++meant) {
        before += of->buffer.length;
      }
    }
    RecordPiece(sink, request, descriptor.meant_first + meant, piece,
                descriptor.write, of, offset - before);
    if (piece.fault != FaultReason::kNone) {
      err = -EIO;
    } else if (control != nullptr) {
      MoveControl(sink, piece, descriptor.write, *control);
      if (descriptor.write) written += piece.length;
    } else if (descriptor.write) {
      written += piece.length;
      WriteMemory(sink, piece);
      if (stopped_) return {written, err};
    }
  }
  return {written, err};
}

// So that each piece is dropped or not.
void Machine::CutWhereDropped(uint8_t asid) {
  if (!policies_.kernel->vdpa_unmaps_message) return;
  std::vector<DmaPiece> cut;
  for (DmaPiece rest : pieces_) {
    DmaPiece piece = rest;  // what is alike so far, but for its length
    uint64_t last = 0;
    bool dropped = Dropped(rest, asid, &last);
    while (last - rest.iova < rest.length - 1) {
      Advance(last + 1 - rest.iova, host_, &rest);
      const bool now = Dropped(rest, asid, &last);
      if (now == dropped) continue;
      piece.length = rest.iova - piece.iova;
      cut.push_back(piece);
      piece = rest;
      dropped = now;
    }
    piece.length = rest.iova - piece.iova + rest.length;
    cut.push_back(piece);
  }
  pieces_ = std::move(cut);
}

void Machine::RecordPiece(Sink& sink, const Request& request, uint32_t segment,
                          const DmaPiece& piece, bool write,
                          const MeantPiece* meant, uint64_t offset) {
  const uint64_t meant_gpa = meant != nullptr && !meant->host
                                 ? meant->buffer.gpa + offset
                                 : UINT64_MAX;
  const uint64_t meant_hva =
      meant != nullptr && meant->host ? meant->buffer.hva + offset : 0;
  AccessFacts facts = meant == nullptr ? ProbeFacts(piece, write, request.asid)
                      : meant->host
                          ? HostFacts(piece, *meant, offset, request.asid)
                          : FactsOf(piece, *meant, offset);
  uint64_t last = 0;
  facts.dropped = Dropped(piece, request.asid, &last);
  EmitDma(sink, request.name, segment, request.asid, piece, write, facts,
          meant_gpa, meant_hva);
}

void Machine::EmitDma(Sink& sink, uint32_t name, uint32_t segment, uint8_t asid,
                      const DmaPiece& piece, bool write,
                      const AccessFacts& facts, uint64_t meant_gpa,
                      uint64_t meant_hva) {
  IommuRefuses(sink, name, piece, write);
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
  // Without a shadow queue for the data the tree is the control queue's alone.
  if (l1 == kNoEvent && (policies_.strategy->shadow_queue || asid != 0)) {
    l1 = BornOf(stores, kIovaOnly, piece.iova);
  }
  const uint64_t l2 =
      BornOf(stores, {StoreKind::kVhostIotlb, asid}, piece.iova);
  const uint64_t l3 = piece.entry ? piece.entry->born : kNoEvent;
  const uint64_t l4 = piece.cached ? piece.cached->born : kNoEvent;
  uint64_t decided_by = piece.stale && piece.cached ? l4 : l3;
  if (!piece.entry && !piece.cached) {
    if (asid < removed_.size()) {
      decided_by = removed_[asid].Find(piece.iova).value_or(kNoEvent);
    }
  }
  if (piece.decided_by != kNoEvent) decided_by = piece.decided_by;
  const bool unpinned = (facts.dropped || piece.stale) &&
                        !policies_.device.use_va &&
                        !stores.Get(kPins).Find(piece.hpa);
  sink.Emit(Kind::kDma, Actor::kDevice, piece.rule,
            {name,
             segment,
             asid,
             piece.iova,
             piece.length,
             write ? kPermWrite : kPermRead,
             static_cast<uint64_t>(judgement.access_class),
             judgement.deserved,
             static_cast<uint64_t>(piece.fault),
             l1,
             l2,
             l3,
             hva,
             piece.hpa,
             gpa,
             meant_gpa,
             decided_by,
             meant_hva,
             unpinned,
             l4});
  Count(judgement.access_class, judgement.deserved);
}

// Notes whose bytes a host page holds now, chunk by chunk. Each chunk counts
// against the bound on events, as memory in pages makes many of one request.
void Machine::WriteMemory(Sink& sink, const DmaPiece& piece) {
  if (!piece.memory) return;
  const MemoryObject& object = host_.object(piece.memory->object);
  for (uint64_t done = 0; done < piece.length;) {
    if (!Afford()) return;
    const PhysicalSpan span =
        ResolveOffset(object, piece.memory->offset + done);
    const uint64_t length = std::min(span.length, piece.length - done);
    Entry now;
    now.first = span.hpa.value;
    now.last = now.first + (length - 1);
    now.target = piece.iova + done;
    now.perm = kPermWrite;
    OverwriteMemory(sink, now, Actor::kDevice);
    done += length;
  }
}

}  // namespace iovalab
