#ifndef IOVALAB_MODEL_ADDR_TARGET_INDEX_H_
#define IOVALAB_MODEL_ADDR_TARGET_INDEX_H_

// TargetIndex: the entries of an IntervalTable by (tag, target), to find which
// of those whose targets touch a range has the least key. Each subtree knows
// its least key and the least and greatest end of its targets.
//
// Not for: use outside IntervalTable, which says what the query means.
//
// Cost: with a = the number of entries with the tag that the range touches and
// that begin below it (the depth of aliasing there), a query visits
// O((1 + a) log n) nodes; none below a subtree that the range touches in full
// or that has no key less than the best so far. So it is O(log n) without
// aliases, and for any number of aliases of the same target. Targets that wrap
// past 2^64 need no care: the same two comparisons decide, as in QEMU; only the
// bound counts them as aliases.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/addr/entry.h"
#include "model/addr/index_tree.h"

namespace iovalab {

struct TargetPolicy {
  struct Key {
    uint64_t tag, target;
    uint64_t first;  // Entry::first, to tell aliases apart
  };
  using Value = uint64_t;  // Entry::target_last()
  static constexpr Key kPad = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
  static constexpr uint32_t kLeafSize = 16;
  static constexpr uint32_t kInnerSize = 32;

  struct Compare {
    // Bitwise on purpose: a search tells nothing a predictor could learn.
    static bool Le(const Key& a, const Key& b) {
      return (a.tag < b.tag) | ((a.tag == b.tag) & ((a.target < b.target) |
                                                    ((a.target == b.target) &
                                                     (a.first <= b.first))));
    }
  };
  struct Sums {
    uint64_t max_last[kInnerSize];
    uint64_t min_last[kInnerSize];
    uint64_t min_first[kInnerSize];

    void Move(const Sums& from, uint32_t j, uint32_t i) {
      max_last[i] = from.max_last[j];
      min_last[i] = from.min_last[j];
      min_first[i] = from.min_first[j];
    }
  };
  struct Change {
    uint64_t last, first;
  };

  template <typename Leaf>
  static void SumLeaf(const Leaf& leaf, Sums& sums, uint32_t i) {
    Total t;
    for (uint32_t j = 0; j < leaf.n; ++j) {
      t.Add(leaf.value[j], leaf.value[j], leaf.key[j].first);
    }
    t.Write(sums, i);
  }
  template <typename Inner>
  static void SumInner(const Inner& in, Sums& sums, uint32_t i) {
    Total t;
    for (uint32_t j = 0; j < in.n; ++j) {
      t.Add(in.sums.max_last[j], in.sums.min_last[j], in.sums.min_first[j]);
    }
    t.Write(sums, i);
  }
  template <typename Inner>
  static bool Added(Inner& in, uint32_t i, const Change& c) {
    Total t{in.sums.max_last[i], in.sums.min_last[i], in.sums.min_first[i]};
    t.Add(c.last, c.last, c.first);
    t.Write(in.sums, i);
    return true;
  }
  template <typename Inner>
  static bool Removed(Inner& in, uint32_t i, const Change& c) {
    return c.last != in.sums.max_last[i] && c.last != in.sums.min_last[i] &&
           c.first != in.sums.min_first[i];
  }

 private:
  struct Total {
    uint64_t max_last = 0;
    uint64_t min_last = UINT64_MAX;
    uint64_t min_first = UINT64_MAX;

    void Add(uint64_t max, uint64_t min, uint64_t first) {
      if (max > max_last) max_last = max;
      if (min < min_last) min_last = min;
      if (first < min_first) min_first = first;
    }
    void Write(Sums& sums, uint32_t i) const {
      sums.max_last[i] = max_last;
      sums.min_last[i] = min_last;
      sums.min_first[i] = min_first;
    }
  };
};

class TargetIndex {
 public:
  void Clear() { tree_.Clear(); }
  // The entry is not there; the entry is there.
  void Insert(const Entry& entry);
  void Erase(const Entry& entry);

  // The least Entry::first among the entries with the tag whose
  // [target, target_last()] touches [first, last].
  std::optional<uint64_t> LeastKey(uint64_t tag, uint64_t first,
                                   uint64_t last) const;

 private:
  using Tree = IndexTree<TargetPolicy>;

  struct Query;
  void SearchLeaf(const Tree::Leaf& leaf, Query& query) const;
  void Search(uint32_t level, uint32_t at, Query& query) const;

  Tree tree_;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_ADDR_TARGET_INDEX_H_
