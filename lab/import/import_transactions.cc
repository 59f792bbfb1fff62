#include "lab/import/import_transactions.h"

#include <algorithm>
#include <map>
#include <utility>

#include "lab/import/host_pairs.h"

namespace iovalab {
namespace {

using Op = ImportOpKind;
using Kind = ImportStep::Kind;

// Live sections copied into a step: enough to choose DMA targets from.
constexpr size_t kMaxLive = 256;

class Cutter {
 public:
  Cutter(absl::Span<const ImportOp> ops, const ImportBlocks& blocks)
      : ops_(ops), blocks_(blocks), pairs_(PairHostOps(ops)) {
    for (const ImportOp& op : ops) {
      says_running_ = says_running_ || op.kind == Op::kStart;
      has_host_ = has_host_ || op.kind == Op::kHostMap;
    }
  }

  std::vector<ImportStep> Run() {
    for (size_t i = 0; i < ops_.size(); ++i) One(i);
    Flush();
    return std::move(steps_);
  }

 private:
  void One(size_t i) {
    const ImportOp& op = ops_[i];
    switch (op.kind) {
      case Op::kRegionDel: {
        const auto it = live_.find(op.first);
        if (it == live_.end() || it->second.last != op.last) return;
        Del(it->second);
        return;
      }
      case Op::kRegionAdd: {
        // Its deletion was lost.
        const auto it = live_.find(op.first);
        if (it != live_.end()) Del(it->second);
        Add({op.first, op.last, op.hva, op.readonly});
        return;
      }
      case Op::kHostMap:
        if (op.size == 0) return;
        Host(Kind::kHostMap, &op);
        ++host_;
        return;
      case Op::kHostUnmap:
        if (pairs_[i] < 0 || ops_[pairs_[i]].size == 0) return;
        Host(Kind::kHostUnmap, &ops_[pairs_[i]]);
        --host_;
        return;
      case Op::kReset:
        while (!live_.empty()) Del(live_.begin()->second);
        Flush();
        host_ = 0;
        return;
      case Op::kCommit:
        Flush();
        return;
      case Op::kStart:
      case Op::kStop:
        Flush();
        running_ = op.kind == Op::kStart;
        return;
    }
  }

  void Del(ImportSection section) {
    if (!add_.empty() || (!del_.empty() && section < del_.back())) Flush();
    del_.push_back(section);
    live_.erase(section.first);
  }

  void Add(ImportSection section) {
    const bool again = std::binary_search(del_.begin(), del_.end(), section);
    if (again || (!add_.empty() && section < add_.back())) Flush();
    KeepApart(section);
    add_.push_back(section);
    live_[section.first] = section;
  }

  // Neighbours that continue each other in host memory, and that QEMU did not
  // merge, differ in something that the log does not say (vhost and vfio lines
  // have no read-only flag): let it be that.
  void KeepApart(ImportSection& section) {
    const auto continues = [&](const ImportSection& a, const ImportSection& b) {
      return a.last + 1 == b.first && a.hva + (a.last - a.first) + 1 == b.hva &&
             blocks_.Find(a.hva) == blocks_.Find(b.hva);
    };
    const auto after = live_.lower_bound(section.first);
    if (after != live_.begin()) {
      const ImportSection& before = std::prev(after)->second;
      if (continues(before, section) && before.readonly == section.readonly) {
        section.readonly = !section.readonly;
        return;
      }
    }
    if (after != live_.end() && continues(section, after->second) &&
        after->second.readonly == section.readonly) {
      section.readonly = !section.readonly;
    }
  }

  void Flush() {
    if (del_.empty() && add_.empty()) return;
    ImportStep step;
    step.kind = Kind::kMemory;
    step.running = (running_ || !says_running_) && (host_ > 0 || !has_host_);
    if (!del_.empty()) {
      for (const auto& [first, section] : live_) {
        if (step.live.size() == kMaxLive) break;
        step.live.push_back(section);
      }
    }
    step.del.swap(del_);
    step.add.swap(add_);
    steps_.push_back(std::move(step));
  }

  void Host(Kind kind, const ImportOp* map) {
    Flush();
    ImportStep step;
    step.kind = kind;
    step.host = map;
    steps_.push_back(step);
  }

  absl::Span<const ImportOp> ops_;
  const ImportBlocks& blocks_;
  std::vector<int64_t> pairs_;
  std::vector<ImportStep> steps_;
  std::map<uint64_t, ImportSection> live_;
  std::vector<ImportSection> del_, add_;
  bool says_running_ = false;
  bool running_ = false;
  bool has_host_ = false;
  int64_t host_ = 0;
};

}  // namespace

std::vector<ImportStep> ImportTransactions(absl::Span<const ImportOp> ops,
                                           const ImportBlocks& blocks) {
  return Cutter(ops, blocks).Run();
}

}  // namespace iovalab
