#ifndef IOVALAB_MODEL_ADDR_TARGET_INDEX_H_
#define IOVALAB_MODEL_ADDR_TARGET_INDEX_H_

// TargetIndex: the entries of an IntervalTable by target, to find which of
// those with a tag whose targets touch a range has the least key. Each subtree
// knows its least key, the least and greatest end of its targets, and the least
// and greatest tag.
//
// Not for: use outside IntervalTable, which says what the query means.
//
// Cost: let a be the number of entries that the range touches and that begin
// below it (the depth of aliasing there), and b that of those it touches which
// have another tag. A query visits O((1 + a + b) log n) nodes, and none below a
// subtree whose entries it touches all, or that has no key less than the best
// so far, or not the tag. So it is O(log n) without aliases, and for any number
// of aliases of the same target and tag. Targets that wrap past 2^64 need no
// care, as the same two comparisons decide for them; the bound counts them as
// aliases.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/addr/entry.h"
#include "model/addr/index_tree.h"

namespace iovalab {

struct TargetPolicy {
  struct Key {
    uint64_t target, tag;
    uint64_t first;  // Entry::first, to tell aliases apart
  };
  struct Value {
    uint64_t last;  // Entry::target_last()
    uint32_t perm, born;
  };
  static constexpr Key kPad = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
  static constexpr uint32_t kLeafSize = 24;
  static constexpr uint32_t kInnerSize = 32;
  static constexpr uint32_t kPrefetchValues = kLeafSize * sizeof(uint64_t);

  template <size_t N>
  struct Keys {
    uint64_t target[N];
    struct {
      uint64_t tag, first;
    } rest[N];

    Key Get(uint32_t i) const {
      return {target[i], rest[i].tag, rest[i].first};
    }
    void Set(uint32_t i, const Key& key) {
      target[i] = key.target;
      rest[i] = {key.tag, key.first};
    }
  };
  template <size_t N>
  struct Values {
    uint64_t last[N];
    struct {
      uint32_t perm, born;
    } rest[N];

    Value Get(uint32_t i) const {
      return {last[i], rest[i].perm, rest[i].born};
    }
    void Set(uint32_t i, const Value& value) {
      last[i] = value.last;
      rest[i] = {value.perm, value.born};
    }
  };
  template <size_t N>
  static uint32_t CountLe(const Keys<N>& keys, const Key& key) {
    uint32_t c = CountPrefix<N>(keys.target, key.target);
    while (c > 0 && keys.target[c - 1] == key.target &&
           (keys.rest[c - 1].tag > key.tag ||
            (keys.rest[c - 1].tag == key.tag &&
             keys.rest[c - 1].first > key.first))) {
      --c;
    }
    return c;
  }

  struct Total {
    uint64_t max_last = 0;
    uint64_t min_last = UINT64_MAX;
    uint64_t min_first = UINT64_MAX;
    uint64_t min_tag = UINT64_MAX;
    uint64_t max_tag = 0;

    void Add(const Total& t) {
      if (t.max_last > max_last) max_last = t.max_last;
      if (t.min_last < min_last) min_last = t.min_last;
      if (t.min_first < min_first) min_first = t.min_first;
      if (t.min_tag < min_tag) min_tag = t.min_tag;
      if (t.max_tag > max_tag) max_tag = t.max_tag;
    }
  };
  struct Sums {
    Total total[kInnerSize];
    uint64_t max_last_through[kInnerSize];  // of total[0...i]

    void Move(const Sums& from, uint32_t j, uint32_t i) {
      total[i] = from.total[j];
    }
  };
  using Change = Total;  // of the one entry

  template <typename Leaf>
  static void SumLeaf(const Leaf& leaf, Sums& sums, uint32_t i) {
    Total t;
    for (uint32_t j = 0; j < leaf.n; ++j) {
      t.Add({leaf.values.last[j], leaf.values.last[j], leaf.keys.rest[j].first,
             leaf.keys.rest[j].tag, leaf.keys.rest[j].tag});
    }
    sums.total[i] = t;
  }
  template <typename Inner>
  static void SumInner(const Inner& in, Sums& sums, uint32_t i) {
    Total t;
    for (uint32_t j = 0; j < in.n; ++j) t.Add(in.sums.total[j]);
    sums.total[i] = t;
  }
  template <typename Inner>
  static bool Added(Inner& in, uint32_t i, const Change& c) {
    in.sums.total[i].Add(c);
    uint64_t* through = in.sums.max_last_through;
    for (uint32_t j = i; j < in.n && through[j] < c.max_last; ++j) {
      through[j] = c.max_last;
    }
    return true;
  }
  template <typename Inner>
  static bool Removed(Inner& in, uint32_t i, const Change& c) {
    const Total& t = in.sums.total[i];
    return c.max_last != t.max_last && c.min_last != t.min_last &&
           c.min_first != t.min_first && t.min_tag == t.max_tag;
  }
  template <typename Inner>
  static void Resummed(Inner& in, uint32_t i) {
    Sums& s = in.sums;
    uint64_t max = i > 0 ? s.max_last_through[i - 1] : 0;
    for (uint32_t j = i; j < in.n; ++j) {
      if (s.total[j].max_last > max) max = s.total[j].max_last;
      s.max_last_through[j] = max;
    }
  }
  template <typename Inner>
  static void Restructured(Inner& in) {
    Resummed(in, 0);
  }
};

class TargetIndex {
 public:
  void Clear() { tree_.Clear(); }
  // The entry is not there; the entry is there.
  void Insert(const Entry& entry);
  void Erase(const Entry& entry);

  struct Found {
    uint64_t first;              // its key
    std::optional<Entry> entry;  // itself, where the search came past it
  };
  // The entry with the least key among those with the tag whose
  // [target, target_last()] touches [first, last].
  std::optional<Found> LeastKey(uint64_t tag, uint64_t first,
                                uint64_t last) const;

 private:
  using Tree = IndexTree<TargetPolicy>;

  struct Query;
  static void SearchLeaf(const Tree::Leaf& leaf, Query& query);
  void SearchChildren(uint32_t level, const Tree::Inner& in, uint32_t n,
                      Query& query) const;
  void Search(uint32_t level, uint32_t at, Query& query) const;

  Tree tree_;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_ADDR_TARGET_INDEX_H_
