#ifndef IOVALAB_LAB_IMPORT_ALIAS_FINDER_H_
#define IOVALAB_LAB_IMPORT_ALIAS_FINDER_H_

// AliasFinder: the sections that a guest has, by host address; each one that
// comes is compared with those that are there.
//
// Not for: what an alias leads to (import_judge.cc).
//
// Invariants: a pair of ranges is reported once; work and report are bounded,
// and the report says so where a bound was reached.

#include <cstdint>
#include <map>

#include "lab/import/import_report.h"

namespace iovalab {

class AliasFinder {
 public:
  static constexpr size_t kMaxShown = 64;

  // `add` is a kRegionAdd and outlives this. Appends to report->aliases.
  void Add(const ImportOp& add, DeviceReport* report);
  void Remove(const ImportOp& add);
  void Clear() { by_hva_.clear(); }

 private:
  std::multimap<uint64_t, const ImportOp*> by_hva_;
  uint64_t longest_ = 0;  // of all sections so far, last - first
  uint64_t steps_ = 0;
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_ALIAS_FINDER_H_
