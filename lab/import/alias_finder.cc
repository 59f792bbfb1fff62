#include "lab/import/alias_finder.h"

#include <algorithm>

namespace iovalab {
namespace {

// Steps spent on looking for aliases among very many sections.
constexpr uint64_t kMaxSteps = 20'000'000;

// What the section `a` and the later `b` share; they do.
AliasPair Pair(const ImportOp& a, const ImportOp& b) {
  const uint64_t a_last = a.hva + (a.last - a.first);
  const uint64_t b_last = b.hva + (b.last - b.first);
  AliasPair pair;
  pair.hva = std::max(a.hva, b.hva);
  pair.shared_size = std::min(a_last, b_last) - pair.hva + 1;
  pair.a_first = a.first;
  pair.a_last = a.last;
  pair.b_first = b.first;
  pair.b_last = b.last;
  pair.shared_a_first = a.first + (pair.hva - a.hva);
  pair.shared_b_first = b.first + (pair.hva - b.hva);
  pair.line = b.line;
  return pair;
}

void Note(const AliasPair& pair, DeviceReport* report) {
  for (const AliasPair& known : report->aliases) {
    if (known.a_first == pair.a_first && known.a_last == pair.a_last &&
        known.b_first == pair.b_first && known.b_last == pair.b_last) {
      return;
    }
  }
  if (report->aliases.size() < AliasFinder::kMaxShown) {
    report->aliases.push_back(pair);
  } else {
    report->more_aliases = true;
  }
}

}  // namespace

void AliasFinder::Add(const ImportOp& add, DeviceReport* report) {
  const uint64_t first = add.hva, last = add.hva + (add.last - add.first);
  auto it = by_hva_.lower_bound(first > longest_ ? first - longest_ : 0);
  for (; it != by_hva_.end() && it->first <= last; ++it) {
    if (++steps_ > kMaxSteps) {
      report->more_aliases = true;
      break;
    }
    const ImportOp& other = *it->second;
    const uint64_t other_last = other.hva + (other.last - other.first);
    if (other_last < first || other.first == add.first) continue;
    Note(Pair(other, add), report);
  }
  by_hva_.emplace(add.hva, &add);
  longest_ = std::max(longest_, add.last - add.first);
}

void AliasFinder::Remove(const ImportOp& add) {
  for (auto [i, end] = by_hva_.equal_range(add.hva); i != end; ++i) {
    if (i->second == &add) {
      by_hva_.erase(i);
      return;
    }
  }
}

}  // namespace iovalab
