#include "lab/import/vtd_replay.h"

#include <algorithm>
#include <optional>

#include "absl/types/span.h"
#include "fmt/format.h"
#include "lab/import/vtd_domains.h"
#include "lab/import/vtd_tables.h"
#include "model/iommu/fault.h"
#include "model/iommu/fault_queue.h"
#include "model/iommu/iotlb.h"
#include "model/iommu/iotlb_shape.h"
#include "model/kernel/iommu_fault_text.h"
#include "util/fmt_absl.h"

namespace iovalab {
namespace {

// QEMU's VT-d by version, as far as a trace shows it. Since 9.1 the PASID field
// of a fault record has its 20 bits.
struct Unit {
  absl::string_view cache;
  uint32_t no_pasid;
};
constexpr Unit kUnits[] = {{"qemu_vtd_7_2", 0xffff}, {"qemu_vtd", 0xfffff}};

// The machine's width as dmesg tells it (QEMU: aw-bits), else the least that
// the maps need.
int LevelsOf(const VtdCapture& capture) {
  uint64_t bits = 0;
  for (const VtdLine& l : capture.dmesg) {
    if (l.kind == VtdLineKind::kDmesgWidth) bits = l.address;
  }
  if (bits == 0) {
    uint64_t last = 0;
    for (const VtdLine& l : capture.guest) {
      if (l.kind == VtdLineKind::kMap) last = std::max(last, l.last);
    }
    while (bits < 64 && last >> bits != 0) ++bits;
  }
  return bits <= 39 ? 3 : bits <= 48 ? 4 : 5;
}

class Replayer {
 public:
  Replayer(const VtdCapture& capture, const VtdOrder& order, const Unit& unit)
      : capture_(capture),
        order_(order),
        domains_(capture),
        tables_(LevelsOf(capture)),
        iotlb_(IotlbShapeOf(unit.cache)),
        queue_{QemuVtdFaultQueue()} {
    queue_.shape.record.vtd_no_pasid = unit.no_pasid;
    result_.cache = unit.cache;
    result_.levels = LevelsOf(capture);
  }

  VtdReplay Run() {
    bool after = false;
    for (const VtdStep& step : order_.steps) {
      if (step.after_guest && !after) {
        result_.mapped_pages = tables_.MappedPages();
      }
      after = step.after_guest;
      if (step.from == VtdStep::From::kGuest) {
        Guest(step.index);
      } else {
        index_ = step.index;
        Qemu(capture_.qemu[step.index], after);
      }
    }
    Settle();
    if (!after) result_.mapped_pages = tables_.MappedPages();
    return result_;
  }

 private:
  // What became of an access.
  struct Outcome {
    bool hit = false;
    std::optional<IotlbEntry> found;
    FaultReason reason = FaultReason::kNone;
    FaultPlace place = FaultPlace::kPages;
  };
  struct PendingFault {
    uint64_t line = 0;
    bool reported = false;  // as predicted
    FaultRecord record;
    bool recorded = false;  // a vtd_frr_new line came
    bool same = false;      // with these bits
  };

  void Differs(uint64_t line, std::string what) {
    if (result_.mismatches.size() < VtdReplay::kMaxMismatches) {
      result_.mismatches.push_back({line, std::move(what)});
    }
  }

  void Guest(uint32_t i) {
    const VtdLine& l = capture_.guest[i];
    if (l.kind == VtdLineKind::kCommand) return;
    const std::optional<uint32_t> domain = domains_.OfGuest(i);
    if (l.kind == VtdLineKind::kUnmap) {
      if (domain.has_value()) tables_.Unmap(*domain, l.address, l.last);
      return;
    }
    ++result_.maps;
    if (!domain.has_value()) {
      ++result_.maps_without_domain;
      return;
    }
    if (!tables_.Map(*domain, l.address, l.last, l.target, Permission(l))) {
      ++result_.maps_refused;
    }
    result_.most_pages = std::max(result_.most_pages, tables_.MappedPages());
  }

  // Unknown for pages that no device touched: then both.
  uint32_t Permission(const VtdLine& map) const {
    constexpr uint64_t kPages = 512;  // looked at, of a large map
    const uint64_t last = std::min(map.last - map.address, kPages << 12);
    for (uint64_t offset = 0; offset <= last; offset += 0x1000) {
      const std::optional<uint32_t> perm = domains_.Permission(
          map.address + offset, map.target + offset, index_);
      if (perm.has_value()) return *perm;
    }
    return kAccessRead | kAccessWrite;
  }

