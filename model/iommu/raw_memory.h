#ifndef IOVALAB_MODEL_IOMMU_RAW_MEMORY_H_
#define IOVALAB_MODEL_IOMMU_RAW_MEMORY_H_

// RawMemory: sparse physical memory of 8-byte words with holes and poisoned
// ranges; and the source of entries over it, for recorded vectors and fault
// injection.
//
// Not for: tables of any size (page_table.h).
//
// Invariants: what was not written reads as zero; a hole wins over poison, and
// poison over the word.

#include <cstdint>
#include <vector>

#include "absl/container/btree_map.h"
#include "model/iommu/format.h"

namespace iovalab {

class RawMemory {
 public:
  // `address` is rounded down to a multiple of 8.
  void Write(uint64_t address, uint64_t word) {
    words_[address & ~7ull] = word;
  }
  // [first, last]: a read that touches it is refused, or finds damaged data.
  void AddHole(uint64_t first, uint64_t last) {
    holes_.push_back({first, last});
  }
  void AddPoison(uint64_t first, uint64_t last) {
    poison_.push_back({first, last});
  }
  // Addresses from 2^bits on are a hole.
  void set_address_bits(int bits) { address_bits_ = bits; }

  // `bytes` is 4 or 8; `address` a multiple of it.
  IommuFault Read(uint64_t address, int bytes, uint64_t* value) const {
    *value = 0;
    if ((address_bits_ < 64 && address >> address_bits_ != 0) ||
        Touches(holes_, address, bytes))
      return IommuFault::kTableFetch;
    if (Touches(poison_, address, bytes)) return IommuFault::kTableCorrupt;
    const auto it = words_.find(address & ~7ull);
    if (it == words_.end()) return IommuFault::kNone;
    *value =
        bytes == 8 ? it->second : it->second >> (address & 4) * 8 & 0xffffffff;
    return IommuFault::kNone;
  }

 private:
  struct Span {
    uint64_t first, last;
  };
  static bool Touches(const std::vector<Span>& spans, uint64_t address,
                      int bytes) {
    for (const Span& s : spans) {
      if (s.first <= address + (bytes - 1) && address <= s.last) return true;
    }
    return false;
  }

  absl::btree_map<uint64_t, uint64_t> words_;
  std::vector<Span> holes_, poison_;
  int address_bits_ = 64;
};

// Tables in raw memory.
struct RawSource {
  struct Cursor {
    uint64_t table;
  };
  const RawMemory* memory;
  uint64_t root;

  Cursor Root() const { return {root}; }
  uint64_t Address(const Cursor& cursor, const Format& f, int level,
                   uint64_t position) const {
    return cursor.table + f.Index(level, position) * f.entry_bytes;
  }
  IommuFault Load(Cursor&, const Format& f, int, uint64_t, uint64_t address,
                  uint64_t* bits) const {
    return memory->Read(address, f.entry_bytes, bits);
  }
  void Enter(Cursor& cursor, uint64_t address) const { cursor.table = address; }
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_RAW_MEMORY_H_
