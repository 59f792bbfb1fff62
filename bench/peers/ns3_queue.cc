// ns-3's default scheduler, driven as its simulator drives it: a new event
// object for each that is scheduled. And, as less than that cannot be done,
// without: each object is scheduled again.

#include <cstdint>
#include <memory>

#include "bench/queue_peer.h"
#include "ns3/event-impl.h"
#include "ns3/priority-queue-scheduler.h"
#include "sim/hold.h"

namespace iovalab::bench {
namespace {

using Delay = sim::Nanos (*)(std::uint64_t);

struct Counters {
  std::uint64_t now = 0;
  std::uint64_t checksum = 0;
};

class Event final : public ns3::EventImpl {
 public:
  Event(Counters* counters, std::uint64_t id) : counters_(counters), id_(id) {}
  std::uint64_t id() const { return id_; }

 private:
  void Notify() override {
    CallHandler(counters_->checksum, static_cast<std::int64_t>(counters_->now),
                id_);
  }

  Counters* counters_;
  std::uint64_t id_;
};

template <bool kNewEvents, Delay kDelay>
class Workload {
 public:
  explicit Workload(std::uint64_t pending) {
    while (scheduled_ < pending) {
      Schedule(new Event(&counters_, scheduled_), 0);
    }
  }
  ~Workload() {
    while (!scheduler_->IsEmpty()) scheduler_->RemoveNext().impl->Unref();
  }

  void Run(std::uint64_t operations) {
    for (std::uint64_t i = 0; i < operations; ++i) {
      const ns3::Scheduler::Event next = scheduler_->RemoveNext();
      auto* event = static_cast<Event*>(next.impl);
      counters_.now = next.key.m_ts;
      next.impl->Invoke();
      if constexpr (kNewEvents) {
        Schedule(new Event(&counters_, event->id()), next.key.m_ts);
        next.impl->Unref();
      } else {
        Schedule(event, next.key.m_ts);
      }
    }
  }
  std::uint64_t checksum() const { return counters_.checksum; }

 private:
  void Schedule(Event* event, std::uint64_t now) {
    const auto delay = static_cast<std::uint64_t>(kDelay(scheduled_));
    const auto uid = static_cast<std::uint32_t>(scheduled_++);
    scheduler_->Insert({event, {now + delay, uid, 0}});
  }

  // Through the base, as ns3::DefaultSimulatorImpl has it.
  ns3::Ptr<ns3::Scheduler> scheduler_ =
      ns3::CreateObject<ns3::PriorityQueueScheduler>();
  Counters counters_;
  std::uint64_t scheduled_ = 0;
};

template <bool kNewEvents>
QueuePeer Peer(const char* name) {
  return {name, MakeHoldRun<Workload<kNewEvents, sim::PingDelay>>,
          MakeHoldRun<Workload<kNewEvents, sim::HoldDelay>>};
}

[[maybe_unused]] const bool kAdded =
    AddQueuePeer(Peer<true>("ns-3 PriorityQueueScheduler")) &&
    AddQueuePeer(Peer<false>("ns-3, events kept"));

}  // namespace
}  // namespace iovalab::bench
