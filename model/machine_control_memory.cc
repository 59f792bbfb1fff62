// Bytes that a CPU moves: a driver's data, and the VMM's copies of commands.

#include <algorithm>

#include "model/host/memory_bytes.h"
#include "model/machine_state.h"

namespace iovalab {
namespace {

constexpr uint32_t kWord = 8;  // bytes at once

}  // namespace

// At most 8 bytes of the VMM's address space, the first in the lowest bits.
uint64_t Machine::ReadHost(uint64_t hva, uint32_t bytes) {
  spans_.clear();
  HvaSpans(hva, bytes);
  uint64_t value = 0;
  uint32_t at = 0;
  for (const RingSpan& span : spans_) {
    for (uint64_t i = 0; i < span.length; ++i, ++at) {
      value |= ReadBytes(result_.stores, host_, span.hpa + i, 1) << (8 * at);
    }
  }
  return value;
}

void Machine::WriteHost(Sink& sink, uint64_t hva, uint64_t value,
                        uint32_t bytes) {
  spans_.clear();
  HvaSpans(hva, bytes);
  sink.Flush();
  for (const RingSpan& span : spans_) {
    const auto n = static_cast<uint32_t>(span.length);
    WriteBytes(sink, span.hpa, value, n, Actor::kVmm);
    value = n < kWord ? value >> (8 * n) : 0;
  }
}

void Machine::ClearHost(Sink& sink, uint64_t hva, uint64_t length) {
  spans_.clear();
  HvaSpans(hva, length);
  sink.Flush();
  for (const RingSpan& span : spans_) {
    ClearMemory(sink, span.hpa, span.hpa + (span.length - 1), Actor::kVmm);
  }
}

// Words that are not 0 byte for byte, what is between them at once.
void Machine::CopyHost(Sink& sink, uint64_t from, uint64_t to,
                       uint64_t length) {
  uint64_t zeros = 0;  // that were not written yet, before `done`
  for (uint64_t done = 0; done < length;) {
    const auto n =
        static_cast<uint32_t>(std::min<uint64_t>(length - done, kWord));
    const uint64_t value = ReadHost(from + done, n);
    if (value == 0) {
      zeros += n;
    } else {
      if (zeros > 0) ClearHost(sink, to + done - zeros, zeros);
      zeros = 0;
      if (!Afford()) return;
      WriteHost(sink, to + done, value, n);
    }
    done += n;
  }
  if (zeros > 0) ClearHost(sink, to + length - zeros, zeros);
}

// What the guest's driver writes into a buffer before it posts it: the data,
// then zeros.
void Machine::WriteData(Sink& sink, const BufferSpec& buffer) {
  const uint64_t length = buffer.gpa.last - buffer.gpa.first + 1;
  spans_.clear();
  if (!GuestSpans(guest_.now(), buffer.gpa.first.value, length)) return;
  sink.Flush();
  uint64_t at = 0;
  for (const RingSpan& span : spans_) {
    if (at + span.length > buffer.data.size()) {
      ClearMemory(sink, span.hpa, span.hpa + (span.length - 1), Actor::kGuest);
    }
    for (uint64_t i = 0; i < span.length && at + i < buffer.data.size();) {
      const uint64_t n = std::min<uint64_t>(
          {span.length - i, buffer.data.size() - (at + i), kWord});
      uint64_t value = 0;
      for (uint64_t k = 0; k < n; ++k) {
        value |= uint64_t{static_cast<uint8_t>(buffer.data[at + i + k])}
                 << (8 * k);
      }
      WriteBytes(sink, span.hpa + i, value, static_cast<uint32_t>(n),
                 Actor::kGuest);
      i += n;
    }
    at += span.length;
  }
}

}  // namespace iovalab
