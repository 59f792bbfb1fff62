// The judging half of import_report.h: the kernel's table as the log's messages
// leave it, against the sections that the guest has.

#include <algorithm>
#include <map>
#include <utility>

#include "lab/import/alias_finder.h"
#include "lab/import/import_report.h"
#include "lab/import/import_verdict.h"
#include "lab/import/logged_table.h"

namespace iovalab {
namespace {

using Op = ImportOpKind;

constexpr size_t kMaxShown = 64;
// Steps spent on telling a look-up by GPA among very many mappings.
constexpr uint64_t kMaxSteps = 20'000'000;

struct LiveSection {
  const ImportOp* add;
  bool mapped = false;
  TableKey node;  // where mapped
};

class Judge {
 public:
  Judge(const ImportDevice& device, DeviceReport* report)
      : device_(device), report_(*report) {
    report_.device = device.name;
  }

  void Run() {
    for (const ImportOp& op : device_.ops) {
      switch (op.kind) {
        case Op::kRegionAdd:
          Add(op);
          break;
        case Op::kRegionDel:
          Del(op);
          break;
        case Op::kHostMap: {
          TableKey key;
          Map(op, HostThing(op), &key);
          break;
        }
        case Op::kHostUnmap:
          HostUnmap(op);
          break;
        case Op::kReset:
          live_.clear();
          aliases_.Clear();
          table_ = {};
          break;
        case Op::kCommit:
        case Op::kStart:
        case Op::kStop:
          break;
      }
    }
    for (const auto& [key, node] : table_.entries()) {
      if (!node.deleted) continue;
      if (report_.stale_count++ < kMaxShown)
        report_.stale.push_back(node.thing);
    }
    ConcludeDevice(device_, &report_);
  }

 private:
  const LoggedOp* Logged(const ImportOp& op) const {
    return op.logged >= 0 ? &device_.logged[op.logged] : nullptr;
  }

  static MappedThing HostThing(const ImportOp& op) {
    MappedThing t;
    t.host_only = true;
    t.first = op.hva;
    t.last = op.hva + op.size - 1;
    return t;
  }

  static MappedThing SectionThing(const ImportOp& op) {
    MappedThing t;
    t.first = op.first;
    t.last = op.last;
    return t;
  }

  // Enters what the log says was mapped, if anything.
  bool Map(const ImportOp& op, const MappedThing& thing, TableKey* key) {
    const LoggedOp* log = Logged(op);
    return log != nullptr && table_.Add(thing, *log, op.hva, key);
  }

  void Add(const ImportOp& op) {
    aliases_.Add(op, &report_);
    LiveSection live{&op, false, {}};
    live.mapped = Map(op, SectionThing(op), &live.node);
    report_.paired = report_.paired || live.mapped;
    if (live.mapped && live.node.second != op.first) report_.shadowed = true;
    live_.insert_or_assign(op.first, live);
    report_.sections_max =
        std::max<uint64_t>(report_.sections_max, live_.size());
  }

  void Del(const ImportOp& op) {
    LoggedTable::Map& entries = table_.entries();
    const auto it = live_.find(op.first);
    std::pair<bool, TableKey> own{false, {}};
    MappedThing self = SectionThing(op);
    if (it != live_.end()) {
      own = {it->second.mapped, it->second.node};
      const auto node = entries.find(own.second);
      // Taken by another's unmap before this.
      own.first = own.first && node != entries.end() && !node->second.deleted &&
                  node->second.thing.first == op.first;
      if (it->second.mapped && Logged(*it->second.add) != nullptr) {
        const LoggedOp& log = *Logged(*it->second.add);
        self.iova = log.iova;
        self.iova_last = log.iova + (log.size - 1);
        self.asid = log.asid;
        self.line = log.line;
      }
      if (own.first) NoteTelling(op, own.second);
      aliases_.Remove(*it->second.add);
      live_.erase(it);
    }
    Unmap(op, self, own.first ? &own.second : nullptr, op.known);
    const auto stays = own.first ? entries.find(own.second) : entries.end();
    if (stays != entries.end()) stays->second.deleted = true;
  }

  // A look-up by HVA would have found another mapping first, and the log
  // unmapped the right one: this QEMU looks up by something else.
  void NoteTelling(const ImportOp& op, const TableKey& own) {
    const LoggedOp* log = Logged(op);
    if (log == nullptr || log->iova != own.second || report_.aliases.empty()) {
      return;
    }
    const uint64_t last = op.hva + (op.last - op.first);
    for (const auto& [key, node] : table_.entries()) {
      if (key >= own || ++steps_ > kMaxSteps) return;
      const MappedThing& t = node.thing;
      const uint64_t node_last = node.hva + (t.iova_last - t.iova);
      if (!t.host_only && node.hva <= last && op.hva <= node_last) {
        report_.told_by_gpa = true;
        return;
      }
    }
  }

  void HostUnmap(const ImportOp& op) {
    const LoggedOp* log = Logged(op);
    const auto node = table_.entries().find({log->asid, log->iova});
    MappedThing self;
    self.host_only = true;
    const bool own =
        node != table_.entries().end() && node->second.thing.host_only;
    if (own) self = node->second.thing;
    const TableKey key{log->asid, log->iova};
    Unmap(op, self, own ? &key : nullptr, own);
  }

  // Removes what the logged unmap touches, and notes it where that is not the
  // one entry that it should be.
  void Unmap(const ImportOp& op, const MappedThing& self, const TableKey* own,
             bool judge) {
    const LoggedOp* log = Logged(op);
    if (log == nullptr || log->size == 0) return;
    WrongUnmap wrong;
    wrong.line = log->line;
    wrong.iova = log->iova;
    wrong.iova_last =
        log->iova + std::min(log->size - 1, UINT64_MAX - log->iova);
    wrong.self = self;
    bool own_gone = false;
    while (true) {
      const auto it = table_.Touching(log->asid, wrong.iova, wrong.iova_last);
      if (it == table_.entries().end()) break;
      if (own != nullptr && it->first == *own) {
        own_gone = true;
      } else {
        wrong.removed_live = wrong.removed_live || !it->second.deleted;
        if (wrong.removed_count++ < 8)
          wrong.removed.push_back(it->second.thing);
      }
      table_.entries().erase(it);
    }
    wrong.self_stays = own != nullptr && !own_gone;
    if (!judge && wrong.removed_count == 0) return;
    if (wrong.removed_count == 0 && !wrong.self_stays) return;
    if (report_.wrong_count++ < kMaxShown) report_.wrong.push_back(wrong);
  }

  const ImportDevice& device_;
  DeviceReport& report_;
  std::map<uint64_t, LiveSection> live_;  // by first GPA
  AliasFinder aliases_;
  LoggedTable table_;
  uint64_t steps_ = 0;
};

}  // namespace

ImportReport JudgeImport(const Import& import) {
  ImportReport report;
  report.verdict = HitVerdict::kNotHit;
  if (import.devices.empty()) report.verdict = HitVerdict::kUnknown;
  for (const ImportDevice& device : import.devices) {
    report.devices.emplace_back();
    Judge(device, &report.devices.back()).Run();
    report.verdict = std::max(report.verdict, report.devices.back().verdict);
  }
  return report;
}

}  // namespace iovalab
