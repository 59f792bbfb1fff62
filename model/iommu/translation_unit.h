#ifndef IOVALAB_MODEL_IOMMU_TRANSLATION_UNIT_H_
#define IOVALAB_MODEL_IOMMU_TRANSLATION_UNIT_H_

// TranslationUnit: the hardware between one device and memory: caches in front
// of the page-table walker, and the queue by which software makes it forget.
// L4 of the machine.
//
// A device asks its own cache (ATC), which asks the IOTLB, which has the tables
// walked; each keeps what it was told. What is cached and what the tables say
// may differ from the change of a table until the invalidation that covers it
// is done; meanwhile hardware may use either (RISC-V IOMMU specification,
// adopted as the contract of all): `window` decides. Refusals are never cached.
//
// Not for: two stages and PASIDs; when software invalidates
// (model/kernel/iommu_flush.h); what an access does to memory
// (model/device/dma.h).
//
// Invariants: L4's stores hold what the caches do after every call; all entries
// are of one domain. A translation of n leaves costs what the caches hold, not
// n (cache_stream.h). A table's address follows from its position: one that is
// freed and created again makes an old pointer to it right again.

#include <cstdint>
#include <optional>

#include "model/event/rules.h"
#include "model/iommu/invalidation_queue.h"
#include "model/iommu/page_table.h"
#include "model/iommu/unit_shape.h"
#include "model/iommu/walker.h"
#include "model/store/sink.h"

namespace iovalab {

struct TranslationUnit {
  TranslationUnit() : TranslationUnit(UnitShape(), 0) {}
  TranslationUnit(const UnitShape& shape, uint32_t source_id);

  IommuCaches caches;
  InvalidationQueue queue;
  StaleWindow window;
  uint32_t domain = 0;
  bool shows_walks = false;  // each step of a walk is an event
};

struct Translation {
  // Of the first byte. Where a stale entry was used: what that said.
  Walked walk;
  // What follows to here, inclusive, is translated alike; of a refusal the
  // first byte alone.
  uint64_t last = 0;
  // By what the first byte was found where it was no walk: a run of L4's.
  std::optional<Entry> cached;
  // The tables say something else by now.
  bool stale = false;
};

// Translates [iova, last] for a device, as far as that goes alike: in one run
// of leaves of `table`.
Translation Translate(TranslationUnit& unit, const PageTable& table,
                      uint64_t iova, uint64_t last, bool write, Sink& sink);

// Does the invalidations that are due, and records what went.
InvalidationEffect RunInvalidations(TranslationUnit& unit, sim::Time now,
                                    Sink& sink);
// Those with an id below `end`, whenever they are due.
InvalidationEffect RunInvalidationsThrough(TranslationUnit& unit, uint64_t end,
                                           Sink& sink);

// The lowest run of one of L4's stores that meets [first, last] and that the
// tables contradict: a translation that they do not give, or one pointer to a
// table that is gone.
struct StaleRun {
  StoreId store;
  Entry run;
};
std::optional<StaleRun> FindStale(const Stores& stores, const PageTable& table,
                                  uint64_t first, uint64_t last);
// The same of pointers alone: what a map may leave, whose leaf lies where an
// empty table was.
std::optional<StaleRun> FindStalePointer(const Stores& stores,
                                         const PageTable& table, uint64_t first,
                                         uint64_t last);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_TRANSLATION_UNIT_H_
