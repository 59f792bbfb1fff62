#include "lab/import/predict.h"

#include <algorithm>
#include <map>

#include "fmt/format.h"
#include "lab/import/host_pairs.h"
#include "util/fmt_absl.h"

namespace iovalab {
namespace {

using Op = ImportOpKind;

// The VMM's side of one device, as far as a log shows it.
class Replay {
 public:
  Replay(IovaRange range, const Strategy& strategy)
      : range_(EffectiveIovaRange(range.first, range.last)),
        strategy_(strategy) {}

  Prediction Add(const ImportOp& op) {
    live_[op.first] = true;
    const uint64_t size = op.last - op.first + 1;
    if (!strategy_.shadow_queue) return {true, op.first, size};
    Sink sink(&stores_);
    uint64_t iova = 0;
    const int err = strategy_.add(sink, range_, Span(op), switches_, &iova);
    if (err != kIovaOk) return {.why = "no IOVA could be allocated"};
    return {true, iova, size};
  }

  Prediction Del(const ImportOp& op) {
    live_.erase(op.first);
    const uint64_t size = op.last - op.first + 1;
    if (!strategy_.shadow_queue) return {true, op.first, size};
    if (!op.known) return {.why = "its region_add is not in the log"};
    Sink sink(&stores_);
    const auto iova = strategy_.del(sink, Span(op), switches_);
    if (!iova) return {.why = "the tree has no such mapping"};
    return {true, *iova, size};
  }

  // Where guest RAM is not shadowed, the control virtqueue may be, in an
  // address space of its own: its memory has the tree for itself.
  Prediction MapHost(const ImportOp& op) {
    if (op.size == 0) return {.why = "size 0"};
    ++host_;
    Sink sink(&stores_);
    const auto map = strategy_.shadow_queue ? strategy_.host_map : HostMapByHva;
    uint64_t iova = 0;
    const HostSpan span{op.hva, op.size - 1, op.perm};
    if (map(sink, range_, span, &iova) != kIovaOk) {
      return {.why = "no IOVA could be allocated"};
    }
    return {true, iova, op.size};
  }

  Prediction UnmapHost(const ImportOp& map) {
    if (map.size == 0) return {.why = "size 0"};
    if (host_ > 0) --host_;
    Sink sink(&stores_);
    const bool shadow = strategy_.shadow_queue;
    const IovaFound found =
        (shadow ? strategy_.host_find : HostFindByHva)(sink, map.hva);
    if (!found.map) return {.why = "the tree has no such mapping"};
    const DmaMap node = *found.map;
    (shadow ? strategy_.host_remove : HostRemoveByIova)(sink, node.iova,
                                                        node.size);
    return {true, node.iova, node.size + 1};
  }

  // QEMU up to 10.0 makes its trees anew for each start of the device; later
  // ones keep them, with all that is in them.
  void ForgetWhenEmpty() {
    if (live_.empty() && host_ == 0) stores_ = Stores();
  }
  void Reset() {
    live_.clear();
    host_ = 0;
    stores_ = Stores();
  }

 private:
  static GuestSpan Span(const ImportOp& op) {
    return {.section_gpa = op.first,
            .gpa = op.first,
            .hva = op.hva,
            .ram_addr = 0,  // asked for by buffers only
            .size_minus_1 = op.last - op.first,
            .perm = op.readonly ? kPermRead : kPermReadWrite};
  }

