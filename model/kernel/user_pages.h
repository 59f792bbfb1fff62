#ifndef IOVALAB_MODEL_KERNEL_USER_PAGES_H_
#define IOVALAB_MODEL_KERNEL_USER_PAGES_H_

// What pin_user_pages would find at a user address: how many pages can be
// pinned from there, and the physically contiguous runs that they form.
//
// Not for: the pin counts (pin.h).

#include <cstdint>
#include <optional>

#include "model/addr/address.h"
#include "model/addr/interval_table.h"
#include "model/host/host_memory.h"

namespace iovalab {

// Pages that can be pinned from the page at hva on, at most max_pages: VMAs
// follow each other without a hole, are readable (writable if `write`) and no
// PFNMAP. Costs O(VMAs).
uint64_t PinnablePages(const IntervalTable& vmas, const HostMemory& memory,
                       Hva hva, uint64_t max_pages, bool write);

// Yields the physically contiguous runs of `pages` pages from hva, all of which
// PinnablePages has counted. Runs do not end where a VMA does.
class PageRuns {
 public:
  PageRuns(const IntervalTable& vmas, const HostMemory& memory, Hva hva,
           uint64_t pages)
      : vmas_(vmas), memory_(memory), hva_(hva), left_(pages * kPageSize) {}

  // The next run; nothing after the last.
  std::optional<PhysicalSpan> Next();
  bool done() const { return left_ == 0; }

 private:
  PhysicalSpan At(Hva hva) const;  // up to the VMA's end

  const IntervalTable& vmas_;
  const HostMemory& memory_;
  Hva hva_;
  uint64_t left_;  // bytes
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_KERNEL_USER_PAGES_H_
