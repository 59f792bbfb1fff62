#include "lab/import/vtd/vtd_scenario.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fmt/format.h"
#include "lab/import/vtd/vtd_domains.h"
#include "lab/import/vtd/vtd_live_maps.h"
#include "lab/import/vtd/vtd_unit.h"
#include "lab/scenario/scenario_limits.h"
#include "model/iommu/format.h"
#include "model/kernel/iommu_fault_text.h"
#include "model/profile/latency.h"
#include "util/fmt_absl.h"

namespace iovalab {
namespace {

using K = VtdLineKind;

constexpr uint64_t kPage = 0x1000;
constexpr uint64_t kFourGiB = uint64_t{1} << 32;
// Guest memory lies here in the VMM, each page at its address; as much as fits
// below the end of a process.
constexpr uint64_t kMemoryBase = 0x400000000000;
constexpr uint64_t kMemoryLast = 0x1fffffffffff;
// Entries of vhost-vdpa's table, where nothing says otherwise.
constexpr uint64_t kDefaultEntries = 2048;

// Linux 6.12 drivers/iommu/intel/dmar.c dma_remap_fault_reasons: beyond the
// tables' width, no write access, no read access. The others tell of contexts
// or of tables that no map line shows.
bool IsOfMaps(uint32_t reason) { return reason >= 4 && reason <= 6; }

uint64_t LastOf(int levels) {
  return (uint64_t{1} << (levels == 3 ? 39 : levels == 4 ? 48 : 57)) - 1;
}

bool IsAccess(const VtdLine& l) {
  return l.kind == K::kFault || l.kind == K::kTranslate ||
         l.kind == K::kCacheHit || l.kind == K::kCacheUpdate;
}

void SetRange(pb::Range* range, uint64_t first, uint64_t last) {
  range->set_first(first);
  range->set_last(last);
}

class Writer {
 public:
  Writer(const VtdCapture& capture, const VtdOrder& order,
         const VtdScenarioOptions& options)
      : capture_(capture),
        order_(order),
        options_(options),
        domains_(capture),
        levels_(VtdLevelsOf(capture)) {}

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
      if (static_cast<size_t>(scenario().step_size()) > limits.max_steps) {
        return absl::ResourceExhaustedError(absl::StrCat(
            "the files need more than ", limits.max_steps,
            " steps, the most of a scenario: import a part of them"));
      }
    }
    Head();
    Memory("below_4g", 0, std::min(last_low_, kFourGiB - 1));
    if (last_high_ > 0) Memory("above_4g", kFourGiB, last_high_);
    return std::move(out_);
  }

 private:
  pb::Scenario& scenario() { return out_.scenario; }

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

  void Head() {
    pb::Scenario& s = scenario();
    s.set_name(options_.name);
    s.set_summary(fmt::format(
        "Imported from a guest behind an intel-iommu: {}. Each access is "
        "expected to be what QEMU's trace says.",
        out_.Text()));
    s.set_source(options_.source);
    SetRange(s.mutable_vmm()->mutable_iova_range(), 0, LastOf(levels_));
    s.mutable_vmm()->set_listener_off_at_start(true);
    // A burst of faults is over before the driver takes the first.
    s.mutable_device()->set_latency_ns(0);
    s.mutable_iommu()->set_source_id(out_.device);
    if (live_.most() > kDefaultEntries) {
      s.mutable_kernel()->set_max_iotlb_entries(live_.most());
    }
    Axis("mapping", "passthrough");
    Axis("backend", "vdpa_platform_iommu");
    Axis("format", Format());
  }

  std::string Format() const { return absl::StrCat("vtd", levels_); }

  void Axis(const char* name, const std::string& value) {
    pb::Axis* axis = scenario().add_axis();
    axis->set_name(name);
    axis->add_value(value);
  }

  // One block and one region, at the same address in host physical memory.
  void Memory(const char* name, uint64_t first, uint64_t last) {
    constexpr uint64_t kMiB = uint64_t{1} << 20;
    last |= kMiB - 1;
    pb::RamBlock* block = scenario().add_ram_block();
    block->set_name(name);
    SetRange(block->mutable_hva(), kMemoryBase + first, kMemoryBase + last);
    pb::PhysicalRun* run = block->add_physical();
    SetRange(run->mutable_offset(), 0, last - first);
    run->set_hpa(first);
    pb::Region* region = scenario().add_region();
    region->set_name(name);
    SetRange(region->mutable_addr(), first, last);
    region->set_ram_block(name);
  }