  IovaRange range_;
  const Strategy& strategy_;
  VmmSwitches switches_;
  Stores stores_;
  std::map<uint64_t, bool> live_;  // sections, by first
  uint64_t host_ = 0;              // host-only mappings
};

void AppendWrong(const ImportDevice& device, const ImportOp& op,
                 const Prediction& predicted, PredictResult& result) {
  if (result.wrong.size() >= PredictResult::kMaxWrong) return;
  Mispredicted wrong;
  wrong.map = op.kind == Op::kRegionAdd || op.kind == Op::kHostMap;
  wrong.logged = op.logged >= 0;
  wrong.line = op.line;
  wrong.predicted = predicted;
  if (wrong.logged) {
    wrong.log = device.logged[op.logged];
    wrong.line = wrong.log.line;
  }
  result.wrong.push_back(wrong);
}

void Compare(const Import& import, const ImportDevice& device,
             const std::vector<Prediction>& predictions,
             PredictResult& result) {
  const auto seen = [&](QemuEventKind kind) {
    return import.counts.by_kind[static_cast<int>(kind)] > 0;
  };
  const bool maps = seen(QemuEventKind::kDmaMap);
  const bool unmaps = seen(QemuEventKind::kDmaUnmap);
  for (size_t i = 0; i < device.ops.size(); ++i) {
    const ImportOp& op = device.ops[i];
    const Prediction& p = predictions[i];
    if (op.logged >= 0) {
      const LoggedOp& log = device.logged[op.logged];
      ++result.total;
      if (p.sent && p.iova == log.iova && p.size == log.size) {
        ++result.predicted;
      } else {
        AppendWrong(device, op, p, result);
      }
      continue;
    }
    const bool traced = op.kind == Op::kRegionAdd ? maps : unmaps;
    const bool may_be_lost =
        import.counts.damaged > 0 || i + 1 == device.ops.size();
    if (p.sent && traced && !may_be_lost) {
      ++result.total;
      AppendWrong(device, op, p, result);
    }
  }
}

}  // namespace

std::vector<Prediction> PredictOps(absl::Span<const ImportOp> ops,
                                   IovaRange range, const Strategy& strategy) {
  const std::vector<int64_t> pairs = PairHostOps(ops);
  std::vector<Prediction> out(ops.size());
  Replay replay(range, strategy);
  for (size_t i = 0; i < ops.size(); ++i) {
    const ImportOp& op = ops[i];
    switch (op.kind) {
      case Op::kRegionAdd:
        out[i] = replay.Add(op);
        break;
      case Op::kRegionDel:
        out[i] = replay.Del(op);
        replay.ForgetWhenEmpty();
        break;
      case Op::kHostMap:
        out[i] = replay.MapHost(op);
        break;
      case Op::kHostUnmap:
        out[i] = pairs[i] < 0
                     ? Prediction{.why = "no host-only mapping is left"}
                     : replay.UnmapHost(ops[pairs[i]]);
        replay.ForgetWhenEmpty();
        break;
      case Op::kReset:
        replay.Reset();
        break;
      case Op::kCommit:
      case Op::kStart:
      case Op::kStop:
        break;
    }
  }
  return out;
}

PredictResult PredictImport(const Import& import, const Strategy& strategy) {
  PredictResult result;
  for (const ImportDevice& device : import.devices) {
    if (device.source != ImportSource::kVdpa) continue;
    Compare(
        import, device,
        PredictOps(device.ops, {device.iova_first, device.iova_last}, strategy),
        result);
  }
  std::stable_sort(result.wrong.begin(), result.wrong.end(),
                   [](const Mispredicted& a, const Mispredicted& b) {
                     return a.line < b.line;
                   });
  return result;
}

absl::string_view GuessMapping(const Import& import) {
  bool any = false, recent = false;
  // A ring is two maps at least; a single map without its section is a section
  // whose line the log lost.
  int host_maps = 0;
  for (const ImportDevice& device : import.devices) {
    any = any || !device.logged.empty();
    recent = recent || device.shared_pointer;
    for (const ImportOp& op : device.ops) {
      host_maps += op.kind == Op::kHostMap && op.asid == 0;
    }
  }
  if (!any) return "";
  return host_maps < 2 ? "passthrough" : recent ? "gpa" : "hva";
}

std::string PredictText(absl::string_view file, const PredictResult& result,
                        const Strategy& strategy) {
  std::string text =
      fmt::format("{}: predicted {} of {} map operations (strategy {})\n", file,
                  result.predicted, result.total, strategy.name);
  for (const Mispredicted& w : result.wrong) {
    const absl::string_view what = w.map ? "map  " : "unmap";
    fmt::format_to(std::back_inserter(text), "{}:{}: {} ", file, w.line, what);
    if (w.logged) {
      fmt::format_to(std::back_inserter(text),
                     "logged iova {:#x} size {:#x}, predicted ", w.log.iova,
                     w.log.size);
    } else {
      text += "not logged, predicted ";
    }
    if (w.predicted.sent) {
      fmt::format_to(std::back_inserter(text), "iova {:#x} size {:#x}\n",
                     w.predicted.iova, w.predicted.size);
    } else {
      fmt::format_to(std::back_inserter(text), "none: {}\n", w.predicted.why);
    }
  }
  const uint64_t wrong = result.total - result.predicted;
  if (wrong > result.wrong.size()) {
    fmt::format_to(std::back_inserter(text), "{}: and {} more\n", file,
                   wrong - result.wrong.size());
  }
  return text;
}

}  // namespace iovalab
