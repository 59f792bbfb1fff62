#include "model/addr/target_index.h"

#include <bit>

#include "sim/check.h"

namespace iovalab {
namespace {

TargetPolicy::Key KeyOf(const Entry& e) { return {e.target, e.tag, e.first}; }

TargetPolicy::Change ChangeOf(const Entry& e) {
  return {e.target_last(), e.target_last(), e.first, e.tag, e.tag};
}

}  // namespace

void TargetIndex::Insert(const Entry& e) {
  Tree::Path path;
  if (tree_.size() > 0) path = tree_.Descend(KeyOf(e));
  tree_.Insert(path, KeyOf(e), {e.target_last(), e.perm, e.born}, ChangeOf(e));
}

void TargetIndex::Erase(const Entry& e) {
  const Tree::Path path = tree_.Descend(KeyOf(e));
  sim::Check(
      path.position > 0 &&
          tree_.leaf(path.leaf).keys.rest[path.position - 1].first == e.first,
      "entry is not in the target index");
  tree_.Erase(path, ChangeOf(e));
}

struct TargetIndex::Query {
  uint64_t tag;
  uint64_t first, last;
  uint64_t best = UINT64_MAX;
  bool found = false;
  const Tree::Leaf* leaf = nullptr;  // where best is; null where not known
  uint32_t index = 0;

  bool Improves(uint64_t key) const { return !found || key < best; }
  void Take(uint64_t key, const Tree::Leaf* in, uint32_t i) {
    best = key;
    found = true;
    leaf = in;
    index = i;
  }
};

void TargetIndex::SearchLeaf(const Tree::Leaf& leaf, Query& q) {
  static_assert(TargetPolicy::kLeafSize < 32);
  uint32_t touched = 0;
  for (uint32_t i = 0; i < TargetPolicy::kLeafSize; ++i) {
    touched |= uint32_t{leaf.values.last[i] >= q.first} << i;
  }
  const uint32_t n = Tree::Clamp(leaf, CountPrefix(leaf.keys.target, q.last));
  touched &= (uint32_t{1} << n) - 1;
  for (; touched != 0; touched &= touched - 1) {
    const uint32_t i = static_cast<uint32_t>(std::countr_zero(touched));
    const uint64_t key = leaf.keys.rest[i].first;
    if (leaf.keys.rest[i].tag == q.tag && q.Improves(key))
      q.Take(key, &leaf, i);
  }
}

// The first n children, whose targets all begin at or below q.last.
void TargetIndex::SearchChildren(uint32_t level, const Tree::Inner& in,
                                 uint32_t n, Query& q) const {
  for (uint32_t i = 0; i < n; ++i) {
    const TargetPolicy::Total& t = in.sums.total[i];
    if (t.max_last < q.first || !q.Improves(t.min_first)) continue;
    if (q.tag < t.min_tag || q.tag > t.max_tag) continue;
    if (t.min_last >= q.first && t.min_tag == t.max_tag) {
      q.Take(t.min_first, nullptr, 0);
    } else {
      Search(level + 1, in.child[i], q);
    }
  }
}

void TargetIndex::Search(uint32_t level, uint32_t at, Query& q) const {
  for (; level < tree_.height(); ++level) {
    const Tree::Inner& in = tree_.inner(at);
    const uint32_t n = Tree::Clamp(in, CountPrefix(in.keys.target, q.last));
    if (n == 0) return;
    // The last of them may hold targets past q.last: the descent goes on there.
    // To its left only targets that reach as far as q.first matter.
    at = in.child[n - 1];
    tree_.Prefetch(level + 1, at);
    if (n > 1 && in.sums.max_last_through[n - 2] >= q.first) {
      SearchChildren(level, in, n - 1, q);
    }
  }
  SearchLeaf(tree_.leaf(at), q);
}

std::optional<TargetIndex::Found> TargetIndex::LeastKey(uint64_t tag,
                                                        uint64_t first,
                                                        uint64_t last) const {
  if (tree_.size() == 0) return std::nullopt;
  Query q{tag, first, last};
  Search(0, tree_.root(), q);
  if (!q.found) return std::nullopt;
  Found found{q.best, std::nullopt};
  if (q.leaf != nullptr) {
    const uint64_t target = q.leaf->keys.target[q.index];
    const TargetPolicy::Value value = q.leaf->values.Get(q.index);
    found.entry = Entry{q.best,     q.best + (value.last - target),
                        target,     tag,
                        value.perm, value.born};
  }
  return found;
}

}  // namespace iovalab
