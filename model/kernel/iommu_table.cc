#include "model/kernel/iommu_table.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "sim/check.h"

namespace iovalab {
namespace {

int LargestSize(uint64_t sizes) { return std::bit_width(sizes) - 1; }

// The leaves of [first, last] of the run, largest first; sizes: those that may
// be used.
void WriteLeaves(IommuTable& table, const Entry& run, uint64_t first,
                 uint64_t last, uint64_t sizes) {
  while (sizes != 0) {
    const int bits = LargestSize(sizes);
    sizes &= ~(uint64_t{1} << bits);
    const uint64_t offset = (uint64_t{1} << bits) - 1;
    if (((run.first ^ run.target) & offset) != 0 || last - first < offset ||
        first > UINT64_MAX - offset) {
      continue;
    }
    const uint64_t from = (first + offset) & ~offset;
    // Of last + 1, which is 0 at the end of the space.
    const uint64_t to = ((last + 1) & ~offset) - 1;
    if (from > to || to > last) continue;
    const MapStatus status =
        table.pages.Map({.first = from,
                         .last = to,
                         .address = run.Translate(from),
                         .perm = run.perm,
                         .size_bits = static_cast<uint8_t>(bits),
                         .constant = false,
                         .leaf_bits = 0},
                        &table.freed_tables);
    sim::Check(status == MapStatus::kOk, "a run fits its format");
    if (first < from) WriteLeaves(table, run, first, from - 1, sizes);
    if (to < last) WriteLeaves(table, run, to + 1, last, sizes);
    return;
  }
  sim::Check(false, "a run is whole pages");
}

void AddRun(IommuTable& table, const Entry& run, Rule rule, Sink& sink) {
  IommuTableHeal(table, run.first, run.last, sink);
  sink.Add(kIommuStore, run, rule, Actor::kKernel);
  IommuWriteLeaves(table, run, run.first, run.last);
}

// Takes [from, to], of the run, out of it.
void CutRun(IommuTable& table, const Entry& run, uint64_t from, uint64_t to,
            Rule rule, Sink& sink) {
  IommuTableHeal(table, from, to, sink);
  sink.Del(kIommuStore, run, rule, Actor::kKernel);
  if (run.first < from) {
    Entry head = run;
    head.last = from - 1;
    sink.Add(kIommuStore, head, rule, Actor::kKernel);
  }
  if (to < run.last) {
    Entry tail = run;
    tail.first = to + 1;
    tail.target = run.Translate(to + 1);
    sink.Add(kIommuStore, tail, rule, Actor::kKernel);
  }
  table.pages.Unmap(
      from, to, PartialLeaf::kSplit,
      table.driver->frees_tables ? FreeTables::kCovered : FreeTables::kNone);
}

// What of a run goes when [first, last], which it touches, is unmapped.
struct Cut {
  uint64_t from = 0, to = 0;
  bool nothing = false;  // the driver refuses
  bool stops = false;    // and goes no further
  Rule rule;             // Rule::kNone: no leaf was cut
};
Cut CutOf(const IommuDriver& driver, const Entry& run, uint64_t first,
          uint64_t last) {
  const uint64_t from = std::max(run.first, first);
  const uint64_t to = std::min(run.last, last);
  const Range<Iova> head = IommuLeafAt(driver, run, from);
  const Range<Iova> tail = IommuLeafAt(driver, run, to);
  const bool inside = head.first.value < from;
  const bool beyond = tail.last.value > to;
  if (!inside && !beyond) return {from, to, false, false, Rule::kNone};
  switch (driver.partial) {
    case PartialUnmap::kDropsLeaf:
      break;
    case PartialUnmap::kSplitsLeaf:
      return {from, to, false, false, Rule::kIommuSplit};
    case PartialUnmap::kRefusesInside:
      if (inside) return {0, 0, true, true, Rule::kIommuPartRefused};
      return {from, tail.last.value, false, false, Rule::kIommuLeafDropped};
    case PartialUnmap::kRefuses:
      if (inside || tail.first.value == from) {
        return {0, 0, true, true, Rule::kIommuPartRefused};
      }
      return {from, tail.first.value - 1, false, true, Rule::kIommuPartRefused};
  }
  return {head.first.value, tail.last.value, false, false,
          driver.is_vtd() ? Rule::kIommuSuperpage : Rule::kIommuLeafDropped};
}

// Leaves that are there stay.
void MapAround(IommuTable& table, const Entry& run, Rule rule, Sink& sink) {
  Entry rest = run;
  while (const auto old =
             sink.table(kIommuStore).FirstIn(rest.first, run.last)) {
    rule = Rule::kIommuAlreadySet;
    if (old->first > rest.first) {
      Entry piece = rest;
      piece.last = old->first - 1;
      AddRun(table, piece, rule, sink);
    }
    if (old->last >= run.last) return;
    rest.first = old->last + 1;
    rest.target = run.Translate(rest.first);
  }
  AddRun(table, rest, rule, sink);
}

}  // namespace

IommuTable::IommuTable(const IommuDriver* d, uint64_t leaf_sizes)
    : pages(d->format) {
  if (leaf_sizes == 0 || (leaf_sizes & d->leaf_sizes) == d->leaf_sizes) {
    driver = {std::shared_ptr<void>(), d};  // not owned
    return;
  }
  IommuDriver row = *d;
  row.leaf_sizes &= leaf_sizes;
  sim::Check((row.leaf_sizes >> 12 & 1) != 0, "a driver writes pages");
  driver = std::make_shared<const IommuDriver>(row);
}

Range<Iova> IommuLeafAt(const IommuDriver& driver, const Entry& run,
                        uint64_t iova) {
  for (uint64_t sizes = driver.leaf_sizes; sizes != 0;) {
    const int bits = LargestSize(sizes);
    sizes &= ~(uint64_t{1} << bits);
    const uint64_t offset = (uint64_t{1} << bits) - 1;
    const uint64_t first = iova & ~offset;
    const uint64_t last = first + offset;
    const bool aligned = ((run.first ^ run.target) & offset) == 0;
    if (aligned && run.first <= first && last <= run.last) {
      return {Iova(first), Iova(last)};
    }
  }
  return {Iova(run.first), Iova(run.last)};  // no run is less than a page
}

bool IommuTableMap(IommuTable& table, const Entry& run, Rule rule, Sink& sink) {
  switch (table.driver->over) {
    case MapOver::kOldStays:
      MapAround(table, run, rule, sink);
      return true;
    case MapOver::kRefuses:
      if (sink.table(kIommuStore).FirstIn(run.first, run.last)) return false;
      break;
    case MapOver::kReplaces:
      while (const auto old =
                 sink.table(kIommuStore).FirstIn(run.first, run.last)) {
        const uint64_t from = std::max(old->first, run.first);
        const uint64_t to = std::min(old->last, run.last);
        CutRun(table, *old, IommuLeafAt(*table.driver, *old, from).first.value,
               IommuLeafAt(*table.driver, *old, to).last.value,
               Rule::kIommuReplaced, sink);
      }
      break;
  }
  AddRun(table, run, rule, sink);
  return true;
}

uint64_t IommuTableUnmap(IommuTable& table, uint64_t first, uint64_t last,
                         Rule rule, Sink& sink) {
  uint64_t cleared = first - 1;
  for (uint64_t at = first; at <= last;) {
    const auto run = sink.table(kIommuStore).FirstIn(at, last);
    if (table.driver->stops_at_hole && (!run || run->first > at)) {
      return cleared;
    }
    if (!run) break;
    const Cut cut = CutOf(*table.driver, *run, at, last);
    if (cut.nothing) return cleared;
    CutRun(table, *run, cut.from, cut.to,
           cut.rule == Rule::kNone ? rule : cut.rule, sink);
    cleared = cut.to;
    if (cut.stops || cut.to == UINT64_MAX) return cleared;
    at = cut.to + 1;
  }
  return cleared + 1 > last ? cleared : last;
}

void IommuWriteLeaves(IommuTable& table, const Entry& run, uint64_t first,
                      uint64_t last) {
  WriteLeaves(table, run, first, last, table.driver->leaf_sizes);
}

void IommuTableFree(IommuTable& table, Rule rule, Sink& sink) {
  while (const auto run = sink.table(kIommuStore).AtOrAfter(0)) {
    sink.Del(kIommuStore, *run, rule, Actor::kKernel);
  }
  while (const auto damaged = sink.table(kPoisonStore).AtOrAfter(0)) {
    sink.Del(kPoisonStore, *damaged, rule, Actor::kKernel);
  }
  table.pages = PageTable(table.driver->format);
}

}  // namespace iovalab
