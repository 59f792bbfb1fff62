#ifndef IOVALAB_SIM_HEAP_QUEUE_H_
#define IOVALAB_SIM_HEAP_QUEUE_H_

// HeapQueue: std::priority_queue with a (time, sequence) key, the usual core of
// a simulator (ns-3's PriorityQueueScheduler is one). Benchmarks show
// EventQueue beside it.
//
// When not to use it: anywhere but in benchmarks and tests. It has no
// priorities, handles or checks, all of which would make it slower.
//
// Invariant: of two events of one time the one scheduled first is popped first.

#include <cstdint>
#include <queue>
#include <vector>

#include "sim/event_queue.h"
#include "sim/time.h"

namespace iovalab::sim {

template <typename Payload>
class HeapQueue {
 public:
  struct Popped {
    Time time;
    Payload payload;
  };

  void Schedule(Time at, Priority /*priority*/, const Payload& payload) {
    heap_.push({at, next_sequence_++, payload});
  }

  Popped Pop() {
    const Event event = heap_.top();
    heap_.pop();
    return {event.time, event.payload};
  }

 private:
  struct Event {
    Time time;
    std::uint64_t sequence;
    Payload payload;
  };

  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.time != b.time ? a.time > b.time : a.sequence > b.sequence;
    }
  };

  std::priority_queue<Event, std::vector<Event>, Later> heap_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace iovalab::sim

#endif  // IOVALAB_SIM_HEAP_QUEUE_H_
