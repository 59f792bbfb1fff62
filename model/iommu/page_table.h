#ifndef IOVALAB_MODEL_IOMMU_PAGE_TABLE_H_
#define IOVALAB_MODEL_IOMMU_PAGE_TABLE_H_

// PageTable: the tables of one address space as hardware would hold them, kept
// as runs. A subtree that is all absent, one linear run or one constant run
// (every page to the same frame) costs the same as one entry, so mapping 2^64
// bytes by 4K pages costs a few table nodes. Tables that exist but are empty
// are told from those that do not.
//
// Not for: what a driver decides (page sizes, refusing to map over a leaf,
// freeing tables, flushing): those are parameters or its own calls here. Not
// for caches: entries that hardware still holds after a change.
//
// Addresses are positions: input addresses without their sign extension
// (format.h); only Walk takes the input address itself. Ranges are [first,
// last], inclusive. Tables lie at addresses that depend on level and position
// alone (Format.TableAddress); where the tables would need more memory
// than entries can address (AMD mode 6, full), those addresses repeat.
//
// Invariants: counts() is what hardware would hold, exactly; two tables with
// the same entries have the same runs, whatever calls made them.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/iommu/format.h"
#include "model/iommu/leaf_run.h"
#include "model/iommu/table_nodes.h"

namespace iovalab {

struct TableCounts {
  uint64_t tables = 0;         // the root among them
  uint64_t table_entries = 0;  // that point to tables
  uint64_t leaf_entries = 0;
  uint64_t poisoned = 0;
  uint64_t bytes = 0;  // of the tables

  friend bool operator==(const TableCounts&, const TableCounts&) = default;
};

enum class MapStatus : uint8_t {
  kOk,
  kLeafSize,   // the format has no such leaf
  kWidth,      // a last position beyond the format's width, or before the first
  kAlignment,  // the range or the address is no multiple of the leaf size
};

struct MapArgs {
  uint64_t first = 0, last = 0;
  uint64_t address = 0;  // of the first byte; wraps at the format's output_bits
  uint32_t perm = kAccessRead | kAccessWrite;
  uint8_t size_bits = 12;  // of the leaves
  bool constant = false;   // every leaf has the same address
  // The leaf entry without its address; 0: what leaf_entry makes of `perm`.
  uint64_t leaf_bits = 0;
};

// What becomes of a leaf of which only a part is to be unmapped.
enum class PartialLeaf : uint8_t { kKeep, kDrop, kSplit };
// Whether tables that become empty are freed: none, or those that the range
// covers whole.
enum class FreeTables : uint8_t { kNone, kCovered };

// The leaf that translates a position.
struct FoundLeaf {
  uint64_t first = 0, last = 0;
  int level = 0;
  LeafFields fields;
};

enum class EntryKind : uint8_t { kNoTable, kAbsent, kTable, kLeaf, kPoisoned };

class PageTable {
 public:
  // The format must outlive the table.
  explicit PageTable(const Format* format);

  const Format& format() const { return *format_; }
  const TableCounts& counts() const { return counts_; }
  // Grows with every change of an entry: what caches compare theirs with.
  uint64_t generation() const { return generation_; }
  size_t MemoryBytes() const { return nodes_.MemoryBytes(); }

  // Writes leaves over whatever was there: tables below them are freed, a
  // larger leaf of which they cover a part is split first. Nothing changes
  // unless kOk. `freed_tables` becomes true where there were tables below the
  // new leaves, be they empty: caches may have pointers to them.
  MapStatus Map(const MapArgs& args, bool* freed_tables = nullptr);
  // Clears the leaves of [first, last]. The number of leaf entries cleared.
  // A leaf that cannot be split (no smaller size) is dropped.
  uint64_t Unmap(uint64_t first, uint64_t last, PartialLeaf partial,
                 FreeTables tables);

