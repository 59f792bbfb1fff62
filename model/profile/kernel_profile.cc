#include "model/profile/kernel_profile.h"

namespace iovalab {
namespace {

// Evidence, by capability (recordings A-*, and the same ending in -k61):
//   vdpa_table_limit       st.iotlb vhost_as#0.limit everywhere; A-limit
//                          limit/batch_over_vhost_limit (there set to 10)
//   vdpa_pin_batch_pages   A-simblk-setmap-pa range/iova0_size_2e63: 512 pages
//                          pinned, then -EFAULT; uaddr/half_hole: -ENOMEM.
//                          One page of pointers, Linux 6.12
//                          drivers/vhost/vdpa.c
//   vdpa_use_va            A-simblk-setmap-va; the parameter is not in 6.1
//   vdpa_reset_map         reset/close_drops_everything: close calls reset_map
//                          on 6.12 and nothing on 6.1
//   vdpa_sim_identity      info/defaults: two pass-through entries on 6.12,
//                          none on 6.1
//   vdpa_backend_features  info/backend_features: 0x100 (IOTLB_PERSIST), 0x40
//                          (ENABLE_AFTER_DRIVER_OK), 0x20 (RESUME) are refused
//                          by 6.1; 0x80 alone is -EINVAL on 6.12 (known, needs
//                          IOTLB_ASID) and -EOPNOTSUPP on 6.1
//   vtd_cache_tags         A-vp-platform-iommu map/iova_half_crossing: "psi 0x0
//                          am=2 ih=1" on 6.12, "psi 0x1000 am=2 ih=0" on 6.1;
//                          perm/0: "domain" and "psi 0xfffffffffffff000 am=0"
//   vdpa_unmaps_message, vdpa_no_empty_invalidate, vdpa_space_at_open
//                          false in both: A-vp-platform-iommu inval/one_byte
//                          (the whole entry's iommu_unmap),
//                          inval/size0_iova0_drops_everything, inval/no_as_yet
//
// Of v5_17 nothing is recorded. Sources: Linux 5.17 drivers/vhost/vdpa.c
// vhost_vdpa_unmap (before e794070af224), vhost_vdpa_open (one iotlb, allocated
// there with no limit), VHOST_VDPA_BACKEND_FEATURES; derived: INVALIDATE of
// size 0 (95932ab2ea07 went into 5.17). Flushes as on 6.1 but for what changed
// in between: "iommu/vt-d: calculate mask for non-aligned flushes" (1 Apr 2022,
// 5.18), "iommu/amd: ... size" 6b080c4e815c (6.1, of fc65d0acaf23).
constexpr KernelProfile kProfiles[] = {
    {.name = "deb_6_12_117",
     .release = "6.12.117",
     .source = "recordings A-*, Debian linux-source-6.12 6.12.117",
     .vdpa_use_va = true,
     .vdpa_reset_map = true,
     .vdpa_sim_identity = true,
     .vdpa_backend_features = 0x1fe,
     .vtd_cache_tags = true},
    {.name = "deb_6_1_192",
     .release = "6.1.0-",  // Debian's uname of 6.1.192: 6.1.0-56-amd64
     .source = "recordings A-*-k61 of Debian 6.1.192",
     .vdpa_use_va = false,
     .vdpa_reset_map = false,
     .vdpa_sim_identity = false,
     .vdpa_backend_features = 0x1e},
    {.name = "v5_17",
     .release = "5.17.",
     .source = "Linux 5.17 drivers/vhost/vdpa.c (not recorded)",
     .vdpa_table_limit = UINT64_MAX,
     .vdpa_use_va = false,
     .vdpa_reset_map = false,
     .vdpa_sim_identity = false,
     .vdpa_backend_features = 0x6,
     .vdpa_unmaps_message = true,
     .vdpa_no_empty_invalidate = true,
     .vdpa_space_at_open = true,
     .vtd_aligned_mask = false,
     .amd_flushes_asked = true},
};

}  // namespace

absl::Span<const KernelProfile> KernelProfiles() { return kProfiles; }

const KernelProfile* FindKernelProfile(absl::string_view name) {
  for (const KernelProfile& profile : kProfiles) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

}  // namespace iovalab
