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
    asked_.push_back({asked.event, unit_.queue.next_id, done.since_start});
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
    // The wait, which comes last, tells that those before it are done.
    const auto [event, end, done] = asked_.front();
    if (done > until) return;
    asked_.pop_front();
    const EventIndex former = sink.SetCause(event);
    const EventIndex told = sink.Emit(Kind::kInvalidated, Actor::kIommu,
                                      Rule::kIommuInvalidated, {0, 0, 0});
    sink.SetCause(told);
    const InvalidationEffect effect = RunInvalidationsThrough(unit_, end, sink);
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

// What an operation took out of the tables, while it waits for the hardware to
// forget it.
void Machine::NoteUnmapping(int64_t now,
                            const std::vector<Sink::Change>& changes) {
  std::erase_if(unmapping_, [&](const Unmapping& u) { return u.until <= now; });
  if (kernel_until_ <= now) return;
  for (const Sink::Change& change : changes) {
    const Delta& d = change.delta;
    if (d.store != kIommuStore || d.op != DeltaOp::kDel) continue;
    unmapping_.push_back({d.entry.first, d.entry.last, kernel_until_});
  }
}

bool Machine::IsUnmapping(uint64_t iova) const {
  return std::any_of(
      unmapping_.begin(), unmapping_.end(), [&](const Unmapping& u) {
        return sink_.time() < u.until && u.first <= iova && iova <= u.last;
      });
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
