#include "model/addr/interval_table.h"

#include "sim/check.h"

namespace iovalab {

void IntervalTable::Insert(const Entry& entry) {
  sim::Check(entry.first <= entry.last, "entry ends before it begins");
  sim::Check(!FirstIn(entry.first, entry.last), "entry overlaps another");
  entries_.emplace(entry.first, entry);
}

void IntervalTable::Erase(uint64_t first) {
  sim::Check(entries_.erase(first) == 1, "no such entry");
}

std::optional<Entry> IntervalTable::Find(uint64_t key) const {
  auto it = entries_.upper_bound(key);
  if (it == entries_.begin()) return std::nullopt;
  --it;
  if (!it->second.Contains(key)) return std::nullopt;
  return it->second;
}

std::optional<Entry> IntervalTable::FirstIn(uint64_t first,
                                            uint64_t last) const {
  if (std::optional<Entry> at = Find(first)) return at;
  auto it = entries_.lower_bound(first);
  if (it == entries_.end() || it->first > last) return std::nullopt;
  return it->second;
}

std::optional<Entry> IntervalTable::AtOrAfter(uint64_t key) const {
  auto it = entries_.lower_bound(key);
  if (it == entries_.end()) return std::nullopt;
  return it->second;
}

std::optional<Entry> IntervalTable::Before(uint64_t key) const {
  auto it = entries_.lower_bound(key);
  if (it == entries_.begin()) return std::nullopt;
  return std::prev(it)->second;
}

IntervalTable::Reverse IntervalTable::FindByTarget(uint64_t tag, uint64_t first,
                                                   uint64_t last) const {
  Reverse result;
  for (const auto& [key, entry] : entries_) {
    ++result.scanned;
    if (entry.tag == tag && entry.target <= last &&
        first <= entry.target_last()) {
      result.entry = entry;
      break;
    }
  }
  return result;
}

uint64_t IntervalTable::CountThrough(uint64_t key) const {
  return std::distance(entries_.begin(), entries_.upper_bound(key));
}

std::optional<IntervalTable::Hole> IntervalTable::FirstHole(
    uint64_t begin, uint64_t size_minus_1) const {
  Hole hole{begin, 0};
  for (const auto& [key, entry] : entries_) {
    ++hole.scanned;
    if (entry.last < begin) continue;
    if (entry.first > hole.first && entry.first - hole.first > size_minus_1) {
      return hole;
    }
    if (entry.last == UINT64_MAX) return std::nullopt;
    hole.first = entry.last + 1;
  }
  if (UINT64_MAX - hole.first > size_minus_1) return hole;
  return std::nullopt;
}

}  // namespace iovalab