  void Qemu(const VtdLine& l, bool after) {
    switch (l.kind) {
      case VtdLineKind::kCacheHit:
      case VtdLineKind::kCacheUpdate:
        Cached(l);
        return;
      case VtdLineKind::kTranslate:
        Translated(l);
        return;
      case VtdLineKind::kFault:
        Fault(l, after);
        return;
      case VtdLineKind::kRecord:
        Recorded(l);
        return;
      case VtdLineKind::kPending:
        if (!l.write) Taken();
        return;
      case VtdLineKind::kRoot:
      case VtdLineKind::kEnable:
        iotlb_.Invalidate({.any_domain = true});  // QEMU vtd_reset_caches
        return;
      case VtdLineKind::kFlushPages:
      case VtdLineKind::kFlushDomain:
      case VtdLineKind::kFlushGlobal:
        Flush(l, after);
        return;
      default:
        return;
    }
  }

  Outcome Access(uint32_t source, uint64_t iova, bool write) {
    Outcome o;
    const std::optional<uint32_t> domain = domains_.OfDevice(source, index_);
    if (!domain.has_value()) {
      o.reason = FaultReason::kNoContext;
      o.place = FaultPlace::kContext;
      return o;
    }
    const uint32_t need = write ? kAccessWrite : kAccessRead;
    if (const IotlbEntry* const e = iotlb_.Find(*domain, kNoPasid, iova)) {
      o.hit = true;
      o.found = *e;
      if ((e->perm & need) == 0) o.reason = FaultReason::kPermission;
      return o;
    }
    const Walked walked = tables_.Translate(*domain, iova, write);
    if (!walked.ok) {
      o.reason = walked.reason;
      return o;
    }
    IotlbEntry e;
    e.shift = walked.size_bits;
    const uint64_t offset = (uint64_t{1} << e.shift) - 1;
    e.first = iova & ~offset;
    e.target = walked.pa & ~offset;
    e.domain = *domain;
    e.perm = walked.perm;
    e.generation = tables_.generation(*domain);
    iotlb_.Insert(e, iova);
    o.found = e;
    return o;
  }

  // The trace has no direction here. Every leaf that QEMU's trace shows can be
  // read.
  void Cached(const VtdLine& l) {
    last_ = Access(l.source, l.address, false);
    last_source_ = l.source;
    last_page_ = l.address & ~uint64_t{0xfff};
    const bool hit = l.kind == VtdLineKind::kCacheHit;
    result_.hits.Count(last_->hit == hit);
    if (last_->hit != hit) {
      Differs(l.line, fmt::format("IOTLB {} at 0x{:x}, predicted a {}",
                                  hit ? "hit" : "miss", l.address,
                                  last_->hit ? "hit" : "miss"));
    }
  }

  void Translated(const VtdLine& l) {
    const bool told = last_.has_value() && last_source_ == l.source &&
                      last_page_ == (l.address & ~uint64_t{0xfff});
    const Outcome o = told ? *last_ : Access(l.source, l.address, false);
    last_.reset();
    const bool same = o.reason == FaultReason::kNone &&
                      o.found->target == l.target &&
                      o.found->last() - o.found->first == l.mask;
    result_.translations.Count(same);
    if (same) return;
    Differs(l.line, fmt::format("0x{:x} -> 0x{:x}, predicted {}", l.address,
                                l.target, Told(o)));
  }

  static std::string Told(const Outcome& o) {
    if (o.reason != FaultReason::kNone) {
      return fmt::format("a fault ({})", FaultReasonName(o.reason));
    }
    return fmt::format("0x{:x}", o.found->target);
  }

  void Fault(const VtdLine& l, bool after) {
    Settle();
    result_.faults_after_guest += after;
    const Outcome o = Access(l.source, l.address, l.write);
    PendingFault pending;
    pending.line = l.line;
    std::optional<DmaFault> fault;
    if (o.reason != FaultReason::kNone) {
      FaultCause cause;
      cause.reason = o.reason;
      cause.access = l.write ? FaultAccess::kWrite : FaultAccess::kRead;
      cause.place = o.place;
      fault = MakeFault(FaultDialect::kVtdLegacy, cause, l.source, l.address);
    }
    const bool same = fault.has_value() && fault->code == l.reason &&
                      fault->address == l.address &&
                      fault->source_id == l.source;
    result_.faults.Count(same);
    if (!same) {
      Differs(l.line, fmt::format("fault {} at 0x{:x} by {}, predicted {}",
                                  l.reason, l.address, DeviceText(l.source),
                                  fault.has_value()
                                      ? fmt::format("fault {}", fault->code)
                                      : Told(o)));
    }
    if (fault.has_value()) Report(*fault, pending);
    pending_ = pending;
  }

  void Report(const DmaFault& fault, PendingFault& pending) {
    const FaultReport report = FaultQueuePush(queue_, fault);
    pending.reported = report.reported();
    pending.record = report.record;
    result_.faults_reported += report.reported();
    result_.faults_compressed += report.fate == FaultFate::kCompressed;
    result_.faults_overflowed += report.fate == FaultFate::kOverflowed ||
                                 report.fate == FaultFate::kLatched;
    if (!report.reported()) return;
    const std::string status = VtdStatusText(queue_.overflow, true);
    Dmesg(VtdLineKind::kDmesgStatus, {&status, 1});
    Dmesg(VtdLineKind::kDmesgFault,
          FaultText(FaultDialect::kVtdLegacy, report.record));
  }

