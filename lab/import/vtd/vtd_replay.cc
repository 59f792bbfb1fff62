#include "lab/import/vtd/vtd_replay.h"

#include <algorithm>
#include <optional>

#include "absl/types/span.h"
#include "fmt/format.h"
#include "lab/import/vtd/vtd_unit.h"
#include "model/iommu/fault.h"
#include "model/iommu/fault_queue.h"
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

class Replayer {
 public:
  Replayer(const VtdCapture& capture, const VtdOrder& order, const Unit& unit)
      : capture_(capture),
        order_(order),
        unit_(capture, unit.cache),
        queue_{QemuVtdFaultQueue()} {
    queue_.shape.record.vtd_no_pasid = unit.no_pasid;
    result_.cache = unit.cache;
    result_.levels = VtdLevelsOf(capture);
  }

  VtdReplay Run() {
    bool after = false;
    for (const VtdStep& step : order_.steps) {
      if (step.after_guest && !after) {
        result_.mapped_pages = unit_.MappedPages();
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
    if (!after) result_.mapped_pages = unit_.MappedPages();
    return result_;
  }

 private:
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
    const VtdUnit::Done done = unit_.Guest(i, index_);
    if (capture_.guest[i].kind != VtdLineKind::kMap) return;
    ++result_.maps;
    result_.maps_without_domain += done == VtdUnit::Done::kNoDomain;
    result_.maps_refused += done == VtdUnit::Done::kRefused;
    result_.most_pages = std::max(result_.most_pages, unit_.MappedPages());
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
        unit_.Reset();  // QEMU vtd_reset_caches
        return;
      case VtdLineKind::kFlushPages:
      case VtdLineKind::kFlushDomain:
      case VtdLineKind::kFlushGlobal:
        // Past the end of the guest's ftrace it tells what was unmapped.
        unit_.Flush(l, after);
        return;
      default:
        return;
    }
  }

  // The trace has no direction here. Every leaf that QEMU's trace shows can be
  // read.
  void Cached(const VtdLine& l) {
    last_ = unit_.Access(l.source, l.address, false, index_);
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
    const VtdOutcome o =
        told ? *last_ : unit_.Access(l.source, l.address, false, index_);
    last_.reset();
    const bool same = o.reason == IommuFault::kNone &&
                      o.found->target == l.target &&
                      o.found->last() - o.found->first == l.mask;
    result_.translations.Count(same);
    if (same) return;
    Differs(l.line, fmt::format("0x{:x} -> 0x{:x}, predicted {}", l.address,
                                l.target, o.Text()));
  }

  void Fault(const VtdLine& l, bool after) {
    Settle();
    result_.faults_after_guest += after;
    const VtdOutcome o = unit_.Access(l.source, l.address, l.write, index_);
    PendingFault pending;
    pending.line = l.line;
    std::optional<DmaFault> fault;
    if (o.reason != IommuFault::kNone) {
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
                                      : o.Text()));
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

  const VtdCapture& capture_;
  const VtdOrder& order_;
  VtdUnit unit_;
  FaultQueue queue_;
  VtdReplay result_;
  uint32_t index_ = 0;  // of the last line of QEMU's
  std::optional<VtdOutcome> last_;
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
