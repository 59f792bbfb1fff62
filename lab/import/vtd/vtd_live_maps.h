#ifndef IOVALAB_LAB_IMPORT_VTD_VTD_LIVE_MAPS_H_
#define IOVALAB_LAB_IMPORT_VTD_VTD_LIVE_MAPS_H_

// VtdLiveMaps: what a guest has mapped in one domain, map by map: which parts
// an invalidation of more or less than a map covers.
//
// Not for: what hardware makes of it (vtd_tables.h).
//
// Invariant: no two maps overlap; the later one wins.

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace iovalab {

struct VtdLiveMap {
  uint64_t first = 0;  // inclusive, as last
  uint64_t last = 0;
  uint64_t target = 0;  // of first

  friend bool operator==(const VtdLiveMap&, const VtdLiveMap&) = default;
};

class VtdLiveMaps {
 public:
  void Add(const VtdLiveMap& map);
  // The parts that were mapped, by address.
  std::vector<VtdLiveMap> Remove(uint64_t first, uint64_t last);
  bool Has(uint64_t iova) const;
  // At one time.
  uint64_t most() const { return most_; }

 private:
  std::map<uint64_t, std::pair<uint64_t, uint64_t>> maps_;  // last, target
  uint64_t most_ = 0;
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_VTD_VTD_LIVE_MAPS_H_
