#include "model/store/delta.h"

#include <utility>

namespace iovalab {

Delta NthOf(const Delta& run, uint64_t i) {
  Delta one = run;
  one.entry.first += i * run.key_stride;
  one.entry.last += i * run.key_stride;
  one.entry.target += i * run.target_stride;
  one.old_target += i * run.target_stride;
  one.count = 1;
  one.key_stride = 0;
  one.target_stride = 0;
  return one;
}

Delta Inverse(const Delta& delta) {
  Delta inverse = delta;
  switch (delta.op) {
    case DeltaOp::kAdd:
      inverse.op = DeltaOp::kDel;
      break;
    case DeltaOp::kDel:
      inverse.op = DeltaOp::kAdd;
      break;
    case DeltaOp::kSet:
      std::swap(inverse.entry.target, inverse.old_target);
      std::swap(inverse.entry.tag, inverse.old_tag);
      std::swap(inverse.entry.perm, inverse.old_perm);
      break;
  }
  return inverse;
}

}  // namespace iovalab
