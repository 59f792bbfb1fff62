#include "model/profile/device_profile.h"

namespace iovalab {
namespace {

// Evidence, by capability:
//   map_api         the ev of any A-* case: set_map lines, or dma_map/dma_unmap
//                   (vdpa_sim with batch_mapping=0)
//   use_va          A-simblk-setmap-va, A-vduse: table targets are va:
//   table_limit     st.iotlb device_as#0.limit and vduse_domain#0.limit
//   identity        A-simblk-* info/defaults; A-vduse starts with what the last
//                   user left
//   reset_map       reset/close_drops_everything: reset_map on vdpa_sim, and
//                   A-vduse keeps its table over a close
//   reset_clears_table
//                   reset/status0_without_persist; A-vduse vduse/reset keeps it
//   address_spaces, groups   A-simnet-asid asid/info: 2 and 2; else 1 and 1
//   iova_first/last          info/defaults
//   backend_features         info/defaults: 0x17e (with 0x80 known, not
//                            offered) and VDUSE 0xe
//   virtio_features          info/defaults; that of vdpa_sim_net is not
//   recorded virtqueues               A-simnet-asid asid/info: vq 3 is -ENOBUFS
constexpr uint64_t kSimFeatures = 0x17e;
constexpr uint64_t kVduseFeatures = 0xe;
constexpr uint64_t kSimBlkVirtioFeatures = 0x308007646;
constexpr uint64_t kVduseVirtioFeatures = 0x300000000;

constexpr DeviceProfile Sim(absl::string_view name, absl::string_view source,
                            MapApi api, bool use_va, uint32_t spaces) {
  DeviceProfile p;
  p.name = name;
  p.source = source;
  p.map_api = api;
  p.use_va = use_va;
  p.identity = true;
  p.reset_map = true;
  p.reset_clears_table = true;
  p.address_spaces = spaces;
  p.groups = spaces;
  p.virtqueues = spaces == 1 ? 1 : 3;
  p.backend_features = kSimFeatures;
  p.virtio_features = spaces == 1 ? kSimBlkVirtioFeatures : 0;
  return p;
}

// vp_vdpa on a virtio-blk PCI device behind VT-d. It has no map operations, so
// the range is the domain's aperture and no reset touches its table.
//   iova_last         info/defaults: 0x7fffffffff (39 bits). 48 bits are those
//                     of B-type1v2-aw48's IOMMU, not recorded with vp_vdpa
//   backend_features  info/defaults: 0x10e
constexpr DeviceProfile Platform(absl::string_view name,
                                 absl::string_view source, int address_bits) {
  DeviceProfile p;
  p.name = name;
  p.source = source;
  p.map_api = MapApi::kPlatform;
  p.iova_last = (uint64_t{1} << address_bits) - 1;
  p.backend_features = 0x10e;
  p.virtio_features = 0x10330006e54;
  return p;
}

constexpr DeviceProfile kProfiles[] = {
    Sim("vdpa_sim_set_map_va", "recording A-simblk-setmap-va", MapApi::kSetMap,
        true, 1),
    Sim("vdpa_sim_set_map_pa", "recording A-simblk-setmap-pa", MapApi::kSetMap,
        false, 1),
    Sim("vdpa_sim_dma_map_va", "recording A-simblk-dmamap-va", MapApi::kDmaMap,
        true, 1),
    Sim("vdpa_sim_dma_map_pa", "recording A-simblk-dmamap-pa", MapApi::kDmaMap,
        false, 1),
    Sim("vdpa_sim_net_pa", "recording A-simnet-asid", MapApi::kSetMap, false,
        2),
    {.name = "vduse",
     .source = "recording A-vduse",
     .map_api = MapApi::kSetMap,
     .use_va = true,
     .backend_features = kVduseFeatures,
     .virtio_features = kVduseVirtioFeatures},
    Platform("vp_vdpa", "recording A-vp-platform-iommu", 39),
    Platform("vp_vdpa_aw48",
             "recordings A-vp-platform-iommu, B-type1v2-aw48 (aperture)", 48),
    // The module's use_va is passed on for every device it makes.
    Sim("vdpa_sim_net_va",
        "recording A-simnet-asid; VA mode derived from Linux 6.12 "
        "drivers/vdpa/vdpa_sim/vdpa_sim.c vdpasim_create",
        MapApi::kSetMap, true, 2),
};

}  // namespace

absl::Span<const DeviceProfile> DeviceProfiles() { return kProfiles; }

const DeviceProfile* FindDeviceProfile(absl::string_view name) {
  for (const DeviceProfile& profile : kProfiles) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

}  // namespace iovalab
