#include "lab/import/monitor_import.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lab/import/monitor_blocks.h"
#include "model/addr/address.h"

namespace iovalab {
namespace {

using Op = ImportOpKind;

// Host addresses of our own making: block i is at (i + 1) << 45.
constexpr int kBlockShift = 45;
static_assert(kMostOffset * 2 + 1 < uint64_t{1} << kBlockShift);
static_assert(kMaxDumpBlocks < uint64_t{1} << (64 - kBlockShift - 1));

uint64_t BlockBase(size_t block) {
  return static_cast<uint64_t>(block + 1) << kBlockShift;
}

struct Section {
  uint64_t first, last, hva;
  bool readonly;
  friend auto operator<=>(const Section&, const Section&) = default;
};
using View = std::map<Section, uint64_t>;  // to its line

class Builder {
 public:
  explicit Builder(const MonitorDump& dump) : dump_(dump), blocks_(dump) {}

  absl::StatusOr<Import> Run() {
    if (dump_.views.empty()) {
      const uint64_t tree = dump_.tree_line;
      return absl::InvalidArgumentError(absl::StrCat(
          PlaceOfLine(dump_.files, tree != 0 ? tree : 1),
          tree != 0 ? ": this is `info mtree`; the flat view is needed: `info "
                      "mtree -f`"
                    : ": no `info mtree -f`, which says what lies where"));
    }
    if (absl::Status status = blocks_.Check(); !status.ok()) return status;
    ImportDevice device;
    device.source = ImportSource::kMonitor;
    device.name = "monitor";
    bool deletes = false;
    View before;
    for (const DumpView& view : dump_.views) {
      absl::StatusOr<View> now = Sections(view);
      if (!now.ok()) return now.status();
      deletes = Step(before, *now, view.line, &device.ops) || deletes;
      before = *std::move(now);
    }
    Import import;
    if (!deletes) import.what_if = WhatIf(before, &device.ops);
    import.files = dump_.files;
    import.views = dump_.views.size();
    import.devices.push_back(std::move(device));
    import.names = Names(import.devices[0].ops);
    return import;
  }

 private:
  absl::StatusOr<View> Sections(const DumpView& view) {
    View out;
    for (const DumpSection& s : view.sections) {
      const absl::StatusOr<size_t> block = blocks_.Of(s);
      if (!block.ok()) return block.status();
      // An in-page offset that differs: the listener says so and skips it.
      if ((s.first ^ s.offset) % kPageSize != 0) continue;
      const uint64_t skip = (kPageSize - s.first % kPageSize) % kPageSize;
      const uint64_t cut = (s.last + 1) % kPageSize;
      if (s.last - s.first < skip + cut) continue;
      out[{s.first + skip, s.last - cut, BlockBase(*block) + s.offset + skip,
           s.readonly}] = s.line;
    }
    return out;
  }

  static void Append(Op kind, const Section& s, uint64_t line,
                     std::vector<ImportOp>* ops) {
    ImportOp op;
    op.kind = kind;
    op.line = line;
    op.first = s.first;
    op.last = s.last;
    op.hva = s.hva;
    op.readonly = s.readonly;
    ops->push_back(op);
  }

  static void Commit(uint64_t line, std::vector<ImportOp>* ops) {
    ImportOp op;
    op.line = line;
    ops->push_back(op);
  }

  // Whether something was deleted.
  static bool Step(const View& before, const View& now, uint64_t line,
                   std::vector<ImportOp>* ops) {
    const size_t was = ops->size();
    for (const auto& [s, at] : before) {
      if (!now.contains(s)) Append(Op::kRegionDel, s, line, ops);
    }
    const bool deletes = ops->size() > was;
    for (const auto& [s, at] : now) {
      if (!before.contains(s)) Append(Op::kRegionAdd, s, at, ops);
    }
    if (ops->size() > was) Commit(line, ops);
    return deletes;
  }

  // What is seen of each block.
  std::vector<NamedSpan> Names(const std::vector<ImportOp>& ops) const {
    std::map<size_t, NamedSpan> spans;
    for (const ImportOp& op : ops) {
      if (op.kind != Op::kRegionAdd) continue;
      const size_t block = (op.hva >> kBlockShift) - 1;
      const uint64_t last = op.hva + (op.last - op.first);
      NamedSpan& span =
          spans.try_emplace(block, NamedSpan{op.hva, 0, {}}).first->second;
      const uint64_t end = std::max(span.hva + span.size, last + 1);
      span.hva = std::min(span.hva, op.hva);
      span.size = end - span.hva;
      span.name = blocks_.names()[block];
    }
    std::vector<NamedSpan> out;
    for (auto& [block, span] : spans) out.push_back(std::move(span));
    return out;
  }

  // How many went and came back.
  static uint64_t WhatIf(const View& view, std::vector<ImportOp>* ops) {
    std::vector<std::pair<Section, uint64_t>> by_hva(view.begin(), view.end());
    std::sort(by_hva.begin(), by_hva.end(), [](const auto& a, const auto& b) {
      return a.first.hva < b.first.hva;
    });
    // A section that begins in another's memory shares it; whichever lies
    // higher in guest memory is the alias.
    std::map<Section, uint64_t> aliases;
    const std::pair<Section, uint64_t>* longest = nullptr;
    const auto end_of = [](const Section& s) {
      return s.hva + (s.last - s.first);
    };
    for (const auto& entry : by_hva) {
      if (longest != nullptr && entry.first.hva <= end_of(longest->first)) {
        aliases.insert(std::max(entry, *longest));
      }
      if (longest == nullptr || end_of(longest->first) < end_of(entry.first)) {
        longest = &entry;
      }
    }
    uint64_t count = 0;
    for (const auto& [s, line] : aliases) {
      if (count == kMaxWhatIf) break;
      ++count;
      for (const Op kind : {Op::kRegionDel, Op::kRegionAdd}) {
        Append(kind, s, line, ops);
        Commit(line, ops);
      }
    }
    return count;
  }

  const MonitorDump& dump_;
  MonitorBlocks blocks_;
};

}  // namespace

absl::StatusOr<Import> ImportMonitorDump(const MonitorDump& dump) {
  return Builder(dump).Run();
}

}  // namespace iovalab
