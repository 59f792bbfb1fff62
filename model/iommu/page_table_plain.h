#ifndef IOVALAB_MODEL_IOMMU_PAGE_TABLE_PLAIN_H_
#define IOVALAB_MODEL_IOMMU_PAGE_TABLE_PLAIN_H_

// PlainTable: PageTable the obvious way: every table and every written entry is
// an item of a map, and every operation goes leaf by leaf. What tests compare
// PageTable with.
//
// Not for: anything but tests; ranges of more than some thousand leaves.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "model/iommu/page_table.h"

namespace iovalab {

class PlainTable {
 public:
  explicit PlainTable(const Format* format) : f_(*format) {
    tables_.insert({f_.root_level(), 0});
  }

  void Map(const MapArgs& args) {
    const int level = f_.LeafLevel(args.size_bits);
    const uint64_t step = uint64_t{1} << f_.level[level].shift;
    for (uint64_t at = args.first;; at += step) {
      const uint64_t size = uint64_t{1} << args.size_bits;
      const uint64_t address =
          args.address + (args.constant ? 0 : (at - args.first) / size * size);
      MakeTables(level, at);
      Remove(level, at);
      entries_[Key(level, at)] = {
          f_.ops->leaf_entry(f_, level, args.size_bits, args.perm) |
              f_.ops->leaf_address(f_, level, args.size_bits, address),
          false};
      if (args.last - at < step) return;
    }
  }

  uint64_t Unmap(uint64_t first, uint64_t last, PartialLeaf partial,
                 FreeTables tables) {
    if (!Trim(&first, true, first, last, partial) ||
        !Trim(&last, false, first, last, partial) || first > last)
      return 0;
    removed_leaves_ = 0;
    // Largest tables first: an entry that is covered whole and freed.
    for (int level = f_.root_level(); level >= 0; --level) {
      auto it = entries_.lower_bound(Key(level, first));
      while (it != entries_.end() && it->first.first == level) {
        const uint64_t at = it->first.second << f_.level[level].shift;
        ++it;
        if (at > last) break;
        const uint64_t end = at + ((uint64_t{1} << f_.level[level].shift) - 1);
        if (at < first || end > last) continue;
        const bool table = IsTable(level, at);
        if (table && tables == FreeTables::kNone) continue;
        Remove(level, at);
        it = entries_.lower_bound(Key(level, at));
      }
    }
    return removed_leaves_;
  }

  void Poison(int level, uint64_t at, uint64_t bits) {
    if (tables_.count({level, TableOf(level, at)}) == 0) return;
    Remove(level, at);
    entries_[Key(level, at)] = {bits, true};
  }

  std::optional<uint64_t> EntryBits(int level, uint64_t at) const {
    if (tables_.count({level, TableOf(level, at)}) == 0) return std::nullopt;
    const auto it = entries_.find(Key(level, at));
    if (it == entries_.end()) return f_.ops->absent(f_, level);
    return it->second.bits;
  }

  TableCounts Counts() const {
    TableCounts c;
    for (const auto& [level, number] : tables_) {
      ++c.tables;
      c.bytes += f_.TableBytes(level);
    }
    for (const auto& [key, entry] : entries_) {
      if (entry.poisoned) {
        ++c.poisoned;
      } else if (IsTable(key.first, key.second << f_.level[key.first].shift)) {
        ++c.table_entries;
      } else {
        ++c.leaf_entries;
      }
    }
    return c;
  }

  // The leaf around a position: level and entry.
  struct Leaf {
    int level;
    LeafFields fields;
  };
  std::optional<Leaf> Find(uint64_t at) const {
    for (int level = f_.root_level(); level >= 0; --level) {
      const auto it = entries_.find(Key(level, at));
      if (it == entries_.end()) return std::nullopt;
      if (it->second.poisoned) return std::nullopt;
      if (!IsTable(level, at))
        return Leaf{level, f_.ops->parse_leaf(f_, level, it->second.bits)};
    }
    return std::nullopt;
  }

  template <typename Fn>
  void ForEachRun(uint64_t first, uint64_t last, Fn f) const {
    RunJoiner<Fn> joiner(f);
    uint64_t at = first;
    for (;;) {
      const std::optional<Leaf> leaf = Find(at);
      uint64_t end = at | ((uint64_t{1} << f_.level[0].shift) - 1);
      if (leaf) {
        const uint64_t shift = f_.level[leaf->level].shift;
        end = at | ((uint64_t{1} << shift) - 1);
        const uint64_t offset = (uint64_t{1} << leaf->fields.size_bits) - 1;
        joiner.Add({at & ~offset, at | offset, leaf->fields.address,
                    leaf->fields.size_bits, false, leaf->fields.perm,
                    leaf->fields.rest});
      }
      if (end >= last) break;
      at = end + 1;
    }
    joiner.Finish();
  }

 private:
  struct Entry {
    uint64_t bits;
    bool poisoned;
  };
  using EntryKey = std::pair<int, uint64_t>;

  EntryKey Key(int level, uint64_t at) const {
    return {level, at >> f_.level[level].shift};
  }
  uint64_t TableOf(int level, uint64_t at) const {
    const int span = f_.level[level].shift + f_.level[level].bits;
    return span >= 64 ? 0 : at >> span;
  }
  bool IsTable(int level, uint64_t at) const {
    return level > 0 && tables_.count({level - 1, TableOf(level - 1, at)}) != 0;
  }

