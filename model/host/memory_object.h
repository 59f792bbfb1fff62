#ifndef IOVALAB_MODEL_HOST_MEMORY_OBJECT_H_
#define IOVALAB_MODEL_HOST_MEMORY_OBJECT_H_

// MemoryObject: host memory that can be mapped (a memfd, anonymous memory, a
// device's BAR), and where its pages lie in host physical memory.
//
// The layout is a list of runs of equal chunks at a stride, so a terabyte in
// 2 MiB chunks is one line. All pages are resident.
//
// Not for: who maps it at which address (vma.h).
//
// Invariants after ValidateMemoryObject: runs are in offset order, touch
// without a gap and cover [0, size - 1] exactly; chunks are whole pages that do
// not overlap.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "model/addr/address.h"
#include "sim/check.h"

namespace iovalab {

enum class MemoryKind : uint8_t {
  kSharedFile,        // memfd, hugetlbfs: mapped MAP_SHARED
  kPrivateAnonymous,  // the default RAM backend
  kPfnmap,            // VM_IO | VM_PFNMAP: no struct pages, cannot be pinned
};

// Offsets [first_offset, last_offset] of the object: chunk i (all of chunk_size
// bytes, the last one maybe shorter) begins at hpa + i * stride. With stride ==
// chunk_size the whole run is physically contiguous.
struct LayoutRun {
  uint64_t first_offset = 0;
  uint64_t last_offset = 0;
  uint64_t chunk_size = 0;
  Hpa hpa;
  uint64_t stride = 0;  // >= chunk_size

  // The lowest and highest byte that chunks of this run may hold; the bytes
  // between chunks belong to the run too.
  Hpa hull_first() const { return hpa; }
  Hpa hull_last() const {
    const uint64_t length = last_offset - first_offset;
    return hpa + (length / chunk_size * stride + length % chunk_size);
  }
};

struct MemoryObject {
  std::string name;
  uint64_t size = 0;  // bytes
  MemoryKind kind = MemoryKind::kSharedFile;
  std::vector<LayoutRun> layout;
};

// Host physical addresses have at most this many bits (x86 maximum).
inline constexpr int kHpaBits = 52;

// The first error names the object, the layout run and the field.
absl::Status ValidateMemoryObject(const MemoryObject& object);

// Physically contiguous bytes.
struct PhysicalSpan {
  Hpa hpa;
  uint64_t length = 0;
};

// Where byte `offset` (< size, checked) lies, and how far memory stays
// contiguous from there to the end of the object, over chunks and runs.
PhysicalSpan ResolveOffset(const MemoryObject& object, uint64_t offset);

// Calls f(uint64_t offset, Hpa, uint64_t length) for each physically contiguous
// part of [first_offset, last_offset], in offset order.
template <typename F>
void ForEachPhysicalRun(const MemoryObject& object, uint64_t first_offset,
                        uint64_t last_offset, F f) {
  sim::Check(first_offset <= last_offset && last_offset < object.size,
             "offsets outside the memory object");
  for (uint64_t at = first_offset;;) {
    const PhysicalSpan span = ResolveOffset(object, at);
    const uint64_t length = std::min(span.length, last_offset - at + 1);
    f(at, span.hpa, length);
    if (length > last_offset - at) return;
    at += length;
  }
}

}  // namespace iovalab

#endif  // IOVALAB_MODEL_HOST_MEMORY_OBJECT_H_
