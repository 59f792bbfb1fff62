#ifndef IOVALAB_MODEL_ADDR_INDEX_TREE_H_
#define IOVALAB_MODEL_ADDR_INDEX_TREE_H_

// IndexTree: a B+-tree of items with distinct keys, whose inner nodes hold a
// summary of each subtree. The two indexes behind IntervalTable (key_index.h,
// target_index.h) are policies of it, with queries of their own that walk its
// nodes.
//
// Not for: direct use; there is no look-up by item here.
//
// Invariants: nodes live in two pools and refer to each other by number, so a
// tree is copied by value; key[i] of an inner node is exactly the least key of
// child i; keys past a node's n are P::kPad, which no real key exceeds; nodes
// other than the root hold at least a quarter of what fits. A moved-from tree
// may only be assigned to or destroyed.
//
// A policy P has
//   Key, Value, kPad            what a leaf holds
//   kLeafSize, kInnerSize       multiples of 8
//   Compare::Le(Key, Key)       total order, without branches
//   Sums                        arrays of the summaries of an inner node's
//                               children, with Move(from, i, to, j)
//   SumLeaf(leaf, sums, i), SumInner(inner, sums, i)   write a subtree's
//   Change; Added(sums, i, change), Removed(sums, i, change)
//                               adjust a summary for one item more or less;
//                               false where it must be computed anew

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "sim/check.h"

namespace iovalab {

// How many of the keys, padded to a multiple of 8 (at most 64), satisfy
// le(key): those are a prefix. No branch depends on the keys.
template <size_t N, typename Key, typename Le>
inline uint32_t CountPrefix(const Key* keys, Le le) {
  static_assert(N % 8 == 0);
  const uint32_t block = [&]<size_t... B>(std::index_sequence<B...>) {
    return (uint32_t{0} + ... + uint32_t{le(keys[8 * (B + 1)])});
  }
  (std::make_index_sequence<N / 8 - 1>());
  const Key* in = keys + 8 * block;
  return 8 * block + [&]<size_t... I>(std::index_sequence<I...>) {
    return (uint32_t{0} + ... + uint32_t{le(in[I])});
  }
  (std::make_index_sequence<8>());
}

template <typename P>
class IndexTree {
 public:
  using Key = typename P::Key;
  using Value = typename P::Value;
  static constexpr uint32_t kLeafSize = P::kLeafSize;
  static constexpr uint32_t kInnerSize = P::kInnerSize;

  struct alignas(64) Leaf {
    Key key[kLeafSize];
    Value value[kLeafSize];
    uint32_t n = 0;

    Leaf() { Pad(0); }
    void Pad(uint32_t from) {
      for (uint32_t i = from; i < kLeafSize; ++i) key[i] = P::kPad;
    }
  };
  struct alignas(64) Inner {
    Key key[kInnerSize];
    uint32_t child[kInnerSize];
    typename P::Sums sums;
    uint32_t n = 0;

    Inner() { Pad(0); }
    void Pad(uint32_t from) {
      for (uint32_t i = from; i < kInnerSize; ++i) key[i] = P::kPad;
    }
  };

  // Where a key is or belongs: the child taken at each level, then the leaf and
  // the number of its keys that are <= the key.
  static constexpr uint32_t kMaxHeight = 16;
  struct Path {
    uint32_t node[kMaxHeight];
    uint32_t index[kMaxHeight];
    uint32_t leaf;
    uint32_t position;
  };

  size_t size() const { return size_; }
  uint32_t height() const { return height_; }  // inner levels
  uint32_t root() const { return root_; }
  const Leaf& leaf(uint32_t i) const { return leaves_[i]; }
  const Inner& inner(uint32_t i) const { return inners_[i]; }

  void Clear() { *this = IndexTree(); }

