// Requests of the VMM's own through the shadow queue: control commands, in
// memory that the guest does not see.
//
// Source: QEMU 10.1 net/vhost-vdpa.c vhost_vdpa_net_cvq_add,
// hw/virtio/vhost-shadow-virtqueue.c vhost_svq_add with gpas NULL.

#include <algorithm>
#include <cerrno>

#include "model/host/vma.h"
#include "model/machine_state.h"

namespace iovalab {
namespace {

uint64_t LengthOf(const HostPieceSpec& piece) {
  return piece.hva.last - piece.hva.first + 1;
}

}  // namespace

// The VMM has the byte mapped for the queue, so that the device may access it.
bool Machine::HostMapped(uint64_t hva, bool write, uint8_t asid) const {
  return ledger_.HostAt(hva, asid, write ? kPermWrite : kPermRead) != nullptr;
}

// What the VMM means by the pieces: its own memory, mapping by mapping.
// Each counts against the bound on events, as an address range can hold many.
bool Machine::CutHostPieces(Request& request) {
  for (const HostPieceSpec& piece : scenario_.steps[request.step].host_pieces) {
    uint64_t hva = piece.hva.first.value;
    uint64_t left = LengthOf(piece);
    while (left > 0) {
      if (!Afford()) return false;
      const Entry vma = *result_.stores.Get(kVmaStore).Find(hva);
      const uint64_t length = std::min(left - 1, vma.last - hva) + 1;
      MeantPiece meant{{UINT64_MAX, hva, 0, length},
                       piece.writable,
                       HostMapped(hva, piece.writable, request.asid),
                       {static_cast<ObjectIndex>(vma.tag), vma.Translate(hva)},
                       /*host=*/true};
      request.meant.push_back(meant);
      hva += length;
      left -= length;
    }
  }
  return true;
}

// Deserved where the VMM did not map the memory for that queue, or not so.
void Machine::RejectHost(Sink& sink, const Request& request, uint32_t segment,
                         const HostPieceSpec& piece, Rule rule) {
  const bool deserved =
      !HostMapped(piece.hva.first.value, piece.writable, request.asid);
  sink.Emit(Kind::kReject, Actor::kVmm, rule,
            {request.name, segment, UINT64_MAX, piece.hva.first.value,
             LengthOf(piece), static_cast<uint64_t>(int64_t{-EINVAL}),
             static_cast<uint64_t>(AccessClass::kSwReject), deserved});
  Count(AccessClass::kSwReject, deserved);
}

void Machine::HostPost(int64_t now, uint32_t index, EventIndex cause) {
  const StepSpec& step = scenario_.steps[index];
  VmmDone(now);
  // As for HostMap.
  if (!policies_.strategy->shadow_queue && step.asid == 0) {
    return FinishStep(now, index);
  }
  Sink& sink = Begin(now, cause);
  const uint32_t id = TakeRequest(index);
  Request& request = requests_[id];
  request.asid = static_cast<uint8_t>(step.asid);
  if (!CutHostPieces(request)) return;
  uint32_t first = 0;  // meant, of the piece
  for (const HostPieceSpec& piece : step.host_pieces) {
    const uint64_t hva = piece.hva.first.value;
    const uint64_t length = LengthOf(piece);
    sink.Emit(Kind::kHostPost, Actor::kVmm, Rule::kSvqHostBuffer,
              {request.name, hva, length,
               piece.writable ? kPermWrite : kPermRead, first, request.asid});
    const SvqTranslation to = SvqTranslateHost(
        *policies_.strategy, policies_.switches, hva, length, sink);
    if (to.err != 0) {
      RejectHost(sink, request, first, piece, to.rule);
      return Refused(now, id);
    }
    sink.Emit(Kind::kTranslate, Actor::kVmm, to.rule,
              {request.name, first, UINT64_MAX, hva, length, to.iova});
    uint32_t count = 0;
    for (uint64_t left = length; left > 0; ++count) {
      left -= request.meant[first + count].buffer.length;
    }
    request.descriptors.push_back(
        {to.iova, length, piece.writable, first, count});
    first += count;
  }
  steps_[index].request = id;
  if (step.hold) return FinishStep(now, index);
  Doorbell(now, id, cause);
}

// Judged by the VMM's intent as a guest's request is by the guest's: it means
// the bytes of its buffer, for as long as it has the buffer mapped. A mapping
// that it makes later has an IOVA of its own and is no help.
AccessFacts Machine::HostFacts(const DmaPiece& piece, const MeantPiece& meant,
                               uint64_t offset, uint8_t asid) const {
  AccessFacts facts;
  facts.absorbed = piece.absorbed;
  facts.completed = piece.fault == FaultReason::kNone && !piece.absorbed;
  facts.wanted = HostMapped(meant.buffer.hva + offset, meant.write, asid) &&
                 (facts.completed || meant.mapped);
  if (!facts.completed) return facts;
  facts.page_right = piece.memory &&
                     piece.memory->object == meant.memory.object &&
                     piece.memory->offset == meant.memory.offset + offset;
  // Through a mapping that the VMM has not dropped, be it another's.
  if (facts.page_right && !facts.wanted) {
    const Owner* owner = ledger_.OwnerOf(piece.iova, asid);
    facts.wanted = owner != nullptr && (owner->live || owner->leaving);
  }
  return facts;
}

}  // namespace iovalab
