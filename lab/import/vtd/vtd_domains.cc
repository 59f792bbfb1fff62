#include "lab/import/vtd/vtd_domains.h"

#include <algorithm>
#include <iterator>

#include "model/iommu/format.h"
#include "model/iommu/invalidation.h"

namespace iovalab {
namespace {

constexpr uint64_t kPage = ~uint64_t{0xfff};
constexpr uint64_t kLeafAddress = 0x000ffffffffff000;

}  // namespace

VtdDomains::VtdDomains(const VtdCapture& capture) {
  for (uint32_t i = 0; i < capture.qemu.size(); ++i) {
    const VtdLine& l = capture.qemu[i];
    if (l.kind != VtdLineKind::kCacheHit &&
        l.kind != VtdLineKind::kCacheUpdate) {
      continue;
    }
    domains_.insert(l.domain);
    devices_.insert({l.source, l.domain});
    auto& seen = seen_[l.source];
    if (seen.empty() || seen.back().second != l.domain) {
      seen.push_back({i, l.domain});
    }
    if (l.kind == VtdLineKind::kCacheUpdate) {
      leaves_[l.address & kPage].push_back({i, l.entry & kLeafAddress,
                                            static_cast<uint32_t>(l.entry & 3),
                                            l.domain});
    }
  }
  Attribute(capture);
}

// One domain: all is in it. Else an unmap is in the domain of the invalidation
// that follows it, and so was the map that it ends; a map that stays is in the
// domain whose leaf QEMU saw.
void VtdDomains::Attribute(const VtdCapture& capture) {
  of_guest_.resize(capture.guest.size());
  std::set<uint32_t> all = domains_;
  for (const VtdLine& l : capture.guest) {
    if (l.kind != VtdLineKind::kCommand) continue;
    const auto i = FromVtdDescriptor({l.high, l.low});
    if (i.has_value() && i->kind != InvalidationKind::kGlobal) {
      all.insert(i->domain);
    }
  }
  domains_ = all;
  if (all.size() == 1) {
    for (auto& domain : of_guest_) domain = *all.begin();
    return;
  }
  std::map<uint64_t, uint32_t> open;  // maps without an unmap yet, by address
  std::vector<uint32_t> unmaps;       // since the last invalidation
  for (uint32_t i = 0; i < capture.guest.size(); ++i) {
    const VtdLine& l = capture.guest[i];
    if (l.kind == VtdLineKind::kMap) {
      open[l.address] = i;
      const auto leaf = leaves_.find(l.address & kPage);
      if (leaf == leaves_.end()) continue;
      for (const Leaf& seen : leaf->second) {
        if (seen.target == (l.target & kPage)) of_guest_[i] = seen.domain;
      }
    } else if (l.kind == VtdLineKind::kUnmap) {
      unmaps.push_back(i);
    } else {
      const auto command = FromVtdDescriptor({l.high, l.low});
      if (!command.has_value()) continue;
      for (const uint32_t u : unmaps) {
        if (command->kind == InvalidationKind::kGlobal) continue;
        of_guest_[u] = command->domain;
        const auto map = open.find(capture.guest[u].address);
        if (map == open.end()) continue;
        of_guest_[map->second] = command->domain;
        open.erase(map);
      }
      unmaps.clear();
    }
  }
}

std::optional<uint32_t> VtdDomains::OfGuest(uint32_t index) const {
  return of_guest_[index];
}

std::optional<uint32_t> VtdDomains::OfDevice(uint32_t source,
                                             uint32_t index) const {
  const auto it = seen_.find(source);
  if (it == seen_.end()) return std::nullopt;
  const auto& seen = it->second;
  const auto after = std::upper_bound(
      seen.begin(), seen.end(), index,
      [](uint32_t at, const auto& change) { return at < change.first; });
  return after == seen.begin() ? after->second : std::prev(after)->second;
}

std::optional<uint32_t> VtdDomains::Permission(uint64_t iova, uint64_t target,
                                               uint32_t index) const {
  const auto it = leaves_.find(iova & kPage);
  if (it == leaves_.end()) return std::nullopt;
  auto leaf =
      std::lower_bound(it->second.begin(), it->second.end(), index,
                       [](const Leaf& l, uint32_t at) { return l.index < at; });
  for (; leaf != it->second.end(); ++leaf) {
    if (leaf->target == (target & kPage)) return leaf->perm;
  }
  return std::nullopt;
}

uint32_t VtdDomains::PermissionOf(const VtdLine& map, uint32_t index) const {
  constexpr uint64_t kPages = 512;  // looked at, of a large map
  const uint64_t last = std::min(map.last - map.address, kPages << 12);
  for (uint64_t offset = 0; offset <= last; offset += 0x1000) {
    const std::optional<uint32_t> perm =
        Permission(map.address + offset, map.target + offset, index);
    if (perm.has_value()) return *perm;
  }
  return kAccessRead | kAccessWrite;
}

}  // namespace iovalab
