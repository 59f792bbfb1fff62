#include "model/store/stores.h"

#include <vector>

#include "sim/check.h"

namespace iovalab {
namespace {

uint64_t Mix(uint64_t h, uint64_t v) {
  h ^= v + 0x9e3779b97f4a7c15 + (h << 12) + (h >> 4);
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9;
  h = (h ^ (h >> 27)) * 0x94d049bb133111eb;
  return h ^ (h >> 31);
}

// Summed over all entries, so adding and deleting commute.
uint64_t EntryHash(StoreId id, const Entry& e) {
  uint64_t h = Mix(0x10f4, id.Pack());
  for (uint64_t v : {e.first, e.last, e.target, e.tag, uint64_t{e.perm}}) {
    h = Mix(h, v);
  }
  return h;
}

Entry OldEntry(const Delta& one) {
  Entry old = one.entry;
  old.target = one.old_target;
  old.tag = one.old_tag;
  old.perm = one.old_perm;
  return old;
}

}  // namespace

std::array<Stores::First, Stores::kKinds> Stores::EmptyTables() {
  std::array<First, kKinds> tables;
  for (size_t kind = 0; kind < kKinds; ++kind) {
    tables[kind].table =
        IntervalTable(GetStoreKind(static_cast<StoreKind>(kind)).by_target);
  }
  return tables;
}

const IntervalTable& Stores::GetOther(StoreId id) const {
  static const IntervalTable* const kEmpty = new IntervalTable;
  const auto it = others_.find(id);
  return it == others_.end() ? *kEmpty : it->second;
}

IntervalTable& Stores::Change(StoreId id) {
  if (id.asid != 0) {
    const bool by_target = GetStoreKind(id.kind).by_target;
    return others_.try_emplace(id, by_target).first->second;
  }
  First& first = first_[static_cast<size_t>(id.kind)];
  first.changed = true;
  return first.table;
}

bool Stores::FitsOne(const Delta& one) const {
  const Entry& e = one.entry;
  const IntervalTable& table = Get(one.store);
  if (one.op == DeltaOp::kAdd) return !table.FirstIn(e.first, e.last);
  const std::optional<Entry> at = table.Find(e.first);
  return at && *at == (one.op == DeltaOp::kSet ? OldEntry(one) : e);
}

bool Stores::Fits(const Delta& delta) const {
  if (!WhyUnsound(delta).empty()) return false;
  if (delta.count == 1) return FitsOne(delta);
  for (uint64_t i = 0; i < delta.count; ++i) {
    if (!FitsOne(NthOf(delta, i))) return false;
  }
  return true;
}

void Stores::ApplyOne(const Delta& one, uint32_t born) {
  IntervalTable& table = Change(one.store);
  Entry entry = one.entry;
  entry.born = born;
  switch (one.op) {
    case DeltaOp::kAdd:
      table.Insert(entry);
      fingerprint_ += EntryHash(one.store, entry);
      break;
    case DeltaOp::kDel:
      table.Erase(entry.first);
      fingerprint_ -= EntryHash(one.store, entry);
      break;
    case DeltaOp::kSet:
      table.Erase(entry.first);
      table.Insert(entry);
      fingerprint_ += EntryHash(one.store, entry);
      fingerprint_ -= EntryHash(one.store, OldEntry(one));
      break;
  }
}

void Stores::Apply(const Delta& delta, uint32_t born) {
  for (uint64_t i = 0; i < delta.count; ++i) {
    const Delta one = delta.count == 1 ? delta : NthOf(delta, i);
    if (one.op != DeltaOp::kAdd)
      sim::Check(FitsOne(one), "delta fits no entry");
    ApplyOne(one, born);
  }
}

bool SameContents(const Stores& a, const Stores& b) {
  const auto contained = [](const Stores& x, const Stores& y) {
    bool same = true;
    x.ForEachStore([&](StoreId id, const IntervalTable& table) {
      const IntervalTable& other = y.Get(id);
      if (table.size() != other.size()) same = false;
      table.ForEach([&](const Entry& e) {
        const std::optional<Entry> at = other.Find(e.first);
        if (!at || !(*at == e)) same = false;
      });
    });
    return same;
  };
  return contained(a, b) && contained(b, a);
}

}  // namespace iovalab
