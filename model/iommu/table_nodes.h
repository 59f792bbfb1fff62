#ifndef IOVALAB_MODEL_IOMMU_TABLE_NODES_H_
#define IOVALAB_MODEL_IOMMU_TABLE_NODES_H_

// TableNodes: the storage of a run-compressed table. A node is one table that
// is spelled out: 2^bits words, and before the first of them two bits each for
// their kinds, backwards. Runs stand for whole subtrees and are shared by the
// entries that they cover.
//
// Not for: anything but PageTable.
//
// Invariants: nodes and runs are plain data in two vectors and refer to each
// other by number, so a table is copied by value; a number stays valid until it
// is given back, a pointer only until the next call.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/check.h"

namespace iovalab {

enum class SlotKind : uint8_t {
  kEntry,   // the word is the entry: a leaf or absent
  kTable,   // the word is a node's number
  kRun,     // the word is a run's number
  kPoison,  // the word is an entry that nobody wrote on purpose
};

// An entry at some level, and what is below it.
struct TableSlot {
  SlotKind kind = SlotKind::kEntry;
  uint64_t word = 0;
};

// A subtree whose tables down to `level` all exist and whose entries there are
// all absent, or all leaves.
struct TableRun {
  enum Kind : uint8_t { kEmpty, kLinear, kConstant };
  Kind kind = kEmpty;
  uint8_t level = 0;      // of its entries
  uint8_t size_bits = 0;  // of its leaves
  // Address of the leaf at position p: p + address (linear, modulo 2^64) or
  // address (constant).
  uint64_t address = 0;
  uint64_t bits = 0;  // a leaf without its address

  friend bool operator==(const TableRun&, const TableRun&) = default;
};

class TableNodes {
 public:
  // With all entries {kEntry, word}.
  uint32_t Take(int bits, SlotKind kind, uint64_t word) {
    uint32_t node = 0;
    if (!free_[bits].empty()) {
      node = free_[bits].back();
      free_[bits].pop_back();
    } else {
      sim::Check(words_.size() + Words(bits) <= UINT32_MAX, "table too large");
      node = static_cast<uint32_t>(words_.size() + KindWords(bits));
      const size_t size = words_.size() + Words(bits);
      if (size > words_.capacity())
        words_.reserve(size + words_.capacity() / 4);
      words_.resize(size);
    }
    Fill(node, bits, kind, word);
    return node;
  }
  void Give(uint32_t node, int bits) { free_[bits].push_back(node); }

  // Hot: both loads depend on `node` alone.
  uint64_t word(uint32_t node, uint64_t i) const { return words_[node + i]; }
  SlotKind kind(uint32_t node, uint64_t i) const {
    return static_cast<SlotKind>(words_[node - 1 - i / 32] >> (2 * i & 63) & 3);
  }
  TableSlot slot(uint32_t node, uint64_t i) const {
    return {kind(node, i), word(node, i)};
  }
  void Set(uint32_t node, uint64_t i, TableSlot slot) {
    words_[node + i] = slot.word;
    uint64_t& kinds = words_[node - 1 - i / 32];
    const int at = static_cast<int>(i % 32 * 2);
    kinds = (kinds & ~(uint64_t{3} << at)) | static_cast<uint64_t>(slot.kind)
                                                 << at;
  }
  void SetWord(uint32_t node, uint64_t i, uint64_t word) {
    words_[node + i] = word;
  }
  // Entries [from, to] become {kind, word}.
  void SetRange(uint32_t node, uint64_t from, uint64_t to, TableSlot slot) {
    uint64_t* words = &words_[node];
    for (uint64_t i = from; i <= to; ++i) words[i] = slot.word;
    const uint64_t pattern = kPattern * static_cast<uint64_t>(slot.kind);
    for (uint64_t k = from / 32; k <= to / 32; ++k) {
      uint64_t mask = ~uint64_t{0};
      if (k == from / 32) mask &= ~uint64_t{0} << from % 32 * 2;
      if (k == to / 32) mask &= ~uint64_t{0} >> (62 - to % 32 * 2);
      uint64_t& kinds = words_[node - 1 - k];
      kinds = (kinds & ~mask) | (pattern & mask);
    }
  }
  // Whether all of the node's entries are of that kind.
  bool AllOf(uint32_t node, int bits, SlotKind kind) const {
    const uint64_t n = uint64_t{1} << bits;
    const uint64_t pattern = kPattern * static_cast<uint64_t>(kind);
    if (n < 32) return (words_[node - 1] ^ pattern) << (64 - 2 * n) == 0;
    for (uint64_t k = 0; k < n / 32; ++k) {
      if (words_[node - 1 - k] != pattern) return false;
    }
    return true;
  }

  // Runs, counted by the entries that refer to them.
  uint32_t TakeRun(const TableRun& run, uint32_t references) {
    uint32_t i = 0;
    if (!free_runs_.empty()) {
      i = free_runs_.back();
      free_runs_.pop_back();
    } else {
      i = static_cast<uint32_t>(runs_.size());
      runs_.emplace_back();
    }
    runs_[i] = {run, references};
    return i;
  }
  const TableRun& run(uint64_t i) const { return runs_[i].run; }
  void AddReferences(uint64_t i, uint32_t n) { runs_[i].references += n; }
  void DropReferences(uint64_t i, uint32_t n) {
    runs_[i].references -= n;
    if (runs_[i].references == 0)
      free_runs_.push_back(static_cast<uint32_t>(i));
  }

  // Of what is stored, unused capacity included.
  size_t MemoryBytes() const {
    size_t bytes = words_.capacity() * sizeof(words_[0]) +
                   runs_.capacity() * sizeof(runs_[0]) +
                   free_runs_.capacity() * sizeof(free_runs_[0]);
    for (const auto& list : free_) bytes += list.capacity() * sizeof(list[0]);
    return bytes;
  }

 private:
  static constexpr uint64_t kPattern = 0x5555555555555555;

  struct Run {
    TableRun run;
    uint32_t references = 0;
  };

  static uint64_t KindWords(int bits) {
    return ((uint64_t{1} << bits) + 31) / 32;
  }
  static uint64_t Words(int bits) {
    return (uint64_t{1} << bits) + KindWords(bits);
  }
  void Fill(uint32_t node, int bits, SlotKind kind, uint64_t word) {
    for (uint64_t i = 0; i < uint64_t{1} << bits; ++i) words_[node + i] = word;
    for (uint64_t k = 0; k < KindWords(bits); ++k)
      words_[node - 1 - k] = kPattern * static_cast<uint64_t>(kind);
  }

  std::vector<uint64_t> words_;
  std::vector<Run> runs_;
  std::vector<uint32_t> free_[17];
  std::vector<uint32_t> free_runs_;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_TABLE_NODES_H_
