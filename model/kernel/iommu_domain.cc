#include "model/kernel/iommu_domain.h"

#include <cerrno>
#include <optional>
#include <utility>

#include "model/event/kinds.h"
#include "model/kernel/iommu_domain_flush.h"

namespace iovalab {
namespace {

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

}  // namespace

void IommuSetContext(IommuDomain& domain, ContextKind kind, Sink& sink) {
  RecordContext(domain, kind, Rule::kIommuContext, sink);
  const std::optional<FaultDialect>& dialect = domain.table.driver->dialect;
  if (dialect && CommandFor(*dialect, InvalidationKind::kContext) != nullptr) {
    LogCall(domain, {IommuCall::Op::kFlushContext});
    Invalidation context;
    context.kind = InvalidationKind::kContext;
    context.domain = domain.flush.domain;
    context.source_id = *domain.context_of;
    AskHardware(domain, {context}, {Iova(0), Iova(0)}, Rule::kIommuContext,
                sink);
  }
  AskDomain(domain, Rule::kIommuContext, sink);
}

void IommuAttach(IommuDomain& domain, Sink& sink) {
  RecordContext(domain, ContextKind::kTranslated, Rule::kIommuAttached, sink);
  LogCall(domain, {IommuCall::Op::kFlushContext});
  AskDomain(domain, Rule::kIommuAttached, sink);
  LogCall(domain, {IommuCall::Op::kAttach});
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
  LogCall(domain, {IommuCall::Op::kMap, iova, size, hpa.value});
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
  LogCall(domain, {IommuCall::Op::kUnmap, iova, size});
  if (size == 0) {
    FlushNothing(domain, kernel, sink);
    return 0;
  }
  const uint64_t last =
      iova > UINT64_MAX - (size - 1) ? UINT64_MAX : iova + (size - 1);
  const UnmapFlush flush = BeforeUnmap(domain, iova, last, sink);
  const uint64_t cleared =
      IommuTableUnmap(domain.table, iova, last, rule, sink);
  const uint64_t bytes = cleared - iova + 1;
  if (bytes == 0) {
    FlushNothing(domain, kernel, sink);
  } else {
    FlushUnmapped(domain, flush, cleared, kernel, sink);
  }
  return bytes;
}

}  // namespace iovalab
