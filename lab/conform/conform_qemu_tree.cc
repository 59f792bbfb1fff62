#include "lab/conform/conform_qemu_tree.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "lab/conform/conform_tree_call.h"

namespace iovalab {
namespace {

struct Op {
  absl::string_view name;
  void (*run)(TreeCall& call);
};

// Calls of the same form in all three kinds, and what they are made on.

template <int (*Alloc)(Sink&, IovaRange, DmaMap*)>
void RunAlloc(TreeCall& call) {
  DmaMap map = MapArguments(call);
  if (!call.in.ok()) return;
  const int ret = Alloc(call.sink, call.machine.range, &map);
  CompareAllocated(call, ret, map);
}

template <IovaFound (*Find)(const Stores&, uint64_t, uint64_t)>
void RunReverseFind(TreeCall& call) {
  const uint64_t taddr = call.in.Hex("taddr");
  const uint64_t size = call.in.Hex("size");
  if (!call.in.ok()) return;
  CompareFound(call, Find(call.machine.stores, taddr, size).map);
}

template <uint64_t (*Remove)(Sink&, uint64_t, uint64_t)>
void RunRemove(TreeCall& call) {
  const uint64_t iova = call.in.Hex("iova");
  const uint64_t size = call.in.Hex("size");
  if (!call.in.ok()) return;
  CompareRemoved(call, Remove(call.sink, iova, size));
}

IovaFound FindIovaWithoutId(const Stores& stores, uint64_t taddr,
                            uint64_t size) {
  return VhostIovaTree72FindIova(stores, 0, taddr, size);
}

// util/iova-tree.c

void RunNew(TreeCall&) {}

void RunInsert(TreeCall& call) {
  DmaMap map = MapArguments(call);
  map.iova = call.in.Hex("iova");
  if (!call.in.ok()) return;
  CompareRet(call, IovaTreeInsert(call.sink, {StoreKind::kIovaHva}, map));
}

// Which of several touching nodes QEMU answers depends on the shape of GLib's
// tree; there only their number is compared.
void RunFind(TreeCall& call) {
  const uint64_t iova = call.in.Hex("iova");
  const uint64_t size = call.in.Hex("size");
  if (!call.in.ok()) return;
  const uint64_t last = iova + size;
  const IntervalTable& table = call.table(StoreKind::kIovaHva);
  int64_t overlaps = 0;
  table.ForEach(
      [&](const Entry& e) { overlaps += e.first <= last && iova <= e.last; });
  if (overlaps > 1 || call.in.Has("overlaps")) {
    call.out.Int("overlaps", call.in.Int("overlaps"), overlaps);
  } else {
    CompareFound(call, IovaTreeFind(table, iova, size));
  }
}

void RunFindAddress(TreeCall& call) {
  const uint64_t iova = call.in.Hex("iova");
  if (!call.in.ok()) return;
  CompareFound(call,
               IovaTreeFindAddress(call.table(StoreKind::kIovaHva), iova));
}

void RunAllocMap(TreeCall& call) {
  DmaMap map = MapArguments(call);
  const uint64_t begin = call.in.Hex("begin");
  const uint64_t last = call.in.Hex("last");
  if (!call.in.ok()) return;
  const int ret =
      IovaTreeAllocMap(call.sink, {StoreKind::kIovaHva}, &map, begin, last);
  CompareAllocated(call, ret, map);
}

// hw/virtio/vhost-iova-tree.c

void RunNewRange(TreeCall& call) {
  const uint64_t first = call.in.Hex("first");
  const uint64_t last = call.in.Hex("last");
  const uint64_t used = call.in.Hex("eff_first");
  if (!call.in.ok()) return;
  call.machine.range = EffectiveIovaRange(first, last);
  call.out.Hex("eff_first", used, call.machine.range.first);
}

int AllocGpa(Sink& sink, IovaRange range, DmaMap* map) {
  const uint64_t gpa = std::exchange(map->translated_addr, 0);
  return VhostIovaTree100MapAllocGpa(sink, range, map, gpa);
}

// Its key is two: taddr in the GPA tree, iova in the IOVA-only one.
void RunRemoveGpa(TreeCall& call) {
  const uint64_t iova = call.in.Hex("iova");
  const uint64_t size = call.in.Hex("size");
  const uint64_t gpa = call.in.Hex("taddr");
  if (!call.in.ok()) return;
  CompareRemoved(call, VhostIovaTree100RemoveGpa(call.sink, iova, gpa, size));
}

constexpr Op kOpsRaw[] = {
    {"new", RunNew},
    {"insert", RunInsert},
    {"remove", RunRemove<VhostIovaTree72Remove>},
    {"find", RunFind},
    {"find_address", RunFindAddress},
    {"find_iova", RunReverseFind<FindIovaWithoutId>},
    {"alloc_map", RunAllocMap},
};
constexpr Op kOps72[] = {
    {"new", RunNewRange},
    {"map_alloc", RunAlloc<VhostIovaTree72MapAlloc>},
    {"find_iova", RunReverseFind<FindIovaWithoutId>},
    {"remove", RunRemove<VhostIovaTree72Remove>},
};
constexpr Op kOps100[] = {
    {"new", RunNewRange},
    {"map_alloc", RunAlloc<VhostIovaTree100MapAlloc>},
    {"map_alloc_gpa", RunAlloc<AllocGpa>},
    {"find_iova", RunReverseFind<VhostIovaTree100FindIova>},
    {"find_gpa", RunReverseFind<VhostIovaTree100FindGpa>},
    {"remove", RunRemove<VhostIovaTree100Remove>},
    {"remove_gpa", RunRemoveGpa},
};

constexpr RecordedTree kOneTree[] = {
    {"tree", "tree_n", StoreKind::kIovaHva, false}};
constexpr RecordedTree kThreeTrees[] = {
    {"iova_taddr", "iova_taddr_n", StoreKind::kIovaTaddr, false},
    {"iova_only", "iova_only_n", StoreKind::kIovaOnly, false},
    {"gpa", "gpa_n", StoreKind::kGpaIova, true},
};

class TreeReplay : public CaseReplay {
 public:
  TreeReplay(absl::Span<const Op> ops, absl::Span<const RecordedTree> trees)
      : ops_(ops), trees_(trees) {}

