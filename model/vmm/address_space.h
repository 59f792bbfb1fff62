#ifndef IOVALAB_MODEL_VMM_ADDRESS_SPACE_H_
#define IOVALAB_MODEL_VMM_ADDRESS_SPACE_H_

// AddressSpace: a machine's flat view as its regions come and go. A transaction
// renders the addresses anew where a changed region is seen, not the rest.
//
// Not for: one rendering of a map (memory.h).
//
// Invariant: view() equals RenderFlatView of the present states.

#include <cstdint>
#include <map>
#include <vector>

#include "model/vmm/memory.h"

namespace iovalab {

class AddressSpace {
 public:
  AddressSpace() : AddressSpace(std::vector<RegionSpec>()) {}
  // Every region in its first state; regions are those of a validated scenario.
  explicit AddressSpace(const std::vector<RegionSpec>& regions);

  // By first address.
  const std::map<uint64_t, FlatRange>& view() const { return view_; }

  // Within a transaction: what the region will be. Until Commit the view stays.
  const RegionState& state(uint32_t region) const { return states_[region]; }
  void Set(uint32_t region, RegionState state);
  // Ends the transaction: what it changed, as DiffFlatViews has it.
  FlatViewDiff Commit();

 private:
  using Addresses = Range<Gpa>;

  // Where the outermost address space shows these bytes of a region, counted
  // from its first byte; `steps` bounds the work.
  void FindPlaces(uint32_t region, uint64_t first, uint64_t last,
                  uint32_t* steps, std::vector<Addresses>* places) const;
  // The addresses that the changes touch, whole ranges of the view and what
  // might join them; apart, in order.
  std::vector<Addresses> Affected() const;
  void Extend(Addresses* a) const;
  void Replace(const Addresses& a, FlatViewDiff* diff);

  RegionTree tree_;
  std::vector<std::vector<uint32_t>> aliases_;  // of each region
  std::vector<RegionState> states_;
  std::vector<uint32_t> changed_;
  std::map<uint64_t, FlatRange> view_;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_VMM_ADDRESS_SPACE_H_
