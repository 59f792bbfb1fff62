#ifndef IOVALAB_MODEL_ORACLE_INVARIANTS_H_
#define IOVALAB_MODEL_ORACLE_INVARIANTS_H_

// Invariants between stores, checked after every operation at a cost that
// depends on what the operation changed.
//
//   0  every section that passes the listener's rules has exactly one L1 node
//      for its GPA and HVA, and no guest node of L1 lacks a section (L0, L1)
//   2  every L1 node is covered in L2, every L2 entry has an L1 node (L1, L2)
//   3  L3 equals L2 outside an open batch (L2, L3)
//   4  pinned pages equal the pages that L2 holds, in PA mode (L2, L5)
//
// The numbers are those of docs/design.md; 1 (disjoint nodes) holds by
// construction of the stores, 6 is judged access by access.
//
// Not for: repairing anything; a violation is an event and the run goes on.

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "absl/strings/string_view.h"
#include "model/kernel/iommu_driver.h"
#include "model/oracle/ledger.h"
#include "model/store/sink.h"

namespace iovalab {

struct Violation {
  int invariant = 0;
  StoreId store;    // the one that is right, or came first
  StoreId against;  // the one that disagrees
  uint64_t first = 0;
  uint64_t last = 0;
  absl::string_view why;
};

// A range that nobody owns at the end of a run.
struct Leak {
  StoreId store;
  uint64_t first = 0;
  uint64_t last = 0;
  uint64_t entries = 0;
};

class Invariants {
 public:
  // pins: the kernel pins what it maps (PA mode). address_spaces: the device's.
  // iommu: of the platform IOMMU whose table the device's accesses go through;
  // null: they go through the device's own.
  Invariants(const Strategy* strategy, bool pins, uint32_t address_spaces = 1,
             const IommuDriver* iommu = nullptr)
      : strategy_(strategy),
        pins_(pins),
        address_spaces_(address_spaces),
        iommu_(iommu),
        l3_(iommu == nullptr ? StoreKind::kDevice : StoreKind::kIommu) {}

  // An operation is over. `changes` are its deltas, `touched` the owners that
  // it added, dropped or failed to map. At most one violation of each
  // invariant, lowest first.
  std::vector<Violation> Check(const Stores& stores, const Ledger& ledger,
                               const std::vector<Sink::Change>& changes,
                               const std::vector<uint32_t>& touched,
                               bool batch_open);

  // What is left in L1 and L2 without an owner, in key order, neighbours
  // joined.
  std::vector<Leak> Leaks(const Stores& stores, const Ledger& ledger) const;

 private:
  std::optional<Violation> SectionsAndNodes(
      const Stores& stores, const Ledger& ledger,
      const std::vector<Sink::Change>& changes,
      const std::vector<uint32_t>& touched) const;
  std::optional<Violation> NodesAndEntries(
      const Stores& stores, const Ledger& ledger,
      const std::vector<Sink::Change>& changes) const;
  std::optional<Violation> NodeWent(const Stores& stores,
                                    const Entry& node) const;
  std::optional<Violation> EntriesAndDevice() const;
  std::optional<Violation> EntriesAndPins() const;
  void Follow(const std::vector<Sink::Change>& changes);

  // The L1 store whose keys are all allocated IOVAs.
  StoreId AllocatedIovas() const;
  // The kernel's tables whose entries each have a node there: without a shadow
  // queue for the data none of address space 0's has.
  uint8_t FirstWithNodes() const { return strategy_->shadow_queue ? 0 : 1; }
  // Whom the L1 node at this IOVA is for, and in which address space.
  const Owner* OwnerOfNode(const Ledger& ledger, uint64_t iova) const;
  uint8_t AsidOfNode(const Ledger& ledger, uint64_t iova) const;
  bool HoldsOwner(const Stores& stores, const Owner& owner) const;

  const Strategy* strategy_;
  bool pins_;
  uint32_t address_spaces_;
  const IommuDriver* iommu_;
  StoreKind l3_;
  // Entries in L2 and not in L3 (+1) or the other way round (-1), by asid.
  std::map<std::tuple<uint8_t, uint64_t, uint64_t, uint64_t, uint32_t>, int>
      differ_;
  // Pages held by L2 minus pages pinned, modulo 2^64.
  uint64_t unpinned_pages_ = 0;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_ORACLE_INVARIANTS_H_
