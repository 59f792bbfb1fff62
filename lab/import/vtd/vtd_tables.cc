#include "lab/import/vtd/vtd_tables.h"

#include <algorithm>

#include "model/iommu/page_table_source.h"
#include "sim/check.h"

namespace iovalab {

VtdTables::VtdTables(int levels)
    : format_(FindFormat(levels == 3   ? "vtd3"
                         : levels == 4 ? "vtd4"
                                       : "vtd5")) {
  sim::Check(format_ != nullptr, "VT-d has tables of 3, 4 and 5 levels");
}

bool VtdTables::Map(uint32_t domain, uint64_t first, uint64_t last,
                    uint64_t target, uint32_t perm) {
  PageTable& table = tables_.try_emplace(domain, format_).first->second;
  MapArgs args;
  args.first = first;
  args.last = last;
  args.address = target;
  args.perm = perm;
  return table.Map(args) == MapStatus::kOk;
}

void VtdTables::Unmap(uint32_t domain, uint64_t first, uint64_t last) {
  const auto it = tables_.find(domain);
  if (it == tables_.end() || first > format_->last_position()) return;
  it->second.Unmap(first, std::min(last, format_->last_position()),
                   PartialLeaf::kDrop, FreeTables::kNone);
}

Walked VtdTables::Translate(uint32_t domain, uint64_t iova, bool write) const {
  WalkRequest request;
  request.access = write ? kAccessWrite : kAccessRead;
  const auto it = tables_.find(domain);
  if (it != tables_.end()) return WalkTable(it->second, iova, request);
  const PageTable empty(format_);
  return WalkTable(empty, iova, request);
}

uint64_t VtdTables::generation(uint32_t domain) const {
  const auto it = tables_.find(domain);
  return it == tables_.end() ? 0 : it->second.generation();
}

uint64_t VtdTables::MappedPages() const {
  uint64_t pages = 0;
  for (const auto& [domain, table] : tables_) {
    pages += table.counts().leaf_entries;
  }
  return pages;
}

}  // namespace iovalab
