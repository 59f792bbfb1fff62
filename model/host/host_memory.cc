#include "model/host/host_memory.h"

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

namespace iovalab {

absl::StatusOr<ObjectIndex> HostMemory::AddObject(MemoryObject object) {
  if (absl::Status s = ValidateMemoryObject(object); !s.ok()) return s;
  const auto index = static_cast<ObjectIndex>(objects_.size());
  std::map<uint64_t, Place> places = by_hpa_;
  Hpa end = end_;
  for (uint32_t i = 0; i < object.layout.size(); ++i) {
    const uint64_t first = object.layout[i].hull_first().value;
    const uint64_t last = object.layout[i].hull_last().value;
    const auto above = places.upper_bound(last);
    if (above != places.begin() && std::prev(above)->second.hull_last >= first) {
      const Place& other = std::prev(above)->second;
      return absl::InvalidArgumentError(absl::StrCat(
          "memory object \"", object.name, "\": layout run ", i,
          ": [0x", absl::Hex(first), ", 0x", absl::Hex(last),
          "] overlaps physical memory of object \"",
          other.object == index ? object.name : objects_[other.object].name,
          "\"; every run needs physical memory of its own"));
    }
    places.emplace(first, Place{last, index, i});
    end = std::max(end, Hpa(last + 1));
  }
  by_hpa_ = std::move(places);
  end_ = end;
  objects_.push_back(std::move(object));
  return index;
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
  if (at == by_hpa_.begin()) return std::nullopt;
  --at;
  if (at->second.hull_last < hpa.value) return std::nullopt;
  const LayoutRun& run = objects_[at->second.object].layout[at->second.run];
  const uint64_t in_hull = hpa - run.hpa;
  if (in_hull % run.stride >= run.chunk_size) return std::nullopt;
  return ObjectOffset{at->second.object,
                      run.first_offset + in_hull / run.stride * run.chunk_size +
                          in_hull % run.stride};
}

}  // namespace iovalab