  bool IsLeaf(const std::pair<const EntryKey, Entry>& item) const {
    const auto& [level, number] = item.first;
    return !item.second.poisoned &&
           !IsTable(level, number << f_.level[level].shift);
  }

  // The entry and all below it.
  void Remove(int level, uint64_t at) {
    if (IsTable(level, at)) {
      const uint64_t first = at >> f_.level[level].shift
                                       << f_.level[level].shift;
      const uint64_t last =
          first + ((uint64_t{1} << f_.level[level].shift) - 1);
      for (int l = level - 1; l >= 0; --l) {
        for (auto it = entries_.lower_bound(Key(l, first));
             it != entries_.end() && it->first <= Key(l, last); ++it) {
          removed_leaves_ += IsLeaf(*it);
        }
        entries_.erase(entries_.lower_bound(Key(l, first)),
                       entries_.upper_bound(Key(l, last)));
        tables_.erase(tables_.lower_bound({l, TableOf(l, first)}),
                      tables_.upper_bound({l, TableOf(l, last)}));
      }
      entries_.erase(Key(level, at));
      return;
    }
    const auto it = entries_.find(Key(level, at));
    if (it == entries_.end()) return;
    removed_leaves_ += IsLeaf(*it);
    entries_.erase(it);
  }

  // The tables above level's entry at `at`, down to its own.
  void MakeTables(int level, uint64_t at) {
    for (int l = f_.root_level(); l > level; --l) {
      if (IsTable(l, at)) continue;
      const auto it = entries_.find(Key(l, at));
      std::optional<Entry> old;
      if (it != entries_.end()) old = it->second;
      entries_.erase(Key(l, at));
      const uint64_t base = at >> f_.level[l].shift << f_.level[l].shift;
      tables_.insert({l - 1, TableOf(l - 1, at)});
      entries_[Key(l, at)] = {
          f_.ops->table_entry(f_, l, f_.TableAddress(l - 1, at)), false};
      if (!old || old->poisoned) continue;
      // A leaf becomes leaves of the next level.
      LeafFields leaf = f_.ops->parse_leaf(f_, l, old->bits);
      const int size = f_.level[l - 1].shift;
      if (!f_.HasLeafSize(size)) continue;
      leaf.address += base & ((uint64_t{1} << leaf.size_bits) - 1);
      for (uint64_t i = 0; i < f_.Entries(l - 1); ++i) {
        entries_[Key(l - 1, base + (i << size))] = {
            ReshapeLeaf(f_, leaf.rest, leaf.perm, l, leaf.size_bits, l - 1,
                        size) |
                f_.ops->leaf_address(f_, l - 1, size,
                                     leaf.address + (i << size)),
            false};
      }
    }
  }

  // Moves one end of the range to the border of a leaf; false where nothing is
  // left.
  bool Trim(uint64_t* end, bool is_first, uint64_t first, uint64_t last,
            PartialLeaf partial) {
    for (;;) {
      const std::optional<Leaf> leaf = Find(*end);
      if (!leaf) return true;
      const uint64_t offset = (uint64_t{1} << leaf->fields.size_bits) - 1;
      const uint64_t from = *end & ~offset, to = *end | offset;
      if (*end == (is_first ? from : to)) return true;
      if (partial == PartialLeaf::kKeep) {
        if (is_first ? to >= last : from <= first) return false;
        *end = is_first ? to + 1 : from - 1;
        return true;
      }
      if (partial == PartialLeaf::kDrop || !SplitLeaf(*leaf, *end)) {
        *end = is_first ? from : to;
        return true;
      }
    }
  }

  bool SplitLeaf(const Leaf& leaf, uint64_t at) {
    const int shift = f_.level[leaf.level].shift;
    if (leaf.fields.size_bits == shift) {
      if (leaf.level == 0 || !f_.HasLeafSize(f_.level[leaf.level - 1].shift))
        return false;
      MakeTables(leaf.level - 1, at);
      return true;
    }
    if (!f_.HasLeafSize(shift)) return false;
    const uint64_t bits = entries_.at(Key(leaf.level, at)).bits;
    const uint64_t size = uint64_t{1} << leaf.fields.size_bits;
    const uint64_t first = at & ~(size - 1);
    for (uint64_t i = 0; i < size; i += uint64_t{1} << shift) {
      if (IsTable(leaf.level, first + i)) continue;
      const auto it = entries_.find(Key(leaf.level, first + i));
      if (it == entries_.end() || it->second.poisoned ||
          it->second.bits != bits)
        continue;
      it->second.bits =
          ReshapeLeaf(f_, leaf.fields.rest, leaf.fields.perm, leaf.level,
                      leaf.fields.size_bits, leaf.level, shift) |
          f_.ops->leaf_address(f_, leaf.level, shift, leaf.fields.address + i);
    }
    return true;
  }

  const Format& f_;
  std::map<EntryKey, Entry> entries_;
  std::set<EntryKey> tables_;
  uint64_t removed_leaves_ = 0;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_PAGE_TABLE_PLAIN_H_
