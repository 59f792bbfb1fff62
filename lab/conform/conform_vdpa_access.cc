// What the recording program does to its own memory, and what it has the device
// access.

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "lab/conform/conform_vdpa_call.h"

namespace iovalab {
namespace {

using nlohmann::json;

constexpr uint64_t kRingIova = 0x7f00000000;  // of buffer Q
constexpr uint64_t kRingSize = 0x200000;
constexpr uint8_t kAllUp = 0xf;
// Far above what was recorded; below what would take long.
constexpr uint64_t kMaxDma = 0x1000000;

void SetMemlock(VdpaOpCall& call) {
  const uint64_t bytes = call.args.Hex("memlock");
  if (call.args.ok()) call.m.vhost.memlock_limit_pages = bytes / kPageSize;
}

void Munmap(VdpaOpCall& call) {
  const uint64_t hva = call.Address("addr");
  const uint64_t length = call.args.Hex("len");
  if (!call.args.ok()) return;
  if (!UnmapVma(Hva(hva), length, call.m.sink).ok()) call.result.err = -EINVAL;
}

void ReplaceX(VdpaOpCall& call) {
  if (call.args.String("buf") != "X") call.args.Fail("buf", "is not X");
  if (call.args.ok()) call.m.host.ReplaceX(call.m.sink);
}

void Nothing(VdpaOpCall&) {}

void CpuRead(VdpaOpCall& call) {
  const uint64_t hva = call.Address("addr");
  if (!call.args.ok()) return;
  const auto name = call.m.host.MappedName(hva, call.m.sink);
  call.result.err = name ? 0 : -EFAULT;
  call.result.out = {{"mem", {name.value_or("unmapped")}}};
}

void VirtioBlkInit(VdpaOpCall& call) {
  VdpaMsg msg;
  msg.iova = kRingIova;
  msg.size = kRingSize;
  msg.uaddr = *call.m.host.Address("Q");
  msg.perm = kPermReadWrite;
  SendVdpaMsg(call, msg);
  // The recorder looks at the ring's first page only.
  TouchVdpa(call.m, kRingIova, 1);
  call.m.vhost.status = kAllUp;
  call.result.out = {{"code", 0}};
}

// Nothing is completed where the rings themselves are out of reach.
void Dma(VdpaOpCall& call, uint32_t perm, const char* list) {
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

void DmaRead(VdpaOpCall& call) { Dma(call, kPermRead, "device_read"); }
void DmaWrite(VdpaOpCall& call) {
  Dma(call, kPermWrite, "device_write_landed_at");
}

// What the device's user space process is told: the first map that touches
// the range, as a part of a file.
void VduseGetFd(VdpaOpCall& call) {
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

constexpr VdpaOpRow kAccesses[] = {
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

absl::Span<const VdpaOpRow> VdpaAccesses() { return kAccesses; }

}  // namespace iovalab
