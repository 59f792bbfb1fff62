#ifndef IOVALAB_MODEL_PROFILE_LATENCY_H_
#define IOVALAB_MODEL_PROFILE_LATENCY_H_

// Latencies: what operations cost in simulated time, in one versioned table, so
// that a change of cost is a change of one line. Nanoseconds.
//
// They place concurrent actors relative to each other; no verdict may depend on
// their exact values.

#include <cstdint>

namespace iovalab {

inline constexpr int kLatencyTableVersion = 1;

// One section through the listener, its message included: the usual distance of
// region_add lines in the QEMU 7.2 log q35-4g-novga-svq (recorded, 2 us).
inline constexpr int64_t kListenerSectionNs = 2000;
// Rendering a transaction's flat view (ours).
inline constexpr int64_t kCommitNs = 1000;
// Translating and adding one request to the shadow ring (ours).
inline constexpr int64_t kSvqAddNs = 500;
// Mapping a ring: distance of the first dma_map lines there (recorded, 3 us).
inline constexpr int64_t kHostMapNs = 3000;

// From an IOMMU's fault interrupt until the driver has taken what was recorded
// (ours).
inline constexpr int64_t kFaultHandlerNs = 20000;

}  // namespace iovalab

#endif  // IOVALAB_MODEL_PROFILE_LATENCY_H_
