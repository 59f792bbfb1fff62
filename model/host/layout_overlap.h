#ifndef IOVALAB_MODEL_HOST_LAYOUT_OVERLAP_H_
#define IOVALAB_MODEL_HOST_LAYOUT_OVERLAP_H_

// Whether two strided runs of host physical memory share a byte, in time that
// depends on neither's number of chunks: runs of different strides may well
// interleave without touching.
//
// Not for: runs that wrap past 2^64 - 1, which are in no valid object.

#include "model/host/memory_object.h"

namespace iovalab {

// O(log(stride)). Neither run wraps; chunk_size <= stride. A last chunk that is
// shorter than the others counts as a whole one.
bool ChunksOverlap(const LayoutRun& a, const LayoutRun& b);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_HOST_LAYOUT_OVERLAP_H_
