#ifndef IOVALAB_MODEL_DEVICE_DMA_H_
#define IOVALAB_MODEL_DEVICE_DMA_H_

// One DMA access of a vDPA device: where its bytes go, cut where it changes
// target.
//
// A software device looks up a whole descriptor in its own table before it
// moves a byte of it, so one that faults anywhere moves nothing (recorded
// A-simblk seq/dma_crossing_mapping_end steps 5 to 9: EIO, and nothing landed).
// Hardware goes through the platform IOMMU page by page, by way of its caches
// (model/iommu/translation_unit.h): it stops at the page that faults, and what
// came before has happened (A-vp-platform-iommu, same case). First of all the
// IOMMU looks up what it knows of the device (model/iommu/context.h), each time
// anew: contexts are not cached.
//
// Not for: when accesses happen (the machine), nor what they were meant to do
// (the oracle).

#include <cstdint>
#include <optional>
#include <vector>

#include "model/event/kinds.h"
#include "model/event/rules.h"
#include "model/host/host_memory.h"
#include "model/iommu/context.h"
#include "model/iommu/fault.h"
#include "model/iommu/page_table.h"
#include "model/iommu/translation_unit.h"
#include "model/iommu/walker.h"
#include "model/profile/device_profile.h"
#include "model/store/sink.h"

namespace iovalab {

// By what an access through the platform IOMMU got its address.
enum class DmaVia : uint8_t {
  kTables,    // the tables that the kernel wrote, or a cache of them
  kIdentity,  // none: the context says that addresses are physical
  kDamage,    // a damaged entry of the tables
};

// A run of the access that goes to consecutive bytes of one memory object, or
// the part that faults.
struct DmaPiece {
  uint64_t iova = 0;
  uint64_t length = 0;  // bytes, > 0
  FaultReason fault = FaultReason::kNone;
  Rule rule = Rule::kDevTranslate;
  std::optional<Entry> entry;  // of the device's table; none where not present
  uint64_t hva = 0;            // VA mode; 0 otherwise
  uint64_t hpa = 0;            // of the first byte, where completed
  std::optional<ObjectOffset> memory;  // nothing: no object is there
  bool absorbed = false;  // taken for an interrupt; no memory, no fault
  Walked walk;            // of its first byte, through the platform IOMMU
  // The run of a cache of the platform IOMMU's that translated its first byte.
  std::optional<Entry> cached;
  bool stale = false;  // the tables say something else by now
  DmaVia via = DmaVia::kTables;
  // Of a refusal by the context: where that was found. kPages: of a walk's.
  FaultPlace place = FaultPlace::kPages;
  std::optional<uint32_t> pasid;
  // The event that put there what decided, where that is not `entry`.
  uint64_t decided_by = kNoEvent;
};

// What hardware goes through.
struct PlatformIommu {
  const PageTable* table = nullptr;  // what store kIommu shows
  TranslationUnit* unit = nullptr;   // in front of it
  bool msi_window = true;            // x86's
  bool vtd = true;                   // its rules are recorded
  // What it knows of the device, whose tables are `table`; null: that these
  // translate. And what the request says of a process.
  const DeviceContext* context = nullptr;
  std::optional<uint32_t> pasid = {};
};

// Addresses that x86 takes for interrupt requests before any translation.
inline constexpr uint64_t kMsiFirst = 0xfee00000;
inline constexpr uint64_t kMsiLast = 0xfeefffff;
constexpr bool IsMsiAddress(uint64_t iova) {
  return kMsiFirst <= iova && iova <= kMsiLast;
}

// The pieces of [iova, iova + length), length > 0, not wrapping, in order. The
// last one may fault, from its first byte to the end; of a software device it
// is then the only one. `platform` needs table and unit where the device is
// behind it; its caches change, through the sink.
void DmaAccess(Sink& sink, uint8_t asid, uint64_t iova, uint64_t length,
               bool write, const DeviceProfile& device,
               const PlatformIommu& platform, const HostMemory& memory,
               std::vector<DmaPiece>* pieces);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_DEVICE_DMA_H_
