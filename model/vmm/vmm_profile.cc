#include "model/vmm/vmm_profile.h"

namespace iovalab {
namespace {

constexpr VmmProfile kProfiles[] = {
    {"qemu_10_1",
     "listener registered at init: RAM gets its IOVAs first, rings theirs at "
     "DRIVER_OK",
     "QEMU 10.1 hw/virtio/vhost-vdpa.c vhost_vdpa_set_owner",
     /*listener_at_init=*/true},
    {"qemu_10_0",
     "at DRIVER_OK rings are mapped, then the listener is registered: rings "
     "get their IOVAs first",
     "QEMU 10.0 log q35-4g-novga-svq (recorded)",
     /*listener_at_init=*/false},
    {"qemu_7_2", "order as qemu_10_0's (its IOVAs are those of mapping=hva)",
     "QEMU 7.2 log q35-4g-novga-svq (recorded)",
     /*listener_at_init=*/false},
};

}  // namespace

absl::Span<const VmmProfile> VmmProfiles() { return kProfiles; }

const VmmProfile* FindVmmProfile(absl::string_view name) {
  for (const VmmProfile& profile : kProfiles) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

}  // namespace iovalab
