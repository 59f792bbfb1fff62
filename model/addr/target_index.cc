#include "model/addr/target_index.h"

#include <bit>

#include "sim/check.h"

namespace iovalab {
namespace {

TargetPolicy::Key KeyOf(const Entry& e) { return {e.target, e.first}; }

TargetPolicy::Value SizeOf(const Entry& e) {
  const int bits = std::bit_width(e.last - e.first);
  return static_cast<TargetPolicy::Value>(bits == 0 ? 0 : bits - 1);
}

TargetPolicy::Change ChangeOf(const Entry& e) {
  return {TargetPolicy::Reach(e.target, SizeOf(e)), e.first, SizeOf(e)};
}

}  // namespace

void TargetIndex::Insert(const Entry& e) {
  Tree::Path path;
  if (tree_.size() > 0) path = tree_.Descend(KeyOf(e));
  tree_.Insert(path, KeyOf(e), SizeOf(e), ChangeOf(e));
}

void TargetIndex::Erase(const Entry& e) {
  const Tree::Path path = tree_.Descend(KeyOf(e));
  sim::Check(path.position > 0 &&
                 tree_.leaf(path.leaf).keys.first[path.position - 1] == e.first,
             "entry is not in the target index");
  tree_.Erase(path, ChangeOf(e));
}

struct TargetIndex::Query {
  uint64_t tag;
  uint64_t first, last;
  const KeyIndex& keys;
  KeyIndex::Ranked best;

  bool Improves(uint64_t key) const {
    return best.rank == 0 || key < best.entry.first;
  }
  void Try(uint64_t key) {
    const KeyIndex::Ranked found = keys.AtOrBelow(key);
    if (found.entry.tag == tag && found.entry.target_last() >= first) {
      best = found;
    }
  }
};

// `size` is none of the leaf's entries' less than. Those whose targets begin
// too far below q.first to reach it are passed over.
void TargetIndex::SearchLeaf(const Tree::Leaf& leaf, TargetPolicy::Value size,
                             Query& q) {
  const uint64_t length = TargetPolicy::Length(size);
  uint32_t i = 0;
  if (q.first > length) {
    i = CountPrefix(leaf.keys.target, q.first - length - 1);
  }
  const uint32_t n = Tree::Clamp(leaf, CountPrefix(leaf.keys.target, q.last));
  for (; i < n; ++i) {
    const uint64_t key = leaf.keys.first[i];
    if (TargetPolicy::Reach(leaf.keys.target[i], leaf.value[i]) >= q.first &&
        q.Improves(key)) {
      q.Try(key);
    }
  }
}

// The first n children, whose targets begin at or below q.last (but for some of
// the last one's).
void TargetIndex::SearchChildren(uint32_t level, const Tree::Inner& in,
                                 uint32_t n, Query& q) const {
  const auto may_improve = [&](uint32_t i) {
    return in.sums.reach[i] >= q.first && q.Improves(in.sums.min_first[i]);
  };
  uint32_t least = n;
  for (uint32_t i = 0; i < n; ++i) {
    if (!may_improve(i)) continue;
    if (least == n || in.sums.min_first[i] < in.sums.min_first[least]) {
      least = i;
    }
  }
  if (least == n) return;
  Search(level + 1, in.child[least], in.sums.size[least], q);
  for (uint32_t i = 0; i < n; ++i) {
    if (i == least || !may_improve(i)) continue;
    Search(level + 1, in.child[i], in.sums.size[i], q);
  }
}

void TargetIndex::Search(uint32_t level, uint32_t at, TargetPolicy::Value size,
                         Query& q) const {
  for (; level < tree_.height(); ++level) {
    const Tree::Inner& in = tree_.inner(at);
    const uint32_t n = Tree::Clamp(in, CountPrefix(in.keys.target, q.last));
    if (n == 0) return;
    // Mostly nothing to the left of the last child reaches as far as q.first.
    if (n > 1 && in.sums.reach_through[n - 2] >= q.first) {
      return SearchChildren(level, in, n, q);
    }
    at = in.child[n - 1];
    size = in.sums.size[n - 1];
    tree_.Prefetch(level + 1, at);
  }
  SearchLeaf(tree_.leaf(at), size, q);
}

KeyIndex::Ranked TargetIndex::LeastKey(uint64_t tag, uint64_t first,
                                       uint64_t last,
                                       const KeyIndex& keys) const {
  Query query{tag, first, last, keys, {}};
  if (tree_.size() > 0) Search(0, tree_.root(), 63, query);
  return query.best;
}

}  // namespace iovalab
