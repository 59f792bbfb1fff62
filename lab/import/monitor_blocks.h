#ifndef IOVALAB_LAB_IMPORT_MONITOR_BLOCKS_H_
#define IOVALAB_LAB_IMPORT_MONITOR_BLOCKS_H_

// MonitorBlocks: which RAM block a section of a dump is of, and whether the
// outputs can be of one QEMU.
//
// Not for: blocks of a log, which are found from host addresses
// (import_blocks.h).
//
// Invariants: the same section gets the same block each time; blocks are
// numbered in order of first question.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lab/import/monitor_dump.h"

namespace iovalab {

// Far more than any block has, far less than would wrap.
inline constexpr uint64_t kMostOffset = (uint64_t{1} << 44) - 1;
inline constexpr size_t kMaxDumpBlocks = 16384;

class MonitorBlocks {
 public:
  // `dump` outlives this.
  explicit MonitorBlocks(const MonitorDump& dump);

  // Errors: a row of `info ramblock` that says another address than before, an
  // answer of gpa2hva that fits no view.
  absl::Status Check() const;

  // Index into names().
  absl::StatusOr<size_t> Of(const DumpSection& section);
  // As `info ramblock` has them, else the regions'.
  const std::vector<std::string>& names() const { return names_; }

 private:
  // The host address of the region's offset 0, by a gpa2hva inside the section,
  // the nearest in the input; 0: none says.
  uint64_t BaseOf(const DumpSection& section) const;
  // The same by an answer, with the offset that each view has for its address.
  std::set<uint64_t> Bases(const DumpAddress& answer) const;
  absl::Status Error(uint64_t line, absl::string_view what) const;

  const MonitorDump& dump_;
  // Rows of `info ramblock` by the last part of their name.
  std::map<std::string, std::vector<const DumpBlock*>> rows_;
  std::map<std::string, std::vector<const DumpAddress*>> answers_;  // by GPA
  std::map<std::string, size_t> index_;                             // by key
  std::vector<std::string> names_;
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_MONITOR_BLOCKS_H_
