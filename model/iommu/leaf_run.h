#ifndef IOVALAB_MODEL_IOMMU_LEAF_RUN_H_
#define IOVALAB_MODEL_IOMMU_LEAF_RUN_H_

// LeafRun: leaves of one size that follow each other, their addresses too
// (linear) or all with the same one (constant); and the joining of pieces into
// runs that are as long as they can be, the same whatever the pieces were.
//
// Not for: what a table stores (page_table.h).

#include <cstdint>
#include <optional>

namespace iovalab {

struct LeafRun {
  uint64_t first = 0, last = 0;  // positions, inclusive
  uint64_t address = 0;          // of the first leaf
  uint8_t size_bits = 0;         // of each leaf
  bool constant = false;         // false where there is one leaf
  uint32_t perm = 0;
  uint64_t rest = 0;  // LeafFields.rest, the same in all

  uint64_t leaves() const { return ((last - first) >> size_bits) + 1; }
  friend bool operator==(const LeafRun&, const LeafRun&) = default;
};

// Joins runs that come in address order. Leftmost first: a leaf joins the run
// before it where it continues that, linear before constant.
template <typename Fn>
class RunJoiner {
 public:
  explicit RunJoiner(Fn& emit) : emit_(emit) {}

  void Add(LeafRun piece) {
    if (piece.leaves() == 1) piece.constant = false;
    // Of the entries of one leaf the first stands for all.
    if (current_ && piece.first <= current_->last) return;
    if (!current_ || !Like(piece)) return Start(piece);
    const uint64_t size = uint64_t{1} << piece.size_bits;
    const bool single = current_->leaves() == 1;
    const uint64_t after =
        current_->address + (current_->last - current_->first) + 1;
    const bool linear = !current_->constant && piece.address == after;
    const bool constant =
        (single || current_->constant) && piece.address == current_->address;
    if (!linear && !constant) return Start(piece);
    if (single) current_->constant = constant;
    if (piece.leaves() == 1 || piece.constant == constant) {
      current_->last = piece.last;
      return;
    }
    // Only the piece's first leaf continues the run.
    current_->last = piece.first + (size - 1);
    piece.first += size;
    if (!piece.constant) piece.address += size;
    if (piece.leaves() == 1) piece.constant = false;
    Start(piece);
  }
  void Finish() {
    if (current_) emit_(*current_);
    current_.reset();
  }

 private:
  bool Like(const LeafRun& piece) const {
    return piece.size_bits == current_->size_bits &&
           piece.rest == current_->rest && piece.first == current_->last + 1;
  }
  void Start(const LeafRun& piece) {
    Finish();
    current_ = piece;
  }

  Fn& emit_;
  std::optional<LeafRun> current_;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_LEAF_RUN_H_
