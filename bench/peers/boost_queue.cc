// boost::heap::d_ary_heap with four children, which of Boost's heaps is the
// quickest here, and the key of std::priority_queue: time, then sequence.

#include <boost/heap/d_ary_heap.hpp>
#include <cstdint>

#include "bench/queue_peer.h"
#include "sim/event_queue.h"
#include "sim/hold.h"

namespace iovalab::bench {
namespace {

class Queue {
 public:
  struct Popped {
    sim::Time time;
    sim::HoldEvent payload;
  };

  void Schedule(sim::Time at, sim::Priority /*priority*/,
                const sim::HoldEvent& payload) {
    heap_.push({at, next_sequence_++, payload});
  }

  Popped Pop() {
    const Event event = heap_.top();
    heap_.pop();
    return {event.time, event.payload};
  }

 private:
  struct Event {
    sim::Time time;
    std::uint64_t sequence;
    sim::HoldEvent payload;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.time != b.time ? a.time > b.time : a.sequence > b.sequence;
    }
  };

  boost::heap::d_ary_heap<Event, boost::heap::arity<4>,
                          boost::heap::compare<Later>>
      heap_;
  std::uint64_t next_sequence_ = 0;
};

[[maybe_unused]] const bool kAdded = AddQueuePeer(
    {"boost::heap::d_ary_heap", MakeHoldRun<sim::Hold<Queue, sim::PingDelay>>,
     MakeHoldRun<sim::Hold<Queue>>});

}  // namespace
}  // namespace iovalab::bench
