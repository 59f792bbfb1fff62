#include "model/store/delta.h"

#include <utility>

#include "absl/numeric/int128.h"

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

absl::string_view WhyUnsound(const Delta& delta) {
  const Entry& e = delta.entry;
  if (e.first > e.last) return "the entry's last key is below its first";
  if (delta.count == 0) return "the count is 0";
  if (delta.count == 1) {
    return delta.key_stride == 0 && delta.target_stride == 0
               ? ""
               : "a single change has a stride";
  }
  if (delta.key_stride <= e.last - e.first) {
    return "the stride is no longer than an entry";
  }
  const absl::uint128 last =
      absl::uint128(delta.count - 1) * delta.key_stride + e.last;
  return absl::Uint128High64(last) == 0 ? "" : "the run passes 2^64";
}

DeltaWords ToWords(const Delta& d) {
  return {d.store.Pack(), static_cast<uint64_t>(d.op),
          d.entry.first,  d.entry.last,
          d.entry.target, d.entry.tag,
          d.entry.perm,   d.old_target,
          d.old_tag,      d.old_perm,
          d.count,        d.key_stride,
          d.target_stride};
}

std::optional<Delta> DeltaFromWords(absl::Span<const uint64_t> words,
                                    Rule rule) {
  if (words.size() != std::tuple_size_v<DeltaWords>) return std::nullopt;
  const std::optional<StoreId> store = StoreId::Unpack(words[0]);
  if (!store || words[1] > static_cast<uint64_t>(DeltaOp::kSet) ||
      words[6] > UINT32_MAX || words[9] > UINT32_MAX) {
    return std::nullopt;
  }
  Delta d;
  d.store = *store;
  d.op = static_cast<DeltaOp>(words[1]);
  d.entry.first = words[2];
  d.entry.last = words[3];
  d.entry.target = words[4];
  d.entry.tag = words[5];
  d.entry.perm = static_cast<uint32_t>(words[6]);
  d.old_target = words[7];
  d.old_tag = words[8];
  d.old_perm = static_cast<uint32_t>(words[9]);
  d.count = words[kDeltaCount];
  d.key_stride = words[kDeltaKeyStride];
  d.target_stride = words[kDeltaTargetStride];
  d.rule = rule;
  return d;
}

}  // namespace iovalab
