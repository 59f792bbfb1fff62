#include "lab/conform_vdpa_ops.h"

#include <cerrno>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace iovalab {
namespace {

using nlohmann::json;

constexpr uint64_t kRingIova = 0x7f00000000;  // of buffer Q
constexpr uint64_t kRingSize = 0x200000;
constexpr uint8_t kDriverOk = 0x4;
constexpr uint8_t kAllUp = 0xf;
// Far above what was recorded; below what would take long.
constexpr uint64_t kMaxBulk = 100000;
constexpr uint64_t kMaxDma = 0x1000000;

struct Call {
  VdpaMachine& m;
  JsonFields args;
  VdpaOpResult result;

  uint64_t Address(const char* name) {
    const std::string text = args.String(name);
    const auto at = m.host.Address(text);
    if (!at) args.Fail(name, "is no address like H+0x1000 or 0x1000");
    return at.value_or(0);
  }
};

struct TypeName {
  absl::string_view name;
  VdpaMsgType type;
};
constexpr TypeName kTypes[] = {
    {"miss", VdpaMsgType::kMiss},
    {"update", VdpaMsgType::kUpdate},
    {"invalidate", VdpaMsgType::kInvalidate},
    {"access_fail", VdpaMsgType::kAccessFail},
    {"batch_begin", VdpaMsgType::kBatchBegin},
    {"batch_end", VdpaMsgType::kBatchEnd},
};

VdpaMsgType Type(Call& call) {
  const std::string text = call.args.String("type");
  for (const TypeName& row : kTypes) {
    if (text == row.name) return row.type;
  }
  uint32_t raw = 0;
  if (!absl::SimpleAtoi(text, &raw) || raw > UINT8_MAX) {
    call.args.Fail("type", "is no message type");
  }
  return static_cast<VdpaMsgType>(raw);
}

void Send(Call& call, const VdpaMsg& msg) {
  const VdpaAnswer answer = call.m.Send(msg);
  call.result.err = answer.user_ret;
  // An UPDATE of size 0 does not reach the handler.
  const bool reached = msg.type != VdpaMsgType::kUpdate || msg.size != 0;
  if (reached) call.result.kernel_ret = answer.kernel_ret;
  call.result.maps = true;
}

// vhost_chr_write_iter: a message of either version, perhaps cut short.
void IotlbMsg(Call& call) {
  constexpr int64_t kShortest = 40;
  const int64_t version =
      call.args.Has("msg_version") ? call.args.Int("msg_version") : 2;
  const int64_t length = call.args.Has("len") ? call.args.Int("len") : 72;
  VdpaMsg msg;
  msg.type = Type(call);
  msg.iova = call.args.Hex("iova");
  msg.size = call.args.Hex("size");
  if (call.args.Has("uaddr")) msg.uaddr = call.Address("uaddr");
  if (call.args.Has("perm")) {
    msg.perm = static_cast<uint8_t>(call.args.Hex("perm"));
  }
  if (call.args.Has("asid") && version == 2) {
    msg.asid = static_cast<uint32_t>(call.args.Hex("asid"));
  }
  if (!call.args.ok()) return;
  if ((version != 1 && version != 2) || length < kShortest) {
    call.result.err = -EINVAL;
    return;
  }
  Send(call, msg);
}

void Bulk(Call& call) {
  const std::string what = call.args.String("what");
  const int64_t count = call.args.Int("count");
  const uint64_t iova = call.args.Hex("iova");
  const uint64_t step = call.args.Hex("step");
  const uint64_t uaddr = call.Address("uaddr");
  const uint64_t ustep = call.args.Hex("ustep");
  VdpaMsg msg;
  msg.size = call.args.Hex("size");
  msg.perm = kPermReadWrite;
  if (what == "inv") {
    msg.type = VdpaMsgType::kInvalidate;
  } else if (what != "msg") {
    call.args.Fail("what", "is neither msg nor inv");
  }
  if (count < 0 || static_cast<uint64_t>(count) > kMaxBulk) {
    call.args.Fail("count", "must be at most 100000");
  }
  if (!call.args.ok()) return;
  int64_t succeeded = 0;
  int64_t first_failure = -1;
  for (int64_t i = 0; i < count; ++i) {
    msg.iova = iova + static_cast<uint64_t>(i) * step;
    msg.uaddr = uaddr + static_cast<uint64_t>(i) * ustep;
    Send(call, msg);
    if (call.result.err == 0) {
      ++succeeded;
    } else if (first_failure < 0) {
      first_failure = i;
    }
  }
  call.result.out = {{"succeeded", succeeded},
                     {"first_failure_index", first_failure}};
}

void Open(Call& call) {
  VdpaMachine& m = call.m;
  VhostVdpaOpen(m.vhost, m.device, m.env(), m.sink);
  m.created.clear();
  m.is_open = true;
}

void OpenSecond(Call& call) { call.result.err = call.m.is_open ? -EBUSY : 0; }

void Close(Call& call) {
  VdpaMachine& m = call.m;
  VhostVdpaRelease(m.vhost, m.device, m.env(), m.sink);
  m.created.clear();
  m.is_open = false;
}

void SetOwner(Call& call) { call.result.err = VhostVdpaSetOwner(call.m.vhost); }

void NoSuchIoctl(Call& call) { call.result.err = -ENOTTY; }

void SetMemTable(Call& call) { call.m.has_mem_table = true; }

uint64_t OfferedFeatures(const VdpaMachine& m) {
  return m.config.device.backend_features &
         m.config.kernel.vdpa_backend_features;
}

void GetBackendFeatures(Call& call) {
  call.result.out = {
      {"features", absl::StrCat("0x", absl::Hex(OfferedFeatures(call.m)))}};
}

void SetBackendFeatures(Call& call) {
  const uint64_t features = call.args.Hex("features");
  if (!call.args.ok()) return;
  call.result.err =
      VhostVdpaSetBackendFeatures(call.m.vhost, features, call.m.env());
}

void GetFeatures(Call& call) {
  const uint64_t features = call.m.config.device.virtio_features;
  call.result.out = {{"features", absl::StrCat("0x", absl::Hex(features))}};
}

void GetIovaRange(Call& call) {
  const VhostVdpa& v = call.m.vhost;
  call.result.out = {{"first", absl::StrCat("0x", absl::Hex(v.iova_first))},
                     {"last", absl::StrCat("0x", absl::Hex(v.iova_last))}};
}

void GetAsNum(Call& call) {
  call.result.out = {{"as_num", call.m.config.device.address_spaces},
                     {"group_num", call.m.config.device.groups}};
}

void GetStatus(Call& call) {
  call.result.out = {
      {"status", absl::StrCat("0x", absl::Hex(call.m.vhost.status))}};
}

void SetStatus(Call& call) {
  const auto status = static_cast<uint8_t>(call.args.Hex("status"));
  if (!call.args.ok()) return;
  VdpaMachine& m = call.m;
  call.result.err =
      VhostVdpaSetStatus(m.vhost, m.device, status, m.env(), m.sink);
}

// Before DRIVER_OK there is nothing to suspend.
void Suspend(Call& call) {
  if ((call.m.vhost.status & kDriverOk) == 0) return;
  if ((OfferedFeatures(call.m) & kBackendSuspend) == 0) {
    call.result.err = -EOPNOTSUPP;
  }
}

// 6.1 does not know the ioctl: it is taken for one of a virtqueue, whose
// argument is then a bad pointer.
void Resume(Call& call) {
  if ((call.m.config.kernel.vdpa_backend_features & kBackendResume) == 0) {
    call.result.err = -EFAULT;
  } else {
    Suspend(call);
  }
}

void GetVringGroup(Call& call) {
  const uint64_t vq = call.args.Hex("vq");
  if (!call.args.ok()) return;
  const DeviceProfile& device = call.m.config.device;
  const bool control = device.groups > 1 && vq + 1 == device.virtqueues;
  call.result.err = vq < device.virtqueues ? 0 : -ENOBUFS;
  call.result.out = {{"group", control ? 1 : 0}};
}

// The group is looked up like a virtqueue first.
void SetGroupAsid(Call& call) {
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

void SetMemlock(Call& call) {
  const uint64_t bytes = call.args.Hex("memlock");
  if (call.args.ok()) call.m.vhost.memlock_limit_pages = bytes / kPageSize;
}

void Munmap(Call& call) {
  const uint64_t hva = call.Address("addr");
  const uint64_t length = call.args.Hex("len");
  if (!call.args.ok()) return;
  if (!UnmapVma(Hva(hva), length, call.m.sink).ok()) call.result.err = -EINVAL;
}

void ReplaceX(Call& call) {
  if (call.args.String("buf") != "X") call.args.Fail("buf", "is not X");
  if (call.args.ok()) call.m.host.ReplaceX(call.m.sink);
}

void Nothing(Call&) {}

void CpuRead(Call& call) {
  const uint64_t hva = call.Address("addr");
  if (!call.args.ok()) return;
  const auto name = call.m.host.MappedName(hva, call.m.sink);
  call.result.err = name ? 0 : -EFAULT;
  call.result.out = {{"mem", {name.value_or("unmapped")}}};
}

void VirtioBlkInit(Call& call) {
  VdpaMsg msg;
  msg.iova = kRingIova;
  msg.size = kRingSize;
  msg.uaddr = *call.m.host.Address("Q");
  msg.perm = kPermReadWrite;
  Send(call, msg);
  call.m.vhost.status = kAllUp;
  call.result.out = {{"code", 0}};
}

// Nothing is completed where the rings themselves are out of reach.
void Dma(Call& call, uint32_t perm, const char* list) {
  const uint64_t iova = call.args.Hex("iova");
  const uint64_t len = call.args.Hex("len");
  if (len > kMaxDma) call.args.Fail("len", "must be at most 16 MiB");
  if (!call.args.ok()) return;
  if (!VdpaAccess(call.m, kRingIova, kRingSize, kPermReadWrite)) {
    call.result.err = -ETIMEDOUT;
    call.result.out = {{"virtio_status", -1}};
    return;
  }
  const auto sectors = VdpaAccess(call.m, iova, len, perm);
  call.result.err = sectors ? 0 : -EIO;
  call.result.out = {{"virtio_status", sectors ? 0 : 1}, {list, json::array()}};
  if (!sectors) return;
  for (const VdpaSector& sector : *sectors) {
    if (perm == kPermWrite && !sector.mapped) continue;
    call.result.out[list].push_back(sector.name);
  }
}

void DmaRead(Call& call) { Dma(call, kPermRead, "device_read"); }
void DmaWrite(Call& call) { Dma(call, kPermWrite, "device_write_landed_at"); }

// What the device's user space process is told: the first map that touches
// the range, as a part of a file.
void VduseGetFd(Call& call) {
  const uint64_t start = call.args.Hex("start");
  const uint64_t last = call.args.Hex("last");
  if (!call.args.ok()) return;
  const VdpaMachine& m = call.m;
  const auto e =
      start > last ? std::nullopt
                   : m.sink.table({StoreKind::kDevice, 0}).FirstIn(start, last);
  const auto vma =
      e ? FindVma(m.sink.table(kVmaStore), Hva(e->target)) : std::nullopt;
  if (!vma) {
    call.result.err = -EINVAL;
    return;
  }
  const auto object = static_cast<ObjectIndex>(vma->tag);
  call.result.out = {
      {"entry",
       absl::StrCat("0x", absl::Hex(e->first), "-0x", absl::Hex(e->last),
                    " -> file(", m.host.memory().object(object).name, ")+0x",
                    absl::Hex(vma->Translate(e->target)), " perm=", e->perm)}};
}

struct Op {
  absl::string_view name;
  void (*run)(Call& call);
};
constexpr Op kOps[] = {
    {"iotlb_msg", IotlbMsg},
    {"bulk", Bulk},
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
    {"VDUSE_IOTLB_GET_FD", VduseGetFd},
    {"setrlimit(MEMLOCK)", SetMemlock},
    {"munmap", Munmap},
    {"mmap_fresh_memory_at_same_va", ReplaceX},
    {"fallocate(PUNCH_HOLE)", ReplaceX},
    {"touch_and_retag", Nothing},
    {"observe", Nothing},
    {"cpu_read", CpuRead},
    {"virtio_blk_init", VirtioBlkInit},
    {"device_dma_read", DmaRead},
    {"device_dma_write", DmaWrite},
};

}  // namespace

absl::StatusOr<VdpaOpResult> RunVdpaOp(VdpaMachine& m,
                                       const JsonRecord& record) {
  JsonFields fields(record);
  const std::string name = fields.String("op");
  if (!fields.ok()) return fields.status();
  const auto args = record.object.find("args");
  if (args == record.object.end() || !args->is_object()) {
    return record.Error("field \"args\": is missing or no object");
  }
  const JsonRecord arguments{record.file, record.line, *args};
  Call call{m, JsonFields(arguments), {}};
  for (const Op& op : kOps) {
    if (name != op.name) continue;
    op.run(call);
    if (!call.args.ok()) return call.args.status();
    return call.result;
  }
  call.result.supported = false;
  return call.result;
}

}  // namespace iovalab
