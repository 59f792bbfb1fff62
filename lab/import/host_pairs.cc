#include "lab/import/host_pairs.h"

#include <cstddef>

namespace iovalab {
namespace {

using Op = ImportOpKind;

constexpr size_t kBuffers = 2;       // out and status, of the control virtqueue
constexpr size_t kRings = 2;         // driver and device area
constexpr size_t kMaxMapped = 4096;  // remembered; real devices have fewer

struct Mapped {
  int64_t op;
  bool buffer;
};

// The maps of one start are ops[maps]. Buffers are those that no vring followed
// or, where the log does not say which maps are vrings, the two before the last
// two when these four stand out: an address space of their own, one page each
// behind larger rings, or unmapped after the listener's deletions.
void FindBuffers(absl::Span<const ImportOp> ops, bool unmapped_late,
                 std::vector<Mapped>& maps) {
  size_t rings = 0;
  for (const Mapped& m : maps) rings += ops[m.op].ring;
  if (rings > 0) {
    for (Mapped& m : maps) m.buffer = !ops[m.op].ring;
    return;
  }
  const size_t n = maps.size();
  if (n < kBuffers + kRings) return;
  const size_t from = n - kBuffers - kRings;
  const auto at = [&](size_t i) -> const ImportOp& { return ops[maps[i].op]; };
  bool own_asid = at(from).has_asid && at(from).asid != 0;
  bool equal = from > 0 && at(0).size > at(from).size;
  for (size_t i = from; i < n; ++i) {
    own_asid = own_asid && at(i).asid == at(from).asid;
    equal = equal && at(i).size == at(from).size;
  }
  if (!own_asid && !equal && !unmapped_late) return;
  for (size_t i = from; i < from + kBuffers; ++i) maps[i].buffer = true;
}

// Whether, from the first unmap at `at` to the next map, host-only memory is
// unmapped after a region_del.
bool UnmapsLate(absl::Span<const ImportOp> ops, size_t at) {
  bool del = false;
  for (size_t i = at; i < ops.size(); ++i) {
    if (ops[i].kind == Op::kHostMap || ops[i].kind == Op::kReset) return false;
    if (ops[i].kind == Op::kRegionDel) del = true;
    if (ops[i].kind == Op::kHostUnmap && del) return true;
  }
  return false;
}

// The mapping to end: the first that fits, rings before buffers; where none
// fits wholly, whatever came first of the same address space.
size_t Choose(absl::Span<const ImportOp> ops, const std::vector<Mapped>& maps,
              const ImportOp& unmap) {
  for (const bool by_size : {true, false}) {
    for (const bool buffer : {false, true}) {
      for (size_t i = 0; i < maps.size(); ++i) {
        const ImportOp& map = ops[maps[i].op];
        if (maps[i].buffer != buffer) continue;
        if (by_size && map.size != unmap.size) continue;
        if (map.has_asid && unmap.has_asid && map.asid != unmap.asid) continue;
        return i;
      }
    }
  }
  return maps.size();
}

}  // namespace

std::vector<int64_t> PairHostOps(absl::Span<const ImportOp> ops) {
  std::vector<int64_t> pairs(ops.size(), -1);
  std::vector<Mapped> maps;
  bool fresh = false;  // maps came since FindBuffers
  for (size_t i = 0; i < ops.size(); ++i) {
    if (ops[i].kind == Op::kReset) maps.clear();
    if (ops[i].kind == Op::kHostMap && maps.size() < kMaxMapped) {
      maps.push_back({static_cast<int64_t>(i), false});
      fresh = true;
    }
    if (ops[i].kind != Op::kHostUnmap) continue;
    if (fresh) FindBuffers(ops, UnmapsLate(ops, i), maps);
    fresh = false;
    const size_t chosen = Choose(ops, maps, ops[i]);
    if (chosen == maps.size()) continue;
    pairs[i] = maps[chosen].op;
    maps.erase(maps.begin() + static_cast<ptrdiff_t>(chosen));
  }
  return pairs;
}

}  // namespace iovalab
