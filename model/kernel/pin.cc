#include "model/kernel/pin.h"

#include <algorithm>
#include <vector>

#include "sim/check.h"

namespace iovalab {
namespace {

// Extends the pieces by [first, last] with this count, joining equal counts.
void Append(std::vector<Entry>& pieces, uint64_t first, uint64_t last,
            uint64_t count) {
  if (count == 0) return;
  if (!pieces.empty() && pieces.back().last + 1 == first &&
      pieces.back().target == count) {
    pieces.back().last = last;
    return;
  }
  pieces.push_back(Entry{first, last, count, 0, kPermNone});
}

// The entries that touch or adjoin [first, last].
std::vector<Entry> Neighbourhood(const IntervalTable& pins, uint64_t first,
                                 uint64_t last) {
  std::vector<Entry> entries;
  const uint64_t from = first == 0 ? 0 : first - 1;
  for (auto e = pins.FirstIn(from, last + 1); e;
       e = pins.FirstIn(e->last + 1, last + 1)) {
    entries.push_back(*e);
    if (e->last > last) break;
  }
  return entries;
}

// What the neighbourhood is with `change` added to the counts of [first, last].
std::vector<Entry> Changed(const std::vector<Entry>& old, uint64_t first,
                           uint64_t last, int change) {
  std::vector<Entry> now;
  uint64_t at = first;  // next byte of [first, last] to account for
  for (const Entry& e : old) {
    if (e.last < first || e.first > last) {
      if (e.first > last && at <= last) {
        Append(now, at, last, static_cast<uint64_t>(change));
        at = last + 1;
      }
      Append(now, e.first, e.last, e.target);
      continue;
    }
    if (e.first < first) Append(now, e.first, first - 1, e.target);
    if (e.first > at) {
      Append(now, at, e.first - 1, static_cast<uint64_t>(change));
    }
    const uint64_t end = std::min(e.last, last);
    Append(now, std::max(e.first, first), end, e.target + change);
    at = end + 1;
    if (e.last > last) Append(now, last + 1, e.last, e.target);
  }
  if (at <= last) Append(now, at, last, static_cast<uint64_t>(change));
  return now;
}

bool SameKeys(const Entry& a, const Entry& b) {
  return a.first == b.first && a.last == b.last;
}

// Deltas from `old` to `now`, both in key order: deletions, then the rest.
void Replace(const std::vector<Entry>& old, const std::vector<Entry>& now,
             Rule rule, Sink& sink) {
  auto n = now.begin();
  const auto find = [](auto at, auto end, const Entry& e) {
    while (at != end && at->first < e.first) ++at;
    return at;
  };
  for (const Entry& e : old) {
    n = find(n, now.end(), e);
    if (n == now.end() || !SameKeys(*n, e)) {
      sink.Del(kPinStore, e, rule, Actor::kKernel);
    }
  }
  auto o = old.begin();
  for (const Entry& e : now) {
    o = find(o, old.end(), e);
    if (o == old.end() || !SameKeys(*o, e)) {
      sink.Add(kPinStore, e, rule, Actor::kKernel);
    } else if (!(*o == e)) {
      sink.Set(kPinStore, *o, e, rule, Actor::kKernel);
    }
  }
}

void Change(Hpa first, Hpa last, int change, Rule rule, Sink& sink) {
  const auto old =
      Neighbourhood(sink.table(kPinStore), first.value, last.value);
  Replace(old, Changed(old, first.value, last.value, change), rule, sink);
}

}  // namespace

void PinPages(Hpa first, Hpa last, Rule rule, Sink& sink) {
  Change(first, last, 1, rule, sink);
}

void UnpinPages(Hpa first, Hpa last, Rule rule, Sink& sink) {
  const IntervalTable& pins = sink.table(kPinStore);
  for (uint64_t at = first.value; at <= last.value;) {
    const auto e = pins.Find(at);
    sim::Check(e.has_value(), "a page to unpin is not pinned");
    at = e->last + 1;
  }
  Change(first, last, -1, rule, sink);
}

}  // namespace iovalab
