// The judging half of import_report.h: the kernel's table as the log's messages
// leave it, against the sections that the guest has.

#include <algorithm>
#include <map>
#include <utility>

#include "fmt/format.h"
#include "lab/import/import_report.h"

namespace iovalab {
namespace {

using Op = ImportOpKind;

constexpr size_t kMaxShown = 64;
// Steps spent on looking for aliases among very many sections.
constexpr uint64_t kMaxSteps = 20'000'000;

using TableKey = std::pair<uint32_t, uint64_t>;  // ASID, first IOVA

struct Node {
  MappedThing thing;
  bool deleted = false;  // its section is gone, it is not
  uint64_t hva = 0;
};

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
        case Op::kHostMap:
          Map(op, HostThing(op));
          break;
        case Op::kHostUnmap:
          HostUnmap(op);
          break;
        case Op::kReset:
          live_.clear();
          by_hva_.clear();
          table_.clear();
          break;
        case Op::kCommit:
        case Op::kStart:
        case Op::kStop:
          break;
      }
    }
    for (const auto& [key, node] : table_) {
      if (!node.deleted) continue;
      if (report_.stale_count++ < kMaxShown)
        report_.stale.push_back(node.thing);
    }
    Conclude();
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

  // Enters what the log says was mapped; false where nothing was logged or the
  // kernel would have refused it.
  bool Map(const ImportOp& op, MappedThing thing, TableKey* key = nullptr) {
    const LoggedOp* log = Logged(op);
    if (log == nullptr || log->size == 0 ||
        log->iova > UINT64_MAX - (log->size - 1)) {
      return false;
    }
    thing.iova = log->iova;
    thing.iova_last = log->iova + (log->size - 1);
    thing.asid = log->asid;
    thing.line = log->line;
    if (Touching(log->asid, thing.iova, thing.iova_last) != table_.end()) {
      return false;  // EEXIST
    }
    table_[{log->asid, thing.iova}] = {thing, false, op.hva};
    if (key != nullptr) *key = {log->asid, thing.iova};
    return true;
  }

  // The lowest entry of the address space that touches [first, last].
  std::map<TableKey, Node>::iterator Touching(uint32_t asid, uint64_t first,
                                              uint64_t last) {
    auto it = table_.upper_bound({asid, first});
    if (it != table_.begin()) {
      const auto before = std::prev(it);
      if (before->first.first == asid &&
          before->second.thing.iova_last >= first) {
        return before;
      }
    }
    return it != table_.end() && it->first.first == asid &&
                   it->first.second <= last
               ? it
               : table_.end();
  }

  void Add(const ImportOp& op) {
    NoteAliases(op);
    LiveSection live{&op, false, {}};
    live.mapped = Map(op, SectionThing(op), &live.node);
    report_.paired = report_.paired || live.mapped;
    if (live.mapped && live.node.second != op.first) report_.shadowed = true;
    live_.insert_or_assign(op.first, live);
    by_hva_.emplace(op.hva, &op);
    longest_ = std::max(longest_, op.last - op.first);
    report_.sections_max =
        std::max<uint64_t>(report_.sections_max, live_.size());
  }

  void NoteAliases(const ImportOp& op) {
    const uint64_t first = op.hva, last = op.hva + (op.last - op.first);
    auto it = by_hva_.lower_bound(first > longest_ ? first - longest_ : 0);
    for (; it != by_hva_.end() && it->first <= last; ++it) {
      if (++steps_ > kMaxSteps) {
        report_.more_aliases = true;
        return;
      }
      const ImportOp& a = *it->second;
      const uint64_t a_last = a.hva + (a.last - a.first);
      if (a_last < first || a.first == op.first) continue;
      AliasPair pair;
      pair.hva = std::max(a.hva, first);
      pair.shared_size = std::min(a_last, last) - pair.hva + 1;
      pair.a_first = a.first;
      pair.a_last = a.last;
      pair.b_first = op.first;
      pair.b_last = op.last;
      pair.shared_a_first = a.first + (pair.hva - a.hva);
      pair.shared_b_first = op.first + (pair.hva - op.hva);
      pair.line = op.line;
      NoteAlias(pair);
    }
  }

  void NoteAlias(const AliasPair& pair) {
    for (const AliasPair& known : report_.aliases) {
      if (known.a_first == pair.a_first && known.a_last == pair.a_last &&
          known.b_first == pair.b_first && known.b_last == pair.b_last) {
        return;
      }
    }
    if (report_.aliases.size() < kMaxShown) {
      report_.aliases.push_back(pair);
    } else {
      report_.more_aliases = true;
    }
  }

  void Del(const ImportOp& op) {
    const auto it = live_.find(op.first);
    std::pair<bool, TableKey> own{false, {}};
    MappedThing self = SectionThing(op);
    if (it != live_.end()) {
      own = {it->second.mapped, it->second.node};
      const auto node = table_.find(own.second);
      // Taken by another's unmap before this.
      own.first = own.first && node != table_.end() && !node->second.deleted &&
                  node->second.thing.first == op.first;
      if (it->second.mapped && Logged(*it->second.add) != nullptr) {
        const LoggedOp& log = *Logged(*it->second.add);
        self.iova = log.iova;
        self.iova_last = log.iova + (log.size - 1);
        self.asid = log.asid;
        self.line = log.line;
      }
      if (own.first) NoteTelling(op, own.second);
      Forget(*it->second.add);
      live_.erase(it);
    }
    Unmap(op, self, own.first ? &own.second : nullptr, op.known);
    const auto stays = own.first ? table_.find(own.second) : table_.end();
    if (stays != table_.end()) stays->second.deleted = true;
  }

  void Forget(const ImportOp& add) {
    for (auto [i, end] = by_hva_.equal_range(add.hva); i != end; ++i) {
      if (i->second == &add) {
        by_hva_.erase(i);
        return;
      }
    }
  }

  // A look-up by HVA would have found another mapping first, and the log
  // unmapped the right one: this QEMU looks up by something else.
  void NoteTelling(const ImportOp& op, const TableKey& own) {
    const LoggedOp* log = Logged(op);
    if (log == nullptr || log->iova != own.second || report_.aliases.empty()) {
      return;
    }
    const uint64_t last = op.hva + (op.last - op.first);
    for (const auto& [key, node] : table_) {
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
    const auto node = table_.find({log->asid, log->iova});
    MappedThing self;
    self.host_only = true;
    const bool own = node != table_.end() && node->second.thing.host_only;
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
      const auto it = Touching(log->asid, wrong.iova, wrong.iova_last);
      if (it == table_.end()) break;
      if (own != nullptr && it->first == *own) {
        own_gone = true;
      } else {
        wrong.removed_live = wrong.removed_live || !it->second.deleted;
        if (wrong.removed_count++ < 8)
          wrong.removed.push_back(it->second.thing);
      }
      table_.erase(it);
    }
    wrong.self_stays = own != nullptr && !own_gone;
    if (!judge && wrong.removed_count == 0) return;
    if (wrong.removed_count == 0 && !wrong.self_stays) return;
    if (report_.wrong_count++ < kMaxShown) report_.wrong.push_back(wrong);
  }

  void Conclude();

  const ImportDevice& device_;
  DeviceReport& report_;
  std::map<uint64_t, LiveSection> live_;             // by first GPA
  std::multimap<uint64_t, const ImportOp*> by_hva_;  // live ones' region_adds
  std::map<TableKey, Node> table_;
  uint64_t longest_ = 0;
  uint64_t steps_ = 0;
};

