// The rows of the axes. Commits are QEMU's unless said otherwise.

#include "lab/axes.h"

namespace iovalab {
namespace {

constexpr AxisValue kMappings[] = {
    {"hva", "one IOVA->HVA tree; found by HVA",
     "QEMU 34e3c94edaef, 7.2 to 9.2"},
    {"hva_id", "as hva, and the section's GPA must match as an id",
     "RFC 20240410100345.389462, never merged"},
    {"ram_addr", "a GPA tree beside it; buffers found by ram_addr",
     "RFC v2 of 4 Oct 2024, never merged"},
    {"gpa", "guest RAM by GPA, host-only memory by HVA, one allocator",
     "QEMU 10.0: 92cf61e708, 05063f5584, 332859dd59"},
    {"passthrough", "no shadow queue: IOVA = GPA, no tree",
     "hw/virtio/vhost-vdpa.c without shadow_data"},
};

constexpr AxisValue kBackends[] = {
    {"vdpa_set_map_va", "an entry for each VMA; the device gets HVAs",
     "Linux drivers/vhost/vdpa.c vhost_vdpa_va_map; VDUSE, vdpa_sim use_va"},
    {"vdpa_set_map_pa", "an entry for each physical run; pages are pinned",
     "Linux drivers/vhost/vdpa.c vhost_vdpa_pa_map"},
};

constexpr AxisValue kDevices[] = {
    {"vdpa_sim", "software device: its own table, filled by set_map",
     "Linux drivers/vdpa/vdpa_sim"},
    {"vduse", "device in userspace: maps shared files by set_map",
     "Linux drivers/vdpa/vdpa_user"},
};

constexpr AxisValue kKernels[] = {
    {"deb_6_12_117", "Debian 13's 6.12.117", "recorded"},
    {"deb_6_1_192", "Debian 12's 6.1.192", "recorded"},
};

constexpr AxisValue kSwitches[] = {
    {"as_merged", "every defect as in the merged code", "QEMU 10.0"},
    {"r1_fixed", "needle of a buffer is len - 1 long, not len",
     "semantics 3.7 R1, derived"},
    {"r2_fixed", "cleanup after a GPA overlap spares the older node",
     "semantics 3.7 R2, derived"},
    {"r3_fixed", "range check compares last with last",
     "semantics 3.7 R3, derived"},
    {"before_75a8ce64f6", "region_del removes by the needle's IOVA, 0",
     "before 75a8ce64f6, Jul 2022"},
    {"before_10dab9f263", "region_del of an unknown section dereferences NULL",
     "before 10dab9f263, Aug 2022"},
    {"before_7dab70bec3", "the node stays when the kernel's map failed",
     "before 7dab70bec3, Aug 2022"},
    {"before_2fbef6aad8", "2^64 bytes are unmapped in one message of size 0",
     "before 2fbef6aad8, May 2023"},
    {"before_b77a5f22ac", "a buffer that ends with its map is refused",
     "before b77a5f22ac, Jul 2023"},
};

}  // namespace

std::vector<AxisInfo> MakeAxes(absl::Span<const AxisValue> mappings,
                               absl::string_view default_mapping) {
  const auto rows = [](absl::Span<const AxisValue> values) {
    return std::vector<AxisValue>(values.begin(), values.end());
  };
  return {
      {"mapping", "how the VMM finds the IOVA of guest memory",
       "QEMU hw/virtio/vhost-iova-tree.c", rows(mappings), default_mapping},
      {"backend", "which kernel path carries the maps",
       "Linux drivers/vhost/vdpa.c", rows(kBackends), "vdpa_set_map_va"},
      {"device", "how the device keeps its table", "Linux drivers/vdpa",
       rows(kDevices), "vdpa_sim"},
      {"kernel", "the host's kernel, an exact build", "recorded vectors",
       rows(kKernels), "deb_6_12_117"},
      {"switches", "one defect of the VMM's, repaired or brought back",
       "semantics 3.3 and 3.7", rows(kSwitches), "as_merged"},
  };
}

const std::vector<AxisInfo>& Axes() {
  // Never destroyed, so that names may be kept anywhere.
  static const auto* const axes =
      new std::vector<AxisInfo>(MakeAxes(kMappings, "gpa"));
  return *axes;
}

}  // namespace iovalab
