#ifndef IOVALAB_LAB_SCENARIO_SCENARIO_PHYSICAL_H_
#define IOVALAB_LAB_SCENARIO_SCENARIO_PHYSICAL_H_

// Where RAM blocks and host buffers lie in host physical memory: the runs that
// a scenario declares, and a place of our choice for what declares none.
//
// Not for: callers outside the loader.

#include "lab/scenario/scenario_check.h"

namespace iovalab {

// The first byte that PlacePhysical gives out, and what it aligns to. Blocks
// never touch, so that a run past the end of one is seen.
inline constexpr uint64_t kFirstFreeHpa = uint64_t{1} << 32;
inline constexpr uint64_t kHpaAlign = uint64_t{1} << 30;

// The declared runs of one block, which they cover exactly, in order.
absl::Status LoadPhysicalRuns(Loading& l, const Place& at,
                              const pb::RamBlock& in, RamBlockSpec& block);

// No two declared runs share a byte. They may interleave.
absl::Status CheckPhysicalDisjoint(const Loading& l);

// Gives one contiguous run to every block and buffer without any: in file
// order, blocks first, each at the lowest free multiple of kHpaAlign beyond the
// one before it and clear of every declared run's extent.
absl::Status PlacePhysical(Loading& l);

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_SCENARIO_PHYSICAL_H_
