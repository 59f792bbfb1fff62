#ifndef IOVALAB_MODEL_ADDR_NODE_POOL_H_
#define IOVALAB_MODEL_ADDR_NODE_POOL_H_

// NodePool: nodes of a tree, referred to by number, in chunks that do not move
// once they are full. A copy is a value copy with the same numbers.
//
// Not for: objects that others point to: a node of the last chunk may move when
// another is taken.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/check.h"

namespace iovalab {

template <typename Node>
class NodePool {
 public:
  const Node& operator[](uint32_t i) const {
    return chunks_[i / kChunk][i % kChunk];
  }
  Node& operator[](uint32_t i) { return chunks_[i / kChunk][i % kChunk]; }

  // The number of a node as Node() makes it.
  uint32_t Take() {
    if (!free_.empty()) {
      const uint32_t i = free_.back();
      free_.pop_back();
      (*this)[i] = Node();
      return i;
    }
    sim::Check(taken_ < UINT32_MAX, "too many entries");
    if (taken_ % kChunk == 0) {
      chunks_.emplace_back();
      // A small table stays small; a large one does not copy its nodes about.
      if (taken_ > 0) chunks_.back().reserve(kChunk);
    }
    chunks_.back().emplace_back();
    return taken_++;
  }
  void Give(uint32_t i) { free_.push_back(i); }

 private:
  static constexpr uint32_t kChunk = 64;

  std::vector<std::vector<Node>> chunks_;
  std::vector<uint32_t> free_;
  uint32_t taken_ = 0;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_ADDR_NODE_POOL_H_
