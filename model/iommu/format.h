#ifndef IOVALAB_MODEL_IOMMU_FORMAT_H_
#define IOVALAB_MODEL_IOMMU_FORMAT_H_

// Format: the geometry of one page-table format, a row of numbers; and what a
// walk of it can say. The bits of entries are the family's (vtd.h, amd_v1.h,
// lpae.h, s390.h, riscv.h, toy.h), which the one walker takes as a parameter.
//
// Not for: what an operating system does with tables (page sizes it chooses,
// what it flushes): that is model/kernel.
//
// Invariants: level 0 is the last level, levels - 1 the root; `native_level`
// tells what the format's own documents call it. level[0].shift is the base
// page; level[i + 1].shift = level[i].shift + level[i].bits; the root's shift
// and bits add up to input_bits. A position is an address below 2^input_bits:
// an input address without its sign extension.

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace iovalab {

enum class Family : uint8_t {
  kToy,
  kVtd,
  kAmdV1,
  kLpaeS1,
  kLpaeS2,
  kS390,
  kRiscvS,  // first stage
  kRiscvG,  // second stage
};

// Access and permission bits. Numbers as in the RISC-V vectors.
inline constexpr uint32_t kAccessRead = 1;
inline constexpr uint32_t kAccessWrite = 2;
inline constexpr uint32_t kAccessExec = 4;

// Why a walk ended (semantics.md 8.2), the same for all formats; the native
// code is FaultCode's.
enum class IommuFault : uint8_t {
  kNone,
  kNoContext,     // no device context, or an invalid one
  kTableFetch,    // an entry could not be read
  kTableCorrupt,  // an entry was read, and known to be damaged
  kNotPresent,
  kPermission,
  kInputWidth,   // the address has more bits than the tables translate
  kOutputWidth,  // the entry's address has more bits than the machine
  kReservedBits,
  kAccessFlag,  // accessed or dirty flag clear, and hardware does not set it
  kTypeBlocked,
};

absl::string_view IommuFaultName(IommuFault reason);

struct FormatLevel {
  uint8_t shift = 0;  // log2 of the bytes that an entry spans
  uint8_t bits = 0;   // log2 of a table's entries
  uint32_t mask = 0;  // of an index: entries - 1

  constexpr FormatLevel() = default;
  constexpr FormatLevel(int shift_bits, int index_bits)
      : shift(static_cast<uint8_t>(shift_bits)),
        bits(static_cast<uint8_t>(index_bits)),
        mask((uint32_t{1} << index_bits) - 1) {}
};

inline constexpr int kMaxLevels = 6;

// The non-hot half of a family; walks take the family as a type.
struct FormatOps;

struct Format {
  absl::string_view name;
  absl::string_view help;
  Family family = Family::kToy;
  uint8_t levels = 0;
  FormatLevel level[kMaxLevels] = {};
  uint8_t input_bits = 0;
  // Addresses that entries can hold, and that the machine has.
  uint8_t output_bits = 0;
  uint8_t entry_bytes = 8;
  // Bits 63 to input_bits of an input address repeat its bit input_bits - 1;
  // elsewhere they are zero.
  bool sign_extended = false;
  // The format's own number of level 0, and how it changes towards the root.
  int8_t native_last = 1;
  int8_t native_step = 1;
  // Bit n: leaves of 2^n bytes.
  uint64_t leaf_sizes = 0;
  // Where PageTable pretends that the tables of each level lie
  // (page_table.h): see PlaceTables.
  uint64_t table_region[kMaxLevels] = {};
  // RISC-V capabilities.
  bool svpbmt = true;
  bool svrsw60t59b = true;
  const FormatOps* ops = nullptr;

  constexpr int root_level() const { return levels - 1; }
  constexpr int native_level(int l) const {
    return native_last + native_step * l;
  }
  // log2 of what an entry of level l spans; l = levels: of the whole table.
  constexpr int Shift(int l) const {
    return l == levels ? input_bits : level[l].shift;
  }
  constexpr uint64_t Entries(int l) const {
    return uint64_t{1} << level[l].bits;
  }
  // Tables of a level follow each other from table_region on, by position.
  constexpr uint64_t TableAddress(int l, uint64_t position) const {
    const int span = level[l].shift + level[l].bits;
    const uint64_t number = span >= 64 ? 0 : position >> span;
    return (table_region[l] + number * TableBytes(l)) & output_mask();
  }
  // Of the entry in such a table. The entries of a level follow each other,
  // too, and table_region is a multiple of a table's bytes.
  constexpr uint64_t EntryAddress(int l, uint64_t position) const {
    return (table_region[l] + (position >> level[l].shift) * entry_bytes) &
           output_mask();
  }
  constexpr uint64_t output_mask() const {
    return ~uint64_t{0} >> (64 - output_bits);
  }
  constexpr uint64_t TableBytes(int l) const {
    return uint64_t{entry_bytes} << level[l].bits;
  }
  constexpr uint64_t Index(int l, uint64_t position) const {
    return position >> level[l].shift & level[l].mask;
  }
  constexpr uint64_t last_position() const {
    return ~uint64_t{0} >> (64 - input_bits);
  }
  constexpr uint64_t Position(uint64_t input) const {
    return input & last_position();
  }
  // Whether the tables translate the input address at all.
  constexpr bool Translates(uint64_t input) const {
    if (!sign_extended) return input <= last_position();
    const int spare = 64 - input_bits;
    return static_cast<uint64_t>(static_cast<int64_t>(input << spare) >>
                                 spare) == input;
  }
  constexpr bool HasLeafSize(int size_bits) const {
    return size_bits < 64 && (leaf_sizes >> size_bits & 1) != 0;
  }
  // The level whose entries hold leaves of that size, one or several of them;
  // -1 where there is none.
  constexpr int LeafLevel(int size_bits) const {
    if (!HasLeafSize(size_bits)) return -1;
    int l = levels - 1;
    while (l > 0 && level[l].shift > size_bits) --l;
    return l;
  }
};

// Puts the tables of level l at base + (l << level_shift).
constexpr void PlaceTables(Format& f, uint64_t base, int level_shift) {
  for (int l = 0; l < f.levels; ++l)
    f.table_region[l] = base + (static_cast<uint64_t>(l) << level_shift);
}

// What a leaf entry says beside its permissions.
struct LeafFields {
  uint64_t address = 0;
  uint8_t size_bits = 0;
  uint32_t perm = 0;
  uint64_t rest = 0;  // the entry's bits without those that hold the address
};

struct FormatOps {
  // An entry that is neither leaf nor pointer, as it is initialised.
  uint64_t (*absent)(const Format& f, int level);
  uint64_t (*table_entry)(const Format& f, int level, uint64_t address);
  // A leaf of 2^size_bits bytes without its address, and the address's bits.
  // Addresses wrap at output_bits.
  uint64_t (*leaf_entry)(const Format& f, int level, int size_bits,
                         uint32_t perm);
  uint64_t (*leaf_address)(const Format& f, int level, int size_bits,
                           uint64_t address);
  // Of an entry that leaf_entry and leaf_address made.
  LeafFields (*parse_leaf)(const Format& f, int level, uint64_t bits);
  // The format's own code of a fault at a level (-1: before the walk).
  uint32_t (*fault_code)(IommuFault reason, uint32_t access);
};

// A leaf entry's bits without its address, moved from (level, size) to another
// pair: what is not the level's own stays.
inline uint64_t ReshapeLeaf(const Format& f, uint64_t rest, uint32_t perm,
                            int level, int size_bits, int to_level,
                            int to_size_bits) {
  const uint64_t from = f.ops->leaf_entry(f, level, size_bits, perm);
  const uint64_t to = f.ops->leaf_entry(f, to_level, to_size_bits, perm);
  return (rest & ~(from & ~to)) | (to & ~from);
}

// All formats that have a name.
absl::Span<const Format> Formats();
// Null where there is none of that name.
const Format* FindFormat(absl::string_view name);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_FORMAT_H_
