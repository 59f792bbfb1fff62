#ifndef IOVALAB_MODEL_KERNEL_VHOST_VDPA_TESTING_H_
#define IOVALAB_MODEL_KERNEL_VHOST_VDPA_TESTING_H_

// A small user memory, one vhost-vdpa device, opened and owned, and a trace:
// for tests of vhost-vdpa.
//
// Not for: anything else.

#include <gtest/gtest.h>

#include <vector>

#include "model/host/vma.h"
#include "model/kernel/vhost_vdpa.h"
#include "model/store/stores.h"

namespace iovalab {

inline constexpr uint64_t kPage = kPageSize;
inline constexpr uint64_t kMiB = 0x100000;
inline constexpr auto kUpdate = VdpaMsgType::kUpdate;
inline constexpr auto kInvalidate = VdpaMsgType::kInvalidate;
inline constexpr auto kBegin = VdpaMsgType::kBatchBegin;
inline constexpr auto kEnd = VdpaMsgType::kBatchEnd;
inline constexpr uint64_t kMax = UINT64_MAX;

// User memory: H two contiguous halves of 2 MiB, S 8 scattered pages, N private
// memory, P its protection removed.
inline constexpr uint64_t kH = 0x10000000;
inline constexpr uint64_t kS = 0x20000000;
inline constexpr uint64_t kN = 0x30000000;
inline constexpr uint64_t kP = 0x30004000;

struct VdpaTestMachine {
  explicit VdpaTestMachine(absl::string_view device_name,
                           absl::string_view kernel_name = "deb_6_12_117")
      : kernel(*FindKernelProfile(kernel_name)),
        profile(*FindDeviceProfile(device_name)) {
    sink.Emit(Kind::kStep, Actor::kScript, Rule::kNone, {kNoName, kNoName});
    sink.Begin(0, 0);
    Map("H", kH, 4 * kMiB, 2 * kMiB, 4 * kMiB, MemoryKind::kSharedFile, 3);
    Map("S", kS, 8 * kPage, kPage, 2 * kPage, MemoryKind::kSharedFile, 3);
    Map("N", kN, 4 * kPage, kPage, kPage, MemoryKind::kPrivateAnonymous, 3);
    Map("P", kP, 2 * kPage, kPage, kPage, MemoryKind::kPrivateAnonymous, 0);
    Open();
  }

  void Map(const char* name, uint64_t hva, uint64_t size, uint64_t chunk,
           uint64_t stride, MemoryKind kind, uint32_t prot) {
    MemoryObject o;
    o.name = name;
    o.size = size;
    o.kind = kind;
    o.layout = {{0, size - 1, chunk, host.end() + kPage, stride}};
    const auto index = host.AddObject(o);
    ASSERT_TRUE(index.ok()) << index.status();
    ASSERT_TRUE(MapVma(host, Hva(hva), size, *index, 0, prot, sink).ok());
  }
  void Open() {
    VdpaDeviceStart(device, profile, kernel, sink);
    VhostVdpaOpen(v, device, env(), sink);
    VhostVdpaSetOwner(v);
    VhostVdpaSetBackendFeatures(
        v, profile.backend_features & kernel.vdpa_backend_features, env());
  }
  VhostVdpaEnv env() const { return {&kernel, &profile, &host}; }
  VdpaAnswer Send(const VdpaMsg& msg) {
    return VhostVdpaStep(v, device, msg, env(), sink);
  }
  std::vector<Entry> Table(StoreKind kind) const {
    std::vector<Entry> entries;
    sink.table({kind, 0}).ForEach(
        [&](const Entry& e) { entries.push_back(e); });
    return entries;
  }
  // The last message's event.
  EventIndex LastMessage() const {
    for (EventIndex i = static_cast<EventIndex>(trace.size()); i-- > 0;) {
      if (trace.event(i).kind == Kind::kVdpaMsg) return i;
    }
    return kNoEventIndex;
  }

  KernelProfile kernel;
  DeviceProfile profile;
  HostMemory host;
  Stores stores;
  Trace trace;
  Sink sink{&stores, &trace};
  VhostVdpa v;
  VdpaDevice device;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_KERNEL_VHOST_VDPA_TESTING_H_