  absl::Status Step(const JsonRecord& record,
                    StepComparison* comparison) override {
    TreeCall call{machine_, Sink(&machine_.stores), JsonFields(record),
                  *comparison};
    const std::string name = call.in.String("op");
    if (!call.in.ok()) return call.in.status();
    const Op* op = FindOp(name);
    if (op == nullptr) return UnknownOp(call, name);
    op->run(call);
    for (const RecordedTree& tree : trees_) CompareTree(call, tree);
    return call.in.status();
  }

 private:
  const Op* FindOp(absl::string_view name) const {
    for (const Op& op : ops_) {
      if (op.name == name) return &op;
    }
    return nullptr;
  }

  absl::Status UnknownOp(TreeCall& call, absl::string_view name) const {
    std::string known;
    for (const Op& op : ops_) {
      absl::StrAppend(&known, known.empty() ? "" : ", ", op.name);
    }
    call.in.Fail(
        "op", absl::StrCat("\"", name, "\" is not known; these are: ", known));
    return call.in.status();
  }

  absl::Span<const Op> ops_;
  absl::Span<const RecordedTree> trees_;
  TreeMachine machine_;
};

std::unique_ptr<CaseReplay> BeginRaw() {
  return std::make_unique<TreeReplay>(kOpsRaw, kOneTree);
}
std::unique_ptr<CaseReplay> Begin72() {
  return std::make_unique<TreeReplay>(kOps72, kOneTree);
}
std::unique_ptr<CaseReplay> Begin100() {
  return std::make_unique<TreeReplay>(kOps100, kThreeTrees);
}

// A case of these kinds begins with "new", and the trees it names tell which.
bool IsNew(const JsonRecord& r) {
  const auto op = r.object.find("op");
  return op != r.object.end() && *op == "new";
}
bool IsRaw(const JsonRecord& r) {
  return IsNew(r) && r.object.contains("tree") && !r.object.contains("first");
}
bool Is72(const JsonRecord& r) {
  return IsNew(r) && r.object.contains("tree") && r.object.contains("first");
}
bool Is100(const JsonRecord& r) {
  return IsNew(r) && r.object.contains("iova_only");
}

}  // namespace

const ConformKind kConformQemuTree = {"Q-iova-tree", IsRaw, BeginRaw, nullptr};
const ConformKind kConformQemuVhostTree72 = {"Q-vhost-iova-tree-72", Is72,
                                             Begin72, nullptr};
const ConformKind kConformQemuVhostTree100 = {"Q-vhost-iova-tree-100", Is100,
                                              Begin100, nullptr};

}  // namespace iovalab
