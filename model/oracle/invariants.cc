#include "model/oracle/invariants.h"

#include "model/addr/address.h"

namespace iovalab {
namespace {

constexpr StoreId kFlatView{StoreKind::kFlatView, 0};
constexpr StoreId kIovaHva{StoreKind::kIovaHva, 0};
constexpr StoreId kIovaOnly{StoreKind::kIovaOnly, 0};
constexpr StoreId kGpaIova{StoreKind::kGpaIova, 0};
constexpr StoreId kIotlb{StoreKind::kVhostIotlb, 0};
constexpr StoreId kPins{StoreKind::kPins, 0};

// Whether the table covers [first, last] without a hole.
bool Covers(const IntervalTable& table, uint64_t first, uint64_t last) {
  while (true) {
    const std::optional<Entry> at = table.Find(first);
    if (!at) return false;
    if (at->last >= last) return true;
    first = at->last + 1;
  }
}

StoreId IotlbOf(uint8_t asid) { return {StoreKind::kVhostIotlb, asid}; }

uint64_t Pages(const Entry& e) {
  return PageDown(e.last) / kPageSize - PageDown(e.first) / kPageSize + 1;
}

}  // namespace

StoreId Invariants::AllocatedIovas() const {
  return strategy_ == &kStrategyGpa || !strategy_->shadow_queue ? kIovaOnly
                                                                : kIovaHva;
}

const Owner* Invariants::OwnerOfNode(const Ledger& ledger,
                                     uint64_t iova) const {
  return ledger.ChosenFor(iova, FirstWithNodes());
}

uint8_t Invariants::AsidOfNode(const Ledger& ledger, uint64_t iova) const {
  const Owner* owner = OwnerOfNode(ledger, iova);
  return owner == nullptr ? 0 : owner->asid();
}

bool Invariants::HoldsOwner(const Stores& stores, const Owner& owner) const {
  if (!strategy_->shadow_queue && owner.asid() == 0) {
    return Covers(stores.Get(kIotlb), owner.iova, owner.last_iova());
  }
  if (owner.is_section) {
    return strategy_->holds(stores, owner.span, owner.iova);
  }
  const std::optional<Entry> node =
      stores.Get(AllocatedIovas()).Find(owner.iova);
  return node && node->first == owner.iova && node->last == owner.last_iova();
}

std::optional<Violation> Invariants::SectionsAndNodes(
    const Stores& stores, const Ledger& ledger,
    const std::vector<Sink::Change>& changes,
    const std::vector<uint32_t>& touched) const {
  const StoreId nodes = strategy_->shadow_queue ? AllocatedIovas() : kIotlb;
  const auto lost = [&](const Owner& owner, absl::string_view why) {
    return Violation{0,
                     kFlatView,
                     nodes,
                     owner.span.gpa,
                     owner.span.gpa + owner.size_minus_1,
                     why};
  };
  // A live section whose node an operation took away, not its own.
  for (const Sink::Change& change : changes) {
    if (change.delta.op != DeltaOp::kDel) continue;
    const Entry& e = change.delta.entry;
    const Owner* owner = nullptr;
    if (change.delta.store == nodes) {
      owner = strategy_->shadow_queue ? ledger.ChosenFor(e.first)
                                      : ledger.ChosenIn(0, e.first);
    }
    if (change.delta.store == kGpaIova) owner = ledger.SectionAt(e.first);
    if (owner != nullptr && owner->live && owner->is_section && owner->mapped &&
        !HoldsOwner(stores, *owner)) {
      return lost(*owner, "a section that the guest still has lost its node");
    }
  }
  for (const uint32_t i : touched) {
    const Owner& owner = ledger.owner(i);
    if (!owner.is_section) continue;
    if (owner.live && !owner.mapped) {
      return lost(owner, "a section of the guest's was not mapped");
    }
    if (owner.live && !HoldsOwner(stores, owner)) {
      return lost(owner, "a section of the guest's has no node");
    }
    const Owner* now = ledger.ChosenFor(owner.iova);
    if (!owner.live && owner.mapped && strategy_->shadow_queue &&
        now == &owner && HoldsOwner(stores, owner)) {
      return Violation{0,
                       nodes,
                       kFlatView,
                       owner.iova,
                       owner.last_iova(),
                       "a node outlived its section"};
    }
  }
  return std::nullopt;
}

std::optional<Violation> Invariants::NodeWent(const Stores& stores,
                                              const Entry& node) const {
  const StoreId nodes = AllocatedIovas();
  for (uint32_t asid = FirstWithNodes(); asid < address_spaces_; ++asid) {
    const StoreId iotlb = IotlbOf(static_cast<uint8_t>(asid));
    const std::optional<Entry> left =
        stores.Get(iotlb).FirstIn(node.first, node.last);
    if (left && !stores.Get(nodes).Find(left->first)) {
      return Violation{2,          iotlb,
                       nodes,      left->first,
                       left->last, "an entry of the kernel's has no node"};
    }
  }
  return std::nullopt;
}

std::optional<Violation> Invariants::NodesAndEntries(
    const Stores& stores, const Ledger& ledger,
    const std::vector<Sink::Change>& changes) const {
  const StoreId nodes = AllocatedIovas();
  const IntervalTable& l1 = stores.Get(nodes);
  for (const Sink::Change& change : changes) {
    const Entry& e = change.delta.entry;
    const StoreId store = change.delta.store;
    const bool deleted = change.delta.op == DeltaOp::kDel;
    if (store == nodes && deleted) {
      if (const auto violation = NodeWent(stores, e)) return violation;
    } else if (store == nodes) {
      const StoreId iotlb = IotlbOf(AsidOfNode(ledger, e.first));
      if (l1.Find(e.first) && !Covers(stores.Get(iotlb), e.first, e.last)) {
        return Violation{2,      nodes,
                         iotlb,  e.first,
                         e.last, "a node is not covered by the kernel's table"};
      }
    } else if (store.kind == StoreKind::kVhostIotlb && deleted &&
               store.asid >= FirstWithNodes()) {
      const std::optional<Entry> node = l1.Find(e.first);
      if (node && AsidOfNode(ledger, node->first) == store.asid &&
          !Covers(stores.Get(store), node->first, node->last)) {
        return Violation{
            2,          nodes,
            store,      node->first,
            node->last, "a node lost entries of the kernel's table"};
      }
    }
  }
  return std::nullopt;
}

std::optional<Violation> Invariants::EntriesAndDevice() const {
  constexpr absl::string_view kWhy[2][2] = {
      {"the device lacks an entry of the kernel's",
       "the device has an entry that the kernel dropped"},
      {"the IOMMU lacks an entry of the kernel's",
       "the IOMMU has an entry that the kernel dropped"}};
  if (differ_.empty()) return std::nullopt;
  const auto& [key, sign] = *differ_.begin();
  StoreId l2 = kIotlb;
  StoreId l3{l3_, 0};
  l2.asid = l3.asid = std::get<0>(key);
  return Violation{3,
                   sign > 0 ? l2 : l3,
                   sign > 0 ? l3 : l2,
                   std::get<1>(key),
                   std::get<2>(key),
                   kWhy[l3_ == StoreKind::kIommu][sign < 0]};
}

std::optional<Violation> Invariants::EntriesAndPins() const {
  if (!pins_ || unpinned_pages_ == 0) return std::nullopt;
  return Violation{
      4, kIotlb, kPins,
      0, 0,      "pinned pages differ from the pages of the kernel's table"};
}

void Invariants::Follow(const std::vector<Sink::Change>& changes) {
  for (const Sink::Change& change : changes) {
    const Delta& d = change.delta;
    const bool l2 = d.store.kind == StoreKind::kVhostIotlb;
    const int sign = (d.op == DeltaOp::kDel ? -1 : 1) * (l2 ? 1 : -1);
    if (l2 || (d.store.kind == l3_ && d.entry.tag == 0)) {
      // An IOMMU holds what it can express of the permission.
      const uint32_t perm =
          iommu_ == nullptr
              ? d.entry.perm
              : LeafPerm(*iommu_, d.entry.perm).value_or(d.entry.perm);
      const auto key = std::make_tuple(d.store.asid, d.entry.first,
                                       d.entry.last, d.entry.target, perm);
      int& n = differ_[key];
      n += sign;
      if (n == 0) differ_.erase(key);
    }
    if (l2) {
      unpinned_pages_ += (d.op == DeltaOp::kDel ? -1 : 1) * Pages(d.entry);
    } else if (d.store == kPins) {
      const uint64_t now = d.entry.target * Pages(d.entry);
      const uint64_t was = d.old_target * Pages(d.entry);
      if (d.op == DeltaOp::kAdd) unpinned_pages_ -= now;
      if (d.op == DeltaOp::kDel) unpinned_pages_ += now;
      if (d.op == DeltaOp::kSet) unpinned_pages_ += was - now;
    }
  }
}

std::vector<Violation> Invariants::Check(
    const Stores& stores, const Ledger& ledger,
    const std::vector<Sink::Change>& changes,
    const std::vector<uint32_t>& touched, bool batch_open) {
  Follow(changes);
  std::vector<Violation> violations;
  const auto add = [&](std::optional<Violation> violation) {
    if (violation) violations.push_back(*violation);
  };
  if (changes.empty() && touched.empty()) return violations;
  add(SectionsAndNodes(stores, ledger, changes, touched));
  add(NodesAndEntries(stores, ledger, changes));
  if (!batch_open) add(EntriesAndDevice());
  add(EntriesAndPins());
  return violations;
}

std::vector<Leak> Invariants::Leaks(const Stores& stores,
                                    const Ledger& ledger) const {
  std::vector<Leak> leaks;
  const auto scan = [&](StoreId id) {
    const size_t before = leaks.size();
    stores.Get(id).ForEach([&](const Entry& e) {
      const bool kernels = id.kind == StoreKind::kVhostIotlb;
      const Owner* owner = kernels ? ledger.OwnerOf(e.first, id.asid)
                                   : OwnerOfNode(ledger, e.first);
      // An entry that the VMM has no node for can never be unmapped.
      const bool lost = kernels && id.asid >= FirstWithNodes() &&
                        !stores.Get(AllocatedIovas()).Find(e.first);
      if (owner != nullptr && owner->live && !lost) return;
      if (leaks.size() > before && leaks.back().last + 1 == e.first &&
          kernels) {
        leaks.back().last = e.last;
        ++leaks.back().entries;
      } else {
        leaks.push_back({id, e.first, e.last, 1});
      }
    });
  };
  scan(AllocatedIovas());
  stores.ForEachStore([&](StoreId id, const IntervalTable&) {
    if (id.kind == StoreKind::kVhostIotlb) scan(id);
  });
  return leaks;
}

}  // namespace iovalab
