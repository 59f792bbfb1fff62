#ifndef IOVALAB_BENCH_QUEUE_PEER_H_
#define IOVALAB_BENCH_QUEUE_PEER_H_

// The event queues of others that event_queue_benchmark sets beside ours. Each
// is a library of bench/peers that adds itself when it is linked in.
//
// Not for: ours and std::priority_queue, which are always there.
//
// Invariants: a peer runs the workload of sim/hold.h, event for event, so that
// its checksum is ours. This header is C++17, as Debian's SystemC links with
// nothing newer.

#include <cstdint>
#include <memory>
#include <vector>

namespace iovalab::bench {

// A workload under way: a constant number of events, each of which schedules
// itself again.
class HoldRun {
 public:
  virtual ~HoldRun() = default;
  virtual void Run(std::uint64_t operations) = 0;
  virtual std::uint64_t checksum() const = 0;
};

// What sim/hold.h has: a template <Queue, Delay> that is a value.
template <typename Workload>
class HoldRunOf final : public HoldRun {
 public:
  explicit HoldRunOf(std::uint64_t pending) : workload_(pending) {}
  void Run(std::uint64_t operations) override { workload_.Run(operations); }
  std::uint64_t checksum() const override { return workload_.checksum(); }

 private:
  Workload workload_;
};

template <typename Workload>
std::unique_ptr<HoldRun> MakeHoldRun(std::uint64_t pending) {
  return std::make_unique<HoldRunOf<Workload>>(pending);
}

struct QueuePeer {
  using Make = std::unique_ptr<HoldRun> (*)(std::uint64_t pending);
  const char* name;  // as event_queue_benchmark's table of peers has it
  Make ping;         // with PingDelay; called once, for one event
  Make hold;         // with HoldDelay; null: that is no workload for it
};

// Always true, for the initialiser of a constant.
bool AddQueuePeer(const QueuePeer& peer);
const std::vector<QueuePeer>& QueuePeers();

// The handler of every event: sim::MixIntoChecksum, `ns` from the run's start.
void CallHandler(std::uint64_t& checksum, std::int64_t ns, std::uint64_t id);

}  // namespace iovalab::bench

#endif  // IOVALAB_BENCH_QUEUE_PEER_H_
