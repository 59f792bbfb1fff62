#ifndef IOVALAB_MODEL_ADDR_KEY_INDEX_H_
#define IOVALAB_MODEL_ADDR_KEY_INDEX_H_

// KeyIndex: the entries of an IntervalTable in key order. Each subtree knows
// where its last entry ends, how many entries it has and its widest gap between
// two of them, so ranks and first fit take one descent.
//
// Not for: use outside IntervalTable, which says what the queries mean.
//
// Invariants: entries are disjoint. A gap is counted in free bytes; the space
// below the first and above the last entry of a subtree is not in its summary.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/addr/entry.h"
#include "model/addr/index_tree.h"

namespace iovalab {

struct KeyPolicy {
  using Key = uint64_t;  // Entry::first
  struct Value {
    uint64_t last, target, tag;
    uint32_t perm, born;
  };
  // Straight from the entry: a copy made just before would still be on its way
  // to memory, which the wide loads of a second copy would have to await.
  static Value ToValue(const Entry& e) {
    return {e.last, e.target, e.tag, e.perm, e.born};
  }
  static constexpr Key kPad = UINT64_MAX;
  static constexpr uint32_t kLeafSize = 24;
  static constexpr uint32_t kInnerSize = 32;
  static constexpr uint32_t kPrefetchValues = 0;

  template <size_t N>
  struct Keys {
    uint64_t first[N];

    Key Get(uint32_t i) const { return first[i]; }
    void Set(uint32_t i, Key key) { first[i] = key; }
  };
  template <size_t N>
  static uint32_t CountLe(const Keys<N>& keys, Key key) {
    return CountPrefix<N>(keys.first, key);
  }
  struct Sums {
    uint32_t below[kInnerSize];  // sum of count[0...i - 1]
    uint32_t count[kInnerSize];
    uint64_t last[kInnerSize];  // where the subtree's last entry ends
    uint64_t gap[kInnerSize];   // its widest gap

    void Move(const Sums& from, uint32_t j, uint32_t i) {
      last[i] = from.last[j];
      gap[i] = from.gap[j];
      count[i] = from.count[j];
    }
  };
  // One entry more or less, and the gap that it was put into or leaves behind
  // (anything where it is the first or last of the table).
  struct Change {
    uint64_t first, last, gap;
  };

  template <typename Leaf>
  static void SumLeaf(const Leaf& leaf, Sums& sums, uint32_t i) {
    uint64_t gap = 0;
    for (uint32_t j = 1; j < leaf.n; ++j) {
      gap = Max(gap, leaf.keys.first[j] - leaf.value[j - 1].last - 1);
    }
    sums.last[i] = leaf.value[leaf.n - 1].last;
    sums.gap[i] = gap;
    sums.count[i] = leaf.n;
  }
  template <typename Inner>
  static void SumInner(const Inner& in, Sums& sums, uint32_t i) {
    uint64_t gap = in.sums.gap[0];
    for (uint32_t j = 1; j < in.n; ++j) {
      gap = Max(gap, in.keys.first[j] - in.sums.last[j - 1] - 1);
      gap = Max(gap, in.sums.gap[j]);
    }
    sums.last[i] = in.sums.last[in.n - 1];
    sums.gap[i] = gap;
    sums.count[i] = in.sums.below[in.n - 1] + in.sums.count[in.n - 1];
  }
  // Here in.keys does not know of the new entry yet.
  template <typename Inner>
  static bool Added(Inner& in, uint32_t i, const Change& c) {
    Sums& s = in.sums;
    ++s.count[i];
    for (uint32_t j = 0; j < kInnerSize; ++j) s.below[j] += j > i;
    if (c.first > s.last[i]) {
      s.gap[i] = Max(s.gap[i], c.first - s.last[i] - 1);
      s.last[i] = c.last;
    } else if (c.first < in.keys.first[i]) {
      s.gap[i] = Max(s.gap[i], in.keys.first[i] - c.last - 1);
    } else {
      return c.gap != s.gap[i];
    }
    return true;
  }
  // Here in.keys no longer knows of the entry.
  template <typename Inner>
  static bool Removed(Inner& in, uint32_t i, const Change& c) {
    Sums& s = in.sums;
    --s.count[i];
    for (uint32_t j = 0; j < kInnerSize; ++j) s.below[j] -= j > i;
    if (c.first < in.keys.first[i] || c.last == s.last[i]) return false;
    s.gap[i] = Max(s.gap[i], c.gap);
    return true;
  }

  template <typename Inner>
  static void Resummed(Inner&, uint32_t) {}
  template <typename Inner>
  static void Restructured(Inner& in) {
    uint32_t sum = 0;
    for (uint32_t j = 0; j < in.n; ++j) {
      in.sums.below[j] = sum;
      sum += in.sums.count[j];
    }
  }

  static uint64_t Max(uint64_t a, uint64_t b) { return a > b ? a : b; }
};

class KeyIndex {
 public:
  using Tree = IndexTree<KeyPolicy>;

  size_t size() const { return tree_.size(); }
  void Clear() { tree_.Clear(); }
  const Tree& tree() const { return tree_; }  // for tests

  // False, and nothing done, where another entry is in the way.
  bool Insert(const Entry& entry);
  // The entry that begins at `first`, removed; nothing where none does.
  std::optional<Entry> Erase(uint64_t first);

  // The last entry that begins at or below key, and how many begin there.
  struct Ranked {
    Entry entry;
    uint64_t rank = 0;  // 0: there is none
  };
  Ranked AtOrBelow(uint64_t key) const;
  std::optional<Entry> Find(uint64_t key) const;
  std::optional<Entry> FirstIn(uint64_t first, uint64_t last) const;
  std::optional<Entry> AtOrAfter(uint64_t key) const;
  uint64_t CountThrough(uint64_t key) const;
  std::optional<uint64_t> FirstHole(uint64_t begin,
                                    uint64_t size_minus_1) const;

  template <typename F>
  void ForEach(F f) const {
    tree_.ForEach([&](uint64_t first, const KeyPolicy::Value& value) {
      f(ToEntry(first, value));
    });
  }

 private:
  static Entry ToEntry(uint64_t first, const KeyPolicy::Value& v) {
    return Entry{first, v.last, v.target, v.tag, v.perm, v.born};
  }
  // Of the place that a path leads to: where the entry before the leaf ends,
  // where the first one after it begins.
  std::optional<uint64_t> LastBeforeLeaf(const Tree::Path& path) const;
  std::optional<uint64_t> FirstAfterLeaf(const Tree::Path& path) const;

  std::optional<Entry> After(const Tree::Path& path) const;

  struct HoleSearch;
  bool HoleInLeaf(const Tree::Leaf& leaf, HoleSearch& search) const;
  bool HoleIn(uint32_t level, uint32_t at, HoleSearch& search) const;

  Tree tree_;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_ADDR_KEY_INDEX_H_
