#include "lab/import/vtd/vtd_scenario.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fmt/format.h"
#include "lab/import/vtd/vtd_domains.h"
#include "lab/import/vtd/vtd_live_maps.h"
#include "lab/import/vtd/vtd_scenario_steps.h"
#include "lab/import/vtd/vtd_unit.h"
#include "lab/scenario/scenario_limits.h"
#include "model/iommu/format.h"
#include "model/kernel/iommu_fault_text.h"
#include "util/fmt_absl.h"

namespace iovalab {
namespace {

using K = VtdLineKind;

constexpr uint64_t kPage = 0x1000;

// Linux 6.12 drivers/iommu/intel/dmar.c dma_remap_fault_reasons: beyond the
// tables' width, no write access, no read access. The others tell of contexts
// or of tables that no map line shows.
bool IsOfMaps(uint32_t reason) { return reason >= 4 && reason <= 6; }

bool IsAccess(const VtdLine& l) {
  return l.kind == K::kFault || l.kind == K::kTranslate ||
         l.kind == K::kCacheHit || l.kind == K::kCacheUpdate;
}

class Writer {
 public:
  Writer(const VtdCapture& capture, const VtdOrder& order,
         const VtdScenarioOptions& options)
      : capture_(capture),
        order_(order),
        options_(options),
        domains_(capture),
        steps_(VtdLevelsOf(capture), options.max_expects) {}

  absl::StatusOr<VtdScenario> Run() {
    if (!ChooseDevice()) {
      return absl::InvalidArgumentError(
          "no device's access in QEMU's trace to make a scenario of; log with "
          "-trace 'vtd_*'");
    }
    const LoadLimits limits;
    for (const VtdStep& step : order_.steps) {
      if (step.from == VtdStep::From::kGuest) {
        Guest(step.index);
      } else {
        index_ = step.index;
        Qemu(capture_.qemu[step.index], step.after_guest);
      }
      if (steps_.size() > limits.max_steps) {
        return absl::ResourceExhaustedError(absl::StrCat(
            "the files need more than ", limits.max_steps,
            " steps, the most of a scenario: import a part of them"));
      }
    }
    out_.scenario = steps_.Finish(out_.device, live_.most());
    out_.scenario.set_name(options_.name);
    out_.scenario.set_summary(fmt::format(
        "Imported from a guest behind an intel-iommu: {}. Each access is "
        "expected to be what QEMU's trace says.",
        out_.Text()));
    out_.scenario.set_source(options_.source);
    return std::move(out_);
  }

 private:
  bool ChooseDevice() {
    struct Seen {
      uint64_t faults = 0, accesses = 0;
      uint32_t last = 0;
    };
    std::map<uint32_t, Seen> devices;
    for (uint32_t i = 0; i < capture_.qemu.size(); ++i) {
      const VtdLine& l = capture_.qemu[i];
      if (!IsAccess(l)) continue;
      Seen& seen = devices[l.source];
      ++seen.accesses;
      seen.faults += l.kind == K::kFault;
      seen.last = i;
    }
    const auto most = std::max_element(
        devices.begin(), devices.end(), [](const auto& a, const auto& b) {
          return std::tie(a.second.faults, a.second.accesses) <
                 std::tie(b.second.faults, b.second.accesses);
        });
    if (most == devices.end()) return false;
    out_.device = most->first;
    domain_ = domains_.OfDevice(most->first, most->second.last);
    return true;
  }

  void Guest(uint32_t i) {
    const VtdLine& l = capture_.guest[i];
    if (l.kind == K::kCommand) return;
    const std::optional<uint32_t> domain = domains_.OfGuest(i);
    if (!domain.has_value()) out_.maps_without_domain += l.kind == K::kMap;
    if (!domain.has_value() || domain != domain_) return;
    if (l.kind == K::kUnmap) {
      Unmap("unmap", l.line, l.address, l.last);
    } else {
      Map(l);
    }
  }

  void Map(const VtdLine& l) {
    const uint64_t size = l.last - l.address;
    if (l.last < l.address || l.last > steps_.iova_last() ||
        (l.address | l.target | (l.last + 1)) % kPage != 0 ||
        size > VtdScenarioSteps::kMemoryLast ||
        !steps_.HoldsMemory(l.target, l.target + size)) {
      ++out_.maps_left_out;
      return;
    }
    ++out_.maps;
    const VtdLiveMap map{l.address, l.last, l.target};
    live_.Add(map);
    // A second-stage leaf that can be written alone is read as well: Linux's
    // driver sets the read bit.
    steps_.Map(l.line, map, domains_.PermissionOf(l, index_) == kAccessRead);
  }

