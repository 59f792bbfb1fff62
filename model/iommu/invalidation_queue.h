#ifndef IOVALAB_MODEL_IOMMU_INVALIDATION_QUEUE_H_
#define IOVALAB_MODEL_IOMMU_INVALIDATION_QUEUE_H_

// InvalidationQueue: commands between software and hardware: handed in now,
// done later, in order. A wait tells that everything before it is done.
//
// Between the change of a table and the end of the covering invalidation
// hardware may use the old translation or the new one (RISC-V IOMMU spec,
// adopted as the contract of all). StaleWindow decides which: by a seed, always
// one of them, or by a script that an explorer counts through.
//
// Not for: what is removed (invalidation.h Apply).
//
// Invariants: commands end in the order in which they were handed in; a copy is
// a value copy.

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "model/iommu/invalidation.h"
#include "sim/random.h"
#include "sim/time.h"

namespace iovalab {

struct InvalidationQueueShape {
  uint32_t capacity = 256;      // commands that wait; 1 or more
  sim::Nanos command_ns = 400;  // each, in the unit (ours)
  sim::Nanos device_ns = 1500;  // a device's answer over the bus (ours)

  friend bool operator==(const InvalidationQueueShape&,
                         const InvalidationQueueShape&) = default;
};
// InvalidArgument that names the field and what it may be.
absl::Status CheckInvalidationQueueShape(const InvalidationQueueShape& shape);

struct InvalidationQueue {
  struct Pending {
    uint64_t id = 0;
    Invalidation invalidation;
    sim::Time done;
  };
  InvalidationQueueShape shape = {};
  std::deque<Pending> pending = {};
  uint64_t next_id = 0;
  sim::Time busy_until = {};
};

// When the command will be done. Nothing where the queue is full: software has
// to wait and try again.
std::optional<sim::Time> Submit(InvalidationQueue& queue,
                                const Invalidation& invalidation,
                                sim::Time now);

// The same by software that waits for room. Hardware works on the others
// meanwhile, so the command is done no later than in a longer queue.
sim::Time SubmitWaiting(InvalidationQueue& queue,
                        const Invalidation& invalidation, sim::Time now);

struct InvalidationDone {
  uint64_t id = 0;
  sim::Time at;
  Invalidation invalidation;
  InvalidationEffect effect;
};
// Does what is due by `now`, in order.
std::vector<InvalidationDone> RunDue(InvalidationQueue& queue,
                                     IommuCaches& caches, sim::Time now);

// Does those with an id below `end`, whenever they are due.
std::vector<InvalidationDone> RunThrough(InvalidationQueue& queue,
                                         IommuCaches& caches, uint64_t end);

// Which translation hardware uses while both are allowed.
struct StaleWindow {
  enum class Mode : uint8_t { kOld, kNew, kSeeded, kScript };
  Mode mode = Mode::kOld;
  sim::Random random{0, 0};  // kSeeded
  uint64_t script = 0;       // kScript: bit i set: choice i takes the new one
  uint32_t choices = 0;      // made so far

  // Whether the cached (old) translation is used rather than the table's.
  bool UsesOld();
};
// After a kScript run that made `choices` choices under `script`, the script of
// the next run; nothing when all were tried, or beyond 63 choices a run. Start
// with script 0.
std::optional<uint64_t> NextScript(uint64_t script, uint32_t choices);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_INVALIDATION_QUEUE_H_
