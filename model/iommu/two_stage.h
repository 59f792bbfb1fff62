#ifndef IOVALAB_MODEL_IOMMU_TWO_STAGE_H_
#define IOVALAB_MODEL_IOMMU_TWO_STAGE_H_

// Two-stage walks: the first stage's entries lie at addresses that the second
// stage translates, and so does its result. RISC-V's nested translation and
// the SMMU's stages 1 and 2 are this with other families. A stage may be
// absent ("bare").
//
// Not for: which device has which tables (context.h).
//
// Invariant: at most (first levels) * (second levels + 1) + second levels
// entries are read.

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "model/iommu/walker.h"

namespace iovalab {

struct TwoStageWalked {
  bool ok = false;
  uint64_t pa = 0;
  // Of the smaller of the two leaves, and what both allow. A bare stage limits
  // nothing: 64 where both are.
  uint8_t size_bits = 64;
  uint8_t perm = 7;
  uint32_t reads = 0;  // of both stages
  bool has_first = false, has_second = false;
  // The first stage's walk, and the second's that came last: of the result, or
  // of the entry (`implicit`) at which the walk ended.
  Walked first, second;
  uint64_t gpa = 0;       // what that second walk translated
  uint8_t stage = 0;      // 1 or 2: who faulted
  bool implicit = false;  // while an entry of the first stage was read

  IommuFault reason() const {
    return ok ? IommuFault::kNone : stage == 2 ? second.reason : first.reason;
  }
  uint32_t native_code() const {
    return ok ? 0 : stage == 2 ? second.native_code : first.native_code;
  }
};

// Walks a second stage; `trace` sees its entries as such.
template <typename F, typename Source, typename Trace>
inline Walked WalkSecondStage(const Format& f, const Source& source,
                              uint64_t gpa, const WalkRequest& request,
                              Trace& trace) {
  if constexpr (std::is_same_v<std::remove_cv_t<Trace>, NoWalkTrace>) {
    return Walk<F>(f, source, gpa, request);
  } else {
    return Walk<F>(f, source, gpa, request, [&trace](WalkStep step) {
      step.stage = 2;
      trace(step);
    });
  }
}

// A first stage's entries through a second stage.
template <typename First, typename F2, typename Second, typename Trace>
struct NestedSource {
  struct State {
    uint32_t reads = 0;  // of the second stage
    // The walk at which an entry could not be read, and of what address.
    Walked fault;
    uint64_t gpa = 0;
  };
  using Cursor = typename First::Cursor;
  const First& first;
  const Format& second_format;
  const Second& second;
  State* state;
  Trace* trace;

  Cursor Root() const { return first.Root(); }
  uint64_t Address(const Cursor& cursor, const Format& f, int level,
                   uint64_t position) const {
    return first.Address(cursor, f, level, position);
  }
  IommuFault Load(Cursor& cursor, const Format& f, int level, uint64_t position,
                  uint64_t address, uint64_t* bits) const {
    // The implicit access is a read, whatever the access itself is.
    const Walked walked =
        WalkSecondStage<F2>(second_format, second, address, {}, *trace);
    state->reads += walked.reads;
    if (!walked.ok) [[unlikely]] {
      state->fault = walked;
      state->gpa = address;
      *bits = 0;
      return walked.reason;
    }
    return first.Load(cursor, f, level, position, walked.pa, bits);
  }
  bool Follow(Cursor& cursor, const Format& f, int level,
              uint64_t position) const requires FollowsPointers<First> {
    Cursor next = cursor;
    if (!first.Follow(next, f, level, position)) return false;
    const Walked walked = WalkSecondStage<F2>(
        second_format, second, first.Address(cursor, f, level, position), {},
        *trace);
    // Load meets the same, and says why.
    if (!walked.ok) [[unlikely]]
      return false;
    state->reads += walked.reads;
    cursor = next;
    return true;
  }
  void Enter(Cursor& cursor, uint64_t address) const {
    first.Enter(cursor, address);
  }
};

// Neither stage is bare. `trace` sees the entries of both stages in the order
// in which they are read.
template <typename F1, typename F2, typename First, typename Second,
          typename Trace = NoWalkTrace>
inline TwoStageWalked WalkTwoStages(const Format& f1, const First& first,
                                    const Format& f2, const Second& second,
                                    uint64_t input, const WalkRequest& request,
                                    Trace&& trace = Trace()) {
  using Nested =
      NestedSource<First, F2, Second, std::remove_reference_t<Trace>>;
  typename Nested::State state;
  TwoStageWalked w;
  w.has_first = w.has_second = true;
  w.first = Walk<F1>(f1, Nested{first, f2, second, &state, &trace}, input,
                     request, trace);
  w.reads = w.first.reads + state.reads;
  if (!w.first.ok) [[unlikely]] {
    w.second = state.fault;
    w.gpa = state.gpa;
    w.implicit = state.fault.reason != IommuFault::kNone;
    w.stage = w.implicit ? 2 : 1;
    // An entry that was not read is not one of the first stage's reads.
    if (w.implicit) {
      --w.reads;
      // Reported for the access that the device wanted.
      w.second.native_code = F2::FaultCode(w.second.reason, request.access);
    }
    return w;
  }
  w.gpa = w.first.pa;
  w.second = WalkSecondStage<F2>(f2, second, w.gpa,
                                 WalkRequest{.access = request.access}, trace);
  w.reads += w.second.reads;
  if (!w.second.ok) [[unlikely]] {
    w.stage = 2;
    return w;
  }
  w.ok = true;
  w.pa = w.second.pa;
  w.size_bits = std::min(w.first.size_bits, w.second.size_bits);
  w.perm = w.first.perm & w.second.perm;
  return w;
}

// One stage of two, the other bare.
template <typename F, typename Source, typename Trace = NoWalkTrace>
inline TwoStageWalked WalkOneStage(int stage, const Format& f,
                                   const Source& source, uint64_t input,
                                   const WalkRequest& request,
                                   Trace&& trace = Trace()) {
  TwoStageWalked w;
  const Walked walked =
      stage == 1 ? Walk<F>(f, source, input, request, trace)
                 : WalkSecondStage<F>(f, source, input, request, trace);
  (stage == 1 ? w.has_first : w.has_second) = true;
  (stage == 1 ? w.first : w.second) = walked;
  w.gpa = stage == 1 ? walked.pa : input;
  w.reads = walked.reads;
  w.stage = walked.ok ? 0 : static_cast<uint8_t>(stage);
  w.ok = walked.ok;
  w.pa = walked.pa;
  w.size_bits = walked.size_bits;
  w.perm = walked.perm;
  return w;
}

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_TWO_STAGE_H_
