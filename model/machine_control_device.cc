// What a network device does with a control command.
//
// Source: Linux 6.12 drivers/vdpa/vdpa_sim/vdpa_sim_net.c vdpasim_handle_cvq.

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "model/host/memory_bytes.h"
#include "model/machine_state.h"

namespace iovalab {
namespace {

constexpr uint64_t kAbsent = UINT64_MAX;

// From the virtio specification 1.2, 5.1.6.5.
constexpr uint8_t kAckOk = 0;
constexpr uint8_t kAckErr = 1;
constexpr uint8_t kClassMac = 1;
constexpr uint8_t kMacAddrSet = 1;
constexpr uint32_t kHeaderBytes = 2;  // class, command
constexpr uint32_t kMacBytes = 6;

}  // namespace

// Bytes of a command that the device reads, or of its answer.
void Machine::MoveControl(Sink& sink, const DmaPiece& piece, bool write,
                          ControlTransfer& control) {
  for (uint64_t i = 0; i < piece.length; ++i) {
    // Where no object is, reads are ones and writes are lost.
    std::optional<uint64_t> hpa;
    if (piece.memory) {
      hpa = host_.Resolve(piece.memory->object, piece.memory->offset + i)
                .hpa.value;
    }
    if (!write) {
      control.bytes[control.size++] =
          hpa ? static_cast<uint8_t>(ReadBytes(result_.stores, host_, *hpa, 1))
              : uint8_t{0xff};
    } else if (hpa) {
      sink.Flush();
      WriteBytes(sink, *hpa, control.ack, 1, Actor::kDevice);
    }
  }
}

// The device reads class, command and an address, and writes one byte. (For
// another command it would not read past the class; no command ends there.)
Machine::CommandDone Machine::DoCommand(Sink& sink, uint32_t queue,
                                        const Request& request) {
  CommandDone done;
  ControlTransfer control;
  bool faulted = false;
  for (Descriptor d : request.descriptors) {
    if (d.write || faulted) break;
    d.length =
        std::min<uint64_t>(d.length, control.bytes.size() - control.size);
    if (d.length == 0) continue;
    faulted = DoDescriptor(sink, request, d, &control).second != 0;
  }
  if (control.size < kHeaderBytes) {
    RingBad(sink, Actor::kDevice, queue, places_[queue].shadowed,
            Rule::kCtrlNoHeader, request.ring.device_head, -EFAULT);
    done.dropped = true;
    return done;
  }
  const bool mac = control.bytes[0] == kClassMac &&
                   control.bytes[1] == kMacAddrSet &&
                   control.size == kHeaderBytes + kMacBytes;
  control.ack = mac ? kAckOk : kAckErr;
  const EventIndex event = sink.Emit(
      Kind::kControl, Actor::kDevice, mac ? Rule::kCtrlMac : Rule::kCtrlOther,
      {request.name, control.bytes[0], control.bytes[1], kAbsent, control.ack});
  for (Descriptor d : request.descriptors) {
    if (!d.write || d.length == 0) continue;
    d.length = 1;
    std::tie(done.written, done.err) = DoDescriptor(sink, request, d, &control);
    break;
  }
  done.used_len = static_cast<uint32_t>(done.written);
  if (done.err != 0) {
    done.used_len = static_cast<uint32_t>(-EFAULT);
    result_.trace.SetRule(event, Rule::kCtrlNoAnswer);
  }
  return done;
}

}  // namespace iovalab