  // Lines of dmesg in order. A driver that finds several records prints the
  // status once, and dmesg may end before the trace.
  void Dmesg(VtdLineKind kind, absl::Span<const std::string> texts) {
    for (const std::string& text : texts) {
      while (dmesg_ < capture_.dmesg.size() &&
             capture_.dmesg[dmesg_].kind == VtdLineKind::kDmesgWidth) {
        ++dmesg_;
      }
      if (dmesg_ == capture_.dmesg.size()) return;
      const VtdLine& l = capture_.dmesg[dmesg_];
      if (l.kind != kind && kind == VtdLineKind::kDmesgStatus) return;
      ++dmesg_;
      result_.dmesg.Count(l.text == text);
      if (l.text != text) {
        Differs(l.line, fmt::format("\"{}\", predicted \"{}\"", l.text, text));
      }
    }
  }

  void Recorded(const VtdLine& l) {
    if (!pending_.has_value()) {
      result_.records.Count(false);
      Differs(l.line, "a fault record without a fault");
      return;
    }
    pending_->recorded = true;
    pending_->same = pending_->record.words[0] == l.low &&
                     pending_->record.words[1] == (l.high | kVtdRecordValid);
    if (!pending_->same) {
      Differs(l.line,
              fmt::format("record 0x{:x} 0x{:x}, predicted {}", l.high, l.low,
                          pending_->reported
                              ? fmt::format("0x{:x} 0x{:x}",
                                            pending_->record.words[1] &
                                                ~kVtdRecordValid,
                                            pending_->record.words[0])
                              : "none"));
    }
  }

  // The lines of the last fault are over.
  void Settle() {
    if (!pending_.has_value()) return;
    const PendingFault p = *pending_;
    pending_.reset();
    const bool same = p.reported ? p.recorded && p.same : !p.recorded;
    result_.records.Count(same);
    if (p.reported && !p.recorded) {
      Differs(p.line, "predicted a fault record; there is none");
    }
  }

  // All F bits are clear; Linux's handler clears the overflow flag with them.
  void Taken() {
    Settle();
    while (FaultQueuePop(queue_).has_value()) {
    }
    FaultQueueClearOverflow(queue_);
  }

  void Flush(const VtdLine& l, bool after) {
    IotlbMatch match;
    match.any_domain = l.kind == VtdLineKind::kFlushGlobal;
    match.domain = l.domain;
    match.any_address = l.kind != VtdLineKind::kFlushPages;
    match.address = l.address;
    match.mask = static_cast<uint8_t>(std::min<uint64_t>(l.mask, 52));
    iotlb_.Invalidate(match);
    // What the guest unmapped past the end of its ftrace.
    if (!after || match.any_address) return;
    const uint64_t size = match.mask >= 52 ? 0 : uint64_t{0x1000} << match.mask;
    const uint64_t first = size == 0 ? 0 : l.address & ~(size - 1);
    tables_.Unmap(l.domain, first, first + size - 1);
  }

  const VtdCapture& capture_;
  const VtdOrder& order_;
  VtdDomains domains_;
  VtdTables tables_;
  Iotlb iotlb_;
  FaultQueue queue_;
  VtdReplay result_;
  uint32_t index_ = 0;  // of the last line of QEMU's
  std::optional<Outcome> last_;
  uint32_t last_source_ = 0;
  uint64_t last_page_ = 0;
  std::optional<PendingFault> pending_;
  size_t dmesg_ = 0;
};

uint64_t Same(const VtdReplay& r) {
  return r.translations.reproduced + r.hits.reproduced + r.faults.reproduced +
         r.records.reproduced + r.dmesg.reproduced;
}

}  // namespace

bool VtdReplay::all() const {
  for (const VtdTally* tally :
       {&translations, &hits, &faults, &records, &dmesg}) {
    if (tally->reproduced != tally->total) return false;
  }
  return true;
}

VtdReplay ReplayVtdCapture(const VtdCapture& capture, const VtdOrder& order,
                           absl::string_view cache) {
  const Unit& unit = cache == kUnits[0].cache ? kUnits[0] : kUnits[1];
  return Replayer(capture, order, unit).Run();
}

VtdReplay ReplayVtdCapture(const VtdCapture& capture, const VtdOrder& order) {
  const VtdReplay older = ReplayVtdCapture(capture, order, kUnits[0].cache);
  const VtdReplay newer = ReplayVtdCapture(capture, order, kUnits[1].cache);
  return Same(newer) > Same(older) ? newer : older;
}

}  // namespace iovalab
