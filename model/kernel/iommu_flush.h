#ifndef IOVALAB_MODEL_KERNEL_IOMMU_FLUSH_H_
#define IOVALAB_MODEL_KERNEL_IOMMU_FLUSH_H_

// When Linux flushes an IOMMU's caches after it cleared page-table entries, and
// when the IOVA may be used again. Source of the rules: Linux 6.1
// drivers/iommu/dma-iommu.c queue_iova, fq_flush_timeout.
//
//   strict  each unmap is invalidated and waited for before it returns;
//           recorded, q35-2g-vtd-linux (iommu.strict=1): one page invalidation
//           an unmap
//   lazy    DMA API: the range waits in a ring; a full ring or a timer flushes
//           the whole domain. Data pages are free at once, so for up to the
//           timeout a cached translation reaches memory of a new owner. The
//           IOVA is not used again before the flush
//   broken  never flushed, IOVA used again at once: a defect, for comparison
//   short   as strict, but the flush covers the pages that were asked for and
//           not the whole leaf that went with them: a defect, for comparison
//
// And which commands a flush is made of, which depends on the driver
// (FlushCommands).
//
// Not for: the invalidation's way to the hardware (invalidation_queue.h).
// vhost-vdpa and vfio unmap through iommu_unmap, which is strict whatever the
// DMA API does.
//
// Invariants: under lazy and strict an IOVA is released once, after a flush
// that was asked for at or after its unmap; the ring holds at most
// capacity - 1 ranges, as Linux's does.

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/addr/address.h"
#include "model/addr/range.h"
#include "model/iommu/invalidation.h"
#include "model/kernel/iommu_driver.h"
#include "sim/time.h"

namespace iovalab {

enum class FlushPolicy : uint8_t { kStrict, kLazy, kBroken, kShort };
struct FlushPolicyRow {
  FlushPolicy policy;
  absl::string_view name;
  absl::string_view help;
  absl::string_view source;
};
// Every policy, in the order of the enum.
absl::Span<const FlushPolicyRow> FlushPolicies();
absl::string_view FlushPolicyName(FlushPolicy policy);
std::optional<FlushPolicy> FlushPolicyByName(absl::string_view name);

struct IommuFlushShape {
  FlushPolicy policy = FlushPolicy::kStrict;
  uint32_t capacity = 256;                         // IOVA_FQ_SIZE; 2 or more
  sim::Nanos timeout_ns = 10 * sim::kMillisecond;  // IOVA_FQ_TIMEOUT
};

// What the driver does because of a call: commands to hand to the hardware and
// to wait for, and IOVA ranges that may be used again once those are done.
struct FlushActions {
  std::vector<Invalidation> commands;
  std::vector<Range<Iova>> released;
};

struct IommuFlush {
  IommuFlushShape shape = {};
  uint32_t domain = 0;
  std::deque<Range<Iova>> queued = {};
  std::optional<sim::Time> timer = {};  // when FlushTimer is due
  uint64_t flushes = 0;                 // of the whole domain
};

// Leaf entries of `range` were cleared; `commands` would flush them by
// themselves (FlushCommands), which strict and short do.
FlushActions FlushAfterUnmap(IommuFlush& flush, Range<Iova> range,
                             const std::vector<Invalidation>& commands,
                             sim::Time now);
// The timer that flush.timer told of.
FlushActions FlushTimer(IommuFlush& flush, sim::Time now);

// The commands by which `driver` flushes [first, last], whole pages, after it
// cleared leaves of `leaf_bytes` (a power of two, 4096 or more); a wait is the
// caller's to add. `leaf_only`: no table was freed. Between 1 and 511 commands
// that cover the range. Linux collects leaves of one size before it flushes
// (io_pgtable_tlb_add_page); where sizes mix, call it for each.
std::vector<Invalidation> FlushCommands(const IommuDriver& driver,
                                        uint32_t domain, Range<Iova> range,
                                        uint64_t leaf_bytes, bool leaf_only);

// Page-selective commands that cover [first, last] with the fewest naturally
// aligned powers of two, at most `max` of them, else one for the whole domain.
std::vector<Invalidation> CoveringInvalidations(uint32_t domain,
                                                Range<Iova> range,
                                                bool leaf_only, size_t max);
// The one page-selective command that Linux's VT-d driver uses: the smallest
// aligned power of two of pages that holds [first, last] (6.1
// calculate_psi_aligned_address; recorded: two pages at 0xffffc000, AM 1). The
// whole domain where the mask is over `max_mask` (cap.MAMV).
Invalidation VtdInvalidation(uint32_t domain, Range<Iova> range, bool leaf_only,
                             uint8_t max_mask = 18);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_KERNEL_IOMMU_FLUSH_H_
