#include "model/kernel/iommu_domain.h"

#include <cerrno>
#include <optional>
#include <utility>

#include "model/event/kinds.h"

namespace iovalab {
namespace {

void Log(IommuDomain& domain, const IommuCall& call) {
  if (domain.log_calls) domain.calls.push_back(call);
}

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

// Hands the commands over. They are of one kind; `range`: what for, where they
// are for pages.
void Ask(IommuDomain& domain, const std::vector<Invalidation>& commands,
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
  Log(domain, {IommuCall::Op::kFlushDomain});
  Invalidation all;
  all.kind = InvalidationKind::kDomain;
  all.domain = domain.flush.domain;
  Ask(domain, {all}, {Iova(0), Iova(0)}, rule, sink);
}

Rule RuleOf(FlushPolicy policy) {
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

// Each invalidation as the recordings list it.
void LogFlushes(IommuDomain& domain, const std::vector<Invalidation>& commands,
                uint64_t first, const KernelProfile& kernel) {
  for (const Invalidation& i : commands) {
    if (!IsFlush(i)) continue;
    ++domain.flushes;
    if (i.kind == InvalidationKind::kDomain) {
      Log(domain, {IommuCall::Op::kFlushDomain});
      continue;
    }
    Log(domain,
        {IommuCall::Op::kFlushPages, kernel.vtd_cache_tags ? i.address : first,
         0, 0, i.mask, kernel.vtd_cache_tags && i.leaf_only});
  }
}

// What the flush policy does after an unmap of `asked` that cleared `cleared`.
void FlushUnmapped(IommuDomain& domain, Range<Iova> asked, Range<Iova> cleared,
                   uint64_t leaf_bytes, bool leaf_only,
                   const KernelProfile& kernel, Sink& sink) {
  const FlushPolicy policy = domain.flush.shape.policy;
  const Range<Iova> range = FlushedRange(policy, asked, cleared);
  const FlushActions actions =
      FlushAfterUnmap(domain.flush, range,
                      FlushCommands(*domain.table.driver, domain.flush.domain,
                                    range, leaf_bytes, leaf_only),
                      sim::Time{sink.time()});
  LogFlushes(domain, actions.commands, range.first.value, kernel);
  if (actions.commands.empty()) return;
  Ask(domain, actions.commands, range, RuleOf(policy), sink);
}

// The flush after an unmap of no page: an empty range runs from the last page
// of the space to the first.
void FlushNothing(IommuDomain& domain, const KernelProfile& kernel,
                  Sink& sink) {
  if (kernel.vtd_cache_tags) {
    return AskDomain(domain, Rule::kIommuStrict, sink);
  }
  const Range<Iova> page{Iova(PageDown(UINT64_MAX)), Iova(UINT64_MAX)};
  FlushUnmapped(domain, page, page, kPageSize, false, kernel, sink);
}

// After a map whose leaves lie where tables were: pointers to those are cached,
// and no flush queue holds them back.
void FlushReplaced(IommuDomain& domain, const Entry& run,
                   const KernelProfile& kernel, Sink& sink) {
  if (domain.flush.shape.policy == FlushPolicy::kBroken) return;
  const Range<Iova> range{Iova(run.first), Iova(run.last)};
  std::vector<Invalidation> commands =
      FlushCommands(*domain.table.driver, domain.flush.domain, range, kPageSize,
                    /*leaf_only=*/false);
  commands.push_back({.kind = InvalidationKind::kWait});
  LogFlushes(domain, commands, run.first, kernel);
  Ask(domain, commands, range, Rule::kIommuTableReplaced, sink);
}

// Of the leaves that hold the first and the last byte of an unmap the smaller.
// Linux collects leaves of one size before it flushes.
uint64_t LeafBytes(const IommuDomain& domain, uint64_t first, uint64_t last,
                   const Sink& sink) {
  uint64_t bytes = 0;
  for (const uint64_t at : {first, last}) {
    const std::optional<Entry> run = sink.table(kIommuStore).Find(at);
    if (!run) continue;
    const Range<Iova> leaf = IommuLeafAt(*domain.table.driver, *run, at);
    const uint64_t size = leaf.last - leaf.first + 1;
    if (bytes == 0 || size < bytes) bytes = size;
  }
  return bytes == 0 ? kPageSize : bytes;
}

// Changes the context's entry, where it is recorded.
void RecordContext(const IommuDomain& domain, ContextKind kind, Rule rule,
                   Sink& sink) {
  if (!domain.context_of) return;
  const uint64_t id = *domain.context_of;
  const Entry now{id, id, static_cast<uint64_t>(kind), domain.flush.domain,
                  kPermNone};
  const std::optional<Entry> old = sink.table(kContextStore).Find(id);
  if (!old) {
    sink.Add(kContextStore, now, rule, Actor::kKernel);
  } else if (old->target != now.target) {
    sink.Set(kContextStore, *old, now, rule, Actor::kKernel);
  }
}

// The first byte of the leaf that holds `iova` and goes whole.
uint64_t FirstCleared(const IommuDomain& domain, uint64_t iova,
                      const Sink& sink) {
  const std::optional<Entry> run = sink.table(kIommuStore).Find(iova);
  if (!run || domain.table.driver->partial != PartialUnmap::kDropsLeaf) {
    return iova;
  }
  return IommuLeafAt(*domain.table.driver, *run, iova).first.value;
}

}  // namespace

void IommuSetContext(IommuDomain& domain, ContextKind kind, Sink& sink) {
  RecordContext(domain, kind, Rule::kIommuContext, sink);
  const std::optional<FaultDialect>& dialect = domain.table.driver->dialect;
  if (dialect && CommandFor(*dialect, InvalidationKind::kContext) != nullptr) {
    Log(domain, {IommuCall::Op::kFlushContext});
    Invalidation context;
    context.kind = InvalidationKind::kContext;
    context.domain = domain.flush.domain;
    context.source_id = *domain.context_of;
    Ask(domain, {context}, {Iova(0), Iova(0)}, Rule::kIommuContext, sink);
  }
  AskDomain(domain, Rule::kIommuContext, sink);
}

void IommuAttach(IommuDomain& domain, Sink& sink) {
  RecordContext(domain, ContextKind::kTranslated, Rule::kIommuAttached, sink);
  Log(domain, {IommuCall::Op::kFlushContext});
  AskDomain(domain, Rule::kIommuStrict, sink);
  Log(domain, {IommuCall::Op::kAttach});
}

void IommuFree(IommuDomain& domain, Sink& sink) {
  IommuTableFree(domain.table, Rule::kIommuFreed, sink);
  domain.flush.queued.clear();
  IommuAttach(domain, sink);
}

void IommuFlushTimer(IommuDomain& domain, Sink& sink) {
  const FlushActions actions = FlushTimer(domain.flush, sim::Time{sink.time()});
  if (actions.commands.empty()) return;
  AskDomain(domain, Rule::kIommuLazy, sink);
}

int IommuMap(IommuDomain& domain, uint64_t iova, Hpa hpa, uint64_t size,
             uint32_t perm, const KernelProfile& kernel, Sink& sink,
             Rule* why) {
  Rule unused = Rule::kNone;
  Rule& rule = why == nullptr ? unused : *why;
  const IommuDriver& driver = *domain.table.driver;
  if (perm < kPermRead || perm > kPermReadWrite) {
    rule = Rule::kIommuPerm;
    IommuUnmap(domain, iova, 0, Rule::kIommuPerm, kernel, sink);
    return -EINVAL;
  }
  const std::optional<uint32_t> leaf_perm = LeafPerm(driver, perm);
  if (!leaf_perm) {
    rule = Rule::kIommuNoWriteOnly;
    return -EINVAL;
  }
  const Entry run{iova, iova + (size - 1), hpa.value, 0, *leaf_perm};
  if (run.last > driver.format->last_position() ||
      run.target_last() > driver.format->output_mask() ||
      run.target_last() < run.target) {
    rule = Rule::kIommuTooWide;
    return -ERANGE;
  }
  Log(domain, {IommuCall::Op::kMap, iova, size, hpa.value});
  const bool read_bit = driver.is_vtd() && perm == kPermWrite;
  domain.table.freed_tables = false;
  if (IommuTableMap(domain.table, run,
                    read_bit ? Rule::kIommuReadBit : driver.map_rule, sink)) {
    if (domain.table.freed_tables) FlushReplaced(domain, run, kernel, sink);
    return 0;
  }
  rule = Rule::kIommuExists;
  return -EEXIST;
}

uint64_t IommuUnmap(IommuDomain& domain, uint64_t iova, uint64_t size,
                    Rule rule, const KernelProfile& kernel, Sink& sink) {
  // Refused before anything is flushed or traced.
  if ((iova | size) % kPageSize != 0) return 0;
  Log(domain, {IommuCall::Op::kUnmap, iova, size});
  if (size == 0) {
    FlushNothing(domain, kernel, sink);
    return 0;
  }
  const uint64_t last =
      iova > UINT64_MAX - (size - 1) ? UINT64_MAX : iova + (size - 1);
  const uint64_t first = FirstCleared(domain, iova, sink);
  const uint64_t leaf_bytes = LeafBytes(domain, iova, last, sink);
  const uint64_t tables = domain.table.pages.counts().tables;
  const uint64_t cleared =
      IommuTableUnmap(domain.table, iova, last, rule, sink);
  const uint64_t bytes = cleared - iova + 1;
  if (bytes == 0) {
    FlushNothing(domain, kernel, sink);
    return 0;
  }
  const bool leaf_only = domain.table.pages.counts().tables >= tables;
  FlushUnmapped(domain, {Iova(iova), Iova(last)}, {Iova(first), Iova(cleared)},
                leaf_bytes, leaf_only, kernel, sink);
  return bytes;
}

}  // namespace iovalab
