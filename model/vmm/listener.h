#ifndef IOVALAB_MODEL_VMM_LISTENER_H_
#define IOVALAB_MODEL_VMM_LISTENER_H_

// The vhost-vdpa memory listener: which sections are mapped for the device, and
// what is sent to the kernel for them.
//
// Not for: rendering sections (memory.h), choosing IOVAs (strategy.h).
//
// Source: QEMU 10.1 hw/virtio/vhost-vdpa.c vhost_vdpa_listener_region_add,
// _region_del, vhost_vdpa_listener_skipped_section; the listener's events and
// messages are recorded for 7.2 and 10.0.

#include <cstdint>
#include <optional>

#include "absl/functional/function_ref.h"
#include "model/addr/range.h"
#include "model/event/kinds.h"
#include "model/event/rules.h"
#include "model/store/sink.h"
#include "model/vmm/memory.h"
#include "model/vmm/strategy.h"

namespace iovalab {

// What does not change during a run.
struct ListenerProfile {
  const Strategy* strategy = nullptr;
  VmmSwitches switches;
  Range<Iova> iova_range{Iova(0), Iova(0xffffffffffff)};
  bool batch = true;  // the kernel offers VHOST_BACKEND_F_IOTLB_BATCH
};

struct ListenerState {
  bool batch_open = false;  // iotlb_batch_begin_sent
};

// A section of RAM with its host addresses; for other kinds hva and ram_addr
// mean nothing.
struct Section {
  FlatRange flat;
  uint64_t hva = 0;
  uint64_t ram_addr = 0;
  uint32_t name = 0;  // interned, for the trace
};

// A message to the kernel; the answer is 0 or the errno that write() gave.
struct KernelRequest {
  VdpaMsgType type = VdpaMsgType::kUpdate;
  uint64_t iova = 0;
  uint64_t size = 0;
  uint64_t uaddr = 0;
  uint32_t perm = 0;
  uint8_t asid = 0;
};
using SendToKernel = absl::FunctionRef<int(const KernelRequest&)>;

// How the listener sees a section: skipped by a rule, or the pages to map.
struct ListenerView {
  Rule skipped = Rule::kNone;
  GuestSpan span;  // where skipped is kNone
};
ListenerView ViewSection(const Section& section,
                         const ListenerProfile& profile);

enum class AddOutcome : uint8_t { kSkipped, kMapped, kFailed };
struct AddResult {
  AddOutcome outcome = AddOutcome::kSkipped;
  std::optional<uint64_t> iova;  // chosen for it, also where the kernel refused
};
AddResult RegionAdd(ListenerState& state, const Section& section,
                    const ListenerProfile& profile, Sink& sink,
                    SendToKernel send);

// The sink's cause is the event that tells of the deletion.
enum class DelOutcome : uint8_t { kSkipped, kUnmapped, kUnknown, kCrashed };
DelOutcome RegionDel(ListenerState& state, const Section& section,
                     const ListenerProfile& profile, Sink& sink,
                     SendToKernel send);

// The end of a transaction: BATCH_END where a batch was begun.
void ListenerCommit(ListenerState& state, SendToKernel send);

// A vIOMMU's notification: a range of IOVAs, and the RAM behind it; without
// RAM (hva is nothing) or access (kPermNone) see the .cc. Not batched.
struct IommuNotification {
  uint64_t iova = 0;
  uint64_t size_minus_1 = 0;  // < 2^64 - 1
  std::optional<uint64_t> hva;
  uint32_t perm = kPermNone;  // none: the guest unmaps
};
// 0 where the kernel was told and agreed; otherwise nothing changed, and
// *refused is the rule.
int IommuNotify(const IommuNotification& notification,
                const ListenerProfile& profile, SendToKernel send,
                Rule* refused);

// Host-only memory: vhost_vdpa_svq_map_ring and its counterpart, outside any
// batch. The IOVA, or nothing where it failed or was not found. What is
// unmapped is the whole node that holds `hva`, in the address space of the
// queue that it was mapped for.
std::optional<uint64_t> MapHostMemory(const HostSpan& span,
                                      const ListenerProfile& profile,
                                      Sink& sink, SendToKernel send);
std::optional<uint64_t> UnmapHostMemory(uint64_t hva,
                                        const ListenerProfile& profile,
                                        Sink& sink, SendToKernel send,
                                        uint8_t asid = 0);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_VMM_LISTENER_H_