  std::optional<FoundLeaf> Find(uint64_t position) const;
  // Calls f(const LeafRun&) for the leaves in [first, last], cut at the range's
  // ends only if a leaf crosses them: then the run has that leaf whole.
  template <typename Fn>
  void ForEachRun(uint64_t first, uint64_t last, Fn f) const {
    RunJoiner<Fn> joiner(f);
    VisitRuns(
        first, last,
        [](void* to, const LeafRun& run) {
          static_cast<RunJoiner<Fn>*>(to)->Add(run);
        },
        &joiner);
    joiner.Finish();
  }

  EntryKind KindOf(int level, uint64_t position) const;
  // As hardware would read it; nothing where there is no such table.
  std::optional<uint64_t> EntryBits(int level, uint64_t position) const;
  uint64_t TableAddress(int level, uint64_t position) const {
    return format_->TableAddress(level, position);
  }

  // Single entries. They need the table that holds the entry to exist, else
  // nothing happens and the answer is false.
  //
  // Puts any bits into the entry; what was below is lost. A later Map or Unmap
  // that covers the entry heals it.
  bool Poison(int level, uint64_t position, uint64_t bits);
  // An absent entry gets an empty table.
  bool AddTable(int level, uint64_t position);
  // Whatever the entry is, it becomes absent and the tables below are freed.
  bool Clear(int level, uint64_t position);
  // A leaf entry with these bits, over whatever was there.
  bool WriteLeaf(int level, uint64_t position, uint64_t bits);
  // The leaf entry becomes a table of leaves of the next level's size, or,
  // where it is one of several of a larger leaf, they become leaves of their
  // own. False where it is no leaf or there are no such smaller leaves.
  bool Split(int level, uint64_t position);

  const TableNodes& nodes() const { return nodes_; }
  TableSlot root() const { return root_; }

  static uint64_t RunBits(const Format& f, const TableRun& run,
                          uint64_t position);

 private:
  struct MapOp;
  struct ClearOp;
  struct FreedBelow {
    int level = 0;     // tables of lower levels go for good
    bool any = false;  // there were some
  };

  uint64_t Span(int level) const;  // of an entry, less one
  TableCounts CountOf(TableSlot slot, int level) const;
  void Count(TableSlot slot, int level, uint64_t times = 1);
  void Discount(TableSlot slot, int level);
  void Drop(TableSlot slot, int level, FreedBelow* freed = nullptr);
  uint32_t Expand(TableSlot slot, int level, uint64_t base);
  TableSlot Collapse(uint32_t node, int level, uint64_t base);
  std::optional<TableRun> UniformRun(uint32_t node, int level,
                                     uint64_t base) const;
  TableSlot MapSlot(TableSlot slot, int level, uint64_t base, MapOp& op);
  void FillCovered(uint32_t node, int level, uint64_t base, uint64_t from,
                   uint64_t to, MapOp& op);
  TableSlot ClearSlot(TableSlot slot, int level, uint64_t base, ClearOp& op);
  TableSlot EmptyTables(TableSlot slot, int level, uint64_t base, ClearOp& op);
  bool AlignFirst(uint64_t* first, uint64_t last, PartialLeaf partial);
  bool AlignLast(uint64_t first, uint64_t* last, PartialLeaf partial);
  // Replaces one entry by what `change` makes of it; false without a table.
  template <typename Fn>
  bool ChangeEntry(int level, uint64_t position, Fn change);
  template <typename Fn>
  TableSlot ChangeSlot(TableSlot slot, int level, uint64_t base, int at,
                       uint64_t position, Fn& change);
  TableSlot EntryAt(int level, uint64_t position, bool* exists) const;

  using RunVisitor = void (*)(void* to, const LeafRun& run);
  void VisitRuns(uint64_t first, uint64_t last, RunVisitor visit,
                 void* to) const;
  void VisitSlot(TableSlot slot, int level, uint64_t base, uint64_t first,
                 uint64_t last, RunVisitor visit, void* to) const;

  const Format* format_;
  TableNodes nodes_;
  TableSlot root_;
  TableCounts counts_;
  uint64_t generation_ = 0;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_PAGE_TABLE_H_
