// Invalidations of the platform IOMMU's caches: their way from the driver that
// asks to the hardware that forgets, and the wait of who asked.

#include <algorithm>

#include "model/machine_state.h"

namespace iovalab {

// Hands over what the driver asked for since the last time. `vmm_waits`: it did
// in a system call of the VMM's thread, which goes on when the hardware is
// done.
void Machine::HandOver(Sink& sink, bool vmm_waits) {
  IommuDomain& domain = vdpa_.domain;
  for (const IommuAsked& asked : domain.asked) {
    sim::Time done;
    for (const Invalidation& command : asked.commands) {
      done = SubmitWaiting(unit_.queue, command, sim::Time{sink.time()});
    }
    asked_.push_back({asked.event, unit_.queue.next_id});
    if (vmm_waits) kernel_until_ = std::max(kernel_until_, done.since_start);
    Schedule(done.since_start, kIommuPriority,
             {Op::kInvalidated, 0, 0, asked.event});
  }
  domain.asked.clear();
  const std::optional<sim::Time>& timer = domain.flush.timer;
  if (timer && timer->since_start != flush_timer_) {
    flush_timer_ = timer->since_start;
    Schedule(flush_timer_, kIommuPriority,
             {Op::kFlushTimer, 0, 0, sink.cause()});
  }
}

// What the hardware is done with by `until`, as events of this operation.
void Machine::TakeDone(int64_t until, Sink& sink) {
  while (!asked_.empty()) {
    const auto [event, end] = asked_.front();
    const auto& pending = unit_.queue.pending;
    // The wait, which comes last, tells that those before it are done.
    const sim::Time done = pending[end - 1 - pending.front().id].done;
    if (done.since_start > until) return;
    asked_.pop_front();
    const EventIndex former = sink.SetCause(event);
    const EventIndex told = sink.Emit(Kind::kInvalidated, Actor::kIommu,
                                      Rule::kIommuInvalidated, {0, 0, 0});
    sink.SetCause(told);
    const InvalidationEffect effect = RunInvalidations(unit_, done, sink);
    sink.SetWord(told, 0, effect.iotlb);
    sink.SetWord(told, 1, effect.walk);
    sink.SetWord(told, 2, effect.device);
    sink.SetCause(former);
  }
}

void Machine::Invalidated(int64_t now, EventIndex cause) {
  if (asked_.empty() || asked_.front().event != cause) return;  // taken before
  Sink& sink = Begin(now, cause, /*watch=*/true);
  TakeDone(now, sink);
  CheckCaches(sink, sink.TakeChanges());
}

void Machine::CheckCaches(Sink& sink,
                          const std::vector<Sink::Change>& changes) {
  cache_invariant_.Follow(changes);
  if (!asked_.empty() || !vdpa_.domain.flush.queued.empty()) return;
  const std::optional<Violation> stale =
      cache_invariant_.Check(result_.stores, vdpa_.domain.table.pages);
  if (stale) Report(sink, *stale);
}

void Machine::FlushTimerFires(int64_t now, EventIndex cause) {
  Sink& sink = Begin(now, cause, /*watch=*/true);
  IommuFlushTimer(vdpa_.domain, sink);
  HandOver(sink, /*vmm_waits=*/false);
  EndOperation(sink, {});
}

// A step's work in the kernel is done; it is finished when the kernel returns,
// and until then what it took away may still be used.
void Machine::Return(int64_t now, uint32_t step) {
  if (kernel_until_ > now) {
    return Schedule(kernel_until_, kVmmPriority,
                    {Op::kReturn, step, 0, kNoEventIndex});
  }
  ledger_.Settle();
  FinishStep(now, step);
}

}  // namespace iovalab
