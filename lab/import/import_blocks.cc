#include "lab/import/import_blocks.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "model/addr/address.h"

namespace iovalab {
namespace {

using Op = ImportOpKind;

struct Piece {
  uint64_t first, last;  // HVA, inclusive, whole pages
  uint64_t line;
};

std::vector<Piece> Pieces(absl::Span<const ImportDevice> devices) {
  std::map<std::pair<uint64_t, uint64_t>, uint64_t> lines;
  for (const ImportDevice& d : devices) {
    for (const ImportOp& op : d.ops) {
      if (op.kind != Op::kRegionAdd) continue;
      const uint64_t last = op.hva + (op.last - op.first);
      const auto [it, is_new] = lines.try_emplace(
          {PageDown(op.hva), last | (kPageSize - 1)}, op.line);
      it->second = std::min(it->second, op.line);
    }
  }
  std::vector<Piece> pieces;
  for (const auto& [range, line] : lines) {
    pieces.push_back({range.first, range.second, line});
  }
  return pieces;
}

// Host addresses at which QEMU kept two sections apart that would have been one
// if they were of one block: neighbours in guest and host addresses alike.
std::set<uint64_t> KeptApart(absl::Span<const ImportDevice> devices) {
  std::set<uint64_t> cuts;
  for (const ImportDevice& d : devices) {
    std::map<uint64_t, const ImportOp*> live;
    std::vector<const ImportOp*> added;  // since the last commit
    const auto check = [&] {
      for (const ImportOp* op : added) {
        const auto it = live.find(op->first);
        if (it == live.end() || it->second != op) continue;
        const auto after = std::next(it);
        for (auto b : {it, after}) {
          if (b == live.end() || b == live.begin()) continue;
          const ImportOp& high = *b->second;
          const ImportOp& low = *std::prev(b)->second;
          if (low.last + 1 == high.first && low.readonly == high.readonly &&
              low.hva + (low.last - low.first) + 1 == high.hva) {
            cuts.insert(high.hva);
          }
        }
      }
      added.clear();
    };
    for (const ImportOp& op : d.ops) {
      if (op.kind == Op::kRegionDel) {
        check();
        live.erase(op.first);
      } else if (op.kind == Op::kRegionAdd) {
        live[op.first] = &op;
        added.push_back(&op);
      } else if (op.kind == Op::kReset) {
        live.clear();
        added.clear();
      }
    }
    check();
  }
  return cuts;
}

}  // namespace

ImportBlocks::ImportBlocks(absl::Span<const ImportDevice> devices,
                           absl::Span<const NamedSpan> names) {
  std::set<uint64_t> cuts = KeptApart(devices);
  std::map<uint64_t, const NamedSpan*> by_hva;  // largest that begins there
  for (const NamedSpan& n : names) {
    const auto [it, is_new] = by_hva.try_emplace(n.hva, &n);
    if (n.size > it->second->size) it->second = &n;
  }
  const NamedSpan* before = nullptr;
  for (const auto& [hva, span] : by_hva) {
    if (before != nullptr && before->name != span->name &&
        before->hva + before->size == hva) {
      cuts.insert(hva);
    }
    before = span;
  }

  for (const Piece& p : Pieces(devices)) {
    ImportBlock* last = blocks_.empty() ? nullptr : &blocks_.back();
    const bool overlaps = last != nullptr && p.first < last->hva + last->size;
    const bool touches = last != nullptr && p.first == last->hva + last->size;
    if (overlaps || (touches && cuts.count(p.first) == 0)) {
      last->size = std::max(last->size, p.last - last->hva + 1);
      last->first_line = std::min(last->first_line, p.line);
    } else {
      blocks_.push_back({"", p.first, p.last - p.first + 1, 0, p.line});
    }
  }

  std::stable_sort(blocks_.begin(), blocks_.end(),
                   [](const ImportBlock& a, const ImportBlock& b) {
                     return a.first_line < b.first_line;
                   });
  std::set<std::string> taken;
  uint64_t base = kFirstBase;
  for (size_t i = 0; i < blocks_.size(); ++i) {
    ImportBlock& b = blocks_[i];
    const auto named = by_hva.lower_bound(b.hva);
    const bool has = named != by_hva.end() && b.Contains(named->first) &&
                     !named->second->name.empty();
    b.name = has ? named->second->name : absl::StrCat("ram", i);
    while (!taken.insert(b.name).second) absl::StrAppend(&b.name, "_", i);
    // A gap behind each, so that blocks never touch.
    constexpr uint64_t kStep = uint64_t{1} << 30;
    b.base = base;
    base += (b.size + 2 * kStep - 1) & ~(kStep - 1);
    by_hva_.push_back(i);
  }
  std::sort(by_hva_.begin(), by_hva_.end(), [&](size_t a, size_t b) {
    return blocks_[a].hva < blocks_[b].hva;
  });
}

const ImportBlock* ImportBlocks::Find(uint64_t hva) const {
  const auto it = std::upper_bound(
      by_hva_.begin(), by_hva_.end(), hva,
      [&](uint64_t h, size_t i) { return h < blocks_[i].hva; });
  if (it == by_hva_.begin()) return nullptr;
  const ImportBlock& b = blocks_[*std::prev(it)];
  return b.Contains(hva) ? &b : nullptr;
}

}  // namespace iovalab
