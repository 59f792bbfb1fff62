#ifndef IOVALAB_LAB_IMPORT_LOGGED_TABLE_H_
#define IOVALAB_LAB_IMPORT_LOGGED_TABLE_H_

// LoggedTable: the kernel's table as the messages of a log leave it.
//
// Not for: the simulated kernel (model/kernel/vhost_vdpa.h): here is no policy
// and no error, only what went in and what a message took out.
//
// Invariants: entries of one address space do not touch each other. Removal is
// the kernel's: an INVALIDATE takes every entry that it touches, whole (Linux
// 6.12 drivers/vhost/vdpa.c, recorded).

#include <cstdint>
#include <map>
#include <utility>

#include "lab/import/import_report.h"

namespace iovalab {

using TableKey = std::pair<uint32_t, uint64_t>;  // ASID, first IOVA

struct LoggedEntry {
  MappedThing thing;
  bool deleted = false;  // its section is gone, it is not
  uint64_t hva = 0;
};

class LoggedTable {
 public:
  using Map = std::map<TableKey, LoggedEntry>;

  // Enters what the message mapped; false where the kernel would have refused
  // it (EEXIST), or its range is none.
  bool Add(MappedThing thing, const LoggedOp& log, uint64_t hva, TableKey* key);
  // The lowest entry of the address space that touches [first, last].
  Map::iterator Touching(uint32_t asid, uint64_t first, uint64_t last);

  Map& entries() { return entries_; }

 private:
  Map entries_;
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_LOGGED_TABLE_H_
