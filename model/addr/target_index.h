#ifndef IOVALAB_MODEL_ADDR_TARGET_INDEX_H_
#define IOVALAB_MODEL_ADDR_TARGET_INDEX_H_

// TargetIndex: the keys of an IntervalTable's entries by target, to find which
// of the entries whose targets touch a range has the least key. It is kept
// small, as a look-up's time is the memory it touches: of an entry it holds
// target, key and the length's binary logarithm, rounded up; what passes for a
// candidate by these is looked up in the KeyIndex, where the answer comes from
// anyway.
//
// Not for: use outside IntervalTable, which says what the query means.
//
// Cost: a candidate is an entry that touches the range once its length is
// rounded up to a power of two, whatever its tag. A query goes down one path of
// O(log n) nodes for each candidate in the worst case, but never into a subtree
// without a candidate or without a key below the best so far, and first where
// the least key is. So it is O(log n) where targets do not alias, for any
// number of aliases of one target, and for ranges that touch much at once.
// Targets that wrap past 2^64 are candidates wherever they begin below the
// range's end.

#include <cstddef>
#include <cstdint>

#include "model/addr/entry.h"
#include "model/addr/index_tree.h"
#include "model/addr/key_index.h"

namespace iovalab {

struct TargetPolicy {
  struct Key {
    uint64_t target;
    uint64_t first;  // Entry::first, to tell aliases apart
  };
  // The least v such that the entry has at most 2^(v + 1) keys: 0 to 63.
  using Value = uint8_t;
  static Value ToValue(Value size) { return size; }
  static constexpr Key kPad = {UINT64_MAX, UINT64_MAX};
  static constexpr uint32_t kLeafSize = 24;
  static constexpr uint32_t kInnerSize = 32;
  static constexpr uint32_t kPrefetchValues = kLeafSize;

  template <size_t N>
  struct Keys {
    uint64_t target[N];
    uint64_t first[N];

    Key Get(uint32_t i) const { return {target[i], first[i]}; }
    void Set(uint32_t i, const Key& key) {
      target[i] = key.target;
      first[i] = key.first;
    }
  };
  template <size_t N>
  static uint32_t CountLe(const Keys<N>& keys, const Key& key) {
    uint32_t c = CountPrefix(keys.target, key.target);
    while (c > 0 && keys.target[c - 1] == key.target &&
           keys.first[c - 1] > key.first) {
      --c;
    }
    return c;
  }

  // 2^(size + 1) - 1: the length less 1, at the most.
  static uint64_t Length(Value size) { return (uint64_t{2} << size) - 1; }
  // The last target, at the most: 2^64 - 1 where it could wrap.
  static uint64_t Reach(uint64_t target, Value size) {
    const uint64_t reach = target + Length(size);
    return reach < target ? UINT64_MAX : reach;
  }

  struct Sums {
    uint64_t reach_through[kInnerSize];  // greatest of reach[0...i]
    uint64_t reach[kInnerSize];          // greatest in the subtree
    uint64_t min_first[kInnerSize];      // least key in the subtree
    // Greatest size in the subtree; where entries left, perhaps more.
    Value size[kInnerSize];

    void Move(const Sums& from, uint32_t j, uint32_t i) {
      reach[i] = from.reach[j];
      min_first[i] = from.min_first[j];
      size[i] = from.size[j];
    }
  };
  struct Change {
    uint64_t reach, first;
    Value size;
  };

  template <typename Leaf>
  static void SumLeaf(const Leaf& leaf, Sums& sums, uint32_t i) {
    uint64_t reach = 0;
    uint64_t first = UINT64_MAX;
    Value size = 0;
    for (uint32_t j = 0; j < leaf.n; ++j) {
      size = Max(size, leaf.value[j]);
      reach = Max(reach, Reach(leaf.keys.target[j], leaf.value[j]));
      first = Min(first, leaf.keys.first[j]);
    }
    sums.reach[i] = reach;
    sums.min_first[i] = first;
    sums.size[i] = size;
  }
  template <typename Inner>
  static void SumInner(const Inner& in, Sums& sums, uint32_t i) {
    uint64_t first = UINT64_MAX;
    Value size = 0;
    for (uint32_t j = 0; j < in.n; ++j) {
      first = Min(first, in.sums.min_first[j]);
      size = Max(size, in.sums.size[j]);
    }
    sums.reach[i] = in.sums.reach_through[in.n - 1];
    sums.min_first[i] = first;
    sums.size[i] = size;
  }
  template <typename Inner>
  static bool Added(Inner& in, uint32_t i, const Change& c) {
    Sums& s = in.sums;
    s.reach[i] = Max(s.reach[i], c.reach);
    s.min_first[i] = Min(s.min_first[i], c.first);
    s.size[i] = Max(s.size[i], c.size);
    for (uint32_t j = i; j < in.n && s.reach_through[j] < c.reach; ++j) {
      s.reach_through[j] = c.reach;
    }
    return true;
  }
  template <typename Inner>
  static bool Removed(Inner& in, uint32_t i, const Change& c) {
    return c.reach != in.sums.reach[i] && c.first != in.sums.min_first[i];
  }
  template <typename Inner>
  static void Resummed(Inner& in, uint32_t i) {
    Sums& s = in.sums;
    uint64_t reach = i > 0 ? s.reach_through[i - 1] : 0;
    for (uint32_t j = i; j < in.n; ++j) {
      s.reach_through[j] = reach = Max(reach, s.reach[j]);
    }
  }
  template <typename Inner>
  static void Restructured(Inner& in) {
    Resummed(in, 0);
  }

 private:
  template <typename T>
  static T Max(T a, T b) {
    return a > b ? a : b;
  }
  static uint64_t Min(uint64_t a, uint64_t b) { return a < b ? a : b; }
};

class TargetIndex {
 public:
  using Tree = IndexTree<TargetPolicy>;

  void Clear() { tree_.Clear(); }
  const Tree& tree() const { return tree_; }  // for tests
  // The entry is not there; the entry is there.
  void Insert(const Entry& entry);
  void Erase(const Entry& entry);

  // The entry with the least key among those with the tag whose
  // [target, target_last()] touches [first, last]; rank 0 where none does.
  // `keys` holds the entries.
  KeyIndex::Ranked LeastKey(uint64_t tag, uint64_t first, uint64_t last,
                            const KeyIndex& keys) const;

 private:
  struct Query;
  static void SearchLeaf(const Tree::Leaf& leaf, TargetPolicy::Value size,
                         Query& query);
  void SearchChildren(uint32_t level, const Tree::Inner& in, uint32_t n,
                      Query& query) const;
  void Search(uint32_t level, uint32_t at, TargetPolicy::Value size,
              Query& query) const;

  Tree tree_;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_ADDR_TARGET_INDEX_H_
