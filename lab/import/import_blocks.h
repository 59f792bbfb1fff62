#ifndef IOVALAB_LAB_IMPORT_IMPORT_BLOCKS_H_
#define IOVALAB_LAB_IMPORT_IMPORT_BLOCKS_H_

// Import blocks: the RAM blocks behind the sections of a log, found from their
// host addresses, each with a stable base: addresses of a log are random
// (ASLR), those of the imported scenario are not.
//
// Not for: host-only memory.
//
// Invariants: blocks are in the order in which the log first shows them, do not
// overlap, and are page-aligned; addresses within a block keep their distances.
// Sections that touch in host memory are taken for one block, unless the log
// names their memory differently, or shows that QEMU kept them apart: it merges
// neighbours of one block that continue each other.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "lab/import/import_events.h"

namespace iovalab {

struct ImportBlock {
  std::string name;   // as the log has it, or "ram0", "ram1", ...; unique
  uint64_t hva = 0;   // in the log, of its first byte seen
  uint64_t size = 0;  // bytes
  uint64_t base = 0;  // rebased address of its first byte
  uint64_t first_line = 0;

  bool Contains(uint64_t address) const { return address - hva < size; }
};

class ImportBlocks {
 public:
  // `devices` share one VMM.
  ImportBlocks(absl::Span<const ImportDevice> devices,
               absl::Span<const NamedSpan> names);

  const std::vector<ImportBlock>& blocks() const { return blocks_; }
  // The block of a host address of the log; nullptr where there is none.
  const ImportBlock* Find(uint64_t hva) const;

  static constexpr uint64_t kFirstBase = 0x7f0000000000;

 private:
  std::vector<ImportBlock> blocks_;
  std::vector<size_t> by_hva_;
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_IMPORT_BLOCKS_H_
