#include "lab/import/logged_table.h"

#include <iterator>

namespace iovalab {

bool LoggedTable::Add(MappedThing thing, const LoggedOp& log, uint64_t hva,
                      TableKey* key) {
  if (log.size == 0 || log.iova > UINT64_MAX - (log.size - 1)) return false;
  thing.iova = log.iova;
  thing.iova_last = log.iova + (log.size - 1);
  thing.asid = log.asid;
  thing.line = log.line;
  if (Touching(log.asid, thing.iova, thing.iova_last) != entries_.end()) {
    return false;
  }
  entries_[{log.asid, thing.iova}] = {thing, false, hva};
  *key = {log.asid, thing.iova};
  return true;
}

LoggedTable::Map::iterator LoggedTable::Touching(uint32_t asid, uint64_t first,
                                                 uint64_t last) {
  auto it = entries_.upper_bound({asid, first});
  if (it != entries_.begin()) {
    const auto before = std::prev(it);
    if (before->first.first == asid &&
        before->second.thing.iova_last >= first) {
      return before;
    }
  }
  return it != entries_.end() && it->first.first == asid &&
                 it->first.second <= last
             ? it
             : entries_.end();
}

}  // namespace iovalab
