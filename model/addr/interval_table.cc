#include "model/addr/interval_table.h"

#include "sim/check.h"

namespace iovalab {

void IntervalTable::Insert(const Entry& entry) {
  sim::Check(entry.first <= entry.last, "entry ends before it begins");
  sim::Check(keys_.Insert(entry), "entry overlaps another");
  if (by_target_) targets_.Insert(entry);
}

void IntervalTable::Erase(uint64_t first) {
  const std::optional<Entry> erased = keys_.Erase(first);
  sim::Check(erased.has_value(), "no such entry");
  if (by_target_) targets_.Erase(*erased);
}

void IntervalTable::Clear() {
  keys_.Clear();
  targets_.Clear();
}

std::optional<Entry> IntervalTable::Before(uint64_t key) const {
  if (key == 0) return std::nullopt;
  const KeyIndex::Ranked below = keys_.AtOrBelow(key - 1);
  if (below.rank == 0) return std::nullopt;
  return below.entry;
}

IntervalTable::Reverse IntervalTable::FindByTarget(uint64_t tag, uint64_t first,
                                                   uint64_t last) const {
  sim::Check(by_target_, "table is not indexed by target");
  const KeyIndex::Ranked found = targets_.LeastKey(tag, first, last, keys_);
  if (found.rank == 0) return {std::nullopt, size()};
  return {found.entry, found.rank};
}

std::optional<IntervalTable::Hole> IntervalTable::FirstHole(
    uint64_t begin, uint64_t size_minus_1) const {
  const std::optional<uint64_t> first = keys_.FirstHole(begin, size_minus_1);
  if (!first) return std::nullopt;
  const uint64_t below = keys_.CountThrough(*first);
  return Hole{*first, below < size() ? below + 1 : below};
}

}  // namespace iovalab
