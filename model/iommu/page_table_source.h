#ifndef IOVALAB_MODEL_IOMMU_PAGE_TABLE_SOURCE_H_
#define IOVALAB_MODEL_IOMMU_PAGE_TABLE_SOURCE_H_

// The source of entries (walker.h) over a run-compressed table, and walks of
// it.
//
// Not for: reading single entries (PageTable::EntryBits).
//
// Invariant: the entries are those of EntryBits, at the addresses of
// TableAddress. Where a poisoned entry points, the walk goes on in `memory`;
// without any, its next read is refused.

#include <cstdint>

#include "model/iommu/families.h"
#include "model/iommu/page_table.h"
#include "model/iommu/raw_memory.h"
#include "model/iommu/walker.h"

namespace iovalab {

template <typename F>
struct PageTableSource {
  struct Cursor {
    SlotKind kind;  // kTable: a node; kRun: within a run; kPoison: memory
    uint64_t word;
  };
  const PageTable* table;
  const RawMemory* memory = nullptr;

  Cursor Root() const { return {table->root().kind, table->root().word}; }

  uint64_t Address(const Cursor& cursor, const Format& f, int level,
                   uint64_t position) const {
    if (cursor.kind == SlotKind::kPoison) [[unlikely]]
      return cursor.word + f.Index(level, position) * f.entry_bytes;
    return f.EntryAddress(level, position);
  }

  bool Follow(Cursor& cursor, const Format& f, int level,
              uint64_t position) const {
    const TableNodes& nodes = table->nodes();
    SlotKind kind = cursor.kind;
    uint64_t word = cursor.word;
    if (cursor.kind == SlotKind::kTable) [[likely]] {
      const uint32_t node = static_cast<uint32_t>(cursor.word);
      const uint64_t i = f.Index(level, position);
      kind = nodes.kind(node, i);
      word = nodes.word(node, i);
    }
    // In a run the pointers end where its entries are.
    if (kind != SlotKind::kTable &&
        (kind != SlotKind::kRun || level <= nodes.run(word).level))
      return false;
    cursor = {kind, word};
    return true;
  }

  IommuFault Load(Cursor& cursor, const Format& f, int level, uint64_t position,
                  uint64_t address, uint64_t* bits) const {
    const TableNodes& nodes = table->nodes();
    if (cursor.kind == SlotKind::kTable) [[likely]] {
      const uint32_t node = static_cast<uint32_t>(cursor.word);
      const uint64_t i = f.Index(level, position);
      cursor.word = nodes.word(node, i);
      // The last level has nothing but entries.
      if (level == 0) {
        *bits = cursor.word;
        return IommuFault::kNone;
      }
      cursor.kind = nodes.kind(node, i);
      if (cursor.kind == SlotKind::kEntry || cursor.kind == SlotKind::kPoison) {
        *bits = cursor.word;
        return IommuFault::kNone;
      }
      if (cursor.kind == SlotKind::kTable) {
        *bits = Pointer(f, level, position);
        return IommuFault::kNone;
      }
    }
    if (cursor.kind == SlotKind::kPoison) [[unlikely]] {
      *bits = 0;
      return memory == nullptr ? IommuFault::kTableFetch
                               : memory->Read(address, f.entry_bytes, bits);
    }
    const TableRun& run = nodes.run(cursor.word);
    *bits = level > run.level ? Pointer(f, level, position)
                              : PageTable::RunBits(f, run, position);
    return IommuFault::kNone;
  }

  void Enter(Cursor& cursor, uint64_t address) const {
    if (cursor.kind == SlotKind::kPoison) [[unlikely]]
      cursor.word = address;
  }

 private:
  static uint64_t Pointer(const Format& f, int level, uint64_t position) {
    return F::TableEntry(f, level, f.TableAddress(level - 1, position));
  }
};

// Walks the table for an input address.
inline Walked WalkTable(const PageTable& table, uint64_t input,
                        const WalkRequest& request,
                        const RawMemory* memory = nullptr) {
  return WithFamily(table.format().family, [&]<typename F>() {
    return Walk<F>(table.format(), PageTableSource<F>{&table, memory}, input,
                   request);
  });
}

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_PAGE_TABLE_SOURCE_H_
