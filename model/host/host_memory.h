#ifndef IOVALAB_MODEL_HOST_HOST_MEMORY_H_
#define IOVALAB_MODEL_HOST_HOST_MEMORY_H_

// HostMemory: all memory objects of a machine and the reverse question: which
// byte of which object is at a host physical address.
//
// Not for: contents (store kMemory), nor mappings of a process (vma.h).
//
// Invariants: every object is valid; no two layout runs share a byte, but they
// may interleave. The cost of every question depends on the number of runs, and
// where they interleave on how many do, never on bytes.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/addr/address.h"
#include "model/host/memory_object.h"

namespace iovalab {

using ObjectIndex = uint32_t;

struct ObjectOffset {
  ObjectIndex object = 0;
  uint64_t offset = 0;
  friend bool operator==(const ObjectOffset&, const ObjectOffset&) = default;
};

class HostMemory {
 public:
  // The object's index. Invalid objects and those that share physical memory
  // with an earlier one are refused.
  absl::StatusOr<ObjectIndex> AddObject(MemoryObject object);

  size_t size() const { return objects_.size(); }
  const MemoryObject& object(ObjectIndex i) const { return objects_[i]; }
  std::optional<ObjectIndex> FindByName(absl::string_view name) const;

  PhysicalSpan Resolve(ObjectIndex object, uint64_t offset) const {
    return ResolveOffset(objects_[object], offset);
  }
  // Nothing where no object has a byte.
  std::optional<ObjectOffset> FindByHpa(Hpa hpa) const;

  // The lowest page-aligned address above all objects, for callers that do not
  // care where an object lies.
  Hpa end() const { return end_; }

 private:
  struct Place {
    uint64_t hull_last;
    ObjectIndex object;
    uint32_t run;
    uint64_t reach;  // the greatest hull_last of this one and those before it
  };

  absl::Status ClaimHull(const MemoryObject& object, ObjectIndex index,
                         uint32_t run);
  void Unclaim(const MemoryObject& object, uint32_t runs);

  std::vector<MemoryObject> objects_;
  // By hull_first of a layout run, where it has a byte: no two are the same.
  std::map<uint64_t, Place> by_hpa_;
  Hpa end_;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_HOST_HOST_MEMORY_H_