  pb::Step* Step(absl::string_view kind, uint64_t line) {
    std::string label = fmt::format("{}{}", kind, line);
    for (int n = 2; !labels_.insert(label).second; ++n) {
      label = fmt::format("{}{}_{}", kind, line, n);
    }
    pb::Step* step = scenario().add_step();
    step->set_label(std::move(label));
    if (taken_) step->set_delay_ns(kFaultHandlerNs);
    taken_ = false;
    return step;
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

  bool Fits(const VtdLine& l) {
    const uint64_t size = l.last - l.address;
    return l.last > l.address && l.last <= LastOf(levels_) &&
           (l.address | l.target | (l.last + 1)) % kPage == 0 &&
           l.target <= kMemoryLast && size <= kMemoryLast - l.target &&
           // In one block.
           (l.target >= kFourGiB || l.target + size < kFourGiB);
  }

  void Map(const VtdLine& l) {
    if (!Fits(l)) {
      ++out_.maps_left_out;
      return;
    }
    ++out_.maps;
    const uint64_t last = l.target + (l.last - l.address);
    uint64_t& top = l.target < kFourGiB ? last_low_ : last_high_;
    top = std::max(top, last);
    live_.Add({l.address, l.last, l.target});
    pb::Viommu* map = Step("map", l.line)->mutable_viommu();
    SetRange(map->mutable_iova(), l.address, l.last);
    map->set_gpa(l.target);
    // A second-stage leaf that can be written alone is read as well: Linux's
    // driver sets the read bit.
    map->set_readonly(domains_.PermissionOf(l, index_) == kAccessRead);
    if (waits_) certain_ = false;
  }

  void Unmap(const char* label, uint64_t line, uint64_t first, uint64_t last) {
    for (const VtdLiveMap& gone : live_.Remove(first, last)) {
      ++out_.unmaps;
      pb::Viommu* unmap = Step(label, line)->mutable_viommu();
      SetRange(unmap->mutable_iova(), gone.first, gone.last);
      unmap->set_gpa(gone.target);
      unmap->set_unmap(true);
      if (waits_) certain_ = false;
    }
  }

  void Qemu(const VtdLine& l, bool after) {
    if (IsAccess(l)) {
      if (l.source == out_.device) {
        Access(l, after);
      } else if (l.kind == K::kFault) {
        certain_ = false;  // its record may wait in the machine's place
      }
      return;
    }
    switch (l.kind) {
      case K::kRecord:
        if (fault_ != nullptr) fault_->set_reported(true);
        fault_ = nullptr;
        waits_ = true;
        return;
      case K::kPending:
        if (!l.write) Taken();
        return;
      case K::kFlushPages:
        // Past the end of the guest's ftrace it tells what was unmapped.
        if (after && l.domain == domain_) Flushed(l);
        return;
      default:
        return;
    }
  }

  void Taken() {
    taken_ = true;
    waits_ = false;
    certain_ = true;
  }

  void Flushed(const VtdLine& l) {
    const uint64_t size = l.mask >= 52 ? 0 : kPage << l.mask;
    const uint64_t first = size == 0 ? 0 : l.address & ~(size - 1);
    Unmap("flush", l.line, first, first + size - 1);
  }

  void Access(const VtdLine& l, bool after) {
    // Of one access QEMU says first where the leaf is, then the translation.
    if (l.kind == K::kTranslate && last_.has_value() &&
        ((*last_ ^ l.address) & ~l.mask) == 0) {
      if (landed_ != nullptr) {
        landed_->set_lands_gpa(l.target | (*last_ & l.mask));
      }
      last_.reset();
      landed_ = nullptr;
      return;
    }
    last_.reset();
    landed_ = nullptr;
    fault_ = nullptr;
    if (l.kind == K::kCacheHit || l.kind == K::kCacheUpdate) last_ = l.address;
    if (domains_.OfDevice(l.source, index_) != domain_) {
      ++out_.accesses_elsewhere;
    } else if (l.kind == K::kFault) {
      Fault(l);
    } else {
      Translation(l, after);
    }
  }

  pb::Step* Probe(absl::string_view label, const VtdLine& l, bool write) {
    pb::Step* step = Step(label, l.line);
    // QEMU's trace does not say how many bytes.
    SetRange(step->mutable_probe()->mutable_iova(), l.address, l.address);
    step->mutable_probe()->set_writable(write);
    return step;
  }

  // Its direction is not in the trace: it may read all that it may write.
  void Translation(const VtdLine& l, bool after) {
    if (after && !live_.Has(l.address)) {
      ++out_.accesses_unknown;
      return;
    }
    ++out_.translations;
    const pb::Step* step = Probe("dma", l, false);
    if (Expects() == nullptr) return;
    landed_ = expect_->add_access();
    landed_->set_step(step->label());
    landed_->set_is(pb::Expect::Access::OK);
    if (l.kind == K::kTranslate) landed_->set_lands_gpa(l.target);
  }

  void Fault(const VtdLine& l) {
    if (!IsOfMaps(l.reason)) {
      ++out_.faults_of_contexts;
      return;
    }
    ++out_.faults;
    const pb::Step* step = Probe("fault", l, l.write);
    if (Expects() == nullptr) return;
    pb::Expect::IommuFault* fault = expect_->add_iommu_fault();
    fault->set_step(step->label());
    fault->set_code(l.reason);
    fault->set_iova(l.address);
    if (!certain_) return;
    fault->set_reported(false);
    fault_ = fault;
  }

  // Where to write what is expected of one more access, or null.
  pb::Expect* Expects() {
    if (expects_ >= options_.max_expects) return nullptr;
    ++expects_;
    if (expect_ != nullptr) return expect_;
    expect_ = scenario().add_expect();
    for (const auto& [axis, value] :
         {std::pair<std::string, std::string>("backend", "vdpa_platform_iommu"),
          {"format", Format()}}) {
      auto* when = expect_->add_when();
      when->set_axis(axis);
      when->add_value(value);
    }
    return expect_;
  }

  const VtdCapture& capture_;
  const VtdOrder& order_;
  const VtdScenarioOptions& options_;
  const VtdDomains domains_;
  const int levels_;
  VtdScenario out_;
  std::optional<uint32_t> domain_;  // the device's, at its last access
  VtdLiveMaps live_;
  uint64_t last_low_ = 0, last_high_ = 0;  // of the memory that is mapped
  std::set<std::string> labels_;
  uint32_t index_ = 0;            // of the last line of QEMU's
  std::optional<uint64_t> last_;  // address of a leaf that was told of
  pb::Expect* expect_ = nullptr;
  size_t expects_ = 0;
  pb::Expect::Access* landed_ = nullptr;     // of last_
  pb::Expect::IommuFault* fault_ = nullptr;  // whose record may follow
  bool taken_ = false;  // the driver took the records since the last step
  bool waits_ = false;  // a record that it has not taken
  // Whether the next fault is recorded is known: not where another step came
  // while a record waited, as simulated time went on.
  bool certain_ = true;
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
