#include "model/kernel/iommu_flush.h"

#include "sim/check.h"

namespace iovalab {
namespace {

constexpr FlushPolicyRow kPolicies[] = {
    {FlushPolicy::kStrict, "strict",
     "each unmap is invalidated and waited for before it returns",
     "Linux 6.1 drivers/iommu/iommu.c iommu_unmap; VT-d's invalidation is "
     "recorded, q35-2g-vtd-linux"},
    {FlushPolicy::kLazy, "lazy",
     "ranges wait in a ring of 256; a full ring or 10 ms flushes the domain",
     "Linux 6.1 drivers/iommu/dma-iommu.c queue_iova"},
    {FlushPolicy::kBroken, "broken",
     "a defect: nothing is flushed, and the IOVA is used again at once",
     "for comparison (S8-4)"},
    {FlushPolicy::kShort, "short",
     "a defect: flushes the pages asked for, not the whole leaf that went",
     "Linux 5.17 drivers/iommu/amd/iommu.c (S8-6); else for comparison"},
};

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

// A command for each `bytes`, from the one that holds range.first on.
std::vector<Invalidation> EachOf(uint64_t bytes, uint32_t domain,
                                 Range<Iova> range, bool leaf_only,
                                 uint32_t limit) {
  const int shift = __builtin_ctzll(bytes);
  const uint64_t first = range.first.value >> shift;
  const uint64_t last = range.last.value >> shift;
  if (last - first >= limit) return {OfDomain(domain)};
  std::vector<Invalidation> commands;
  for (uint64_t i = first; i <= last; ++i) {
    commands.push_back(OfPages(domain, i << shift, shift - 12, leaf_only));
  }
  return commands;
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

absl::Span<const FlushPolicyRow> FlushPolicies() { return kPolicies; }

absl::string_view FlushPolicyName(FlushPolicy policy) {
  return kPolicies[static_cast<int>(policy)].name;
}

std::optional<FlushPolicy> FlushPolicyByName(absl::string_view name) {
  for (const FlushPolicyRow& row : kPolicies) {
    if (row.name == name) return row.policy;
  }
  return std::nullopt;
}

FlushActions FlushAfterUnmap(IommuFlush& flush, Range<Iova> range,
                             const std::vector<Invalidation>& commands,
                             sim::Time now) {
  FlushActions actions;
  switch (flush.shape.policy) {
    case FlushPolicy::kBroken:
      actions.released.push_back(range);
      return actions;
    case FlushPolicy::kStrict:
    case FlushPolicy::kShort:  // of a shorter range
      actions.commands = commands;
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

std::vector<Invalidation> FlushCommands(const IommuDriver& driver,
                                        uint32_t domain, Range<Iova> range,
                                        uint64_t leaf_bytes, bool leaf_only) {
  const bool leaves = driver.flush_hint == FlushHint::kLeavesOnly ||
                      (driver.flush_hint == FlushHint::kAsKnown && leaf_only);
  switch (driver.flush) {
    case FlushStyle::kAlignedMask:
      return {VtdInvalidation(domain, range, leaves,
                              static_cast<uint8_t>(driver.flush_limit))};
    case FlushStyle::kEachLeaf:
      return EachOf(leaf_bytes, domain, range, leaves, driver.flush_limit);
    case FlushStyle::kEachPage:
      return EachOf(4096, domain, range, leaves, driver.flush_limit);
    case FlushStyle::kExact:
      // Pieces of what is one instruction; two for each bit are enough.
      return CoveringInvalidations(domain, range, leaves, 2 * 52);
    case FlushStyle::kDomain:
      break;
  }
  return {OfDomain(domain)};
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
