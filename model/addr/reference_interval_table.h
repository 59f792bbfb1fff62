#ifndef IOVALAB_MODEL_ADDR_REFERENCE_INTERVAL_TABLE_H_
#define IOVALAB_MODEL_ADDR_REFERENCE_INTERVAL_TABLE_H_

// ReferenceIntervalTable: IntervalTable's contract over a plain ordered map,
// with scans where IntervalTable has indexes: obvious and slow.
//
// Not for: anything but tests and benchmarks.

#include <cstdint>
#include <iterator>
#include <map>
#include <optional>

#include "model/addr/entry.h"
#include "model/addr/interval_table.h"
#include "sim/check.h"

namespace iovalab {

class ReferenceIntervalTable {
 public:
  size_t size() const { return entries_.size(); }
  void Insert(const Entry& entry) { entries_.emplace(entry.first, entry); }
  void Erase(uint64_t first) {
    sim::Check(entries_.erase(first) == 1, "no such entry");
  }
  void Clear() { entries_.clear(); }

  std::optional<Entry> Find(uint64_t key) const { return FirstIn(key, key); }
  std::optional<Entry> FirstIn(uint64_t first, uint64_t last) const {
    auto it = entries_.upper_bound(first);
    if (it != entries_.begin() && std::prev(it)->second.last >= first) --it;
    if (it == entries_.end() || it->first > last) return std::nullopt;
    return it->second;
  }
  std::optional<Entry> AtOrAfter(uint64_t key) const {
    const auto it = entries_.lower_bound(key);
    if (it == entries_.end()) return std::nullopt;
    return it->second;
  }
  std::optional<Entry> Before(uint64_t key) const {
    const auto it = entries_.lower_bound(key);
    if (it == entries_.begin()) return std::nullopt;
    return std::prev(it)->second;
  }
  uint64_t CountThrough(uint64_t key) const {
    return std::distance(entries_.begin(), entries_.upper_bound(key));
  }

  IntervalTable::Reverse FindByTarget(uint64_t tag, uint64_t first,
                                      uint64_t last) const {
    IntervalTable::Reverse result;
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

  std::optional<IntervalTable::Hole> FirstHole(uint64_t begin,
                                               uint64_t size_minus_1) const {
    IntervalTable::Hole hole{begin, 0};
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

  template <typename F>
  void ForEach(F f) const {
    for (const auto& [key, entry] : entries_) f(entry);
  }

 private:
  std::map<uint64_t, Entry> entries_;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_ADDR_REFERENCE_INTERVAL_TABLE_H_
