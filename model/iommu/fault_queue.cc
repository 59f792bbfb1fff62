#include "model/iommu/fault_queue.h"

#include "sim/check.h"

namespace iovalab {
namespace {

FaultFate FateOf(const FaultQueue& queue, const DmaFault& fault) {
  if (queue.overflow && queue.shape.overflow_latches) {
    return FaultFate::kLatched;
  }
  if (queue.shape.compress_source) {
    for (const FaultQueue::Waiting& waiting : queue.waiting) {
      if (waiting.fault.source_id == fault.source_id) {
        return FaultFate::kCompressed;
      }
    }
  }
  return queue.waiting.size() < queue.shape.capacity ? FaultFate::kRecorded
                                                     : FaultFate::kOverflowed;
}

}  // namespace

FaultQueueShape FaultQueueOf(FaultDialect dialect, uint32_t capacity) {
  FaultQueueShape shape;
  shape.capacity = capacity;
  shape.overflow_latches = dialect != FaultDialect::kSmmuV3;
  return shape;
}

FaultQueueShape QemuVtdFaultQueue() {
  FaultQueueShape shape = FaultQueueOf(FaultDialect::kVtdLegacy, 1);
  shape.compress_source = true;
  shape.record.vtd_no_pasid = 0xffff;
  return shape;
}

absl::string_view FaultFateName(FaultFate fate) {
  constexpr absl::string_view kNames[] = {"recorded", "compressed",
                                          "overflowed", "latched", "silent"};
  return kNames[static_cast<int>(fate)];
}

FaultReport FaultQueuePush(FaultQueue& queue, const DmaFault& fault) {
  sim::Check(queue.shape.capacity > 0, "a fault queue holds 1 or more");
  FaultReport report;
  report.fate = FateOf(queue, fault);
  if (!report.reported()) {
    ++queue.lost;
    if (report.fate == FaultFate::kOverflowed) queue.overflow = true;
    return report;
  }
  report.interrupt = !queue.pending();
  report.index = queue.next;
  report.record = ToRecord(fault, queue.shape.record);
  queue.next = (queue.next + 1) % queue.shape.capacity;
  ++queue.recorded;
  queue.waiting.push_back({fault, report.record});
  return report;
}

std::optional<FaultQueue::Waiting> FaultQueuePop(FaultQueue& queue) {
  if (queue.waiting.empty()) return std::nullopt;
  const FaultQueue::Waiting oldest = queue.waiting.front();
  queue.waiting.pop_front();
  return oldest;
}

void FaultQueueClearOverflow(FaultQueue& queue) { queue.overflow = false; }

}  // namespace iovalab
