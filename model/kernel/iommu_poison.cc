// Damaged entries of the platform IOMMU's tables, and whether tables and stores
// agree.

#include <algorithm>
#include <optional>

#include "model/kernel/iommu_table.h"

namespace iovalab {
namespace {

// What an entry of `level` spans that holds `iova`.
Range<Iova> SpanOf(const Format& f, int level, uint64_t iova) {
  const uint64_t offset = ~uint64_t{0} >> (64 - f.Shift(level));
  return {Iova(iova & ~offset), Iova(iova | offset)};
}

// Bytes of [first, last] that no damaged entry spans, modulo 2^64.
uint64_t Undamaged(const IntervalTable& poison, uint64_t first, uint64_t last) {
  uint64_t bytes = last - first + 1;
  for (uint64_t at = first;;) {
    const std::optional<Entry> e = poison.FirstIn(at, last);
    if (!e) return bytes;
    const uint64_t to = std::min(e->last, last);
    bytes -= to - std::max(e->first, first) + 1;
    if (to == last) return bytes;
    at = to + 1;
  }
}

}  // namespace

bool IommuTablePoison(IommuTable& table, uint64_t iova, int level,
                      uint64_t bits, Sink& sink) {
  const Format& f = table.pages.format();
  if (!table.pages.Poison(level, f.Position(iova), bits)) return false;
  const Range<Iova> span = SpanOf(f, level, iova);
  while (
      const auto lost =
          sink.table(kPoisonStore).FirstIn(span.first.value, span.last.value)) {
    sink.Del(kPoisonStore, *lost, Rule::kIommuPoison, Actor::kScript);
  }
  sink.Add(kPoisonStore,
           {span.first.value, span.last.value, bits,
            static_cast<uint64_t>(level), kPermNone},
           Rule::kIommuPoison, Actor::kScript);
  return true;
}

void IommuTableHeal(IommuTable& table, uint64_t first, uint64_t last,
                    Sink& sink) {
  while (const auto damaged = sink.table(kPoisonStore).FirstIn(first, last)) {
    sink.Del(kPoisonStore, *damaged, Rule::kIommuHealed, Actor::kKernel);
    table.pages.Clear(static_cast<int>(damaged->tag),
                      table.pages.format().Position(damaged->first));
    for (uint64_t at = damaged->first;;) {
      const auto run = sink.table(kIommuStore).FirstIn(at, damaged->last);
      if (!run) break;
      // A leaf of several entries is written whole.
      const uint64_t from =
          IommuLeafAt(*table.driver, *run, std::max(run->first, at))
              .first.value;
      const uint64_t to =
          IommuLeafAt(*table.driver, *run, std::min(run->last, damaged->last))
              .last.value;
      IommuWriteLeaves(table, *run, from, to);
      if (to >= damaged->last) break;
      at = to + 1;
    }
  }
}

bool IommuTableAgrees(const IommuTable& table, const IntervalTable& runs,
                      const IntervalTable& poison) {
  const PageTable& pages = table.pages;
  bool same = true;
  uint64_t bytes = 0;  // modulo 2^64
  pages.ForEachRun(0, pages.format().last_position(), [&](const LeafRun& r) {
    bytes += Undamaged(poison, r.first, r.last);
    const uint64_t offset = (uint64_t{1} << r.size_bits) - 1;
    for (uint64_t at = r.first; same;) {
      const auto e = runs.Find(at);
      const uint64_t address =
          r.constant ? r.address : r.address + at - r.first;
      same = e && e->perm == r.perm && e->Translate(at) == address;
      if (!same) return;
      const Range<Iova> leaf = IommuLeafAt(*table.driver, *e, at);
      same = leaf.first.value == at && leaf.last.value == at + offset;
      // Leaves with one address are of as many runs.
      const uint64_t last = r.constant ? at + offset : e->last;
      if (last >= r.last) return;
      at = last + 1;
    }
  });
  runs.ForEach(
      [&](const Entry& e) { bytes -= Undamaged(poison, e.first, e.last); });
  uint64_t damaged = 0;
  poison.ForEach([&](const Entry& e) {
    const int level = static_cast<int>(e.tag);
    const uint64_t position = pages.format().Position(e.first);
    ++damaged;
    same = same && pages.KindOf(level, position) == EntryKind::kPoisoned &&
           pages.EntryBits(level, position) == e.target;
  });
  return same && bytes == 0 && damaged == pages.counts().poisoned;
}

}  // namespace iovalab
