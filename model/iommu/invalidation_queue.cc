#include "model/iommu/invalidation_queue.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace iovalab {

absl::Status CheckInvalidationQueueShape(const InvalidationQueueShape& shape) {
  if (shape.capacity == 0 || shape.capacity > 1u << 16) {
    return absl::InvalidArgumentError(absl::StrCat(
        "capacity: ", shape.capacity, " is not 1 to 65536 commands"));
  }
  if (shape.command_ns < 0 || shape.device_ns < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(shape.command_ns < 0 ? "command_ns: " : "device_ns: ",
                     std::min(shape.command_ns, shape.device_ns),
                     " is not 0 or more nanoseconds"));
  }
  return absl::OkStatus();
}

std::optional<sim::Time> Submit(InvalidationQueue& queue,
                                const Invalidation& invalidation,
                                sim::Time now) {
  if (queue.pending.size() >= queue.shape.capacity) return std::nullopt;
  return SubmitWaiting(queue, invalidation, now);
}

sim::Time SubmitWaiting(InvalidationQueue& queue,
                        const Invalidation& invalidation, sim::Time now) {
  const bool device = invalidation.kind == InvalidationKind::kDevice;
  const sim::Time start = std::max(now, queue.busy_until);
  const sim::Time done =
      start + (device ? queue.shape.device_ns : queue.shape.command_ns);
  queue.pending.push_back({queue.next_id++, invalidation, done});
  queue.busy_until = done;
  return done;
}

namespace {

InvalidationDone RunFirst(InvalidationQueue& queue, IommuCaches& caches) {
  const InvalidationQueue::Pending p = queue.pending.front();
  queue.pending.pop_front();
  return {p.id, p.done, p.invalidation, Apply(p.invalidation, caches)};
}

}  // namespace

std::vector<InvalidationDone> RunDue(InvalidationQueue& queue,
                                     IommuCaches& caches, sim::Time now) {
  std::vector<InvalidationDone> done;
  while (!queue.pending.empty() && queue.pending.front().done <= now) {
    done.push_back(RunFirst(queue, caches));
  }
  return done;
}

std::vector<InvalidationDone> RunThrough(InvalidationQueue& queue,
                                         IommuCaches& caches, uint64_t end) {
  std::vector<InvalidationDone> done;
  while (!queue.pending.empty() && queue.pending.front().id < end) {
    done.push_back(RunFirst(queue, caches));
  }
  return done;
}

bool StaleWindow::UsesOld() {
  const uint32_t choice = choices++;
  switch (mode) {
    case Mode::kOld:
      return true;
    case Mode::kNew:
      return false;
    case Mode::kSeeded:
      return random.Chance(1, 2);
    case Mode::kScript:
      return choice >= 64 || (script >> choice & 1) == 0;
  }
  return true;
}

std::optional<uint64_t> NextScript(uint64_t script, uint32_t choices) {
  // Depth first: the last choice that was "old" becomes "new", those after it
  // are "old" again.
  for (uint32_t i = std::min(choices, 63u); i-- > 0;) {
    if ((script >> i & 1) != 0) continue;
    const uint64_t before = (uint64_t{1} << i) - 1;
    return (script & before) | uint64_t{1} << i;
  }
  return std::nullopt;
}

}  // namespace iovalab
