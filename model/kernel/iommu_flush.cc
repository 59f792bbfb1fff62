#include "model/kernel/iommu_flush.h"

#include "sim/check.h"

namespace iovalab {
namespace {

constexpr absl::string_view kNames[] = {"strict", "lazy", "broken"};

Invalidation OfDomain(uint32_t domain) {
  Invalidation i;
  i.kind = InvalidationKind::kDomain;
  i.domain = domain;
  return i;
}

Invalidation OfPages(uint32_t domain, uint64_t address, int mask,
                     bool leaf_only) {
  Invalidation i;
  i.kind = InvalidationKind::kPages;
  i.domain = domain;
  i.address = address;
  i.mask = static_cast<uint8_t>(mask);
  i.leaf_only = leaf_only;
  return i;
}

void FlushDomain(IommuFlush& flush, FlushActions& actions) {
  actions.commands.push_back(OfDomain(flush.domain));
  actions.commands.push_back({.kind = InvalidationKind::kWait});
  for (const Range<Iova>& range : flush.queued) {
    actions.released.push_back(range);
  }
  flush.queued.clear();
  ++flush.flushes;
}

}  // namespace

absl::string_view FlushPolicyName(FlushPolicy policy) {
  return kNames[static_cast<int>(policy)];
}

std::optional<FlushPolicy> FlushPolicyByName(absl::string_view name) {
  for (int i = 0; i < 3; ++i) {
    if (kNames[i] == name) return static_cast<FlushPolicy>(i);
  }
  return std::nullopt;
}

FlushActions FlushAfterUnmap(IommuFlush& flush, Range<Iova> range,
                             bool leaf_only, sim::Time now) {
  FlushActions actions;
  switch (flush.shape.policy) {
    case FlushPolicy::kBroken:
      actions.released.push_back(range);
      return actions;
    case FlushPolicy::kStrict:
      actions.commands.push_back(
          VtdInvalidation(flush.domain, range, leaf_only));
      actions.commands.push_back({.kind = InvalidationKind::kWait});
      actions.released.push_back(range);
      return actions;
    case FlushPolicy::kLazy:
      break;
  }
  sim::Check(flush.shape.capacity >= 2, "a flush queue has 2 slots or more");
  // One slot tells a full ring from an empty one.
  if (flush.queued.size() + 1 >= flush.shape.capacity) {
    FlushDomain(flush, actions);
  }
  flush.queued.push_back(range);
  if (!flush.timer.has_value()) flush.timer = now + flush.shape.timeout_ns;
  return actions;
}

FlushActions FlushTimer(IommuFlush& flush, sim::Time now) {
  FlushActions actions;
  if (!flush.timer.has_value() || now < *flush.timer) return actions;
  flush.timer.reset();
  // Linux flushes even where a full ring has emptied it in the meantime.
  FlushDomain(flush, actions);
  return actions;
}

std::vector<Invalidation> CoveringInvalidations(uint32_t domain,
                                                Range<Iova> range,
                                                bool leaf_only, size_t max) {
  std::vector<Invalidation> commands;
  uint64_t page = range.first.value >> 12;
  const uint64_t last = range.last.value >> 12;
  while (true) {
    if (commands.size() == max) return {OfDomain(domain)};
    int mask = page == 0 ? 52 : __builtin_ctzll(page);
    while (mask > 0 &&
           (mask >= 52 ? ~uint64_t{0} >> 12
                       : page + ((uint64_t{1} << mask) - 1)) > last) {
      --mask;
    }
    commands.push_back(OfPages(domain, page << 12, mask, leaf_only));
    const uint64_t end = mask >= 52 ? last : page + ((uint64_t{1} << mask) - 1);
    if (end >= last) return commands;
    page = end + 1;
  }
}

Invalidation VtdInvalidation(uint32_t domain, Range<Iova> range, bool leaf_only,
                             uint8_t max_mask) {
  const uint64_t first = range.first.value >> 12;
  const uint64_t differ = first ^ range.last.value >> 12;
  const int mask = differ == 0 ? 0 : 64 - __builtin_clzll(differ);
  if (mask > max_mask) return OfDomain(domain);
  return OfPages(domain, first >> mask << mask << 12, mask, leaf_only);
}

}  // namespace iovalab
