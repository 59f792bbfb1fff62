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
constexpr KernelProfile kProfiles[] = {
    {.name = "deb_6_12_117",
     .release = "6.12.117",
     .source = "recordings A-*, Debian linux-source-6.12 6.12.117",
     .vdpa_use_va = true,
     .vdpa_reset_map = true,
     .vdpa_sim_identity = true,
     .vdpa_backend_features = 0x1fe},
    {.name = "deb_6_1_192",
     .release = "6.1.0-",  // Debian's uname of 6.1.192: 6.1.0-56-amd64
     .source = "recordings A-*-k61 of Debian 6.1.192",
     .vdpa_use_va = false,
     .vdpa_reset_map = false,
     .vdpa_sim_identity = false,
     .vdpa_backend_features = 0x1e},
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