  void Unmap(absl::string_view kind, uint64_t line, uint64_t first,
             uint64_t last) {
    for (const VtdLiveMap& gone : live_.Remove(first, last)) {
      ++out_.unmaps;
      steps_.Unmap(kind, line, gone);
    }
  }

  void Qemu(const VtdLine& l, bool after) {
    switch (l.kind) {
      case K::kFault:
      case K::kTranslate:
      case K::kCacheHit:
      case K::kCacheUpdate:
        if (l.source == out_.device) {
          Access(l, after);
        } else if (l.kind == K::kFault) {
          steps_.OtherFault();
        }
        return;
      case K::kRecord:
        steps_.Recorded();
        return;
      case K::kPending:
        if (!l.write) steps_.Taken();
        return;
      case K::kFlushPages:
        // Past the end of the guest's ftrace it tells what was unmapped.
        if (after && l.domain == domain_) Flushed(l);
        return;
      default:
        return;
    }
  }

  void Flushed(const VtdLine& l) {
    const uint64_t size = l.mask >= 52 ? 0 : kPage << l.mask;
    const uint64_t first = size == 0 ? 0 : l.address & ~(size - 1);
    Unmap("flush", l.line, first, first + size - 1);
  }

  // Of one access QEMU says first where the leaf is, then the translation.
  void Access(const VtdLine& l, bool after) {
    const bool again = l.kind == K::kTranslate && leaf_.has_value() &&
                       ((leaf_->address ^ l.address) & ~l.mask) == 0;
    if (again) {
      if (leaf_->probed) {
        steps_.Landed(l.target | (leaf_->address & l.mask));
      }
      leaf_.reset();
      return;
    }
    const bool probed = Probe(l, after);
    leaf_.reset();
    if (l.kind == K::kTranslate) {
      if (probed) steps_.Landed(l.target);
    } else if (l.kind != K::kFault) {
      leaf_ = Leaf{l.address, probed};
    }
  }

  // Whether it became a step. The direction of what was translated is not in
  // the trace: a device may read all that it may write.
  bool Probe(const VtdLine& l, bool after) {
    uint64_t* left_out = nullptr;
    if (domains_.OfDevice(l.source, index_) != domain_) {
      left_out = &out_.accesses_elsewhere;
    } else if (l.kind == K::kFault) {
      if (!IsOfMaps(l.reason)) left_out = &out_.faults_of_contexts;
    } else if (after && !live_.Has(l.address)) {
      left_out = &out_.accesses_unknown;
    }
    if (left_out != nullptr) {
      ++*left_out;
      // The run does not have its record.
      if (l.kind == K::kFault) steps_.OtherFault();
      return false;
    }
    if (l.kind == K::kFault) {
      ++out_.faults;
      steps_.Fault(l.line, l.address, l.write, l.reason);
    } else {
      ++out_.translations;
      steps_.Dma(l.line, l.address);
    }
    return true;
  }

  const VtdCapture& capture_;
  const VtdOrder& order_;
  const VtdScenarioOptions& options_;
  const VtdDomains domains_;
  VtdScenarioSteps steps_;
  VtdScenario out_;
  std::optional<uint32_t> domain_;  // the device's, at its last access
  VtdLiveMaps live_;
  uint32_t index_ = 0;  // of the last line of QEMU's
  struct Leaf {
    uint64_t address;
    bool probed;
  };
  std::optional<Leaf> leaf_;  // whose translation may follow
};

}  // namespace

std::string VtdScenario::Text() const {
  std::string text =
      fmt::format("device {}, {} maps, {} unmaps, {} translations, {} faults",
                  DeviceText(device), maps, unmaps, translations, faults);
  const struct {
    uint64_t count;
    absl::string_view what;
  } rows[] = {
      {faults_of_contexts, "faults of contexts or tables"},
      {accesses_elsewhere, "accesses in another domain"},
      {accesses_unknown, "accesses of what was mapped past the ftrace's end"},
      {maps_left_out, "maps that no table or memory holds"},
      {maps_without_domain, "maps of no known domain"},
  };
  bool any = false;
  for (const auto& row : rows) {
    if (row.count == 0) continue;
    absl::StrAppend(&text, any ? ", " : "; left out: ", row.count, " ",
                    row.what);
    any = true;
  }
  return text;
}

absl::StatusOr<VtdScenario> ScenarioFromVtd(const VtdCapture& capture,
                                            const VtdOrder& order,
                                            const VtdScenarioOptions& options) {
  return Writer(capture, order, options).Run();
}

}  // namespace iovalab
