#include "model/addr/target_index.h"

#include "sim/check.h"

namespace iovalab {
namespace {

TargetPolicy::Key KeyOf(const Entry& e) { return {e.tag, e.target, e.first}; }

// (tag, target) of the key <= (tag, target).
bool TargetLe(const TargetPolicy::Key& key, uint64_t tag, uint64_t target) {
  return (key.tag < tag) | ((key.tag == tag) & (key.target <= target));
}

template <size_t N>
uint32_t CountTargetLe(const TargetPolicy::Key (&keys)[N], uint32_t n,
                       uint64_t tag, uint64_t target) {
  const uint32_t c = CountPrefix<N>(keys, [&](const TargetPolicy::Key& k) {
    return TargetLe(k, tag, target);
  });
  return c < n ? c : n;
}

}  // namespace

void TargetIndex::Insert(const Entry& e) {
  Tree::Path path = {};
  if (tree_.size() > 0) path = tree_.Descend(KeyOf(e));
  tree_.Insert(path, KeyOf(e), e.target_last(), {e.target_last(), e.first});
}

void TargetIndex::Erase(const Entry& e) {
  const Tree::Path path = tree_.Descend(KeyOf(e));
  sim::Check(path.position > 0 &&
                 tree_.leaf(path.leaf).key[path.position - 1].first == e.first,
             "entry is not in the target index");
  tree_.Erase(path, {e.target_last(), e.first});
}

struct TargetIndex::Query {
  uint64_t tag;
  uint64_t first, last;
  uint64_t best = UINT64_MAX;
  bool found = false;

  bool Improves(uint64_t key) const { return !found || key < best; }
  void Take(uint64_t key) {
    best = key;
    found = true;
  }
};

void TargetIndex::SearchLeaf(const Tree::Leaf& leaf, Query& q) const {
  const uint32_t n = CountTargetLe(leaf.key, leaf.n, q.tag, q.last);
  for (uint32_t i = 0; i < n; ++i) {
    if (leaf.value[i] < q.first) continue;
    const TargetPolicy::Key& key = leaf.key[i];
    if (key.tag == q.tag && q.Improves(key.first)) q.Take(key.first);
  }
}

void TargetIndex::Search(uint32_t level, uint32_t at, Query& q) const {
  if (level == tree_.height()) return SearchLeaf(tree_.leaf(at), q);
  const Tree::Inner& in = tree_.inner(at);
  // Children [begin, end) may hold keys from (tag, 0) to (tag, last); those of
  // [whole, end - 1) hold no others.
  const uint32_t end = CountTargetLe(in.key, in.n, q.tag, q.last);
  uint32_t begin = 0;
  uint32_t whole = 0;
  if (in.key[0].tag < q.tag) {
    begin = CountTargetLe(in.key, in.n, q.tag - 1, UINT64_MAX) - 1;
    whole = begin + 1;
  }
  for (uint32_t i = begin; i < end; ++i) {
    if (in.sums.max_last[i] < q.first) continue;
    if (!q.Improves(in.sums.min_first[i])) continue;
    if (i >= whole && i + 1 < end && in.sums.min_last[i] >= q.first) {
      q.Take(in.sums.min_first[i]);
    } else {
      Search(level + 1, in.child[i], q);
    }
  }
}

std::optional<uint64_t> TargetIndex::LeastKey(uint64_t tag, uint64_t first,
                                              uint64_t last) const {
  if (tree_.size() == 0) return std::nullopt;
  Query query{tag, first, last};
  Search(0, tree_.root(), query);
  if (!query.found) return std::nullopt;
  return query.best;
}

}  // namespace iovalab
