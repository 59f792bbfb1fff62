#ifndef IOVALAB_SIM_EVENT_QUEUE_H_
#define IOVALAB_SIM_EVENT_QUEUE_H_

// EventQueue<Payload>: the pending events of a run, popped by (time, priority,
// insertion), lowest first. Payload is a small trivially copyable record that
// says what to do; the queue never looks inside.
//
// When not to use it: as a general priority queue. Time never goes back here:
// scheduling before now() is a bug of the caller and ends the process.
//
// Invariants:
//  * same time and priority: first scheduled, first popped; a reschedule counts
//    as scheduling anew;
//  * a Handle names one scheduled event for as long as that is pending;
//    afterwards it names nothing, also when its slot serves another event;
//  * the queue is a value: a copy pops the same events, and handles taken from
//    the original work on the copy;
//  * every operation is amortized O(1) in the number of events; memory follows
//    the highest number ever pending, so a steady run allocates nothing.
//
// How: an event's payload sits still in a slot while a 16-byte Entry travels
// through a RadixWheel. Cancelling leaves the entry behind, dead; it is dropped
// when it surfaces, or in a sweep once the dead outnumber the living. One event
// known to be earlier than all others waits outside the wheel, in `front_`: a
// chain of events, each scheduling the next, never touches the wheel.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "sim/check.h"
#include "sim/entry_pool.h"
#include "sim/radix_wheel.h"
#include "sim/time.h"

namespace iovalab::sim {

// Of events at the same time, the lower value is popped first.
using Priority = std::uint8_t;

// A default Handle names no event.
struct Handle {
  std::uint64_t generation = 0;
  std::uint32_t slot = 0;

  friend constexpr bool operator==(const Handle&, const Handle&) = default;
};

template <typename Payload>
class EventQueue {
  static_assert(std::is_trivially_copyable_v<Payload>,
                "events are data: no closures, no owners");

 public:
  struct Popped {
    Time time;
    Payload payload;
    Handle handle;  // Names nothing any more; tells which event this was.
  };

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  // The time of the last event popped.
  Time now() const { return now_; }

  bool IsPending(Handle handle) const {
    return handle.slot < slots_.size() &&
           slots_[handle.slot].generation == handle.generation;
  }

  Handle Schedule(Time at, Priority priority, const Payload& payload) {
    Check(at >= now_, "an event is scheduled in the past");
    const std::uint32_t index = TakeSlot(payload);
    Slot& slot = slots_[index];
    slot.tag = static_cast<std::uint32_t>(priority) << kStampBits |
               (slot.tag & kStampMask);
    ++size_;
    const Handle handle{slot.generation, index};
    Insert(MakeEntry(at, slot.tag, index));
    return handle;
  }

  // False when the event is no longer pending.
  bool Cancel(Handle handle) {
    if (!IsPending(handle)) return false;
    DropEntry(handle.slot);
    FreeSlot(handle.slot);
    --size_;
    SweepIfWorthIt();
    return true;
  }

  // Moves a pending event, behind those already there; its handle stays good.
  bool Reschedule(Handle handle, Time at) {
    if (!IsPending(handle)) return false;
    Check(at >= now_, "an event is rescheduled into the past");
    DropEntry(handle.slot);
    Insert(MakeEntry(at, slots_[handle.slot].tag, handle.slot));
    SweepIfWorthIt();
    return true;
  }

  // Removes the first event and moves now() to its time. Not for an empty
  // queue.
  Popped Pop() {
    Check(size_ > 0, "nothing to pop");
    const Entry entry = TakeFirst();
    Slot& slot = slots_[entry.slot()];
    now_ = Time{static_cast<Nanos>(entry.time)};
    --size_;
    const Popped popped{now_, slot.payload, {slot.generation, entry.slot()}};
    FreeSlot(entry.slot());
    return popped;
  }

 private:
  static constexpr int kStampBits = 24;
  static constexpr std::uint32_t kStampMask = (1u << kStampBits) - 1;
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  struct Slot {
    std::uint64_t generation;  // Grows when the event ends.
    std::uint32_t tag;         // That of its one live entry.
    std::uint32_t next_free;
    Payload payload;
  };

