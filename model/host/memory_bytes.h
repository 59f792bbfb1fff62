#ifndef IOVALAB_MODEL_HOST_MEMORY_BYTES_H_
#define IOVALAB_MODEL_HOST_MEMORY_BYTES_H_

// Bytes of host physical memory, in three layers: what was written (store
// kMemory) over what was cleared (store kCleared) over what each object held
// before anybody wrote.
//
// An entry of kMemory is either a write of a device, of which only the IOVA is
// known, or up to eight bytes that a CPU wrote (tag kMemoryBytes). What is read
// of the former, and of memory that nobody wrote, is a fixed function of where
// the bytes came from: the same garbage in every run. So a payload of 1 GiB
// costs what 64 bytes cost, and rings are real bytes that a payload can spoil.
//
// Not for: translation to host physical addresses.
//
// Invariant: the upper bytes of an entry with tag kMemoryBytes, past its
// length, are 0.

#include <cstdint>

#include "model/event/kinds.h"
#include "model/host/host_memory.h"
#include "model/store/sink.h"

namespace iovalab {

// Entry::tag in store kMemory.
inline constexpr uint64_t kMemoryDma = 0;    // target: IOVA of the first byte
inline constexpr uint64_t kMemoryBytes = 1;  // target: at most 8 bytes

// The entry's bytes replace what was written there before.
void OverwriteMemory(Sink& sink, const Entry& now, Actor actor);

// `n` bytes (1 to 8) at `hpa`, the one at the lowest address in the lowest
// bits, as of a little-endian machine.
void WriteBytes(Sink& sink, uint64_t hpa, uint64_t value, uint32_t n,
                Actor actor);
uint64_t ReadBytes(const Stores& stores, const HostMemory& memory, uint64_t hpa,
                   uint32_t n);

// Fills [first, last] with zeros, as one change of kCleared.
void ClearMemory(Sink& sink, uint64_t first, uint64_t last, Actor actor);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_HOST_MEMORY_BYTES_H_
