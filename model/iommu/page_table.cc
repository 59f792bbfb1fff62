#include "model/iommu/page_table.h"

#include <algorithm>

#include "sim/check.h"

namespace iovalab {

// Cached runs are referred to by the operation too, so that they stay.
struct PageTable::MapOp {
  uint64_t first, last;
  TableRun run;
  uint32_t run_id;
  FreedBelow freed;
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

// Map.

MapStatus PageTable::Map(const MapArgs& args, bool* freed_tables) {
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
      .run_id = 0,
      .freed = {level, false}};
  // As an entry that is read back would say it: addresses wrap.
  if (args.constant) {
    op.run.address =
        f.ops->parse_leaf(f, level, RunBits(f, op.run, args.first)).address;
  }
  op.run_id = nodes_.TakeRun(op.run, 1);
  root_ = MapSlot(root_, f.levels, 0, op);
  nodes_.DropReferences(op.run_id, 1);
  ++generation_;
  if (freed_tables != nullptr && op.freed.any) *freed_tables = true;
  return MapStatus::kOk;
}

TableSlot PageTable::MapSlot(TableSlot slot, int level, uint64_t base,
                             MapOp& op) {
  const Format& f = *format_;
  const uint64_t last = base + Span(level);
  if (op.first <= base && last <= op.last) {
    Drop(slot, level, &op.freed);
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
    if (old.kind != SlotKind::kEntry || old.word != absent)
      Drop(old, level, &op.freed);
  }
  const uint64_t n = to - from + 1;
  if (level > op.run.level) {
    nodes_.SetRange(node, from, to, {SlotKind::kRun, op.run_id});
    nodes_.AddReferences(op.run_id, static_cast<uint32_t>(n));
    Count({SlotKind::kRun, op.run_id}, level, n);
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
