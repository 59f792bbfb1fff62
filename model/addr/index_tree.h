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
// tree is copied by value; an inner node's key i is exactly the least key of
// child i; keys past a node's n are P::kPad, which no real key exceeds; nodes
// other than the root hold at least a quarter of what fits. A moved-from tree
// may only be assigned to or destroyed.
//
// A policy P has
//   Key, Value, kPad            what a leaf holds
//   ToValue(source)             the value of a new item
//   Keys<N>                     N keys, with Get(i) and Set(i, key)
//   kLeafSize, kInnerSize       multiples of 8
//   kPrefetchValues             how many of a leaf's values a search reads
//   CountLe(keys, key)          how many keys of a node are <= key, pads
//   counted
//                               or not; without branches on keys
//   Sums                        arrays of the summaries of an inner node's
//                               children, with Move(from, j, i)
//   SumLeaf(leaf, sums, i), SumInner(inner, sums, i)   write a subtree's
//   Change; Added(inner, i, change), Removed(inner, i, change)
//                               adjust child i's summary for one item more or
//                               less; false where it must be computed anew
//   Resummed(inner, i)          child i's summary was computed anew
//   Restructured(inner)         children came or went

#include <cstddef>
#include <cstdint>
#include <utility>

#include "model/addr/node_pool.h"

namespace iovalab {

// How many of the ascending keys, padded to a multiple of 8, are <= key. No
// branch depends on the keys: a search tells nothing a predictor could learn.
template <size_t N>
inline uint32_t CountPrefix(const uint64_t (&keys)[N], uint64_t key) {
  static_assert(N % 8 == 0);
  const uint32_t block = [&]<size_t... B>(std::index_sequence<B...>) {
    return (uint32_t{0} + ... + uint32_t{keys[8 * (B + 1)] <= key});
  }
  (std::make_index_sequence<N / 8 - 1>());
  const uint64_t* in = keys + 8 * block;
  return 8 * block + [&]<size_t... I>(std::index_sequence<I...>) {
    return (uint32_t{0} + ... + uint32_t{in[I] <= key});
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
    typename P::template Keys<kLeafSize> keys;
    Value value[kLeafSize];
    uint32_t n = 0;

    Leaf() { Pad(0); }
    void Pad(uint32_t from) {
      for (uint32_t i = from; i < kLeafSize; ++i) keys.Set(i, P::kPad);
    }
    // Item j of `from` becomes item i, whatever that was.
    void Take(const Leaf& from, uint32_t j, uint32_t i) {
      keys.Set(i, from.keys.Get(j));
      value[i] = from.value[j];
    }
    static constexpr uint32_t kSize = kLeafSize;
  };
  struct alignas(64) Inner {
    typename P::template Keys<kInnerSize> keys;
    uint32_t child[kInnerSize];
    typename P::Sums sums;
    uint32_t n = 0;

    Inner() { Pad(0); }
    void Pad(uint32_t from) {
      for (uint32_t i = from; i < kInnerSize; ++i) keys.Set(i, P::kPad);
    }
    void Take(const Inner& from, uint32_t j, uint32_t i) {
      keys.Set(i, from.keys.Get(j));
      child[i] = from.child[j];
      sums.Move(from.sums, j, i);
    }
    static constexpr uint32_t kSize = kInnerSize;
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

  // `count` of a node's keys, less the pads. Only a search for the pad itself
  // counts those; others do not touch n, which is a cache line of its own.
  template <typename Node>
  static uint32_t Clamp(const Node& node, uint32_t count) {
    if (count == Node::kSize && count > node.n) [[unlikely]]
      return node.n;
    return count;
  }
  // Number of keys <= key in the leaf.
  static uint32_t Position(const Leaf& leaf, const Key& key) {
    return Clamp(leaf, P::CountLe(leaf.keys, key));
  }
  // The child whose keys begin at or below key; 0 where none does.
  static uint32_t Child(const Inner& in, const Key& key) {
    const uint32_t c = Clamp(in, P::CountLe(in.keys, key));
    return c - (c > 0);
  }
  // Asks for what a search of the node that comes next looks at first.
  void Prefetch(uint32_t level, uint32_t at) const {
    if (level == height_) {
      const Leaf& leaf = leaves_[at];
      PrefetchBytes(&leaf.keys, kLeafSize * sizeof(uint64_t));
      PrefetchBytes(&leaf.value, P::kPrefetchValues * sizeof(Value));
    } else {
      const Inner& in = inners_[at];
      PrefetchBytes(&in.keys, kInnerSize * sizeof(uint64_t));
      PrefetchBytes(&in.child, sizeof(in.child));
    }
  }

  // Adds an item that is not there, with the value P::ToValue(source). `path`
  // is Descend(key)'s, and is used up; anything where the tree is empty.
  template <typename Source>
  void Insert(Path& path, const Key& key, const Source& source,
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
      for (uint32_t i = 0; i < leaf.n; ++i) f(leaf.keys.Get(i), leaf.value[i]);
      return;
    }
    const Inner& in = inners_[at];
    for (uint32_t i = 0; i < in.n; ++i) Visit(level + 1, in.child[i], f);
  }

  static void PrefetchBytes(const void* from, size_t n) {
    const char* p = static_cast<const char*>(from);
    for (size_t i = 0; i < n; i += 64) __builtin_prefetch(p + i);
  }

  Key LeastKey(uint32_t level, uint32_t at) const {
    return level == height_ ? leaves_[at].keys.Get(0) : inners_[at].keys.Get(0);
  }

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

  NodePool<Leaf> leaves_;
  NodePool<Inner> inners_;
  size_t size_ = 0;
  uint32_t height_ = 0;
  uint32_t root_ = 0;
};

}  // namespace iovalab

#include "model/addr/index_tree_change.h"

#endif  // IOVALAB_MODEL_ADDR_INDEX_TREE_H_
