#include "bench/tree_workload.h"

namespace iovalab::bench {
namespace {

std::vector<TreePeer>& Mutable() {
  static std::vector<TreePeer> peers;
  return peers;
}

}  // namespace

bool AddTreePeer(const TreePeer& peer) {
  Mutable().push_back(peer);
  return true;
}

const std::vector<TreePeer>& TreePeers() { return Mutable(); }

}  // namespace iovalab::bench
