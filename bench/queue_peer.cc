#include "bench/queue_peer.h"

#include "sim/hold.h"
#include "sim/time.h"

namespace iovalab::bench {
namespace {

std::vector<QueuePeer>& Mutable() {
  static std::vector<QueuePeer> peers;
  return peers;
}

}  // namespace

bool AddQueuePeer(const QueuePeer& peer) {
  Mutable().push_back(peer);
  return true;
}

const std::vector<QueuePeer>& QueuePeers() { return Mutable(); }

void CallHandler(std::uint64_t& checksum, std::int64_t ns, std::uint64_t id) {
  sim::MixIntoChecksum(checksum, sim::Time{ns}, id);
}

}  // namespace iovalab::bench
