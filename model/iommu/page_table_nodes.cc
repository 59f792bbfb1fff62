// PageTable's nodes: what they count, how a subtree becomes one and a run
// again.

#include "model/iommu/page_table.h"

namespace iovalab {

uint64_t PageTable::RunBits(const Format& f, const TableRun& run,
                            uint64_t position) {
  if (run.kind == TableRun::kEmpty) return f.ops->absent(f, run.level);
  uint64_t address = run.address;
  if (run.kind == TableRun::kLinear)
    address += position >> run.size_bits << run.size_bits;
  return run.bits | f.ops->leaf_address(f, run.level, run.size_bits, address);
}

uint64_t PageTable::Span(int level) const {
  const int shift = format_->Shift(level);
  return ~uint64_t{0} >> (64 - shift);
}

// Counting.

TableCounts PageTable::CountOf(TableSlot slot, int level) const {
  const Format& f = *format_;
  TableCounts c;
  if (slot.kind == SlotKind::kPoison) {
    c.poisoned = 1;
  } else if (slot.kind == SlotKind::kEntry) {
    c.leaf_entries = slot.word != f.ops->absent(f, level);
  } else if (slot.kind == SlotKind::kTable) {
    c.tables = 1;
    c.bytes = f.TableBytes(level - 1);
    c.table_entries = level < f.levels;
  } else {
    const TableRun& run = nodes_.run(slot.word);
    const int top = f.Shift(level);
    for (int l = run.level; l < level; ++l) {
      const uint64_t tables = uint64_t{1} << (top - f.Shift(l + 1));
      c.tables += tables;
      c.bytes += tables * f.TableBytes(l);
      if (l + 1 < f.levels) c.table_entries += tables;
    }
    if (run.kind != TableRun::kEmpty)
      c.leaf_entries = uint64_t{1} << (top - f.Shift(run.level));
  }
  return c;
}

void PageTable::Count(TableSlot slot, int level, uint64_t times) {
  const TableCounts c = CountOf(slot, level);
  counts_.tables += times * c.tables;
  counts_.table_entries += times * c.table_entries;
  counts_.leaf_entries += times * c.leaf_entries;
  counts_.poisoned += times * c.poisoned;
  counts_.bytes += times * c.bytes;
}
void PageTable::Discount(TableSlot slot, int level) {
  Count(slot, level, ~uint64_t{0});  // minus one, modulo 2^64
}

// Nodes.

void PageTable::Drop(TableSlot slot, int level, FreedBelow* freed) {
  Discount(slot, level);
  if (freed != nullptr) {
    // The lowest of the tables that the slot itself stands for.
    const int lowest = slot.kind == SlotKind::kTable ? level - 1
                       : slot.kind == SlotKind::kRun
                           ? nodes_.run(slot.word).level
                           : freed->level;
    freed->any = freed->any || lowest < freed->level;
  }
  if (slot.kind == SlotKind::kRun) nodes_.DropReferences(slot.word, 1);
  if (slot.kind != SlotKind::kTable) return;
  const uint32_t node = static_cast<uint32_t>(slot.word);
  const int bits = format_->level[level - 1].bits;
  const uint64_t absent = format_->ops->absent(*format_, level - 1);
  for (uint64_t i = 0; i < uint64_t{1} << bits; ++i) {
    const TableSlot child = nodes_.slot(node, i);
    if (child.kind == SlotKind::kEntry && child.word == absent) continue;
    Drop(child, level - 1, freed);
  }
  nodes_.Give(node, bits);
}

namespace {

// The leaves of level - 1 that a leaf entry of `level` at `base` becomes.
TableRun SmallerLeaves(const Format& f, int level, uint64_t base,
                       uint64_t word) {
  const LeafFields leaf = f.ops->parse_leaf(f, level, word);
  const int size_bits = f.level[level - 1].shift;
  const uint64_t offset = base & ((uint64_t{1} << leaf.size_bits) - 1);
  return {.kind = TableRun::kLinear,
          .level = static_cast<uint8_t>(level - 1),
          .size_bits = static_cast<uint8_t>(size_bits),
          .address = leaf.address + offset - base,
          .bits = ReshapeLeaf(f, leaf.rest, leaf.perm, level, leaf.size_bits,
                              level - 1, size_bits)};
}

}  // namespace

// The node of the table below an entry of `level`, which stays what it is.
uint32_t PageTable::Expand(TableSlot slot, int level, uint64_t base) {
  const Format& f = *format_;
  const int below = level - 1;
  const int bits = f.level[below].bits;
  if (slot.kind == SlotKind::kTable) return static_cast<uint32_t>(slot.word);
  const uint64_t absent = f.ops->absent(f, below);
  TableRun run{.kind = TableRun::kEmpty, .level = static_cast<uint8_t>(below)};
  if (slot.kind == SlotKind::kRun) {
    run = nodes_.run(slot.word);
    if (run.level < below) {
      nodes_.AddReferences(slot.word, static_cast<uint32_t>(f.Entries(below)));
      nodes_.DropReferences(slot.word, 1);
      return nodes_.Take(bits, SlotKind::kRun, slot.word);
    }
    nodes_.DropReferences(slot.word, 1);
  } else {
    Discount(slot, level);
    if (slot.kind == SlotKind::kEntry && slot.word != f.ops->absent(f, level) &&
        f.HasLeafSize(f.level[below].shift)) {
      run = SmallerLeaves(f, level, base, slot.word);
      counts_.leaf_entries += f.Entries(below);
    }
    Count({SlotKind::kTable, 0}, level);
  }
  const uint32_t node = nodes_.Take(bits, SlotKind::kEntry, absent);
  if (run.kind == TableRun::kEmpty) return node;
  const int shift = f.level[below].shift;
  for (uint64_t i = 0; i < f.Entries(below); ++i)
    nodes_.Set(node, i,
               {SlotKind::kEntry, RunBits(f, run, base + (i << shift))});
  return node;
}

// What all entries of a node are, where they are one run.
std::optional<TableRun> PageTable::UniformRun(uint32_t node, int level,
                                              uint64_t base) const {
  const Format& f = *format_;
  const int bits = f.level[level].bits;
  const uint64_t n = f.Entries(level);
  const uint64_t word = nodes_.word(node, 0);
  if (nodes_.AllOf(node, bits, SlotKind::kRun)) {
    const TableRun& run = nodes_.run(word);
    for (uint64_t i = 1; i < n; ++i) {
      const uint64_t other = nodes_.word(node, i);
      if (other != word && !(nodes_.run(other) == run)) return std::nullopt;
    }
    return run;
  }
  if (!nodes_.AllOf(node, bits, SlotKind::kEntry)) return std::nullopt;
  TableRun run{.kind = TableRun::kEmpty, .level = static_cast<uint8_t>(level)};
  const uint64_t end = nodes_.word(node, n - 1);
  const int shift = f.level[level].shift;
  if (word != f.ops->absent(f, level)) {
    if (end == f.ops->absent(f, level)) return std::nullopt;
    const LeafFields leaf = f.ops->parse_leaf(f, level, word);
    run.kind = TableRun::kLinear;
    run.size_bits = leaf.size_bits;
    run.bits = leaf.rest;
    run.address = leaf.address - (base >> leaf.size_bits << leaf.size_bits);
    if (RunBits(f, run, base + ((n - 1) << shift)) != end) {
      run.kind = TableRun::kConstant;
      run.address = leaf.address;
    }
  }
  if (end != RunBits(f, run, base + ((n - 1) << shift))) return std::nullopt;
  for (uint64_t i = 0; i < n; ++i) {
    if (nodes_.word(node, i) != (run.kind == TableRun::kLinear
                                     ? RunBits(f, run, base + (i << shift))
                                     : word))
      return std::nullopt;
  }
  return run;
}

// The node's table as an entry of level + 1.
TableSlot PageTable::Collapse(uint32_t node, int level, uint64_t base) {
  const std::optional<TableRun> run = UniformRun(node, level, base);
  if (!run) return {SlotKind::kTable, node};
  const int bits = format_->level[level].bits;
  const TableRun kept = *run;
  if (kept.level < level) {
    for (uint64_t i = 0; i < format_->Entries(level); ++i)
      nodes_.DropReferences(nodes_.word(node, i), 1);
  }
  nodes_.Give(node, bits);
  return {SlotKind::kRun, nodes_.TakeRun(kept, 1)};
}

}  // namespace iovalab
