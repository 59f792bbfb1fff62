#ifndef IOVALAB_MODEL_VIRTIO_SPLIT_RING_H_
#define IOVALAB_MODEL_VIRTIO_SPLIT_RING_H_

// The layout of a split virtqueue in memory: descriptor table, avail ring, used
// ring; and RingMemory, through which a driver or device reaches it.
//
// Not for: who does what with it (driver_ring.h, device_ring.h).
//
// Source: virtio 1.2, 2.7 Split Virtqueues. All numbers are little-endian.
// Invariant: sizes are powers of two, at most kMaxRingSize.

#include <array>
#include <cstdint>

namespace iovalab {

inline constexpr uint32_t kMaxRingSize = 32768;

inline constexpr uint16_t kDescNext = 1;      // `next` is valid
inline constexpr uint16_t kDescWrite = 2;     // the device writes the buffer
inline constexpr uint16_t kDescIndirect = 4;  // the buffer is a table

inline constexpr uint64_t kDescBytes = 16;  // of one descriptor
inline constexpr uint64_t kDescAlign = 16;
inline constexpr uint64_t kAvailAlign = 2;
inline constexpr uint64_t kUsedAlign = 4;

// Flag of the avail ring: the driver wants no interrupt. Of the used ring: the
// device wants no kick.
inline constexpr uint16_t kRingQuiet = 1;

struct RingDescriptor {
  uint64_t addr = 0;
  uint32_t len = 0;  // bytes
  uint16_t flags = 0;
  uint16_t next = 0;

  friend bool operator==(const RingDescriptor&,
                         const RingDescriptor&) = default;
};

// Where a ring is, in the address space of whoever reads it.
struct RingLayout {
  uint32_t size = 0;  // entries
  uint64_t desc = 0;
  uint64_t avail = 0;
  uint64_t used = 0;

  friend bool operator==(const RingLayout&, const RingLayout&) = default;
};

// Bytes of each part; avail and used end with an event index of two bytes.
constexpr uint64_t DescTableBytes(uint32_t size) { return kDescBytes * size; }
constexpr uint64_t AvailBytes(uint32_t size) { return 4 + 2ull * size + 2; }
constexpr uint64_t UsedBytes(uint32_t size) { return 4 + 8ull * size + 2; }

enum class RingField : uint8_t {
  kDesc,
  kIndirectDesc,
  kAvailFlags,
  kAvailIdx,
  kAvailRing,
  kUsedFlags,
  kUsedIdx,
  kUsedRing,
};

// One field of a ring in memory.
struct RingPlace {
  RingField field = RingField::kDesc;
  uint32_t index = 0;    // kDesc, kIndirectDesc, kAvailRing, kUsedRing
  uint64_t address = 0;  // of its first byte, in the accessor's address space
  uint32_t bytes = 2;    // 2, 8 or 16
};

// The field's bytes: the first eight in [0], the rest in [1].
using RingWords = std::array<uint64_t, 2>;

// How a driver or device gets at its rings. Both answer false where the access
// faults; what happened then, only the context knows.
struct RingMemory {
  void* context = nullptr;
  bool (*read)(void* context, const RingPlace&, RingWords*) = nullptr;
  bool (*write)(void* context, const RingPlace&, const RingWords&) = nullptr;
};

// Descriptor i of a table at `table`.
constexpr RingPlace DescPlace(uint64_t table, uint32_t i,
                              bool indirect = false) {
  return {indirect ? RingField::kIndirectDesc : RingField::kDesc, i,
          table + kDescBytes * i, kDescBytes};
}
constexpr RingPlace AvailFlagsPlace(const RingLayout& r) {
  return {RingField::kAvailFlags, 0, r.avail, 2};
}
constexpr RingPlace AvailIdxPlace(const RingLayout& r) {
  return {RingField::kAvailIdx, 0, r.avail + 2, 2};
}
// The entry that the free-running index means.
constexpr RingPlace AvailPlace(const RingLayout& r, uint16_t index) {
  const uint32_t slot = index & (r.size - 1);
  return {RingField::kAvailRing, slot, r.avail + 4 + 2ull * slot, 2};
}
constexpr RingPlace UsedFlagsPlace(const RingLayout& r) {
  return {RingField::kUsedFlags, 0, r.used, 2};
}
constexpr RingPlace UsedIdxPlace(const RingLayout& r) {
  return {RingField::kUsedIdx, 0, r.used + 2, 2};
}
constexpr RingPlace UsedPlace(const RingLayout& r, uint16_t index) {
  const uint32_t slot = index & (r.size - 1);
  return {RingField::kUsedRing, slot, r.used + 4 + 8ull * slot, 8};
}

constexpr RingWords ToWords(const RingDescriptor& d) {
  return {d.addr, d.len | uint64_t{d.flags} << 32 | uint64_t{d.next} << 48};
}
constexpr RingDescriptor ToDescriptor(const RingWords& w) {
  return {w[0], static_cast<uint32_t>(w[1]), static_cast<uint16_t>(w[1] >> 32),
          static_cast<uint16_t>(w[1] >> 48)};
}

inline bool ReadIndex(const RingMemory& memory, const RingPlace& place,
                      uint16_t* value) {
  RingWords words{};
  if (!memory.read(memory.context, place, &words)) return false;
  *value = static_cast<uint16_t>(words[0]);
  return true;
}
inline bool ReadDescriptor(const RingMemory& memory, const RingPlace& place,
                           RingDescriptor* d) {
  RingWords words{};
  if (!memory.read(memory.context, place, &words)) return false;
  *d = ToDescriptor(words);
  return true;
}
inline bool WriteIndex(const RingMemory& memory, const RingPlace& place,
                       uint16_t value) {
  return memory.write(memory.context, place, {value, 0});
}

}  // namespace iovalab

#endif  // IOVALAB_MODEL_VIRTIO_SPLIT_RING_H_
