#ifndef IOVALAB_MODEL_ADDR_OVERWRITE_MAP_H_
#define IOVALAB_MODEL_ADDR_OVERWRITE_MAP_H_

// OverwriteMap: the last value assigned to each key. A later assignment covers
// what it touches and leaves the rest of earlier ones.
//
// Not for: stores, whose changes are deltas; this is book-keeping of ours.
//
// Cost of Assign: logarithmic in the pieces, amortized over those it covers.

#include <cstdint>
#include <optional>

#include "model/addr/interval_table.h"

namespace iovalab {

class OverwriteMap {
 public:
  OverwriteMap() : pieces_(/*by_target=*/false) {}

  void Assign(uint64_t first, uint64_t last, uint64_t value) {
    while (const std::optional<Entry> old = pieces_.FirstIn(first, last)) {
      pieces_.Erase(old->first);
      if (old->first < first) Put(old->first, first - 1, old->target);
      if (old->last > last) Put(last + 1, old->last, old->target);
    }
    Put(first, last, value);
  }

  std::optional<uint64_t> Find(uint64_t key) const {
    const std::optional<Entry> piece = pieces_.Find(key);
    if (!piece) return std::nullopt;
    return piece->target;
  }

 private:
  void Put(uint64_t first, uint64_t last, uint64_t value) {
    Entry piece;
    piece.first = first;
    piece.last = last;
    piece.target = value;
    pieces_.Insert(piece);
  }

  IntervalTable pieces_;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_ADDR_OVERWRITE_MAP_H_
