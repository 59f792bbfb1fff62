#include "model/vmm/address_space.h"

#include <algorithm>
#include <iterator>

namespace iovalab {
namespace {

// Past so many places, rendering everything is as good.
constexpr uint32_t kMaxSteps = 1000;

}  // namespace

AddressSpace::AddressSpace(const std::vector<RegionSpec>& regions)
    : tree_(regions), aliases_(regions.size()) {
  for (uint32_t i = 0; i < regions.size(); ++i) {
    states_.push_back({regions[i].enabled, regions[i].readonly});
    if (regions[i].alias_of != kNoIndex) {
      aliases_[regions[i].alias_of].push_back(i);
    }
  }
  for (const FlatRange& range : tree_.Render(states_, kAllAddresses)) {
    view_.emplace(range.gpa.first.value, range);
  }
}

void AddressSpace::Set(uint32_t region, RegionState state) {
  if (states_[region].enabled == state.enabled &&
      states_[region].readonly == state.readonly) {
    return;
  }
  states_[region] = state;
  changed_.push_back(region);
}

void AddressSpace::FindPlaces(uint32_t region, uint64_t first, uint64_t last,
                              uint32_t* steps,
                              std::vector<Addresses>* places) const {
  if (*steps == 0) return;
  --*steps;
  const RegionSpec& spec = tree_.region(region);
  last = std::min(last, spec.addr.last - spec.addr.first);
  if (first > last) return;
  const uint64_t begins = spec.addr.first.value;
  if (spec.container == kNoIndex) {
    places->push_back({Gpa(begins + first), Gpa(begins + last)});
  } else {
    FindPlaces(spec.container, begins + first, begins + last, steps, places);
  }
  for (const uint32_t alias : aliases_[region]) {
    const uint64_t offset = tree_.region(alias).offset;
    if (last < offset) continue;
    FindPlaces(alias, std::max(first, offset) - offset, last - offset, steps,
               places);
  }
}

// A range that touches the addresses may be cut, or joined by what is new.
void AddressSpace::Extend(Addresses* a) const {
  const uint64_t below = a->first.value == 0 ? 0 : a->first.value - 1;
  const uint64_t above =
      a->last.value == UINT64_MAX ? UINT64_MAX : a->last.value + 1;
  const auto touching = [&](uint64_t address) -> const FlatRange* {
    auto at = view_.upper_bound(address);
    if (at == view_.begin()) return nullptr;
    --at;
    return at->second.gpa.Contains(Gpa(address)) ? &at->second : nullptr;
  };
  if (const FlatRange* range = touching(below)) a->first = range->gpa.first;
  if (const FlatRange* range = touching(above)) a->last = range->gpa.last;
}

std::vector<AddressSpace::Addresses> AddressSpace::Affected() const {
  std::vector<Addresses> places;
  uint32_t steps = kMaxSteps;
  for (const uint32_t region : changed_) {
    FindPlaces(region, 0, UINT64_MAX, &steps, &places);
  }
  if (steps == 0) return {kAllAddresses};
  for (Addresses& a : places) Extend(&a);
  std::sort(
      places.begin(), places.end(),
      [](const Addresses& a, const Addresses& b) { return a.first < b.first; });
  std::vector<Addresses> apart;
  for (const Addresses& a : places) {
    // Neighbours are one: what is new in both might join.
    if (!apart.empty() && (apart.back().last.value == UINT64_MAX ||
                           a.first <= apart.back().last + 1)) {
      apart.back().last = std::max(apart.back().last, a.last);
    } else {
      apart.push_back(a);
    }
  }
  return apart;
}

void AddressSpace::Replace(const Addresses& a, FlatViewDiff* diff) {
  const auto begin = view_.lower_bound(a.first.value);
  const auto end = view_.upper_bound(a.last.value);
  FlatView before;
  for (auto at = begin; at != end; ++at) before.push_back(at->second);
  view_.erase(begin, end);
  const FlatView after = tree_.Render(states_, a);
  for (const FlatRange& range : after) {
    view_.emplace(range.gpa.first.value, range);
  }
  const FlatViewDiff part = DiffFlatViews(before, after);
  diff->del.insert(diff->del.end(), part.del.begin(), part.del.end());
  diff->add.insert(diff->add.end(), part.add.begin(), part.add.end());
}

FlatViewDiff AddressSpace::Commit() {
  FlatViewDiff diff;
  for (const Addresses& a : Affected()) Replace(a, &diff);
  changed_.clear();
  return diff;
}

}  // namespace iovalab
