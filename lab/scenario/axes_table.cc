// The rows of the axes. Where the model has a table of the values, its rows are
// taken, so that a new strategy or switch is added in one place.

#include "lab/scenario/axes.h"
#include "model/kernel/iommu_driver.h"
#include "model/kernel/iommu_flush.h"
#include "model/vmm/strategy.h"
#include "model/vmm/switches.h"
#include "model/vmm/vmm_profile.h"

namespace iovalab {
namespace {

constexpr AxisValue kBackends[] = {
    {"vdpa_set_map_va", "an entry for each VMA; the device gets HVAs",
     "Linux drivers/vhost/vdpa.c vhost_vdpa_va_map; VDUSE, vdpa_sim use_va"},
    {"vdpa_set_map_pa", "an entry for each physical run; pages are pinned",
     "Linux drivers/vhost/vdpa.c vhost_vdpa_pa_map"},
    {"vdpa_dma_map", "as set_map_pa, but each entry by itself and at once",
     "Linux drivers/vhost/vdpa.c vhost_vdpa_map; vdpa_sim batch_mapping=0"},
    {"vdpa_platform_iommu",
     "each entry is mapped in VT-d; a device without map operations",
     "Linux drivers/vhost/vdpa.c vhost_vdpa_general_unmap; vp_vdpa"},
};

constexpr AxisValue kDevices[] = {
    {"vdpa_sim",
     "software device: its own table (for vdpa_platform_iommu: as vp_vdpa)",
     "Linux drivers/vdpa/vdpa_sim"},
    {"vduse", "device in userspace: maps shared files by set_map",
     "Linux drivers/vdpa/vdpa_user"},
    {"vdpa_sim_net", "vdpa_sim with a control queue: two address spaces",
     "Linux drivers/vdpa/vdpa_sim/vdpa_sim_net.c"},
    {"vp_vdpa", "hardware behind VT-d, 39 bits: no table of its own",
     "Linux drivers/vdpa/virtio_pci; recorded"},
    {"vp_vdpa_aw48", "the same, 48 bits", "Linux drivers/vdpa/virtio_pci"},
};

constexpr AxisValue kKernels[] = {
    {"deb_6_12_117", "Debian 13's 6.12.117", "recorded"},
    {"deb_6_1_192", "Debian 12's 6.1.192", "recorded"},
    {"v5_17", "before e794070af224: INVALIDATE unmaps less than it unpins",
     "Linux 5.17 drivers/vhost/vdpa.c, not recorded"},
};

// Rows of a table of the model's, which has the same three columns.
std::vector<AxisValue> Mappings() {
  std::vector<AxisValue> rows;
  for (const Strategy* s : Strategies()) {
    rows.push_back({s->name, s->help, s->source});
  }
  return rows;
}

std::vector<AxisValue> Switches() {
  std::vector<AxisValue> rows;
  for (const SwitchSetting& s : SwitchSettings()) {
    rows.push_back({s.name, s.help, s.source});
  }
  return rows;
}

std::vector<AxisValue> Vmms() {
  std::vector<AxisValue> rows;
  for (const VmmProfile& v : VmmProfiles()) {
    rows.push_back({v.name, v.help, v.source});
  }
  return rows;
}

// Of a backend that has page tables; the others take the default.
std::vector<AxisValue> Formats() {
  std::vector<AxisValue> rows = {
      {"vtd", "VT-d, as many levels as the device's addresses need",
       "Linux drivers/iommu/intel; recorded"}};
  for (const IommuDriver& d : IommuDrivers()) {
    rows.push_back({d.name, d.help, d.source});
  }
  return rows;
}

std::vector<AxisValue> Invalidations() {
  std::vector<AxisValue> rows;
  for (const FlushPolicyRow& row : FlushPolicies()) {
    rows.push_back({row.name, row.help, row.source});
  }
  return rows;
}

constexpr AxisValue kWindows[] = {
    {"old", "hardware uses what it cached until it must not", "the worst case"},
    {"new", "it has always forgotten it already", "the best case"},
    {"seeded", "either, by the seed", "RISC-V IOMMU specification 2.8"},
};

std::vector<AxisValue> Rows(absl::Span<const AxisValue> values) {
  return {values.begin(), values.end()};
}

std::vector<AxisInfo> MakeAxes() {
  return {
      {"mapping", "how the VMM finds the IOVA of guest memory",
       "QEMU hw/virtio/vhost-iova-tree.c", Mappings(), "gpa"},
      {"backend", "which kernel path carries the maps",
       "Linux drivers/vhost/vdpa.c", Rows(kBackends), "vdpa_set_map_va"},
      {"device", "how the device keeps its table", "Linux drivers/vdpa",
       Rows(kDevices), "vdpa_sim"},
      {"kernel", "the host's kernel, an exact build", "recorded vectors",
       Rows(kKernels), "deb_6_12_117"},
      {"switches", "one defect of the VMM's, repaired or brought back",
       "QEMU hw/virtio/vhost-vdpa.c and its history", Switches(), "as_merged"},
      {"vmm", "when the listener registers, where rings go",
       "QEMU 7.2 and 10.0 logs (recorded), QEMU 10.1", Vmms(), "qemu_10_1",
       /*implied=*/true},
      {"format", "page tables of vdpa_platform_iommu's hardware",
       "Linux drivers/iommu; the formats' specifications", Formats(), "vtd",
       /*implied=*/true},
      {"invalidation", "when the IOMMU's driver invalidates what it unmapped",
       "Linux drivers/iommu/iommu.c, dma-iommu.c", Invalidations(), "strict",
       /*implied=*/true},
      {"window", "what hardware uses until an invalidation is done",
       "RISC-V IOMMU specification 2.8", Rows(kWindows), "old",
       /*implied=*/true},
  };
}

}  // namespace

const std::vector<AxisInfo>& Axes() {
  // Never destroyed, so that names may be kept anywhere.
  static const auto* const axes = new std::vector<AxisInfo>(MakeAxes());
  return *axes;
}

}  // namespace iovalab
