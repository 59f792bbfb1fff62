#ifndef IOVALAB_MODEL_IOMMU_TRANSLATION_UNIT_TESTING_H_
#define IOVALAB_MODEL_IOMMU_TRANSLATION_UNIT_TESTING_H_

// What the tests of TranslationUnit share.
//
// Not for: anything but tests.

#include <cstdint>
#include <optional>

#include "gtest/gtest.h"
#include "model/iommu/cache_record.h"
#include "model/iommu/page_table.h"
#include "model/store/stores.h"

namespace iovalab {

// From `iova` to here, `last` at most, leaf follows leaf in both addresses with
// the same permission; `last` where nothing is mapped.
inline uint64_t AlikeEnd(const PageTable& table, uint64_t iova, uint64_t last) {
  std::optional<LeafRun> before;
  bool over = false;
  table.ForEachRun(iova, last, [&](const LeafRun& run) {
    if (over) return;
    if (!before) {
      over = run.first > iova;
      if (!over) before = run;
    } else if (run.first == before->last + 1 && run.perm == before->perm &&
               run.address == before->address + (run.first - before->first)) {
      before = run;
    } else {
      over = true;
    }
    if (before && before->constant) {
      const uint64_t leaf = uint64_t{1} << before->size_bits;
      if (before->first < iova) before->first = iova & ~(leaf - 1);
      before->last = before->first + (leaf - 1);
      over = true;
    }
  });
  return before && before->last < last ? before->last : last;
}

// Whether the stores of a kind hold what the cache does, and nothing else.
inline testing::AssertionResult StoresHold(const Stores& stores, StoreKind kind,
                                           const Iotlb& cache) {
  uint64_t bytes = 0;
  for (const IotlbEntry& e : cache.Entries()) {
    const std::optional<Entry> run =
        stores.Get(CacheStore(kind, e)).Find(e.first);
    if (!run || run->last < e.last() || run->Translate(e.first) != e.target ||
        run->tag != e.generation || run->perm != e.perm) {
      return testing::AssertionFailure()
             << "no entry of 2^" << int{e.shift} << " at " << e.first;
    }
    bytes += uint64_t{1} << e.shift;
  }
  stores.ForEachStore([&](StoreId id, const IntervalTable& table) {
    if (id.kind != kind) return;
    for (auto run = table.FirstIn(0, UINT64_MAX); run;
         run = run->last == UINT64_MAX
                   ? std::nullopt
                   : table.FirstIn(run->last + 1, UINT64_MAX)) {
      bytes -= run->last - run->first + 1;
    }
  });
  if (bytes == 0) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "other entries beside the cache's";
}

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_TRANSLATION_UNIT_TESTING_H_