  static std::uint64_t Ticks(Time t) {
    return static_cast<std::uint64_t>(t.since_start);
  }

  static Entry MakeEntry(Time at, std::uint32_t tag, std::uint32_t slot) {
    return {Ticks(at), std::uint64_t{tag} << 32 | slot};
  }

  std::uint32_t TakeSlot(const Payload& payload) {
    if (ABSL_PREDICT_FALSE(free_ == kNone)) return AddSlot(payload);
    const std::uint32_t index = free_;
    free_ = slots_[index].next_free;
    slots_[index].payload = payload;
    return index;
  }

  ABSL_ATTRIBUTE_NOINLINE std::uint32_t AddSlot(const Payload& payload) {
    Check(slots_.size() < kNone, "too many pending events");
    slots_.push_back({1, 0, kNone, payload});
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }

  void FreeSlot(std::uint32_t index) {
    Slot& slot = slots_[index];
    ++slot.generation;
    slot.next_free = free_;
    free_ = index;
  }

  // The fast path alone is worth inlining into every caller.
  void Insert(Entry entry) {
    if (!has_front_ && wheel_.empty()) {
      front_ = entry;
      has_front_ = true;
    } else {
      InsertAmongOthers(entry);
    }
  }

  // Keeps front_'s promise, "strictly earlier than all in the wheel": events
  // of one time are then never split between the two, and keep their order.
  ABSL_ATTRIBUTE_NOINLINE void InsertAmongOthers(Entry entry) {
    if (has_front_) {
      if (entry.time > front_.time) {
        AppendToWheel(entry);
        return;
      }
      AppendToWheel(front_);
      if (entry.time < front_.time) {
        front_ = entry;
      } else {
        has_front_ = false;
        AppendToWheel(entry);
      }
    } else if (entry.time < wheel_.LowerBound()) {
      front_ = entry;
      has_front_ = true;
    } else {
      AppendToWheel(entry);
    }
  }

  void AppendToWheel(Entry entry) { wheel_.Append(entry, Ticks(now_)); }

  Entry TakeFirst() {
    if (has_front_) {
      has_front_ = false;
      return front_;
    }
    return TakeFirstFromWheel();
  }

  ABSL_ATTRIBUTE_NOINLINE Entry TakeFirstFromWheel() {
    for (;;) {
      const Entry entry = wheel_.PopFirst(
          [this](Entry e) { __builtin_prefetch(&slots_[e.slot()], 1); });
      if (ABSL_PREDICT_TRUE(!IsDead(entry))) return entry;
      --dead_;
    }
  }

  bool IsDead(Entry entry) const {
    return slots_[entry.slot()].tag != entry.tag();
  }

  // Parts a slot from its entry.
  void DropEntry(std::uint32_t index) {
    if (has_front_ && front_.slot() == index) {
      has_front_ = false;
      return;
    }
    Slot& slot = slots_[index];
    slot.tag = (slot.tag & ~kStampMask) | ((slot.tag + 1) & kStampMask);
    ++dead_;
    ++stamps_since_sweep_;
  }

  // The second condition: a stamp must not come round to the value that some
  // dead entry still holds.
  void SweepIfWorthIt() {
    constexpr std::size_t kWorthIt = 64;
    if (ABSL_PREDICT_TRUE(dead_ <= size_ + kWorthIt &&
                          stamps_since_sweep_ < kStampMask)) {
      return;
    }
    wheel_.RemoveIf([this](Entry entry) { return IsDead(entry); });
    dead_ = 0;
    stamps_since_sweep_ = 0;
  }

  Time now_ = kStart;
  std::size_t size_ = 0;
  std::vector<Slot> slots_;
  std::uint32_t free_ = kNone;
  bool has_front_ = false;
  Entry front_{};
  RadixWheel wheel_;
  std::size_t dead_ = 0;  // Entries in the wheel that stand for no event.
  std::uint32_t stamps_since_sweep_ = 0;
};

}  // namespace iovalab::sim

#endif  // IOVALAB_SIM_EVENT_QUEUE_H_