void Judge::Conclude() {
  DeviceReport& r = report_;
  const bool aliases = !r.aliases.empty();
  r.verdict = HitVerdict::kNotHit;
  if (r.wrong_count > 0) {
    r.verdict = HitVerdict::kHit;
    r.reason = fmt::format(
        "{} of its unmaps removed a mapping that was not its "
        "own",
        r.wrong_count);
  } else if (device_.source != ImportSource::kVdpa) {
    r.reason = device_.source == ImportSource::kVfio
                   ? "vfio maps at IOVA = GPA, so there is no tree to ask"
                   : "vhost-user and kernel vhost get the whole memory table, "
                     "so there is no tree to ask";
  } else if (device_.logged.empty()) {
    r.verdict = HitVerdict::kUnknown;
    r.reason = "the log has no vhost_vdpa_dma_map and _unmap lines";
  } else if (!r.paired) {
    r.verdict = HitVerdict::kUnknown;
    r.reason =
        "none of its maps follows a region_add of the log, so whose memory "
        "they are is not known";
  } else if (!r.shadowed) {
    r.reason = "no shadow queue: IOVA = GPA, so there is no tree to ask";
  } else if (!aliases) {
    r.reason = "no two sections that were mapped at one time share host memory";
  } else if (r.told_by_gpa) {
    r.reason =
        "sections alias, but each unmap removed its own mapping where a "
        "look-up "
        "by HVA would have found another: this QEMU looks up by GPA";
  } else {
    r.reason =
        "sections alias, but none of them was unmapped in a way that would "
        "tell a look-up by HVA from one by GPA";
  }
  if (device_.source == ImportSource::kVdpa || !aliases) return;
  r.reason +=
      "; a vDPA device with x-svq=on beside it, in a QEMU before 10.0, would "
      "be "
      "exposed by the aliases below";
}

}  // namespace

ImportReport JudgeImport(const Import& import) {
  ImportReport report;
  bool hit = false, unknown = import.devices.empty();
  for (const ImportDevice& device : import.devices) {
    report.devices.emplace_back();
    Judge(device, &report.devices.back()).Run();
    hit = hit || report.devices.back().verdict == HitVerdict::kHit;
    unknown = unknown || report.devices.back().verdict == HitVerdict::kUnknown;
  }
  report.verdict = hit       ? HitVerdict::kHit
                   : unknown ? HitVerdict::kUnknown
                             : HitVerdict::kNotHit;
  return report;
}

}  // namespace iovalab
