#include "model/kernel/user_pages.h"

#include <algorithm>

#include "sim/check.h"

namespace iovalab {

uint64_t PinnablePages(const IntervalTable& vmas, const HostMemory& memory,
                       Hva hva, uint64_t max_pages, bool write) {
  const uint32_t need = write ? kPermWrite : kPermRead;
  uint64_t pages = 0;
  uint64_t at = hva.value;
  while (pages < max_pages) {
    const auto vma = vmas.Find(at);
    if (!vma || (vma->perm & need) == 0) break;
    const auto object = static_cast<ObjectIndex>(vma->tag);
    if (memory.object(object).kind == MemoryKind::kPfnmap) break;
    pages += (vma->last - at + 1) / kPageSize;
    at = vma->last + 1;
  }
  return std::min(pages, max_pages);
}

PhysicalSpan PageRuns::At(Hva hva) const {
  const auto vma = vmas_.Find(hva.value);
  sim::Check(vma.has_value(), "a page that can be pinned has no VMA");
  PhysicalSpan span = memory_.Resolve(static_cast<ObjectIndex>(vma->tag),
                                      vma->Translate(hva.value));
  span.length = std::min(span.length, vma->last - hva.value + 1);
  return span;
}

std::optional<PhysicalSpan> PageRuns::Next() {
  if (left_ == 0) return std::nullopt;
  PhysicalSpan run = At(hva_);
  while (run.length < left_) {
    const PhysicalSpan next = At(hva_ + run.length);
    if (next.hpa != run.hpa + run.length) break;
    run.length += next.length;
  }
  run.length = std::min(run.length, left_);
  hva_ = hva_ + run.length;
  left_ -= run.length;
  return run;
}

}  // namespace iovalab
