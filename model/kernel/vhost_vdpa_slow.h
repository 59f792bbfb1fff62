#ifndef IOVALAB_MODEL_KERNEL_VHOST_VDPA_SLOW_H_
#define IOVALAB_MODEL_KERNEL_VHOST_VDPA_SLOW_H_

// SlowVdpa: vhost-vdpa once more, slow and obvious: lists searched from end to
// end, pages pinned one by one, the device's table copied whole. For tests to
// check the model against.
//
// Not for: anything else.

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "model/addr/entry.h"
#include "model/kernel/vhost_vdpa.h"

namespace iovalab {

// One page of user space, beginning at kSlowUserBase.
struct SlowUserPage {
  int vma = -1;  // -1: a hole
  uint64_t hpa = 0;
  uint64_t object_offset = 0;
  MemoryKind kind = MemoryKind::kSharedFile;
  uint32_t prot = kPermNone;
};
inline constexpr uint64_t kSlowUserBase = 0x10000000;

struct SlowVdpa {
  // What the model gets as profiles.
  bool use_va = false;
  bool set_map = true;
  bool identity_at_reset = true;
  bool platform = false;        // an IOMMU's pages, for the device's table
  bool unmaps_message = false;  // KernelProfile::vdpa_unmaps_message
  uint64_t table_limit = 0;
  uint64_t device_limit = 0;
  uint64_t pin_batch = 0;
  uint64_t memlock_pages = 0;

  std::vector<SlowUserPage> user;
  std::vector<Entry> iotlb;  // in no order
  std::vector<Entry> device;
  std::map<uint64_t, std::pair<uint64_t, uint32_t>> iommu;  // HPA and perm
  bool identity = true;  // the device passes everything through
  bool exists = false;   // the address space does
  bool in_batch = false;
  uint64_t pinned = 0;  // pages

  int Message(const VdpaMsg& msg);
  void ResetDevice();

 private:
  int Update(const VdpaMsg& msg);
  int MapPa(const VdpaMsg& msg);
  int MapVa(const VdpaMsg& msg);
  int Map(Entry entry);
  void Unmap(uint64_t iova, uint64_t size);
  int MapHardware(const Entry& entry);
  void UnmapHardware(uint64_t first, uint64_t last);
  int Publish();
  const SlowUserPage* Page(uint64_t hva) const;
  bool CanPin(uint64_t hva, uint32_t perm) const;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_KERNEL_VHOST_VDPA_SLOW_H_
