#ifndef IOVALAB_MODEL_PROFILE_KERNEL_PROFILE_H_
#define IOVALAB_MODEL_PROFILE_KERNEL_PROFILE_H_

// KernelProfile: what a host kernel build does where builds differ: named
// capabilities, each with its evidence in kernel_profile.cc. A profile is an
// exact build, never "since version x": stable kernels carry backports.
//
// Not for: what a vDPA device does (device_profile.h).

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace iovalab {

struct KernelProfile {
  absl::string_view name;     // value of the axis `kernel`
  absl::string_view release;  // begins the recordings' field "kernel"
  absl::string_view source;

  // Entries that one vhost-vdpa address space holds; one more is -ENOSPC.
  uint64_t vdpa_table_limit = 2048;
  // pin_user_pages is asked for this many pages at a time, which decides how
  // far a failing UPDATE gets and between -EFAULT and -ENOMEM.
  uint64_t vdpa_pin_batch_pages = 512;
  // vDPA drivers may use user addresses (VA mode).
  bool vdpa_use_va = true;
  // The operation reset_map exists: an address space that is removed tells the
  // device, and IOTLB_PERSIST can be offered.
  bool vdpa_reset_map = true;
  // vdpa_sim passes every address through while it has no mapping.
  bool vdpa_sim_identity = true;
  // Backend feature bits that this kernel knows at all.
  uint64_t vdpa_backend_features = 0;
  // INVALIDATE drops and unpins whole entries but tells the hardware (IOMMU,
  // dma_unmap) the message's range only.
  bool vdpa_unmaps_message = false;
  // INVALIDATE of size 0 is refused like UPDATE's.
  bool vdpa_no_empty_invalidate = false;
  // The one address space is there from open() on.
  bool vdpa_space_at_open = false;
  // VT-d's driver keeps cache tags: invalidations by page begin at a multiple
  // of their size and say that only leaves changed (ih), and one of nothing is
  // one of the domain. Without: they begin at the range's first page, no hint,
  // and one of nothing names the last page of the space.
  bool vtd_cache_tags = false;
  // VT-d's masks of pages cover a range wherever it begins. Without: a mask as
  // long as the range, so that one which is not aligned to its length is
  // invalidated in part.
  bool vtd_aligned_mask = true;
  // AMD's driver flushes the pages that were asked for, not the larger leaf
  // that went.
  bool amd_flushes_asked = false;
};

absl::Span<const KernelProfile> KernelProfiles();
// The row of that name, or nullptr.
const KernelProfile* FindKernelProfile(absl::string_view name);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_PROFILE_KERNEL_PROFILE_H_
