#ifndef IOVALAB_LAB_SCENARIO_PHYSICAL_OVERLAP_H_
#define IOVALAB_LAB_SCENARIO_PHYSICAL_OVERLAP_H_

// Whether two strided runs of host physical memory share a byte, in time that
// depends on neither's number of chunks: runs of different strides may well
// interleave without touching.
//
// Not for: runs that wrap past 2^64 - 1; the loader refuses them first.

#include "model/scenario.h"

namespace iovalab {

// Chunks of a run, at least 1. The run's length is a multiple of its chunk.
uint64_t ChunkCount(const PhysicalRunSpec& run);
// Last byte of its last chunk; the caller has made sure that it does not wrap.
Hpa LastByte(const PhysicalRunSpec& run);

// O(log(stride)). Neither run wraps; chunk <= stride; both are multiples of the
// page.
bool ChunksOverlap(const PhysicalRunSpec& a, const PhysicalRunSpec& b);

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_PHYSICAL_OVERLAP_H_
