#include "model/iommu/page_table.h"

#include <algorithm>

#include "sim/check.h"

namespace iovalab {

// Cached runs are referred to by the operation too, so that they stay.
struct PageTable::MapOp {
  uint64_t first, last;
  TableRun run;
  uint32_t run_id;
};
struct PageTable::ClearOp {
  uint64_t first, last;
  FreeTables free;
};

PageTable::PageTable(const Format* format) : format_(format) {
  const int root = format->root_level();
  root_ = {SlotKind::kRun, nodes_.TakeRun({.kind = TableRun::kEmpty,
                                           .level = static_cast<uint8_t>(root)},
                                          1)};
  Count(root_, format->levels);
}

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

namespace {

void Add(TableCounts& to, const TableCounts& c, uint64_t times) {
  to.tables += times * c.tables;
  to.table_entries += times * c.table_entries;
  to.leaf_entries += times * c.leaf_entries;
  to.poisoned += times * c.poisoned;
  to.bytes += times * c.bytes;
}

}  // namespace

void PageTable::Count(TableSlot slot, int level) {
  Add(counts_, CountOf(slot, level), 1);
}
void PageTable::Discount(TableSlot slot, int level) {
  Add(counts_, CountOf(slot, level), ~uint64_t{0});  // minus one, modulo 2^64
}

// Nodes.

void PageTable::Drop(TableSlot slot, int level) {
  Discount(slot, level);
  if (slot.kind == SlotKind::kRun) nodes_.DropReferences(slot.word, 1);
  if (slot.kind != SlotKind::kTable) return;
  const uint32_t node = static_cast<uint32_t>(slot.word);
  const int bits = format_->level[level - 1].bits;
  const uint64_t absent = format_->ops->absent(*format_, level - 1);
  for (uint64_t i = 0; i < uint64_t{1} << bits; ++i) {
    const TableSlot child = nodes_.slot(node, i);
    if (child.kind == SlotKind::kEntry && child.word == absent) continue;
    Drop(child, level - 1);
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

// Map.

MapStatus PageTable::Map(const MapArgs& args) {
  const Format& f = *format_;
  const int level = f.LeafLevel(args.size_bits);
  if (level < 0) return MapStatus::kLeafSize;
  if (args.last > f.last_position() || args.first > args.last)
    return MapStatus::kWidth;
  const uint64_t offset = (uint64_t{1} << args.size_bits) - 1;
  if ((args.first & offset) != 0 || (args.last & offset) != offset ||
      (args.address & offset) != 0)
    return MapStatus::kAlignment;
  MapOp op{
      .first = args.first,
      .last = args.last,
      .run = {.kind = args.constant ? TableRun::kConstant : TableRun::kLinear,
              .level = static_cast<uint8_t>(level),
              .size_bits = args.size_bits,
              .address =
                  args.constant ? args.address : args.address - args.first,
              .bits =
                  args.leaf_bits != 0
                      ? args.leaf_bits
                      : f.ops->leaf_entry(f, level, args.size_bits, args.perm)},
      .run_id = 0};
  // As an entry that is read back would say it: addresses wrap.
  if (args.constant) {
    op.run.address =
        f.ops->parse_leaf(f, level, RunBits(f, op.run, args.first)).address;
  }
  op.run_id = nodes_.TakeRun(op.run, 1);
  root_ = MapSlot(root_, f.levels, 0, op);
  nodes_.DropReferences(op.run_id, 1);
  ++generation_;
  return MapStatus::kOk;
}

TableSlot PageTable::MapSlot(TableSlot slot, int level, uint64_t base,
                             MapOp& op) {
  const Format& f = *format_;
  const uint64_t last = base + Span(level);
  if (op.first <= base && last <= op.last) {
    Drop(slot, level);
    if (level > op.run.level) {
      nodes_.AddReferences(op.run_id, 1);
      slot = {SlotKind::kRun, op.run_id};
    } else {
      slot = {SlotKind::kEntry, RunBits(f, op.run, base)};
    }
    Count(slot, level);
    return slot;
  }
  sim::Check(level > op.run.level, "a map range aligned to its leaves");
  const int below = level - 1;
  const int shift = f.level[below].shift;
  // What was empty and is written in part is no run.
  const bool was_empty = slot.kind == SlotKind::kRun
                             ? nodes_.run(slot.word).kind == TableRun::kEmpty
                             : slot.kind == SlotKind::kEntry &&
                                   slot.word == f.ops->absent(f, level);
  const uint32_t node = Expand(slot, level, base);
  uint64_t from = f.Index(below, std::max(op.first, base));
  uint64_t to = f.Index(below, std::min(op.last, last));
  // The entries at the ends may be covered in part.
  for (const uint64_t i : {from, to}) {
    const uint64_t at = base + (i << shift);
    if (at >= op.first && at + Span(below) <= op.last) continue;
    const TableSlot changed = MapSlot(nodes_.slot(node, i), below, at, op);
    nodes_.Set(node, i, changed);
    if (from == to) {
      from = to + 1;
      break;
    }
    i == from ? ++from : --to;
  }
  if (from <= to) FillCovered(node, below, base, from, to, op);
  if (was_empty) return {SlotKind::kTable, node};
  return Collapse(node, below, base);
}

// Entries [from, to] of the node, each of which the range covers whole.
void PageTable::FillCovered(uint32_t node, int level, uint64_t base,
                            uint64_t from, uint64_t to, MapOp& op) {
  const Format& f = *format_;
  const int shift = f.level[level].shift;
  const uint64_t absent = f.ops->absent(f, level);
  for (uint64_t i = from; i <= to; ++i) {
    const TableSlot old = nodes_.slot(node, i);
    if (old.kind != SlotKind::kEntry || old.word != absent) Drop(old, level);
  }
  const uint64_t n = to - from + 1;
  if (level > op.run.level) {
    nodes_.SetRange(node, from, to, {SlotKind::kRun, op.run_id});
    nodes_.AddReferences(op.run_id, static_cast<uint32_t>(n));
    Add(counts_, CountOf({SlotKind::kRun, op.run_id}, level), n);
    return;
  }
  nodes_.SetRange(node, from, to, {SlotKind::kEntry, RunBits(f, op.run, base)});
  counts_.leaf_entries += n;
  if (op.run.kind == TableRun::kConstant) return;
  for (uint64_t i = from; i <= to; ++i)
    nodes_.SetWord(node, i, RunBits(f, op.run, base + (i << shift)));
}

// Unmap.

// Moves the ends of the range to borders of leaves; false where nothing is
// left of it.
bool PageTable::AlignFirst(uint64_t* first, uint64_t last,
                           PartialLeaf partial) {
  for (;;) {
    const std::optional<FoundLeaf> leaf = Find(*first);
    if (!leaf || leaf->first == *first) return true;
    if (partial == PartialLeaf::kKeep) {
      *first = leaf->last + 1;
      return leaf->last < last;
    }
    if (partial == PartialLeaf::kDrop || !Split(leaf->level, *first)) {
      *first = leaf->first;
      return true;
    }
  }
}

bool PageTable::AlignLast(uint64_t first, uint64_t* last, PartialLeaf partial) {
  for (;;) {
    const std::optional<FoundLeaf> leaf = Find(*last);
    if (!leaf || leaf->last == *last) return true;
    if (partial == PartialLeaf::kKeep) {
      *last = leaf->first - 1;
      return leaf->first > first;
    }
    if (partial == PartialLeaf::kDrop || !Split(leaf->level, *last)) {
      *last = leaf->last;
      return true;
    }
  }
}

uint64_t PageTable::Unmap(uint64_t first, uint64_t last, PartialLeaf partial,
                          FreeTables tables) {
  last = std::min(last, format_->last_position());
  if (first > last || !AlignFirst(&first, last, partial) ||
      !AlignLast(first, &last, partial))
    return 0;
  const uint64_t before = counts_.leaf_entries;
  ClearOp op{first, last, tables};
  root_ = ClearSlot(root_, format_->levels, 0, op);
  ++generation_;
  return before - counts_.leaf_entries;
}

TableSlot PageTable::EmptyTables(TableSlot slot, int level, uint64_t base,
                                 ClearOp& op) {
  const Format& f = *format_;
  if (slot.kind == SlotKind::kRun) {
    TableRun run = nodes_.run(slot.word);
    if (run.kind == TableRun::kEmpty) return slot;
    Drop(slot, level);
    run = {.kind = TableRun::kEmpty, .level = run.level};
    slot = {SlotKind::kRun, nodes_.TakeRun(run, 1)};
    Count(slot, level);
    return slot;
  }
  if (slot.kind != SlotKind::kTable) {
    Drop(slot, level);
    return {SlotKind::kEntry, f.ops->absent(f, level)};
  }
  return ClearSlot(slot, level, base, op);
}

TableSlot PageTable::ClearSlot(TableSlot slot, int level, uint64_t base,
                               ClearOp& op) {
  const Format& f = *format_;
  const uint64_t last = base + Span(level);
  const bool covered = op.first <= base && last <= op.last;
  if (covered && op.free == FreeTables::kCovered) {
    Drop(slot, level);
    if (level < f.levels) return {SlotKind::kEntry, f.ops->absent(f, level)};
    slot = {SlotKind::kRun,
            nodes_.TakeRun({.kind = TableRun::kEmpty,
                            .level = static_cast<uint8_t>(level - 1)},
                           1)};
    Count(slot, level);
    return slot;
  }
  if (covered && slot.kind != SlotKind::kTable)
    return EmptyTables(slot, level, base, op);
  if (slot.kind == SlotKind::kEntry || slot.kind == SlotKind::kPoison)
    return slot;  // nothing below
  // An empty run stays unless tables of it are freed.
  if (slot.kind == SlotKind::kRun && op.free == FreeTables::kNone &&
      nodes_.run(slot.word).kind == TableRun::kEmpty)
    return slot;
  const int below = level - 1;
  if (slot.kind == SlotKind::kRun && nodes_.run(slot.word).level == below &&
      nodes_.run(slot.word).kind == TableRun::kEmpty)
    return slot;
  const uint32_t node = Expand(slot, level, base);
  const uint64_t from = f.Index(below, std::max(op.first, base));
  const uint64_t to = f.Index(below, std::min(op.last, last));
  const uint64_t absent = f.ops->absent(f, below);
  for (uint64_t i = from; i <= to; ++i) {
    const TableSlot old = nodes_.slot(node, i);
    if (old.kind == SlotKind::kEntry && old.word == absent) continue;
    const TableSlot changed =
        ClearSlot(old, below, base + (i << f.level[below].shift), op);
    nodes_.Set(node, i, changed);
  }
  return Collapse(node, below, base);
}

}  // namespace iovalab
