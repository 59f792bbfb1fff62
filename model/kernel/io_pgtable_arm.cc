#include "model/kernel/io_pgtable_arm.h"

#include <errno.h>

#include <algorithm>
#include <utility>

#include "model/iommu/lpae.h"

namespace iovalab {
namespace {

// Levels here are the format's: 0 last. The library's number is 3 - level.
struct Call {
  PageTable& table;
  const Format& f;
  uint64_t size;   // of a page
  uint64_t count;  // of pages
  IoPgtableResult r;

  uint64_t Block(int level) const {
    return uint64_t{1} << f.level[level].shift;
  }
  uint64_t At(uint64_t iova) const { return f.Position(iova); }
  EntryKind Kind(int level, uint64_t iova) const {
    return table.KindOf(level, At(iova));
  }
};

// Entries that one call handles at a level: never past the end of a table, of
// which a joined root has several; a count is cut to a signed int.
int EntriesOfCall(const Call& c, int level, uint64_t iova) {
  const int granule_bits = c.f.level[0].shift;
  const int table = 1 << (granule_bits - 3);
  const int index = static_cast<int>(c.f.Index(level, c.At(iova)));
  return std::min(static_cast<int>(c.count), table - (index & (table - 1)));
}

uint64_t Bytes(int entries, uint64_t size) {
  return static_cast<uint64_t>(static_cast<int64_t>(entries)) * size;
}

// paddr_to_iopte: unlike the format, it lets bits beyond the field spill into
// lower ones.
uint64_t AddressBits(uint64_t paddr) {
  return (paddr | paddr >> 36) & LpaeBits::kAddress;
}

uint64_t LeafBits(const Format& f, int level, uint32_t prot) {
  uint64_t bits = LpaeBits::LeafType(level) | LpaeBits::kAccessFlag;
  const bool read = (prot & kIommuRead) != 0;
  const bool write = (prot & kIommuWrite) != 0;
  if (f.family == Family::kLpaeS1) {
    bits |= LpaeStage1::kNotGlobal;
    if (read && !write) bits |= LpaeStage1::kReadOnly;
    if ((prot & kIommuPriv) == 0) bits |= LpaeStage1::kUnprivileged;
    bits |= (prot & kIommuMmio) != 0    ? 2 << 2
            : (prot & kIommuCache) != 0 ? 1 << 2
                                        : 0;
  } else {
    if (read) bits |= LpaeStage2::kRead;
    if (write) bits |= LpaeStage2::kWrite;
    bits |= (prot & kIommuMmio) != 0    ? 1 << 2
            : (prot & kIommuCache) != 0 ? 0xf << 2
                                        : LpaeStage2::kMemAttrNonCacheable;
  }
  bits |= (prot & kIommuCache) != 0 ? 3 << 8 : LpaeBits::kOuterShareable;
  if ((prot & kIommuNoExec) != 0)
    bits |= LpaeBits::kPrivExecNever | LpaeBits::kExecNever;
  return bits;
}

uint64_t Unmap(Call& c, uint64_t iova, int level);

// Whether the format's own encoding gives what the library writes.
bool IsPlain(const Format& f, uint64_t paddr, uint64_t bytes, uint64_t size) {
  const int width = LpaeMostBits(f.level[0].shift);
  return (paddr & (size - 1)) == 0 && paddr + (bytes - 1) >= paddr &&
         (paddr + (bytes - 1)) >> width == 0;
}

void WriteLeaves(Call& c, uint64_t iova, uint64_t paddr, uint64_t leaf_bits,
                 int level, int entries) {
  if (entries <= 0) return;
  const uint64_t first = c.At(iova) & ~(c.size - 1);
  const uint64_t bytes = Bytes(entries, c.size);
  if (IsPlain(c.f, paddr, bytes, c.size)) {
    c.table.Map({.first = first,
                 .last = first + (bytes - 1),
                 .address = paddr,
                 .size_bits = c.f.level[level].shift,
                 .leaf_bits = leaf_bits});
    return;
  }
  for (int i = 0; i < entries; ++i) {
    const uint64_t offset = Bytes(i, c.size);
    c.table.WriteLeaf(level, first + offset,
                      leaf_bits | AddressBits(paddr + offset));
  }
}

int WriteEntries(Call& c, uint64_t iova, uint64_t paddr, uint32_t prot,
                 int level, int entries) {
  for (int i = 0; i < entries; ++i) {
    const uint64_t at = iova + Bytes(i, c.size);
    const EntryKind kind = c.Kind(level, at);
    if (kind == EntryKind::kLeaf) {
      ++c.r.warn;
      return -EEXIST;
    }
    if (kind != EntryKind::kTable) continue;
    const uint64_t count = std::exchange(c.count, 1);
    const uint64_t done = Unmap(c, at, level);
    c.count = count;
    if (done != c.size) {
      ++c.r.warn;
      return -EINVAL;
    }
  }
  WriteLeaves(c, iova, paddr, LeafBits(c.f, level, prot), level, entries);
  return 0;
}

int Map(Call& c, uint64_t iova, uint64_t paddr, uint32_t prot) {
  for (int level = c.f.root_level();; --level) {
    if (c.size == c.Block(level)) {
      const int entries = EntriesOfCall(c, level, iova);
      const int ret = WriteEntries(c, iova, paddr, prot, level, entries);
      if (ret == 0) c.r.bytes += Bytes(entries, c.size);
      return ret;
    }
    if (level == 0) {
      ++c.r.warn;
      return -EINVAL;
    }
    const EntryKind kind = c.Kind(level, iova);
    if (kind == EntryKind::kLeaf) {
      ++c.r.warn;
      return -EEXIST;
    }
    if (kind == EntryKind::kAbsent) c.table.AddTable(level, c.At(iova));
  }
}

// A block becomes a table of smaller leaves, less those that are to go.
uint64_t SplitBlock(Call& c, uint64_t iova, int level) {
  if (level == 0) {
    ++c.r.warn;
    return 0;
  }
  const uint64_t at = c.At(iova);
  const FoundLeaf block = *c.table.Find(at);
  const int below = level - 1;
  const int entries = EntriesOfCall(c, below, iova);
  c.table.Split(level, at);
  if (!IsPlain(c.f, block.fields.address, block.last - block.first + 1,
               c.Block(below))) {
    const uint64_t rest =
        ReshapeLeaf(c.f, block.fields.rest, block.fields.perm, level,
                    c.f.level[level].shift, below, c.f.level[below].shift);
    for (uint64_t i = 0; i < c.Block(level); i += c.Block(below)) {
      c.table.WriteLeaf(below, block.first + i,
                        rest | AddressBits(block.fields.address + i));
    }
  }
  if (c.size != c.Block(below)) return Unmap(c, iova, below);
  for (int i = 0; i < entries; ++i) {
    c.table.Clear(below, c.At(iova + Bytes(i, c.size)));
    ++c.r.tlb_page;
  }
  return Bytes(entries, c.size);
}

uint64_t Unmap(Call& c, uint64_t iova, int level) {
  for (;; --level) {
    if (level < 0) {
      ++c.r.warn;
      return 0;
    }
    const EntryKind kind = c.Kind(level, iova);
    if (kind == EntryKind::kAbsent) {
      ++c.r.warn;
      return 0;
    }
    if (c.size == c.Block(level)) break;
    if (kind == EntryKind::kLeaf) return SplitBlock(c, iova, level);
  }
  const int entries = EntriesOfCall(c, level, iova);
  int i = 0;
  for (; i < entries; ++i) {
    const uint64_t at = iova + Bytes(i, c.size);
    const EntryKind kind = c.Kind(level, at);
    if (kind == EntryKind::kAbsent) {
      ++c.r.warn;
      break;
    }
    ++(kind == EntryKind::kTable ? c.r.tlb_walk : c.r.tlb_page);
    c.table.Clear(level, c.At(at));
  }
  return Bytes(i, c.size);
}

bool IsSize(const Format& f, uint64_t pgsize) {
  return pgsize != 0 && (pgsize & IoPgtableArmSizes(f)) == pgsize;
}

}  // namespace

uint64_t IoPgtableArmSizes(const Format& f) {
  switch (f.level[0].shift) {
    case 12:
      return uint64_t{1} << 12 | uint64_t{1} << 21 | uint64_t{1} << 30;
    case 14:
      return uint64_t{1} << 14 | uint64_t{1} << 25;
    default:
      return uint64_t{1} << 16 | uint64_t{1} << 29;
  }
}

IoPgtableResult IoPgtableArmMap(PageTable& table, uint64_t iova, uint64_t paddr,
                                uint64_t pgsize, uint64_t pgcount,
                                uint32_t prot) {
  const Format& f = table.format();
  if (!IsSize(f, pgsize)) return {.ret = -EINVAL, .warn = 1};
  if (iova > f.last_position() || paddr >> f.output_bits != 0)
    return {.ret = -ERANGE, .warn = 1};
  if ((prot & (kIommuRead | kIommuWrite)) == 0) return {.ret = -EINVAL};
  Call c{table, f, pgsize, pgcount, {}};
  c.r.ret = Map(c, iova, paddr, prot);
  return c.r;
}

IoPgtableResult IoPgtableArmUnmap(PageTable& table, uint64_t iova,
                                  uint64_t pgsize, uint64_t pgcount) {
  const Format& f = table.format();
  if (!IsSize(f, pgsize) || pgcount == 0 || iova > f.last_position())
    return {.warn = 1};
  Call c{table, f, pgsize, pgcount, {}};
  c.r.bytes = Unmap(c, iova, f.root_level());
  return c.r;
}

uint64_t IoPgtableArmPhys(const PageTable& table, uint64_t iova) {
  const std::optional<FoundLeaf> leaf =
      table.Find(table.format().Position(iova));
  if (!leaf) return 0;
  return leaf->fields.address |
         (iova & ((uint64_t{1} << leaf->fields.size_bits) - 1));
}

}  // namespace iovalab
