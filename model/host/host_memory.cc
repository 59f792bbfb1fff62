#include "model/host/host_memory.h"

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

namespace iovalab {

absl::StatusOr<ObjectIndex> HostMemory::AddObject(MemoryObject object) {
  if (absl::Status s = ValidateMemoryObject(object); !s.ok()) return s;
  const auto index = static_cast<ObjectIndex>(objects_.size());
  for (uint32_t i = 0; i < object.layout.size(); ++i) {
    const LayoutRun& run = object.layout[i];
    if (absl::Status s = ClaimHull(object, index, i); !s.ok()) {
      for (uint32_t j = 0; j < i; ++j) {
        by_hpa_.erase(object.layout[j].hull_first().value);
      }
      return s;
    }
    end_ = std::max(end_, run.hull_last() + 1);
  }
  objects_.push_back(std::move(object));
  return index;
}

absl::Status HostMemory::ClaimHull(const MemoryObject& object,
                                   ObjectIndex index, uint32_t run) {
  const uint64_t first = object.layout[run].hull_first().value;
  const uint64_t last = object.layout[run].hull_last().value;
  const auto above = by_hpa_.upper_bound(last);
  if (above != by_hpa_.begin() && std::prev(above)->second.hull_last >= first) {
    const ObjectIndex other = std::prev(above)->second.object;
    return absl::InvalidArgumentError(
        absl::StrCat("memory object \"", object.name, "\": layout run ", run,
                     ": hpa [0x", absl::Hex(first), ", 0x", absl::Hex(last),
                     "] overlaps physical memory of object \"",
                     other == index ? object.name : objects_[other].name,
                     "\"; every run needs physical memory of its own"));
  }
  by_hpa_.emplace(first, Place{last, index, run});
  return absl::OkStatus();
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
