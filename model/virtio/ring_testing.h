#ifndef IOVALAB_MODEL_VIRTIO_RING_TESTING_H_
#define IOVALAB_MODEL_VIRTIO_RING_TESTING_H_

// Memory of bytes for tests of rings: all of [0, size) reachable, no more.

#include <cstdint>
#include <vector>

#include "model/virtio/split_ring.h"

namespace iovalab {

struct TestMemory {
  explicit TestMemory(uint64_t size) : bytes(size) {}

  std::vector<uint8_t> bytes;

  bool Reaches(uint64_t address, uint32_t n) const {
    return address < bytes.size() && n <= bytes.size() - address;
  }
  uint64_t Get(uint64_t address, uint32_t n) const {
    uint64_t value = 0;
    for (uint32_t i = 0; i < n; ++i) {
      value |= uint64_t{bytes[address + i]} << (8 * i);
    }
    return value;
  }
  void Put(uint64_t address, uint32_t n, uint64_t value) {
    for (uint32_t i = 0; i < n; ++i) {
      bytes[address + i] = static_cast<uint8_t>(value >> (8 * i));
    }
  }
  void PutDescriptor(uint64_t table, uint32_t i, const RingDescriptor& d) {
    Put(table + 16 * i, 8, d.addr);
    Put(table + 16 * i + 8, 4, d.len);
    Put(table + 16 * i + 12, 2, d.flags);
    Put(table + 16 * i + 14, 2, d.next);
  }

  RingMemory Ring() {
    return {this,
            [](void* self, const RingPlace& at, RingWords* words) {
              auto* m = static_cast<TestMemory*>(self);
              if (!m->Reaches(at.address, at.bytes)) return false;
              (*words)[0] = m->Get(at.address, at.bytes < 8 ? at.bytes : 8);
              (*words)[1] = at.bytes > 8 ? m->Get(at.address + 8, 8) : 0;
              return true;
            },
            [](void* self, const RingPlace& at, const RingWords& words) {
              auto* m = static_cast<TestMemory*>(self);
              if (!m->Reaches(at.address, at.bytes)) return false;
              m->Put(at.address, at.bytes < 8 ? at.bytes : 8, words[0]);
              if (at.bytes > 8) m->Put(at.address + 8, 8, words[1]);
              return true;
            }};
  }
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_VIRTIO_RING_TESTING_H_
