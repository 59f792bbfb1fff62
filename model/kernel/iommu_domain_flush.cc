#include "model/kernel/iommu_domain_flush.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

#include "model/event/kinds.h"

namespace iovalab {
namespace {

bool IsFlush(const Invalidation& i) {
  return i.kind == InvalidationKind::kPages ||
         i.kind == InvalidationKind::kDomain;
}

// The device's own cache is asked for the same pages.
std::vector<Invalidation> WithDevice(const IommuDomain& domain,
                                     const std::vector<Invalidation>& asked) {
  std::vector<Invalidation> all;
  for (const Invalidation& i : asked) {
    if (i.kind != InvalidationKind::kWait) all.push_back(i);
  }
  for (size_t n = all.size(), k = 0; domain.ats && k < n; ++k) {
    if (!IsFlush(all[k])) continue;
    Invalidation device;
    device.kind = InvalidationKind::kDevice;
    device.source_id = *domain.ats;
    device.address = all[k].address;
    device.mask = all[k].kind == InvalidationKind::kPages ? all[k].mask : 52;
    all.push_back(device);
  }
  all.push_back({.kind = InvalidationKind::kWait});
  return all;
}

// Each invalidation as the recordings list it.
void LogFlushes(IommuDomain& domain, const std::vector<Invalidation>& commands,
                uint64_t first, const KernelProfile& kernel) {
  for (const Invalidation& i : commands) {
    if (!IsFlush(i)) continue;
    ++domain.flushes;
    if (i.kind == InvalidationKind::kDomain) {
      LogCall(domain, {IommuCall::Op::kFlushDomain});
      continue;
    }
    LogCall(domain, {IommuCall::Op::kFlushPages,
                     kernel.vtd_cache_tags ? i.address : first, 0, 0, i.mask,
                     kernel.vtd_cache_tags && i.leaf_only});
  }
}

// The rule by which a policy flushes. AMD's driver gathered what was asked for
// whatever the policy (profile.amd_flushes_asked).
Rule RuleOf(FlushPolicy policy, bool asked_only) {
  if (asked_only) return Rule::kIommuShortFlush;
  switch (policy) {
    case FlushPolicy::kStrict:
      return Rule::kIommuStrict;
    case FlushPolicy::kLazy:
      return Rule::kIommuLazy;
    case FlushPolicy::kBroken:
      return Rule::kIommuNoFlush;
    case FlushPolicy::kShort:
      return Rule::kIommuShortFlush;
  }
  return Rule::kNone;
}

bool FlushesAskedOnly(const IommuDomain& domain, const KernelProfile& kernel) {
  return domain.flush.shape.policy == FlushPolicy::kShort ||
         (kernel.amd_flushes_asked &&
          domain.table.driver->map_rule == Rule::kIommuMapAmd);
}

// One mask of VT-d's, which before 5.18 was as long as the range wherever that
// begins: hardware drops the address's lower bits.
std::vector<Invalidation> ShortMask(const IommuDomain& domain,
                                    Range<Iova> range, bool leaf_only) {
  const uint64_t pages = (range.last - range.first) / kPageSize + 1;
  std::vector<Invalidation> commands = {VtdInvalidation(
      domain.flush.domain,
      {Iova(0), Iova(std::bit_ceil(pages) * kPageSize - 1)}, leaf_only,
      static_cast<uint8_t>(domain.table.driver->flush_limit))};
  commands[0].address = range.first.value;
  return commands;
}

std::vector<Invalidation> CommandsFor(const IommuDomain& domain,
                                      const UnmapFlush& unmap,
                                      Range<Iova> range, bool leaf_only,
                                      const KernelProfile& kernel) {
  const IommuDriver& driver = *domain.table.driver;
  if (driver.is_vtd() && !kernel.vtd_aligned_mask) {
    return ShortMask(domain, range, leaf_only);
  }
  if (unmap.by_leaf.empty()) {
    return FlushCommands(driver, domain.flush.domain, range, kPageSize,
                         leaf_only);
  }
  std::vector<Invalidation> all;
  for (const UnmapFlush::Piece& piece : unmap.by_leaf) {
    const auto commands = FlushCommands(
        driver, domain.flush.domain, piece.range, piece.leaf_bytes, leaf_only);
    all.insert(all.end(), commands.begin(), commands.end());
    if (commands[0].kind == InvalidationKind::kDomain ||
        all.size() > driver.flush_limit) {
      return FlushCommands(driver, domain.flush.domain,
                           {Iova(0), Iova(UINT64_MAX)}, kPageSize, leaf_only);
    }
  }
  return all;
}

// The leaves of [first, last] by their sizes; of one that is cut, its pages.
std::vector<UnmapFlush::Piece> LeavesOf(const PageTable& pages, uint64_t first,
                                        uint64_t last) {
  std::vector<UnmapFlush::Piece> pieces;
  pages.ForEachRun(first, last, [&](const LeafRun& r) {
    const uint64_t from = std::max(first, r.first);
    const uint64_t to = std::min(last, r.last);
    const uint64_t size = uint64_t{1} << r.size_bits;
    const bool whole = ((from | (to + 1)) & (size - 1)) == 0;
    pieces.push_back({{Iova(from), Iova(to)}, whole ? size : kPageSize});
  });
  return pieces;
}

// Where a driver invalidates tables that it frees by itself, a flush queue does
// not hold that back.
void FlushFreedTables(IommuDomain& domain, Range<Iova> range,
                      const KernelProfile& kernel, Sink& sink) {
  if (!domain.table.driver->flushes_freed_tables ||
      domain.flush.shape.policy != FlushPolicy::kLazy) {
    return;
  }
  std::vector<Invalidation> commands =
      FlushCommands(*domain.table.driver, domain.flush.domain, range, kPageSize,
                    /*leaf_only=*/false);
  commands.push_back({.kind = InvalidationKind::kWait});
  LogFlushes(domain, commands, range.first.value, kernel);
  AskHardware(domain, commands, range, Rule::kIommuTableFreed, sink);
}

}  // namespace

void LogCall(IommuDomain& domain, const IommuCall& call) {
  if (domain.log_calls) domain.calls.push_back(call);
}

void AskHardware(IommuDomain& domain, const std::vector<Invalidation>& commands,
                 Range<Iova> range, Rule rule, Sink& sink) {
  if (!domain.has_hardware) return;
  const Invalidation& first = commands.front();
  const bool pages = first.kind == InvalidationKind::kPages;
  std::vector<Invalidation> all = WithDevice(domain, commands);
  const EventIndex event =
      sink.Emit(Kind::kInvalidate, Actor::kKernel, rule,
                {static_cast<uint64_t>(first.kind),
                 pages ? range.first.value : UINT64_MAX,
                 pages ? range.last.value : UINT64_MAX, all.size() - 1,
                 first.leaf_only, domain.ats.has_value()});
  domain.asked.push_back({event, std::move(all)});
}

void AskDomain(IommuDomain& domain, Rule rule, Sink& sink) {
  ++domain.flushes;
  LogCall(domain, {IommuCall::Op::kFlushDomain});
  Invalidation all;
  all.kind = InvalidationKind::kDomain;
  all.domain = domain.flush.domain;
  AskHardware(domain, {all}, {Iova(0), Iova(0)}, rule, sink);
}

UnmapFlush BeforeUnmap(const IommuDomain& domain, uint64_t first, uint64_t last,
                       const Sink& sink) {
  const IommuDriver& driver = *domain.table.driver;
  UnmapFlush unmap;
  unmap.asked = {Iova(first), Iova(last)};
  unmap.first_cleared = Iova(first);
  unmap.tables = domain.table.pages.counts().tables;
  if (driver.flush == FlushStyle::kEachLeaf) {
    unmap.by_leaf = LeavesOf(domain.table.pages, first, last);
  }
  const std::optional<Entry> run = sink.table(kIommuStore).Find(first);
  if (run && driver.partial == PartialUnmap::kDropsLeaf) {
    unmap.first_cleared = IommuLeafAt(driver, *run, first).first;
  }
  return unmap;
}

void FlushUnmapped(IommuDomain& domain, const UnmapFlush& unmap,
                   uint64_t cleared, const KernelProfile& kernel, Sink& sink) {
  const bool asked_only = FlushesAskedOnly(domain, kernel);
  const Range<Iova> range =
      asked_only ? unmap.asked
                 : Range<Iova>{unmap.first_cleared, Iova(cleared)};
  const bool leaf_only = domain.table.pages.counts().tables >= unmap.tables;
  if (!leaf_only) FlushFreedTables(domain, range, kernel, sink);
  const FlushActions actions = FlushAfterUnmap(
      domain.flush, range, CommandsFor(domain, unmap, range, leaf_only, kernel),
      sim::Time{sink.time()});
  LogFlushes(domain, actions.commands, range.first.value, kernel);
  if (actions.commands.empty()) return;
  AskHardware(domain, actions.commands, range,
              RuleOf(domain.flush.shape.policy, asked_only), sink);
}

// An empty range runs from the last page of the space to the first.
void FlushNothing(IommuDomain& domain, const KernelProfile& kernel,
                  Sink& sink) {
  if (kernel.vtd_cache_tags) {
    return AskDomain(domain, Rule::kIommuStrict, sink);
  }
  UnmapFlush page;
  page.asked = {Iova(PageDown(UINT64_MAX)), Iova(UINT64_MAX)};
  page.first_cleared = page.asked.first;
  // As after an unmap that may have freed tables.
  page.tables = UINT64_MAX;
  FlushUnmapped(domain, page, UINT64_MAX, kernel, sink);
}

// Pointers to those tables are cached, and no flush queue holds this back.
void FlushReplaced(IommuDomain& domain, const Entry& run,
                   const KernelProfile& kernel, Sink& sink) {
  if (domain.flush.shape.policy == FlushPolicy::kBroken) return;
  const Range<Iova> range{Iova(run.first), Iova(run.last)};
  std::vector<Invalidation> commands =
      FlushCommands(*domain.table.driver, domain.flush.domain, range, kPageSize,
                    /*leaf_only=*/false);
  commands.push_back({.kind = InvalidationKind::kWait});
  LogFlushes(domain, commands, run.first, kernel);
  AskHardware(domain, commands, range, Rule::kIommuTableReplaced, sink);
}

}  // namespace iovalab
