#ifndef IOVALAB_MODEL_HOST_VMA_H_
#define IOVALAB_MODEL_HOST_VMA_H_

// VMAs: where the VMM's process has mapped memory objects. They are the entries
// of store kVma: keys HVA, target = offset in the object, tag = ObjectIndex,
// perm = protection (kPerm*; kPermNone is PROT_NONE).
//
// One MapVma is one VMA: neighbours that continue each other are not merged, as
// Linux would do for two mmaps of adjacent parts of one file. Map them at once.
//
// Not for: physical addresses (host_memory.h).

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "model/addr/address.h"
#include "model/addr/entry.h"
#include "model/host/host_memory.h"
#include "model/store/sink.h"

namespace iovalab {

inline constexpr StoreId kVmaStore{StoreKind::kVma, 0};

// User space ends here (x86-64 with 4-level tables, exclusive).
inline constexpr uint64_t kTaskSize = uint64_t{1} << 47;

// Maps bytes [offset, offset + size - 1] of the object at hva. Refused where
// anything is misaligned, outside the object or user space, or already mapped.
absl::Status MapVma(const HostMemory& memory, Hva hva, uint64_t size,
                    ObjectIndex object, uint64_t offset, uint32_t prot,
                    Sink& sink);

// munmap: removes what is mapped in [hva, hva + size - 1], cutting VMAs that
// stick out. Holes are fine.
absl::Status UnmapVma(Hva hva, uint64_t size, Sink& sink);

// Linux find_vma: the VMA that contains hva, else the next above, else nothing.
std::optional<Entry> FindVma(const IntervalTable& vmas, Hva hva);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_HOST_VMA_H_
