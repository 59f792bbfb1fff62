#include "model/host/host_memory.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/host/layout_overlap.h"

namespace iovalab {

absl::StatusOr<ObjectIndex> HostMemory::AddObject(MemoryObject object) {
  if (absl::Status s = ValidateMemoryObject(object); !s.ok()) return s;
  const auto index = static_cast<ObjectIndex>(objects_.size());
  objects_.push_back(std::move(object));
  const MemoryObject& added = objects_.back();
  for (uint32_t i = 0; i < added.layout.size(); ++i) {
    if (absl::Status s = ClaimHull(added, index, i); !s.ok()) {
      Unclaim(added, i);
      objects_.pop_back();
      return s;
    }
  }
  for (const LayoutRun& run : added.layout) {
    end_ = std::max(end_, run.hull_last() + 1);
  }
  return index;
}

absl::Status HostMemory::ClaimHull(const MemoryObject& object,
                                   ObjectIndex index, uint32_t run) {
  const LayoutRun& claimed = object.layout[run];
  const uint64_t first = claimed.hull_first().value;
  const uint64_t last = claimed.hull_last().value;
  auto at = by_hpa_.upper_bound(last);
  while (at != by_hpa_.begin() && std::prev(at)->second.reach >= first) {
    --at;
    const MemoryObject& other = objects_[at->second.object];
    if (!ChunksOverlap(other.layout[at->second.run], claimed)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("memory object \"", object.name, "\": layout run ", run,
                     ": hpa [0x", absl::Hex(first), ", 0x", absl::Hex(last),
                     "] overlaps physical memory of object \"", other.name,
                     "\"; every run needs physical memory of its own"));
  }
  at = by_hpa_.emplace(first, Place{last, index, run, last}).first;
  uint64_t reach = last;
  if (at != by_hpa_.begin()) {
    reach = std::max(reach, std::prev(at)->second.reach);
  }
  do {
    at->second.reach = reach;
    ++at;
  } while (at != by_hpa_.end() && at->second.reach < reach);
  return absl::OkStatus();
}

// Takes back the first `runs` that were claimed of the object.
void HostMemory::Unclaim(const MemoryObject& object, uint32_t runs) {
  for (uint32_t i = 0; i < runs; ++i) {
    by_hpa_.erase(object.layout[i].hull_first().value);
  }
  uint64_t reach = 0;
  for (auto& [first, place] : by_hpa_) {
    reach = std::max(reach, place.hull_last);
    place.reach = reach;
  }
}

std::optional<ObjectIndex> HostMemory::FindByName(
    absl::string_view name) const {
  for (ObjectIndex i = 0; i < objects_.size(); ++i) {
    if (objects_[i].name == name) return i;
  }
  return std::nullopt;
}

std::optional<ObjectOffset> HostMemory::FindByHpa(Hpa hpa) const {
  auto at = by_hpa_.upper_bound(hpa.value);
  while (at != by_hpa_.begin() && std::prev(at)->second.reach >= hpa.value) {
    --at;
    if (at->second.hull_last < hpa.value) continue;
    const LayoutRun& run = objects_[at->second.object].layout[at->second.run];
    const uint64_t in_hull = hpa - run.hpa;
    if (in_hull % run.stride >= run.chunk_size) continue;
    return ObjectOffset{at->second.object,
                        run.first_offset +
                            in_hull / run.stride * run.chunk_size +
                            in_hull % run.stride};
  }
  return std::nullopt;
}

}  // namespace iovalab
