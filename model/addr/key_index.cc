#include "model/addr/key_index.h"

namespace iovalab {

std::optional<uint64_t> KeyIndex::LastBeforeLeaf(const Tree::Path& path) const {
  for (uint32_t level = tree_.height(); level-- > 0;) {
    if (path.index[level] == 0) continue;
    return tree_.inner(path.node[level]).sums.last[path.index[level] - 1];
  }
  return std::nullopt;
}

std::optional<uint64_t> KeyIndex::FirstAfterLeaf(const Tree::Path& path) const {
  for (uint32_t level = tree_.height(); level-- > 0;) {
    const Tree::Inner& in = tree_.inner(path.node[level]);
    const uint32_t next = path.index[level] + 1;
    if (next < in.n) return in.keys.first[next];
  }
  return std::nullopt;
}

bool KeyIndex::Insert(const Entry& e) {
  KeyPolicy::Change change{e.first, e.last, 0};
  Tree::Path path;
  if (tree_.size() > 0) {
    path = tree_.Descend(e.first);
    const Tree::Leaf& leaf = tree_.leaf(path.leaf);
    const uint32_t p = path.position;
    const bool has_previous = p > 0;
    if (has_previous && leaf.value[p - 1].last >= e.first) return false;
    const std::optional<uint64_t> next =
        p < leaf.n ? leaf.keys.first[p] : FirstAfterLeaf(path);
    if (next && *next <= e.last) return false;
    if (has_previous && next) change.gap = *next - leaf.value[p - 1].last - 1;
  }
  tree_.Insert(path, e.first, e, change);
  return true;
}

std::optional<Entry> KeyIndex::Erase(uint64_t first) {
  if (tree_.size() == 0) return std::nullopt;
  const Tree::Path path = tree_.Descend(first);
  const Tree::Leaf& leaf = tree_.leaf(path.leaf);
  const uint32_t p = path.position;
  if (p == 0 || leaf.keys.first[p - 1] != first) return std::nullopt;
  const Entry erased = ToEntry(first, leaf.value[p - 1]);
  const std::optional<uint64_t> before =
      p > 1 ? leaf.value[p - 2].last : LastBeforeLeaf(path);
  const std::optional<uint64_t> next =
      p < leaf.n ? leaf.keys.first[p] : FirstAfterLeaf(path);
  const uint64_t gap = before && next ? *next - *before - 1 : 0;
  tree_.Erase(path, {first, erased.last, gap});
  return erased;
}

std::optional<Entry> KeyIndex::Find(uint64_t key) const {
  if (tree_.size() == 0) return std::nullopt;
  uint32_t at = tree_.root();
  for (uint32_t level = 0; level < tree_.height(); ++level) {
    const Tree::Inner& in = tree_.inner(at);
    at = in.child[Tree::Child(in, key)];
    tree_.Prefetch(level + 1, at);
  }
  const Tree::Leaf& leaf = tree_.leaf(at);
  const uint32_t p = Tree::Position(leaf, key);
  if (p == 0 || leaf.value[p - 1].last < key) return std::nullopt;
  return ToEntry(leaf.keys.first[p - 1], leaf.value[p - 1]);
}

KeyIndex::Ranked KeyIndex::AtOrBelow(uint64_t key) const {
  Ranked found;
  if (tree_.size() == 0) return found;
  uint32_t at = tree_.root();
  for (uint32_t level = 0; level < tree_.height(); ++level) {
    const Tree::Inner& in = tree_.inner(at);
    const uint32_t i = Tree::Child(in, key);
    at = in.child[i];
    tree_.Prefetch(level + 1, at);
    found.rank += in.sums.below[i];
  }
  const Tree::Leaf& leaf = tree_.leaf(at);
  const uint32_t p = Tree::Position(leaf, key);
  if (p > 0) found.entry = ToEntry(leaf.keys.first[p - 1], leaf.value[p - 1]);
  found.rank += p;
  return found;
}

uint64_t KeyIndex::CountThrough(uint64_t key) const {
  return AtOrBelow(key).rank;
}

// The first entry past the place that the path leads to.
std::optional<Entry> KeyIndex::After(const Tree::Path& path) const {
  const Tree::Leaf& leaf = tree_.leaf(path.leaf);
  if (path.position < leaf.n) {
    return ToEntry(leaf.keys.first[path.position], leaf.value[path.position]);
  }
  const std::optional<uint64_t> next = FirstAfterLeaf(path);
  if (!next) return std::nullopt;
  return Find(*next);
}

std::optional<Entry> KeyIndex::AtOrAfter(uint64_t key) const {
  if (tree_.size() == 0) return std::nullopt;
  const Tree::Path path = tree_.Descend(key);
  const Tree::Leaf& leaf = tree_.leaf(path.leaf);
  const uint32_t p = path.position;
  if (p > 0 && leaf.keys.first[p - 1] == key)
    return ToEntry(key, leaf.value[p - 1]);
  return After(path);
}

std::optional<Entry> KeyIndex::FirstIn(uint64_t first, uint64_t last) const {
  if (tree_.size() == 0) return std::nullopt;
  const Tree::Path path = tree_.Descend(first);
  const Tree::Leaf& leaf = tree_.leaf(path.leaf);
  const uint32_t p = path.position;
  if (p > 0 && leaf.value[p - 1].last >= first) {
    return ToEntry(leaf.keys.first[p - 1], leaf.value[p - 1]);
  }
  std::optional<Entry> next = After(path);
  if (next && next->first > last) next.reset();
  return next;
}

// `start` is the lowest place not yet ruled out; `full` says that there is none
// because an entry ends with the space.
struct KeyIndex::HoleSearch {
  uint64_t begin;
  uint64_t size_minus_1;
  uint64_t start;
  bool full = false;

  bool FitsBelow(uint64_t first) const {
    return first > start && first - start > size_minus_1;
  }
  void Pass(uint64_t last) {
    if (last < begin) return;
    full = last == UINT64_MAX;
    start = last + 1;
  }
};

bool KeyIndex::HoleInLeaf(const Tree::Leaf& leaf, HoleSearch& s) const {
  for (uint32_t i = 0; i < leaf.n; ++i) {
    if (leaf.value[i].last >= s.begin && s.FitsBelow(leaf.keys.first[i]))
      return true;
    s.Pass(leaf.value[i].last);
  }
  return false;
}

// True where `start` is the answer. A child whose widest gap is big enough can
// disappoint only where it straddles `begin`, so at most one a level does.
bool KeyIndex::HoleIn(uint32_t level, uint32_t at, HoleSearch& s) const {
  if (level == tree_.height()) return HoleInLeaf(tree_.leaf(at), s);
  const Tree::Inner& in = tree_.inner(at);
  for (uint32_t i = Tree::Child(in, s.begin); i < in.n; ++i) {
    if (in.sums.last[i] < s.begin) continue;
    if (s.FitsBelow(in.keys.first[i])) return true;
    if (in.sums.gap[i] > s.size_minus_1 && HoleIn(level + 1, in.child[i], s)) {
      return true;
    }
    s.Pass(in.sums.last[i]);
  }
  return false;
}

std::optional<uint64_t> KeyIndex::FirstHole(uint64_t begin,
                                            uint64_t size_minus_1) const {
  HoleSearch s{begin, size_minus_1, begin};
  if (tree_.size() > 0 && HoleIn(0, tree_.root(), s)) return s.start;
  if (!s.full && UINT64_MAX - s.start > size_minus_1) return s.start;
  return std::nullopt;
}

}  // namespace iovalab
