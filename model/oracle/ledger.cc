#include "model/oracle/ledger.h"

#include <algorithm>

namespace iovalab {

uint32_t Ledger::Add(const Owner& owner) {
  const auto index = static_cast<uint32_t>(owners_.size());
  owners_.push_back(owner);
  unsettled_.push_back(index);
  if (owner.has_iova) {
    chosen_[owner.asid()].Assign(owner.iova, owner.last_iova(), index);
  }
  if (owner.mapped) {
    accepted_[owner.asid()].Assign(owner.iova, owner.last_iova(), index);
  }
  return index;
}

uint32_t Ledger::AddSection(const GuestSpan& span, std::optional<uint64_t> iova,
                            bool mapped) {
  const auto known = sections_.find(span.section_gpa);
  if (known != sections_.end() && !mapped) {
    unsettled_.push_back(known->second);
    return known->second;
  }
  Owner owner;
  if (known != sections_.end()) owner.earlier = known->second;
  owner.span = span;
  owner.iova = iova.value_or(0);
  owner.size_minus_1 = span.size_minus_1;
  owner.has_iova = iova.has_value();
  owner.mapped = mapped;
  return sections_[span.section_gpa] = Add(owner);
}

uint32_t Ledger::AddHost(const HostSpan& span, uint64_t iova) {
  Owner owner;
  owner.is_section = false;
  owner.host = span;
  owner.iova = iova;
  owner.size_minus_1 = span.size_minus_1;
  owner.has_iova = owner.mapped = true;
  const uint32_t index = Add(owner);
  hosts_.emplace(span.hva, index);
  return index;
}

std::optional<uint32_t> Ledger::DropSection(uint64_t section_gpa) {
  const auto at = sections_.find(section_gpa);
  if (at == sections_.end()) return std::nullopt;
  const uint32_t index = at->second;
  sections_.erase(at);
  for (std::optional<uint32_t> i = index; i; i = owners_[*i].earlier) Drop(*i);
  return index;
}

std::vector<uint32_t> Ledger::DropHostsIn(uint64_t first, uint64_t last) {
  std::vector<uint32_t> dropped;
  for (auto at = hosts_.begin(); at != hosts_.end();) {
    const Owner& owner = owners_[at->second];
    if (owner.asid() != 0 || owner.iova < first || owner.last_iova() > last) {
      ++at;
      continue;
    }
    dropped.push_back(at->second);
    Drop(at->second);
    at = hosts_.erase(at);
  }
  return dropped;
}

std::optional<uint32_t> Ledger::DropHost(uint64_t hva,
                                         std::optional<uint64_t> iova) {
  const auto [begin, end] = hosts_.equal_range(hva);
  if (begin == end) return std::nullopt;
  // The oldest, where the VMM found none of them.
  auto at = begin;
  for (auto i = begin; iova && i != end; ++i) {
    if (owners_[i->second].iova == *iova) at = i;
  }
  const uint32_t index = at->second;
  hosts_.erase(at);
  Drop(index);
  return index;
}

void Ledger::Drop(uint32_t index) {
  owners_[index].live = false;
  owners_[index].leaving = true;
  unsettled_.push_back(index);
}

void Ledger::Settle() {
  for (const uint32_t index : unsettled_) {
    owners_[index].arriving = owners_[index].leaving = false;
  }
  unsettled_.clear();
}

const Owner* Ledger::OwnerOf(uint64_t iova, uint8_t asid) const {
  const auto space = accepted_.find(asid);
  if (space == accepted_.end()) return nullptr;
  const std::optional<uint64_t> index = space->second.Find(iova);
  return index ? &owners_[*index] : nullptr;
}

const Owner* Ledger::ChosenFor(uint64_t iova, uint8_t first_asid) const {
  std::optional<uint64_t> latest;  // indexes are given in order
  for (const auto& [asid, space] : chosen_) {
    if (asid < first_asid) continue;
    latest = std::max(latest, space.Find(iova));
  }
  return latest ? &owners_[*latest] : nullptr;
}

const Owner* Ledger::ChosenIn(uint8_t asid, uint64_t iova) const {
  const auto space = chosen_.find(asid);
  if (space == chosen_.end()) return nullptr;
  const std::optional<uint64_t> index = space->second.Find(iova);
  return index ? &owners_[*index] : nullptr;
}

const Owner* Ledger::HostAt(uint64_t hva, uint8_t asid, uint32_t perm) const {
  // Buffers are disjoint, but one may be mapped several times.
  auto at = hosts_.upper_bound(hva);
  if (at == hosts_.begin()) return nullptr;
  const uint64_t first = (--at)->first;
  const auto [begin, end] = hosts_.equal_range(first);
  for (auto i = begin; i != end; ++i) {
    const Owner& owner = owners_[i->second];
    if (owner.asid() == asid && hva - first <= owner.size_minus_1 &&
        (owner.host.perm & perm) == perm) {
      return &owner;
    }
  }
  return nullptr;
}

const Owner* Ledger::SectionAt(uint64_t section_gpa) const {
  const auto at = sections_.find(section_gpa);
  return at == sections_.end() ? nullptr : &owners_[at->second];
}

}  // namespace iovalab
