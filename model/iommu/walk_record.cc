#include "model/iommu/walk_record.h"

#include "model/iommu/families.h"
#include "model/iommu/page_table_source.h"

namespace iovalab {

void RecordWalk(const PageTable& table, uint64_t input, bool write,
                Sink& sink) {
  const Format& f = table.format();
  const WalkRequest request{.access = write ? kAccessWrite : kAccessRead};
  WithFamily(f.family, [&]<typename F>() {
    return Walk<F>(
        f, PageTableSource<F>{&table, nullptr}, input, request,
        [&](const WalkStep& step) {
          const int64_t level = f.native_level(step.level);
          const uint64_t span = (uint64_t{1} << f.Shift(step.level)) - 1;
          sink.Emit(Kind::kWalk, Actor::kIommu, Rule::kIommuWalk,
                    {input & ~span, input | span, static_cast<uint64_t>(level),
                     step.pte_address, step.pte});
        });
  });
}

}  // namespace iovalab
