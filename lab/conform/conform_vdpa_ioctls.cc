// System calls on the vhost-vdpa device other than write().

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "lab/conform/conform_vdpa_call.h"

namespace iovalab {
namespace {

constexpr uint8_t kDriverOk = 0x4;

void Open(VdpaOpCall& call) {
  VdpaMachine& m = call.m;
  VhostVdpaOpen(m.vhost, m.device, m.env(), m.sink);
  m.created.clear();
  m.is_open = true;
}

void OpenSecond(VdpaOpCall& call) {
  call.result.err = call.m.is_open ? -EBUSY : 0;
}

void Close(VdpaOpCall& call) {
  VdpaMachine& m = call.m;
  VhostVdpaRelease(m.vhost, m.device, m.env(), m.sink);
  m.created.clear();
  m.is_open = false;
}

void SetOwner(VdpaOpCall& call) {
  call.result.err = VhostVdpaSetOwner(call.m.vhost);
}

void NoSuchIoctl(VdpaOpCall& call) { call.result.err = -ENOTTY; }

void SetMemTable(VdpaOpCall& call) { call.m.has_mem_table = true; }

uint64_t OfferedFeatures(const VdpaMachine& m) {
  return m.config.device.backend_features &
         m.config.kernel.vdpa_backend_features;
}

void GetBackendFeatures(VdpaOpCall& call) {
  call.result.out = {
      {"features", absl::StrCat("0x", absl::Hex(OfferedFeatures(call.m)))}};
}

void SetBackendFeatures(VdpaOpCall& call) {
  const uint64_t features = call.args.Hex("features");
  if (!call.args.ok()) return;
  call.result.err =
      VhostVdpaSetBackendFeatures(call.m.vhost, features, call.m.env());
}

void GetFeatures(VdpaOpCall& call) {
  const uint64_t features = call.m.config.device.virtio_features;
  call.result.out = {{"features", absl::StrCat("0x", absl::Hex(features))}};
}

void GetIovaRange(VdpaOpCall& call) {
  const VhostVdpa& v = call.m.vhost;
  call.result.out = {{"first", absl::StrCat("0x", absl::Hex(v.iova_first))},
                     {"last", absl::StrCat("0x", absl::Hex(v.iova_last))}};
}

void GetAsNum(VdpaOpCall& call) {
  call.result.out = {{"as_num", call.m.config.device.address_spaces},
                     {"group_num", call.m.config.device.groups}};
}

void GetStatus(VdpaOpCall& call) {
  call.result.out = {
      {"status", absl::StrCat("0x", absl::Hex(call.m.vhost.status))}};
}

void SetStatus(VdpaOpCall& call) {
  const auto status = static_cast<uint8_t>(call.args.Hex("status"));
  if (!call.args.ok()) return;
  VdpaMachine& m = call.m;
  call.result.err =
      VhostVdpaSetStatus(m.vhost, m.device, status, m.env(), m.sink);
}

// Before DRIVER_OK there is nothing to suspend; 6.1 asks for the operation
// first.
void Suspend(VdpaOpCall& call) {
  const bool asks_first =
      (call.m.config.kernel.vdpa_backend_features & kBackendResume) == 0;
  if (!asks_first && (call.m.vhost.status & kDriverOk) == 0) return;
  if ((OfferedFeatures(call.m) & kBackendSuspend) == 0) {
    call.result.err = -EOPNOTSUPP;
  }
}

// 6.1 does not know the ioctl: it is taken for one of a virtqueue, whose
// argument is then a bad pointer.
void Resume(VdpaOpCall& call) {
  if ((call.m.config.kernel.vdpa_backend_features & kBackendResume) == 0) {
    call.result.err = -EFAULT;
  } else {
    Suspend(call);
  }
}

void GetVringGroup(VdpaOpCall& call) {
  const uint64_t vq = call.args.Hex("vq");
  if (!call.args.ok()) return;
  const DeviceProfile& device = call.m.config.device;
  const bool control = device.groups > 1 && vq + 1 == device.virtqueues;
  call.result.err = vq < device.virtqueues ? 0 : -ENOBUFS;
  call.result.out = {{"group", control ? 1 : 0}};
}

// The group is looked up like a virtqueue first.
void SetGroupAsid(VdpaOpCall& call) {
  const uint64_t group = call.args.Hex("group");
  const uint64_t asid = call.args.Hex("asid");
  if (!call.args.ok()) return;
  const DeviceProfile& device = call.m.config.device;
  if (group >= device.virtqueues) {
    call.result.err = -ENOBUFS;
  } else if (group >= device.groups || asid >= device.address_spaces) {
    call.result.err = -EINVAL;
  }
}

constexpr VdpaOpRow kIoctls[] = {
    {"open", Open},
    {"open_second", OpenSecond},
    {"close", Close},
    {"VHOST_SET_OWNER", SetOwner},
    {"VHOST_RESET_OWNER", NoSuchIoctl},
    {"VHOST_SET_LOG_BASE", NoSuchIoctl},
    {"VHOST_SET_LOG_FD", NoSuchIoctl},
    {"VHOST_SET_MEM_TABLE", SetMemTable},
    {"VHOST_GET_BACKEND_FEATURES", GetBackendFeatures},
    {"VHOST_SET_BACKEND_FEATURES", SetBackendFeatures},
    {"VHOST_GET_FEATURES", GetFeatures},
    {"VHOST_VDPA_GET_IOVA_RANGE", GetIovaRange},
    {"VHOST_VDPA_GET_AS_NUM", GetAsNum},
    {"VHOST_VDPA_GET_STATUS", GetStatus},
    {"VHOST_VDPA_SET_STATUS", SetStatus},
    {"VHOST_VDPA_SUSPEND", Suspend},
    {"VHOST_VDPA_RESUME", Resume},
    {"VHOST_VDPA_GET_VRING_GROUP", GetVringGroup},
    {"VHOST_VDPA_SET_GROUP_ASID", SetGroupAsid},
};

}  // namespace

absl::Span<const VdpaOpRow> VdpaIoctls() { return kIoctls; }

}  // namespace iovalab
