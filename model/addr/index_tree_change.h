#ifndef IOVALAB_MODEL_ADDR_INDEX_TREE_CHANGE_H_
#define IOVALAB_MODEL_ADDR_INDEX_TREE_CHANGE_H_

// The part of IndexTree that changes trees. Not for: inclusion by others than
// index_tree.h, whose invariants it keeps.

#include "model/addr/index_tree.h"

namespace iovalab {

template <typename P>
template <typename Node>
void IndexTree<P>::MoveTail(Node& left, uint32_t begin, Node& right) {
  for (uint32_t j = begin; j < left.n; ++j) right.Take(left, j, j - begin);
  right.n = left.n - begin;
  left.n = begin;
  left.Pad(begin);
}

template <typename P>
template <typename Node>
void IndexTree<P>::OpenSlot(Node& node, uint32_t i) {
  for (uint32_t j = node.n++; j > i; --j) node.Take(node, j - 1, j);
}

template <typename P>
template <typename Node>
void IndexTree<P>::CloseSlot(Node& node, uint32_t i) {
  for (uint32_t j = i + 1; j < node.n; ++j) node.Take(node, j, j - 1);
  node.keys.Set(--node.n, P::kPad);
}

template <typename P>
template <typename Node>
bool IndexTree<P>::Balance(Node& left, Node& right) {
  const uint32_t total = left.n + right.n;
  const uint32_t keep = total <= Node::kSize * 3 / 4 ? total : total / 2;
  if (left.n > keep) {
    const uint32_t moved = left.n - keep;
    for (uint32_t j = right.n; j-- > 0;) right.Take(right, j, j + moved);
    for (uint32_t j = 0; j < moved; ++j) right.Take(left, keep + j, j);
  } else {
    const uint32_t moved = keep - left.n;
    for (uint32_t j = 0; j < moved; ++j) left.Take(right, j, left.n + j);
    for (uint32_t j = moved; j < right.n; ++j) right.Take(right, j, j - moved);
  }
  left.n = keep;
  left.Pad(keep);
  right.n = total - keep;
  right.Pad(right.n);
  return right.n == 0;
}

// Writes the summary of child i of a node at `level`.
template <typename P>
void IndexTree<P>::Sum(uint32_t level, Inner& parent, uint32_t i) {
  if (level + 1 == height_) {
    P::SumLeaf(leaves_[parent.child[i]], parent.sums, i);
  } else {
    P::SumInner(inners_[parent.child[i]], parent.sums, i);
  }
}

// The leaf's least key is now `key`.
template <typename P>
void IndexTree<P>::SetLeastKey(const Path& path, const Key& key) {
  for (uint32_t level = height_; level-- > 0;) {
    inners_[path.node[level]].keys.Set(path.index[level], key);
    if (path.index[level] != 0) break;
  }
}

template <typename P>
void IndexTree<P>::SplitRoot(Path& path) {
  sim::Check(height_ + 1 < kMaxHeight, "tree too high");
  const uint32_t top = inners_.Take();
  Inner& in = inners_[top];
  in.n = 1;
  in.child[0] = root_;
  in.keys.Set(0, LeastKey(0, root_));
  for (uint32_t level = height_; level-- > 0;) {
    path.node[level + 1] = path.node[level];
    path.index[level + 1] = path.index[level];
  }
  path.node[0] = top;
  path.index[0] = 0;
  root_ = top;
  ++height_;
}

// Splits the full node at `level` of the path (the leaf at height()) and makes
// the path lead on to where it led.
template <typename P>
void IndexTree<P>::Split(Path& path, uint32_t level) {
  if (level == 0) {
    SplitRoot(path);
    level = 1;
  } else if (inners_[path.node[level - 1]].n == kInnerSize) {
    const uint32_t height = height_;
    Split(path, level - 1);
    level += height_ - height;
  }
  const bool is_leaf = level == height_;
  uint32_t& at = is_leaf ? path.leaf : path.node[level];
  uint32_t& index = is_leaf ? path.position : path.index[level];
  const uint32_t left = at;
  const uint32_t right = is_leaf ? leaves_.Take() : inners_.Take();
  const uint32_t full = is_leaf ? kLeafSize : kInnerSize;
  // Ascending keys, which first-fit allocation makes, leave fuller nodes.
  Inner& parent = inners_[path.node[level - 1]];
  const uint32_t i = path.index[level - 1];
  const bool ascending = i + 1 == parent.n && index + !is_leaf == full;
  const uint32_t begin = ascending ? full - full / 4 : full / 2;
  OpenSlot(parent, i + 1);
  parent.child[i + 1] = right;
  if (is_leaf) {
    MoveTail(leaves_[left], begin, leaves_[right]);
  } else {
    MoveTail(inners_[left], begin, inners_[right]);
    P::Restructured(inners_[left]);
    P::Restructured(inners_[right]);
  }
  parent.keys.Set(i + 1, LeastKey(level, right));
  Sum(level - 1, parent, i);
  Sum(level - 1, parent, i + 1);
  P::Restructured(parent);
  // A key between the halves stays left, so that it is no new least key.
  if (is_leaf ? index > begin : index >= begin) {
    at = right;
    index -= begin;
    path.index[level - 1] = i + 1;
  }
}

template <typename P>
template <typename Source>
void IndexTree<P>::Insert(Path& path, const Key& key, const Source& source,
                          const typename P::Change& change) {
  if (size_++ == 0) {
    root_ = path.leaf = leaves_.Take();
    height_ = path.position = 0;
  }
  if (leaves_[path.leaf].n == kLeafSize) Split(path, height_);
  Leaf& leaf = leaves_[path.leaf];
  OpenSlot(leaf, path.position);
  leaf.keys.Set(path.position, key);
  leaf.value[path.position] = P::ToValue(source);
  for (uint32_t level = height_; level-- > 0;) {
    Inner& in = inners_[path.node[level]];
    if (!P::Added(in, path.index[level], change)) {
      Sum(level, in, path.index[level]);
      P::Resummed(in, path.index[level]);
    }
  }
  if (path.position == 0) SetLeastKey(path, key);
}

template <typename P>
void IndexTree<P>::Erase(const Path& path, const typename P::Change& change) {
  Leaf& leaf = leaves_[path.leaf];
  CloseSlot(leaf, path.position - 1);
  if (--size_ == 0) return Clear();
  if (path.position == 1) SetLeastKey(path, leaf.keys.Get(0));
  for (uint32_t level = height_; level-- > 0;) {
    Inner& in = inners_[path.node[level]];
    if (!P::Removed(in, path.index[level], change)) {
      Sum(level, in, path.index[level]);
      P::Resummed(in, path.index[level]);
    }
  }
  if (leaf.n < kLeafSize / 4 && height_ > 0) Rebalance(path, height_);
}

// The node at `level` of the path holds too little.
template <typename P>
void IndexTree<P>::Rebalance(const Path& path, uint32_t level) {
  Inner& parent = inners_[path.node[level - 1]];
  const uint32_t index = path.index[level - 1];
  const uint32_t i = index > 0 ? index - 1 : 0;
  const uint32_t left = parent.child[i];
  const uint32_t right = parent.child[i + 1];
  const bool is_leaf = level == height_;
  const bool merged = is_leaf ? Balance(leaves_[left], leaves_[right])
                              : Balance(inners_[left], inners_[right]);
  if (!is_leaf) {
    P::Restructured(inners_[left]);
    P::Restructured(inners_[right]);
  }
  Sum(level - 1, parent, i);
  if (!merged) {
    parent.keys.Set(i + 1, LeastKey(level, right));
    Sum(level - 1, parent, i + 1);
    P::Restructured(parent);
    return;
  }
  if (is_leaf) {
    leaves_.Give(right);
  } else {
    inners_.Give(right);
  }
  CloseSlot(parent, i + 1);
  P::Restructured(parent);
  if (level > 1) {
    if (parent.n < kInnerSize / 4) Rebalance(path, level - 1);
  } else if (parent.n == 1) {
    inners_.Give(root_);
    root_ = parent.child[0];
    --height_;
  }
}

}  // namespace iovalab

#endif  // IOVALAB_MODEL_ADDR_INDEX_TREE_CHANGE_H_
