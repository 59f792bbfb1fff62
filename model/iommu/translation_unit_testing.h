#ifndef IOVALAB_MODEL_IOMMU_TRANSLATION_UNIT_TESTING_H_
#define IOVALAB_MODEL_IOMMU_TRANSLATION_UNIT_TESTING_H_

// What the tests of TranslationUnit share.
//
// Not for: anything but tests.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "model/event/trace.h"
#include "model/iommu/cache_record.h"
#include "model/iommu/page_table.h"
#include "model/iommu/translation_unit.h"
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

inline constexpr uint64_t kUnit2M = 0x200000, kUnit1G = 0x40000000;
// Host memory that a UnitBench calls A and B.
inline constexpr uint64_t kUnitA = 0x1000000000, kUnitB = 0x2000000000;

// A unit in front of tables, and what its accesses say. After each operation
// L4's stores hold what the caches do.
class UnitBench {
 public:
  UnitBench(const UnitShape& shape, StaleWindow::Mode mode,
            absl::string_view format = "vtd4")
      : table_(FindFormat(format)), unit_(shape, 7), sink_(&stores_, &trace_) {
    unit_.window.mode = mode;
    sink_.Begin(1, kNoEventIndex);
    sink_.SetCause(sink_.Emit(Kind::kStep, Actor::kScript, Rule::kNone,
                              {sink_.Intern("step"), sink_.Intern("step")}));
  }

  void Map(uint64_t iova, int size_bits, uint64_t to, uint32_t perm = 3) {
    MapArgs args;
    args.first = iova;
    args.last = iova + (uint64_t{1} << size_bits) - 1;
    args.address = to;
    args.perm = perm;
    args.size_bits = static_cast<uint8_t>(size_bits);
    ASSERT_EQ(table_.Map(args), MapStatus::kOk);
  }
  void MapPages(uint64_t first, uint64_t last, uint64_t to, int size_bits) {
    MapArgs args;
    args.first = first;
    args.last = last;
    args.address = to;
    args.size_bits = static_cast<uint8_t>(size_bits);
    ASSERT_EQ(table_.Map(args), MapStatus::kOk);
  }
  void Unmap(uint64_t first, uint64_t length,
             FreeTables tables = FreeTables::kNone) {
    table_.Unmap(first, first + length - 1, PartialLeaf::kDrop, tables);
  }
  void Invalidate(const Invalidation& i) {
    RunInvalidations(unit_, SubmitWaiting(unit_.queue, i, sim::Time{}), sink_);
    Hold();
  }
  void InvalidatePages(uint64_t iova, int order, bool leaf_only = false) {
    Invalidation i;
    i.kind = InvalidationKind::kPages;
    i.address = iova;
    i.mask = static_cast<uint8_t>(order);
    i.leaf_only = leaf_only;
    Invalidate(i);
  }
  void InvalidateDevice(uint64_t iova, int order, uint32_t source = 7) {
    Invalidation i;
    i.kind = InvalidationKind::kDevice;
    i.source_id = source;
    i.address = iova;
    i.mask = static_cast<uint8_t>(order);
    Invalidate(i);
  }

  // Where the first byte of each translation went, "cached" before it where a
  // cache said so and "old" where the tables say something else; or the fault.
  std::string Access(uint64_t iova, uint64_t length = 8, bool write = false) {
    std::vector<std::string> said;
    const uint64_t last = iova + length - 1;
    while (true) {
      const Translation t = Translate(
          unit_, table_, iova, AlikeEnd(table_, iova, last), write, sink_);
      Hold();
      said.push_back(Text(t));
      if (!t.walk.ok || t.last >= last) break;
      EXPECT_GE(t.last, iova);
      if (t.last < iova) break;
      iova = t.last + 1;
    }
    return absl::StrJoin(said, ", ");
  }
  std::string Write(uint64_t iova, uint64_t length = 8) {
    return Access(iova, length, true);
  }

  // The entries of a cache by address and size: "200000/21".
  static std::string Text(const Iotlb& cache) {
    std::vector<IotlbEntry> entries = cache.Entries();
    std::sort(entries.begin(), entries.end(), [](auto& a, auto& b) {
      return std::pair(a.first, a.shift) < std::pair(b.first, b.shift);
    });
    return absl::StrJoin(entries, " ", [](std::string* out, auto& e) {
      absl::StrAppend(out, absl::Hex(e.first), "/", int{e.shift});
    });
  }
  std::string iotlb() const { return Text(unit_.caches.iotlb); }
  std::string walk() const { return Text(unit_.caches.walk); }
  std::string atc() const { return Text(unit_.caches.devices[0].atc); }

  TranslationUnit& unit() { return unit_; }
  const PageTable& table() const { return table_; }

 private:
  std::string Text(const Translation& t) const {
    if (!t.walk.ok) {
      return absl::StrCat(t.stale ? "old " : "", IommuFaultName(t.walk.reason),
                          " at level ", int{t.walk.level});
    }
    const bool b = t.walk.pa >= kUnitB;
    return absl::StrCat(t.stale    ? "old "
                        : t.cached ? "cached "
                                   : "",
                        b ? "B+" : "A+",
                        absl::Hex(t.walk.pa - (b ? kUnitB : kUnitA)));
  }
  void Hold() {
    EXPECT_TRUE(StoresHold(stores_, StoreKind::kHwIotlb, unit_.caches.iotlb));
    EXPECT_TRUE(StoresHold(stores_, StoreKind::kWalkCache, unit_.caches.walk));
    for (const IommuCaches::Device& device : unit_.caches.devices) {
      EXPECT_TRUE(StoresHold(stores_, StoreKind::kAtc, device.atc));
    }
  }

  PageTable table_;
  TranslationUnit unit_;
  Stores stores_;
  Trace trace_;
  Sink sink_;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_IOMMU_TRANSLATION_UNIT_TESTING_H_
