#include "model/oracle/ledger.h"

namespace iovalab {

uint32_t Ledger::Add(const Owner& owner) {
  const auto index = static_cast<uint32_t>(owners_.size());
  owners_.push_back(owner);
  if (owner.has_iova) {
    chosen_.Assign(owner.iova, owner.last_iova(), index);
  }
  if (owner.mapped) {
    accepted_.Assign(owner.iova, owner.last_iova(), index);
  }
  return index;
}

uint32_t Ledger::AddSection(const GuestSpan& span, std::optional<uint64_t> iova,
                            bool mapped) {
  Owner owner;
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
  return hosts_[span.hva] = Add(owner);
}

std::optional<uint32_t> Ledger::DropSection(uint64_t section_gpa) {
  const auto at = sections_.find(section_gpa);
  if (at == sections_.end()) return std::nullopt;
  const uint32_t index = at->second;
  owners_[index].live = false;
  sections_.erase(at);
  return index;
}

std::optional<uint32_t> Ledger::DropHost(uint64_t hva) {
  const auto at = hosts_.find(hva);
  if (at == hosts_.end()) return std::nullopt;
  const uint32_t index = at->second;
  owners_[index].live = false;
  hosts_.erase(at);
  return index;
}

const Owner* Ledger::OwnerOf(uint64_t iova) const {
  const std::optional<uint64_t> index = accepted_.Find(iova);
  return index ? &owners_[*index] : nullptr;
}

const Owner* Ledger::ChosenFor(uint64_t iova) const {
  const std::optional<uint64_t> index = chosen_.Find(iova);
  return index ? &owners_[*index] : nullptr;
}

const Owner* Ledger::SectionAt(uint64_t section_gpa) const {
  const auto at = sections_.find(section_gpa);
  return at == sections_.end() ? nullptr : &owners_[at->second];
}

}  // namespace iovalab
