#ifndef IOVALAB_LAB_CONFORM_CONFORM_TREE_CALL_H_
#define IOVALAB_LAB_CONFORM_CONFORM_TREE_CALL_H_

// One recorded call of a QEMU tree function: its arguments, the model that it
// is performed on, and how answers and whole trees compare.
//
// Not for: which functions there are (conform_qemu_tree.cc).
//
// Invariant: a field that is missing or malformed sets in.status(); nothing is
// compared against it.

#include <cstdint>
#include <optional>

#include "lab/conform/conform_kind.h"
#include "lab/conform/json_lines.h"
#include "model/store/sink.h"
#include "model/store/stores.h"
#include "model/vmm/iova_tree.h"
#include "model/vmm/vhost_iova_tree.h"

namespace iovalab {

// The state of one case.
struct TreeMachine {
  Stores stores;
  IovaRange range;
};

struct TreeCall {
  TreeMachine& machine;
  Sink sink;
  JsonFields in;
  StepComparison& out;

  const IntervalTable& table(StoreKind kind) const {
    return machine.stores.Get({kind});
  }
};

// A tree as recorded: the field with its nodes, the one with their number when
// the nodes are left out, and its store. `by_gpa`: the store is keyed by what a
// recorded node has as its translated address.
struct RecordedTree {
  const char* name;
  const char* count_name;
  StoreKind store;
  bool by_gpa;
};

// taddr, size and perm of an insert or allocation.
DmaMap MapArguments(TreeCall& call);

void CompareRet(TreeCall& call, int ret);
void CompareRemoved(TreeCall& call, uint64_t removed);
// Of an allocation, whose "iova" is a result (elsewhere it is an argument).
void CompareAllocated(TreeCall& call, int ret, const DmaMap& map);
void CompareFound(TreeCall& call, std::optional<DmaMap> got);
void CompareTree(TreeCall& call, const RecordedTree& tree);

}  // namespace iovalab

#endif  // IOVALAB_LAB_CONFORM_CONFORM_TREE_CALL_H_
