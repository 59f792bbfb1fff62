// SystemC's kernel: a method that notifies the event it waits for, which is
// quicker there than next_trigger(). C++17, as the library asks for the
// standard that Debian built it with.

#include <cstdint>
#include <memory>
#include <systemc>

#include "bench/queue_peer.h"

// The library refers to it, though its own main() is not used.
int sc_main(int, char**) { return 0; }

namespace iovalab::bench {
namespace {

struct Ping : sc_core::sc_module {
  SC_HAS_PROCESS(Ping);

  explicit Ping(const sc_core::sc_module_name& name) : sc_module(name) {
    SC_METHOD(Handle);
    sensitive << event;
    dont_initialize();
    event.notify(delay);
  }

  void Handle() {
    CallHandler(checksum,
                static_cast<std::int64_t>(sc_core::sc_time_stamp().value()), 0);
    event.notify(delay);
  }

  sc_core::sc_event event;
  const sc_core::sc_time delay{10, sc_core::SC_NS};
  std::uint64_t checksum = 0;
};

class PingRun final : public HoldRun {
 public:
  // Off the events' times: sc_start() leaves what is due when it ends.
  PingRun() { sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_NS)); }
  void Run(std::uint64_t operations) override {
    sc_core::sc_start(static_cast<double>(operations) * ping_.delay);
  }
  std::uint64_t checksum() const override { return ping_.checksum; }

 private:
  Ping ping_{"ping"};
};

// There is one simulation in a process.
std::unique_ptr<HoldRun> MakePing(std::uint64_t /*pending*/) {
  sc_core::sc_set_time_resolution(1, sc_core::SC_NS);
  return std::make_unique<PingRun>();
}

[[maybe_unused]] const bool kAdded =
    AddQueuePeer({"SystemC", MakePing, nullptr});

}  // namespace
}  // namespace iovalab::bench
