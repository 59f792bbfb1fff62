#ifndef IOVALAB_LAB_IMPORT_MONITOR_ROW_H_
#define IOVALAB_LAB_IMPORT_MONITOR_ROW_H_

// Rows of the tables that QEMU's monitor prints about memory.
//
// Not for: whole outputs (monitor_dump.h).
//
// Invariants: each returns "" or, where the text begins like such a row and is
// none, what would be right.

#include <string>

#include "absl/strings/string_view.h"
#include "lab/import/monitor_dump.h"

namespace iovalab {

// Whether a line is a row of a flat view, whole or not: two spaces and an
// address of 16 digits.
bool BeginsLikeSection(absl::string_view line);

// Such a row. `mapped`: RAM or ROM, which a vhost-vdpa listener maps; not I/O,
// a device's memory (ramd), a flash that reads like memory (romd).
std::string ParseSection(absl::string_view line, DumpSection* section,
                         bool* mapped);

// A row of `info ramblock`: NAME, page size (two words), offset, used, total,
// and since QEMU 8.1 HVA, RO. `is_row` false: the table has ended.
std::string ParseBlock(absl::string_view line, bool has_hva, DumpBlock* block,
                       bool* is_row);

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_MONITOR_ROW_H_
