// PageTable's single entries, and reading it.

#include <algorithm>

#include "model/iommu/page_table.h"

namespace iovalab {

// The entry itself, or the run that it is in; *exists: its table does.
TableSlot PageTable::EntryAt(int level, uint64_t position, bool* exists) const {
  const Format& f = *format_;
  TableSlot slot = root_;
  for (int l = f.levels; l > level; --l) {
    if (slot.kind == SlotKind::kRun) {
      *exists = nodes_.run(slot.word).level <= level;
      return slot;
    }
    if (slot.kind != SlotKind::kTable) {
      *exists = false;
      return slot;
    }
    slot =
        nodes_.slot(static_cast<uint32_t>(slot.word), f.Index(l - 1, position));
  }
  *exists = true;
  return slot;
}

EntryKind PageTable::KindOf(int level, uint64_t position) const {
  bool exists = false;
  const TableSlot slot = EntryAt(level, position, &exists);
  if (!exists) return EntryKind::kNoTable;
  if (slot.kind == SlotKind::kPoison) return EntryKind::kPoisoned;
  if (slot.kind == SlotKind::kTable) return EntryKind::kTable;
  if (slot.kind == SlotKind::kEntry) {
    return slot.word == format_->ops->absent(*format_, level)
               ? EntryKind::kAbsent
               : EntryKind::kLeaf;
  }
  const TableRun& run = nodes_.run(slot.word);
  if (level > run.level) return EntryKind::kTable;
  return run.kind == TableRun::kEmpty ? EntryKind::kAbsent : EntryKind::kLeaf;
}

std::optional<uint64_t> PageTable::EntryBits(int level,
                                             uint64_t position) const {
  const Format& f = *format_;
  bool exists = false;
  const TableSlot slot = EntryAt(level, position, &exists);
  if (!exists) return std::nullopt;
  if (slot.kind == SlotKind::kEntry || slot.kind == SlotKind::kPoison)
    return slot.word;
  if (slot.kind == SlotKind::kRun && nodes_.run(slot.word).level == level)
    return RunBits(f, nodes_.run(slot.word), position);
  return f.ops->table_entry(f, level, TableAddress(level - 1, position));
}

std::optional<FoundLeaf> PageTable::Find(uint64_t position) const {
  const Format& f = *format_;
  if (position > f.last_position()) return std::nullopt;
  TableSlot slot = root_;
  int level = f.levels;
  while (slot.kind == SlotKind::kTable) {
    --level;
    slot =
        nodes_.slot(static_cast<uint32_t>(slot.word), f.Index(level, position));
  }
  if (slot.kind == SlotKind::kPoison) return std::nullopt;
  uint64_t bits = slot.word;
  if (slot.kind == SlotKind::kRun) {
    const TableRun& run = nodes_.run(slot.word);
    if (run.kind == TableRun::kEmpty) return std::nullopt;
    level = run.level;
    bits = RunBits(f, run, position);
  } else if (bits == f.ops->absent(f, level)) {
    return std::nullopt;
  }
  FoundLeaf leaf;
  leaf.level = level;
  leaf.fields = f.ops->parse_leaf(f, level, bits);
  const uint64_t offset = (uint64_t{1} << leaf.fields.size_bits) - 1;
  leaf.first = position & ~offset;
  leaf.last = position | offset;
  return leaf;
}

// Changing one entry.

template <typename Fn>
TableSlot PageTable::ChangeSlot(TableSlot slot, int level, uint64_t base,
                                int at, uint64_t position, Fn& change) {
  if (level == at) return change(slot, base);
  const Format& f = *format_;
  const int below = level - 1;
  const uint32_t node = Expand(slot, level, base);
  const uint64_t i = f.Index(below, position);
  const TableSlot changed =
      ChangeSlot(nodes_.slot(node, i), below,
                 base + (i << f.level[below].shift), at, position, change);
  nodes_.Set(node, i, changed);
  return Collapse(node, below, base);
}

template <typename Fn>
bool PageTable::ChangeEntry(int level, uint64_t position, Fn change) {
  if (level < 0 || level >= format_->levels ||
      position > format_->last_position() ||
      KindOf(level, position) == EntryKind::kNoTable)
    return false;
  root_ = ChangeSlot(root_, format_->levels, 0, level, position, change);
  ++generation_;
  return true;
}

bool PageTable::Poison(int level, uint64_t position, uint64_t bits) {
  return ChangeEntry(level, position, [&](TableSlot slot, uint64_t) {
    Drop(slot, level);
    slot = {SlotKind::kPoison, bits};
    Count(slot, level);
    return slot;
  });
}

bool PageTable::AddTable(int level, uint64_t position) {
  if (level == 0 || KindOf(level, position) != EntryKind::kAbsent) return false;
  return ChangeEntry(level, position, [&](TableSlot slot, uint64_t) {
    Drop(slot, level);
    slot = {SlotKind::kRun,
            nodes_.TakeRun({.kind = TableRun::kEmpty,
                            .level = static_cast<uint8_t>(level - 1)},
                           1)};
    Count(slot, level);
    return slot;
  });
}

bool PageTable::Clear(int level, uint64_t position) {
  return ChangeEntry(level, position, [&](TableSlot slot, uint64_t) {
    Drop(slot, level);
    return TableSlot{SlotKind::kEntry, format_->ops->absent(*format_, level)};
  });
}

bool PageTable::WriteLeaf(int level, uint64_t position, uint64_t bits) {
  return ChangeEntry(level, position, [&](TableSlot slot, uint64_t) {
    Drop(slot, level);
    slot = {SlotKind::kEntry, bits};
    Count(slot, level);
    return slot;
  });
}

bool PageTable::Split(int level, uint64_t position) {
  const Format& f = *format_;
  if (level < 0 || level >= f.levels ||
      KindOf(level, position) != EntryKind::kLeaf)
    return false;
  const uint64_t bits = *EntryBits(level, position);
  const LeafFields leaf = f.ops->parse_leaf(f, level, bits);
  const int shift = f.level[level].shift;
  if (leaf.size_bits == shift) {
    if (level == 0 || !f.HasLeafSize(f.level[level - 1].shift)) return false;
    // A node and back: what is one run becomes one.
    return ChangeEntry(level, position, [&](TableSlot slot, uint64_t base) {
      return Collapse(Expand(slot, level, base), level - 1, base);
    });
  }
  if (!f.HasLeafSize(shift)) return false;
  const uint64_t size = uint64_t{1} << leaf.size_bits;
  const uint64_t first = position & ~(size - 1);
  const uint64_t rest =
      ReshapeLeaf(f, leaf.rest, leaf.perm, level, leaf.size_bits, level, shift);
  for (uint64_t at = 0; at < size; at += uint64_t{1} << shift) {
    if (EntryBits(level, first + at) != bits) continue;
    WriteLeaf(level, first + at,
              rest | f.ops->leaf_address(f, level, shift, leaf.address + at));
  }
  return true;
}

// Runs.

void PageTable::VisitRuns(uint64_t first, uint64_t last, RunVisitor visit,
                          void* to) const {
  last = std::min(last, format_->last_position());
  if (first <= last)
    VisitSlot(root_, format_->levels, 0, first, last, visit, to);
}

void PageTable::VisitSlot(TableSlot slot, int level, uint64_t base,
                          uint64_t first, uint64_t last, RunVisitor visit,
                          void* to) const {
  const Format& f = *format_;
  const uint64_t end = base + Span(level);
  if (slot.kind == SlotKind::kPoison) return;
  if (slot.kind == SlotKind::kTable) {
    const int below = level - 1;
    const uint64_t absent = f.ops->absent(f, below);
    const uint64_t to_index = f.Index(below, std::min(last, end));
    for (uint64_t i = f.Index(below, std::max(first, base)); i <= to_index;
         ++i) {
      const TableSlot child = nodes_.slot(static_cast<uint32_t>(slot.word), i);
      if (child.kind == SlotKind::kEntry && child.word == absent) continue;
      VisitSlot(child, below, base + (i << f.level[below].shift), first, last,
                visit, to);
    }
    return;
  }
  TableRun run;
  if (slot.kind == SlotKind::kRun) {
    run = nodes_.run(slot.word);
    if (run.kind == TableRun::kEmpty) return;
  } else {
    if (slot.word == f.ops->absent(f, level)) return;
    const LeafFields leaf = f.ops->parse_leaf(f, level, slot.word);
    run = {.kind = TableRun::kConstant,
           .level = static_cast<uint8_t>(level),
           .size_bits = leaf.size_bits,
           .address = leaf.address,
           .bits = leaf.rest};
  }
  const uint64_t offset = (uint64_t{1} << run.size_bits) - 1;
  uint64_t at = std::max(first, base) & ~offset;
  const uint64_t stop = std::min(last, end) | offset;
  for (;;) {
    const LeafFields leaf =
        f.ops->parse_leaf(f, run.level, RunBits(f, run, at));
    LeafRun piece{.first = at,
                  .last = stop,
                  .address = leaf.address,
                  .size_bits = run.size_bits,
                  .constant = run.kind == TableRun::kConstant,
                  .perm = leaf.perm,
                  .rest = leaf.rest};
    // Addresses wrap where an entry has no more bits.
    const uint64_t left = f.output_mask() - (leaf.address & f.output_mask());
    if (!piece.constant && left < stop - at) piece.last = at + left;
    visit(to, piece);
    if (piece.last == stop) return;
    at = piece.last + 1;
  }
}

}  // namespace iovalab
