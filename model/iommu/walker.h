#ifndef IOVALAB_MODEL_IOMMU_WALKER_H_
#define IOVALAB_MODEL_IOMMU_WALKER_H_

// The one walker: follows entries from a source, which is either a
// run-compressed table (page_table_source.h) or raw memory (raw_memory.h), or
// the first stage of two (two_stage.h).
//
// Not for: caches; each call reads every entry anew.
//
// A source has
//   Cursor                      which table comes next
//   Root()                      the cursor of the root table
//   Address(cursor, f, level, position)
//                               where the entry lies
//   Load(&cursor, f, level, position, address, &bits)
//                               reads it: kNone, kTableFetch or kTableCorrupt,
//                               or what a nested walk came to; bits are 0
//                               where it could not be read
//   Enter(&cursor, address)     on to the table that the entry just read names
// and may have
//   Follow(&cursor, f, level, position)
//                               goes past the entry where that is a pointer
//                               that the source made itself, which allows
//                               everything; else false. A walk that nobody
//                               watches need not decode those.
//
// Invariants: a walk reads at most one entry a level; whatever the entries
// hold, it ends.

#include <cstdint>
#include <type_traits>

#include "model/iommu/entry_step.h"
#include "model/iommu/format.h"

namespace iovalab {

struct Walked {
  bool ok = false;
  // Of the leaf that ended the walk. A translation holds for the 2^size_bits
  // bytes around the address.
  uint8_t size_bits = 0;
  uint8_t perm = 0;  // kAccess..., added up where the format does that
  IommuFault reason = IommuFault::kNone;
  int8_t level = -1;  // where the walk stopped; 0 last, -1 before the root
  uint8_t reads = 0;  // entries read
  uint32_t native_code = 0;
  uint64_t pa = 0;
  uint64_t pte = 0;  // the last entry read, and where
  uint64_t pte_address = 0;
};

template <typename Source>
concept FollowsPointers = requires(const Source& source,
                                   typename Source::Cursor& cursor,
                                   const Format& f, int level,
                                   uint64_t position) {
  source.Follow(cursor, f, level, position);
};

// One entry read, for those who want to see a walk.
struct WalkStep {
  int level = 0;
  uint64_t pte_address = 0;
  uint64_t pte = 0;
  IommuFault load = IommuFault::kNone;  // whether it could be read
  uint8_t stage = 1;  // 2: of the second of two stages (two_stage.h)
};

struct NoWalkTrace {
  constexpr void operator()(const WalkStep&) const {}
};

// Not inlined: faults are rare. Sees no Walked, so that a walk which does not
// fault need not have one in memory.
template <typename F>
[[gnu::noinline]] uint32_t WalkFaultCode(IommuFault reason, uint32_t access) {
  return F::FaultCode(reason, access);
}

// Walks F's tables for `input` (an address as the device gives it). Calls
// trace(WalkStep) for each entry. Flattened: a call an entry would cost as much
// as reading it.
template <typename F, typename Source, typename Trace = NoWalkTrace>
[[gnu::flatten]] inline Walked Walk(const Format& f, const Source& source,
                                    uint64_t input, const WalkRequest& request,
                                    Trace&& trace = Trace()) {
  Walked w;
  const auto fault = [&](IommuFault reason) {
    w.reason = reason;
    w.native_code = WalkFaultCode<F>(reason, request.access);
    return w;
  };
  if (!f.Translates(input)) [[unlikely]]
    return fault(IommuFault::kInputWidth);
  const uint64_t position = f.Position(input);
  typename Source::Cursor cursor = source.Root();
  uint32_t perm = 7;
  int level = f.root_level();
  if constexpr (std::is_same_v<std::remove_cvref_t<Trace>, NoWalkTrace> &&
                FollowsPointers<Source>) {
    while (level > 0 && source.Follow(cursor, f, level, position)) --level;
    w.reads = static_cast<uint8_t>(f.root_level() - level);
  }
  for (;;) {
    w.level = static_cast<int8_t>(level);
    w.pte_address = source.Address(cursor, f, level, position);
    const IommuFault load =
        source.Load(cursor, f, level, position, w.pte_address, &w.pte);
    ++w.reads;
    trace(WalkStep{level, w.pte_address, w.pte, load, 1});
    if (load != IommuFault::kNone) [[unlikely]]
      return fault(load);
    const EntryStep step = F::Step(f, level, w.pte, request);
    perm &= step.perm;
    if (step.kind == EntryStep::kLeaf) {
      const uint64_t offset = (uint64_t{1} << step.size_bits) - 1;
      w.ok = true;
      w.size_bits = step.size_bits;
      w.perm = static_cast<uint8_t>(perm);
      w.pa = step.address | (position & offset);
      return w;
    }
    if (step.kind == EntryStep::kFault) [[unlikely]]
      return fault(step.reason);
    const int next = step.next_level;
    if (next != level - 1) {
      // Index bits of the levels skipped are zero.
      const int from = f.level[next].shift + f.level[next].bits;
      if ((position & (BitMask(f.level[level].shift - 1, 0) >> from << from)) !=
          0)
        return fault(IommuFault::kNotPresent);
    }
    source.Enter(cursor, step.address);
    level = next;
  }
}

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_WALKER_H_
