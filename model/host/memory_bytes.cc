#include "model/host/memory_bytes.h"

#include <optional>

#include "sim/check.h"

namespace iovalab {
namespace {

constexpr StoreId kMemory{StoreKind::kMemory, 0};
constexpr StoreId kCleared{StoreKind::kCleared, 0};

uint64_t LowBytes(uint64_t value, uint64_t n) {
  return n >= 8 ? value : value & ((uint64_t{1} << (8 * n)) - 1);
}

// The part [first, last] of an entry.
Entry Part(const Entry& entry, uint64_t first, uint64_t last) {
  Entry part = entry;
  part.first = first;
  part.last = last;
  if (entry.tag == kMemoryBytes) {
    part.target =
        LowBytes(entry.target >> (8 * (first - entry.first)), last - first + 1);
  } else {
    part.target = entry.Translate(first);
  }
  return part;
}

// Takes away what the store has in [first, last], but for what sticks out.
void CutOut(Sink& sink, StoreId store, uint64_t first, uint64_t last,
            Actor actor) {
  while (const std::optional<Entry> old =
             sink.table(store).FirstIn(first, last)) {
    sink.Del(store, *old, Rule::kNone, actor);
    if (old->first < first) {
      sink.Add(store, Part(*old, old->first, first - 1), Rule::kNone, actor);
    }
    if (old->last > last) {
      sink.Add(store, Part(*old, last + 1, old->last), Rule::kNone, actor);
    }
  }
}

// Garbage that depends on its source and place only (SplitMix64's finalizer).
uint8_t GarbageByte(uint64_t source, uint64_t place) {
  uint64_t h = (source + 1) * 0x9e3779b97f4a7c15 + (place / 8);
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9;
  h = (h ^ (h >> 27)) * 0x94d049bb133111eb;
  h ^= h >> 31;
  return static_cast<uint8_t>(h >> (8 * (place % 8)));
}

// Sources of garbage: devices' payloads, what no object holds, and objects.
constexpr uint64_t kPayload = 0;
constexpr uint64_t kNothing = 1;
constexpr uint64_t kFirstObject = 2;

uint8_t ReadByte(const Stores& stores, const HostMemory& memory, uint64_t hpa) {
  if (const std::optional<Entry> at = stores.Get(kMemory).Find(hpa)) {
    if (at->tag != kMemoryBytes) {
      return GarbageByte(kPayload, at->Translate(hpa));
    }
    return static_cast<uint8_t>(at->target >> (8 * (hpa - at->first)));
  }
  if (stores.Get(kCleared).Find(hpa)) return 0;
  if (const std::optional<ObjectOffset> at = memory.FindByHpa(Hpa(hpa))) {
    return GarbageByte(kFirstObject + at->object, at->offset);
  }
  return GarbageByte(kNothing, hpa);
}

}  // namespace

void OverwriteMemory(Sink& sink, const Entry& now, Actor actor) {
  CutOut(sink, kMemory, now.first, now.last, actor);
  sink.Add(kMemory, now, Rule::kNone, actor);
}

void WriteBytes(Sink& sink, uint64_t hpa, uint64_t value, uint32_t n,
                Actor actor) {
  sim::Check(1 <= n && n <= 8, "one to eight bytes are written at once");
  Entry now;
  now.first = hpa;
  now.last = hpa + (n - 1);
  now.target = LowBytes(value, n);
  now.tag = kMemoryBytes;
  now.perm = kPermWrite;
  const std::optional<Entry> old = sink.table(kMemory).Find(hpa);
  // What is written again and again stays one entry.
  if (old && old->tag == kMemoryBytes && old->first == now.first &&
      old->last == now.last) {
    if (old->target != now.target) {
      sink.Set(kMemory, *old, now, Rule::kNone, actor);
    }
    return;
  }
  OverwriteMemory(sink, now, actor);
}

uint64_t ReadBytes(const Stores& stores, const HostMemory& memory, uint64_t hpa,
                   uint32_t n) {
  sim::Check(1 <= n && n <= 8, "one to eight bytes are read at once");
  const std::optional<Entry> whole = stores.Get(kMemory).Find(hpa);
  if (whole && whole->tag == kMemoryBytes && whole->last - hpa >= n - 1) {
    return LowBytes(whole->target >> (8 * (hpa - whole->first)), n);
  }
  uint64_t value = 0;
  for (uint32_t i = 0; i < n; ++i) {
    value |= uint64_t{ReadByte(stores, memory, hpa + i)} << (8 * i);
  }
  return value;
}

void ClearMemory(Sink& sink, uint64_t first, uint64_t last, Actor actor) {
  CutOut(sink, kMemory, first, last, actor);
  CutOut(sink, kCleared, first, last, actor);
  Entry zeros;
  zeros.first = first;
  zeros.last = last;
  zeros.perm = kPermWrite;
  sink.Add(kCleared, zeros, Rule::kNone, actor);
}

}  // namespace iovalab