  // The tree is not empty.
  Path Descend(const Key& key) const {
    Path path;
    uint32_t at = root_;
    for (uint32_t level = 0; level < height_; ++level) {
      const Inner& in = inners_[at];
      const uint32_t i = Child(in, key);
      path.node[level] = at;
      path.index[level] = i;
      at = in.child[i];
      Prefetch(level + 1, at);
    }
    path.leaf = at;
    path.position = Position(leaves_[at], key);
    return path;
  }

  // Number of keys <= key in the leaf.
  static uint32_t Position(const Leaf& leaf, const Key& key) {
    const uint32_t c = CountPrefix<kLeafSize>(
        leaf.key, [&](const Key& k) { return P::Compare::Le(k, key); });
    return c < leaf.n ? c : leaf.n;
  }
  // The child whose keys begin at or below key; 0 where none does.
  static uint32_t Child(const Inner& in, const Key& key) {
    uint32_t c = CountPrefix<kInnerSize>(
        in.key, [&](const Key& k) { return P::Compare::Le(k, key); });
    c = c < in.n ? c : in.n;
    return c - (c > 0);
  }
  // Asks for the keys of the node that a descent comes to next.
  void Prefetch(uint32_t level, uint32_t at) const {
    if (level == height_) {
      PrefetchKeys(leaves_[at].key);
    } else {
      PrefetchKeys(inners_[at].key);
    }
  }

  // Adds an item that is not there. `path` is Descend(key)'s; anything where
  // the tree is empty.
  void Insert(Path path, const Key& key, const Value& value,
              const typename P::Change& change);
  // Removes the item before path.position.
  void Erase(const Path& path, const typename P::Change& change);

  // Calls f(key, value) in key order.
  template <typename F>
  void ForEach(F f) const {
    if (size_ > 0) Visit(0, root_, f);
  }

 private:
  template <typename F>
  void Visit(uint32_t level, uint32_t at, F& f) const {
    if (level == height_) {
      const Leaf& leaf = leaves_[at];
      for (uint32_t i = 0; i < leaf.n; ++i) f(leaf.key[i], leaf.value[i]);
      return;
    }
    const Inner& in = inners_[at];
    for (uint32_t i = 0; i < in.n; ++i) Visit(level + 1, in.child[i], f);
  }

  template <size_t N>
  static void PrefetchKeys(const Key (&keys)[N]) {
    const char* p = reinterpret_cast<const char*>(keys);
    for (size_t i = 0; i < sizeof(keys); i += 64) __builtin_prefetch(p + i);
  }

  uint32_t NewLeaf() { return New(leaves_, free_leaves_); }
  uint32_t NewInner() { return New(inners_, free_inners_); }
  template <typename Node>
  static uint32_t New(std::vector<Node>& pool, std::vector<uint32_t>& free);

  // Item or child j of `from` becomes i of `to`, whatever i held.
  static void Move(const Leaf& from, uint32_t j, Leaf& to, uint32_t i);
  static void Move(const Inner& from, uint32_t j, Inner& to, uint32_t i);
  // [begin, n) of `left` to the front of `right`, which is empty.
  template <typename Node>
  static void MoveTail(Node& left, uint32_t begin, Node& right);
  template <typename Node>
  static void OpenSlot(Node& node, uint32_t i);
  template <typename Node>
  static void CloseSlot(Node& node, uint32_t i);
  // Evens out two neighbours, or moves all to the left one: then true.
  template <typename Node>
  static bool Balance(Node& left, Node& right);

  void Sum(uint32_t level, Inner& parent, uint32_t i);
  void SetLeastKey(const Path& path, const Key& key);
  void Split(Path& path, uint32_t level);
  void SplitRoot(Path& path);
  void Rebalance(const Path& path, uint32_t level);

  std::vector<Leaf> leaves_;
  std::vector<Inner> inners_;
  std::vector<uint32_t> free_leaves_;
  std::vector<uint32_t> free_inners_;
  size_t size_ = 0;
  uint32_t height_ = 0;
  uint32_t root_ = 0;
};

}  // namespace iovalab

#include "model/addr/index_tree_change.h"

#endif  // IOVALAB_MODEL_ADDR_INDEX_TREE_H_
