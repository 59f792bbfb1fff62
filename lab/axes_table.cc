// The rows of the axes. Strategies, kernels and switches come from the tables
// of the model, so that a new one is there without a line here.

#include "lab/axes.h"
#include "model/profile/kernel_profile.h"
#include "model/vmm/strategy.h"
#include "model/vmm/switches.h"

namespace iovalab {
namespace {

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

// A row of the model as a value: its name, help and source.
template <typename Rows, typename F>
std::vector<AxisValue> ValuesOf(const Rows& rows, F value) {
  std::vector<AxisValue> values;
  for (const auto& row : rows) values.push_back(value(row));
  return values;
}

std::vector<AxisValue> Mappings() {
  return ValuesOf(Strategies(), [](const Strategy* s) {
    return AxisValue{s->name, s->help, s->source};
  });
}

}  // namespace

std::vector<AxisInfo> MakeAxes(absl::Span<const AxisValue> mappings,
                               absl::string_view default_mapping) {
  const auto same = [](const AxisValue& value) { return value; };
  return {
      {"mapping", "how the VMM finds the IOVA of guest memory",
       "QEMU hw/virtio/vhost-iova-tree.c", ValuesOf(mappings, same),
       default_mapping},
      {"backend", "which kernel path carries the maps",
       "Linux drivers/vhost/vdpa.c", ValuesOf(kBackends, same),
       "vdpa_set_map_va"},
      {"device", "how the device keeps its table", "Linux drivers/vdpa",
       ValuesOf(kDevices, same), "vdpa_sim"},
      {"kernel", "the host's kernel, an exact build", "recorded vectors",
       ValuesOf(KernelProfiles(),
                [](const KernelProfile& k) {
                  return AxisValue{k.name, k.source, "recorded"};
                }),
       "deb_6_12_117"},
      {"switches", "one defect of the VMM's, repaired or brought back",
       "QEMU's history of hw/virtio/vhost-vdpa.c",
       ValuesOf(SwitchSettings(),
                [](const SwitchSetting& s) {
                  return AxisValue{s.name, s.help, s.source};
                }),
       "as_merged"},
  };
}

const std::vector<AxisInfo>& Axes() {
  // Never destroyed, so that names may be kept anywhere.
  static const auto* const axes =
      new std::vector<AxisInfo>(MakeAxes(Mappings(), "gpa"));
  return *axes;
}

}  // namespace iovalab
