#ifndef IOVALAB_LAB_IMPORT_IMPORT_TRANSACTIONS_H_
#define IOVALAB_LAB_IMPORT_IMPORT_TRANSACTIONS_H_

// Import transactions: the ops of a device cut into memory transactions: what
// goes, what comes, between them host-only memory.
//
// Not for: names and addresses of the scenario (import_scenario.h).
//
// Invariants: a transaction deletes only what is there, adds nothing twice, and
// has its deletions before its additions, each in address order, as QEMU
// delivers them; a log without commit lines is cut where that order breaks.

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "lab/import/import_blocks.h"
#include "lab/import/import_events.h"

namespace iovalab {

// What the guest sees at a place; equal values are the same memory region.
struct ImportSection {
  uint64_t first = 0;  // GPA, both inclusive
  uint64_t last = 0;
  uint64_t hva = 0;  // in the log
  bool readonly = false;
  friend auto operator<=>(const ImportSection&, const ImportSection&) = default;
};

struct ImportStep {
  enum class Kind : uint8_t { kMemory, kHostMap, kHostUnmap } kind;
  std::vector<ImportSection> del, add;  // kMemory
  std::vector<ImportSection> live;      // kMemory, with deletions: afterwards
  const ImportOp* host = nullptr;       // the kHostMap that maps, or is ended
  bool running = true;  // the device is started (or the log never says)
};

std::vector<ImportStep> ImportTransactions(absl::Span<const ImportOp> ops,
                                           const ImportBlocks& blocks);

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_IMPORT_TRANSACTIONS_H_
