#include "model/kernel/iommu_table.h"

#include <algorithm>
#include <optional>

namespace iovalab {
namespace {

// Leaves of VT-d's second level, biggest first (levels 3, 2, 1).
constexpr uint64_t kLeafSizes[] = {uint64_t{1} << 30, uint64_t{1} << 21,
                                   kPageSize};

}  // namespace

Range<Iova> IommuLeafAt(const Entry& run, uint64_t iova) {
  for (const uint64_t size : kLeafSizes) {
    const uint64_t first = iova & ~(size - 1);
    const uint64_t last = first + (size - 1);
    const bool aligned = ((run.first ^ run.target) & (size - 1)) == 0;
    if (aligned && run.first <= first && last <= run.last) {
      return {Iova(first), Iova(last)};
    }
  }
  return {Iova(run.first), Iova(run.last)};  // no run is less than a page
}

void IommuTableMap(const Entry& run, Rule rule, Sink& sink) {
  Entry rest = run;
  while (const auto old =
             sink.table(kIommuStore).FirstIn(rest.first, run.last)) {
    rule = Rule::kIommuAlreadySet;
    if (old->first > rest.first) {
      Entry piece = rest;
      piece.last = old->first - 1;
      sink.Add(kIommuStore, piece, rule, Actor::kKernel);
    }
    if (old->last >= run.last) return;
    rest.first = old->last + 1;
    rest.target = run.Translate(rest.first);
  }
  sink.Add(kIommuStore, rest, rule, Actor::kKernel);
}

uint64_t IommuTableUnmap(uint64_t first, uint64_t last, Rule rule, Sink& sink) {
  uint64_t cleared = last;
  while (const auto run = sink.table(kIommuStore).FirstIn(first, last)) {
    const uint64_t from =
        IommuLeafAt(*run, std::max(run->first, first)).first.value;
    const uint64_t to = IommuLeafAt(*run, std::min(run->last, last)).last.value;
    cleared = std::max(cleared, to);
    const bool cut = from < std::max(run->first, first) || to > last;
    const Rule why = cut ? Rule::kIommuSuperpage : rule;
    sink.Del(kIommuStore, *run, why, Actor::kKernel);
    if (run->first < from) {
      Entry head = *run;
      head.last = from - 1;
      sink.Add(kIommuStore, head, why, Actor::kKernel);
    }
    if (to < run->last) {
      Entry tail = *run;
      tail.first = to + 1;
      tail.target = run->Translate(to + 1);
      sink.Add(kIommuStore, tail, why, Actor::kKernel);
    }
  }
  return cleared;
}

}  // namespace iovalab
