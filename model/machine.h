#ifndef IOVALAB_MODEL_MACHINE_H_
#define IOVALAB_MODEL_MACHINE_H_

// RunScenario: builds the machine that a scenario describes, runs its steps
// under given policies, and answers the trace, the stores and the judgement.
//
// Not for: checking expectations or comparing runs (lab/).
//
// Invariants: the same arguments give the same bytes of trace. The scenario is
// a validated one (lab/scenario/scenario_load.h).

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/event/kinds.h"
#include "model/event/trace.h"
#include "model/iommu/invalidation_queue.h"
#include "model/kernel/iommu_driver.h"
#include "model/kernel/iommu_flush.h"
#include "model/profile/device_profile.h"
#include "model/profile/kernel_profile.h"
#include "model/scenario.h"
#include "model/store/stores.h"
#include "model/vmm/strategy.h"
#include "model/vmm/vmm_profile.h"

namespace iovalab {

struct RunPolicies {
  const Strategy* strategy = nullptr;
  VmmSwitches switches;
  const KernelProfile* kernel = nullptr;
  DeviceProfile device;
  const VmmProfile* vmm = nullptr;  // null: the axis's default
  // Of the platform's IOMMU; null: VT-d as wide as the device's addresses.
  const IommuDriver* iommu = nullptr;
  // When its driver invalidates, and what hardware does until that is done.
  FlushPolicy invalidation = FlushPolicy::kStrict;
  StaleWindow::Mode window = StaleWindow::Mode::kOld;
  uint64_t window_script = 0;  // of kScript
};

// Somebody who wants to know that a long run goes on. Nothing that it does may
// reach the run.
struct RunProgress {
  void (*call)(void* context, uint64_t events) = nullptr;  // null: nobody
  void* context = nullptr;
};

struct RunLimits {
  uint64_t max_events = 4'000'000;     // events of the engine
  uint64_t max_trace_bytes = 1 << 30;  // in memory
  RunProgress progress = {};  // told at the start and every few thousand events
  // For tests: what the IOMMU's store shows is what its tables hold, after
  // every operation.
  bool check_tables = false;
};

using ClassCounts =
    std::array<uint64_t, static_cast<size_t>(AccessClass::kCount)>;

// Where a virtqueue of the device's is.
struct QueuePlace {
  bool shadowed = false;
  uint8_t asid = 0;  // of its buffers, and of the ring that the device reads
};
// Data queues are as the strategy says. A control queue joins them when they
// are shadowed; else it is shadowed by itself, in address space 1, where the
// device, the kernel and the VMM know how. QueueSpec::asid overrules that.
// Source: QEMU 10.1 net/vhost-vdpa.c vhost_vdpa_net_cvq_start; QEMU commit
// c1a1008685 (8.0).
QueuePlace PlaceQueue(const QueueSpec& queue, const RunPolicies& policies);

struct RunResult {
  Trace trace;
  Stores stores;
  Ended ended = Ended::kCompleted;
  Verdict verdict = Verdict::kSafe;
  ClassCounts counts{};  // undeserved
  ClassCounts deserved{};
  EventIndex first_violation = kNoEventIndex;
  uint32_t window_choices = 0;  // of RunPolicies::window; for NextScript
};

RunResult RunScenario(const Scenario& scenario, const RunPolicies& policies,
                      uint64_t seed, const RunLimits& limits);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_MACHINE_H_
