#include "lab/import/vtd/vtd_live_maps.h"

#include <algorithm>
#include <iterator>

namespace iovalab {

void VtdLiveMaps::Add(const VtdLiveMap& map) {
  Remove(map.first, map.last);
  maps_[map.first] = {map.last, map.target};
  most_ = std::max<uint64_t>(most_, maps_.size());
}

std::vector<VtdLiveMap> VtdLiveMaps::Remove(uint64_t first, uint64_t last) {
  std::vector<VtdLiveMap> gone;
  auto it = maps_.upper_bound(first);
  if (it != maps_.begin() && std::prev(it)->second.first >= first) --it;
  while (it != maps_.end() && it->first <= last) {
    const VtdLiveMap map{it->first, it->second.first, it->second.second};
    it = maps_.erase(it);
    const uint64_t from = std::max(first, map.first);
    const uint64_t to = std::min(last, map.last);
    gone.push_back({from, to, map.target + (from - map.first)});
    if (map.first < from) maps_[map.first] = {from - 1, map.target};
    if (to < map.last) {
      maps_[to + 1] = {map.last, map.target + (to + 1 - map.first)};
    }
  }
  return gone;
}

bool VtdLiveMaps::Has(uint64_t iova) const {
  const auto it = maps_.upper_bound(iova);
  return it != maps_.begin() && std::prev(it)->second.first >= iova;
}

}  // namespace iovalab
