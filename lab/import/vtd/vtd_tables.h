#ifndef IOVALAB_LAB_IMPORT_VTD_VTD_TABLES_H_
#define IOVALAB_LAB_IMPORT_VTD_VTD_TABLES_H_

// VtdTables: the second-stage tables of each domain of a capture, rebuilt from
// its maps, and which domain a device is in.
//
// Not for: caches.

#include <cstdint>
#include <map>

#include "model/iommu/page_table.h"
#include "model/iommu/walker.h"

namespace iovalab {

class VtdTables {
 public:
  // Of 3 levels (39 bits), 4 or 5.
  explicit VtdTables(int levels);

  // False where the range does not fit the tables or is no whole pages.
  bool Map(uint32_t domain, uint64_t first, uint64_t last, uint64_t target,
           uint32_t perm);
  void Unmap(uint32_t domain, uint64_t first, uint64_t last);
  // A domain without tables has nothing mapped.
  Walked Translate(uint32_t domain, uint64_t iova, bool write) const;
  uint64_t generation(uint32_t domain) const;
  // Pages that are mapped, in all domains.
  uint64_t MappedPages() const;

 private:
  const Format* format_;
  std::map<uint32_t, PageTable> tables_;
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_VTD_VTD_TABLES_H_
