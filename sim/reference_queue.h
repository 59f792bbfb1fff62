#ifndef IOVALAB_SIM_REFERENCE_QUEUE_H_
#define IOVALAB_SIM_REFERENCE_QUEUE_H_

// ReferenceQueue: what EventQueue must do, said as plainly as possible. Tests
// hold EventQueue to it.
//
// When not to use it: anywhere but in tests; it is slow.
//
// Invariant: the order of popping is the order of the map's key.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>

#include "sim/check.h"
#include "sim/event_queue.h"
#include "sim/time.h"

namespace iovalab::sim {

template <typename Payload>
class ReferenceQueue {
 public:
  using Handle = std::uint64_t;  // Never used twice.

  struct Popped {
    Time time;
    Payload payload;
    Handle handle;
  };

  bool empty() const { return events_.empty(); }
  std::size_t size() const { return events_.size(); }
  Time now() const { return now_; }
  bool IsPending(Handle handle) const { return keys_.contains(handle); }

  Handle Schedule(Time at, Priority priority, const Payload& payload) {
    const Handle handle = next_handle_++;
    Insert({at, priority, next_insertion_++}, {handle, payload});
    return handle;
  }

  bool Cancel(Handle handle) {
    if (!IsPending(handle)) return false;
    Remove(keys_.at(handle));
    return true;
  }

  bool Reschedule(Handle handle, Time at) {
    if (!IsPending(handle)) return false;
    const Key key = keys_.at(handle);
    const Event event = Remove(key);
    Insert({at, key.priority, next_insertion_++}, event);
    return true;
  }

  Popped Pop() {
    Check(!events_.empty(), "nothing to pop");
    const Key key = events_.begin()->first;
    const Event event = Remove(key);
    now_ = key.time;
    return {key.time, event.payload, event.handle};
  }

 private:
  struct Key {
    Time time;
    Priority priority;
    std::uint64_t insertion;

    friend auto operator<=>(const Key&, const Key&) = default;
  };

  struct Event {
    Handle handle;
    Payload payload;
  };

  void Insert(const Key& key, const Event& event) {
    Check(key.time >= now_, "an event is scheduled in the past");
    events_.emplace(key, event);
    keys_.emplace(event.handle, key);
  }

  // By value: the key may lie in keys_.
  Event Remove(Key key) {
    const Event event = events_.at(key);
    keys_.erase(event.handle);
    events_.erase(key);
    return event;
  }

  Time now_ = kStart;
  Handle next_handle_ = 0;
  std::uint64_t next_insertion_ = 0;
  std::map<Key, Event> events_;
  std::map<Handle, Key> keys_;
};

}  // namespace iovalab::sim

#endif  // IOVALAB_SIM_REFERENCE_QUEUE_H_
