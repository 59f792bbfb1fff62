#include "lab/import/vtd/vtd_scenario_steps.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fmt/format.h"
#include "model/profile/latency.h"
#include "util/fmt_absl.h"

namespace iovalab {
namespace {

constexpr uint64_t kFourGiB = uint64_t{1} << 32;
// Where guest memory lies in the VMM; up to kMemoryLast it fits below the end
// of a process.
constexpr uint64_t kMemoryBase = 0x400000000000;
// Entries of vhost-vdpa's table, where nothing says otherwise.
constexpr uint64_t kDefaultEntries = 2048;

void SetRange(pb::Range* range, uint64_t first, uint64_t last) {
  range->set_first(first);
  range->set_last(last);
}

}  // namespace

uint64_t VtdScenarioSteps::iova_last() const {
  return (uint64_t{1} << (levels_ == 3 ? 39 : levels_ == 4 ? 48 : 57)) - 1;
}

// In one block.
bool VtdScenarioSteps::HoldsMemory(uint64_t first, uint64_t last) {
  return first <= last && last <= kMemoryLast &&
         (first >= kFourGiB || last < kFourGiB);
}

std::string VtdScenarioSteps::Format() const {
  return absl::StrCat("vtd", levels_);
}

pb::Step* VtdScenarioSteps::Step(absl::string_view kind, uint64_t line) {
  std::string label = fmt::format("{}{}", kind, line);
  const int nth = ++labels_[label];
  if (nth > 1) absl::StrAppend(&label, "_", nth);
  pb::Step* step = out_.add_step();
  step->set_label(std::move(label));
  if (taken_) step->set_delay_ns(kFaultHandlerNs);
  taken_ = false;
  return step;
}

void VtdScenarioSteps::Map(uint64_t line, const VtdLiveMap& map,
                           bool readonly) {
  const uint64_t last = map.target + (map.last - map.first);
  uint64_t& top = map.target < kFourGiB ? last_low_ : last_high_;
  top = std::max(top, last);
  pb::Viommu* viommu = Step("map", line)->mutable_viommu();
  SetRange(viommu->mutable_iova(), map.first, map.last);
  viommu->set_gpa(map.target);
  viommu->set_readonly(readonly);
  if (waits_) certain_ = false;
}

void VtdScenarioSteps::Unmap(absl::string_view kind, uint64_t line,
                             const VtdLiveMap& map) {
  pb::Viommu* viommu = Step(kind, line)->mutable_viommu();
  SetRange(viommu->mutable_iova(), map.first, map.last);
  viommu->set_gpa(map.target);
  viommu->set_unmap(true);
  if (waits_) certain_ = false;
}

pb::Step* VtdScenarioSteps::Probe(absl::string_view kind, uint64_t line,
                                  uint64_t address) {
  landed_ = nullptr;
  fault_ = nullptr;
  pb::Step* step = Step(kind, line);
  SetRange(step->mutable_probe()->mutable_iova(), address, address);
  return step;
}

void VtdScenarioSteps::Dma(uint64_t line, uint64_t address) {
  const pb::Step* step = Probe("dma", line, address);
  pb::Expect* expect = Expects();
  if (expect == nullptr) return;
  landed_ = expect->add_access();
  landed_->set_step(step->label());
  landed_->set_is(pb::Expect::Access::OK);
}

void VtdScenarioSteps::Landed(uint64_t address) {
  if (landed_ != nullptr) landed_->set_lands_gpa(address);
}

void VtdScenarioSteps::Fault(uint64_t line, uint64_t address, bool write,
                             uint32_t reason) {
  pb::Step* step = Probe("fault", line, address);
  step->mutable_probe()->set_writable(write);
  pb::Expect* expect = Expects();
  if (expect == nullptr) return;
  pb::Expect::IommuFault* fault = expect->add_iommu_fault();
  fault->set_step(step->label());
  fault->set_code(reason);
  fault->set_iova(address);
  if (!certain_) return;
  fault->set_reported(false);
  fault_ = fault;
}

void VtdScenarioSteps::Recorded() {
  if (fault_ != nullptr) fault_->set_reported(true);
  fault_ = nullptr;
  waits_ = true;
}

void VtdScenarioSteps::Taken() {
  taken_ = true;
  waits_ = false;
  certain_ = true;
}

// Where to write what is expected of one more access, or null.
pb::Expect* VtdScenarioSteps::Expects() {
  if (expects_ >= max_expects_) return nullptr;
  ++expects_;
  if (expect_ != nullptr) return expect_;
  expect_ = out_.add_expect();
  const std::pair<const char*, std::string> when[] = {
      {"backend", "vdpa_platform_iommu"}, {"format", Format()}};
  for (const auto& [axis, value] : when) {
    pb::Expect::When* const out = expect_->add_when();
    out->set_axis(axis);
    out->add_value(value);
  }
  return expect_;
}

void VtdScenarioSteps::Axis(const char* name, const std::string& value) {
  pb::Axis* axis = out_.add_axis();
  axis->set_name(name);
  axis->add_value(value);
}

void VtdScenarioSteps::Memory(const char* name, uint64_t first, uint64_t last) {
  constexpr uint64_t kMiB = uint64_t{1} << 20;
  last |= kMiB - 1;
  pb::RamBlock* block = out_.add_ram_block();
  block->set_name(name);
  SetRange(block->mutable_hva(), kMemoryBase + first, kMemoryBase + last);
  pb::PhysicalRun* run = block->add_physical();
  SetRange(run->mutable_offset(), 0, last - first);
  run->set_hpa(first);
  pb::Region* region = out_.add_region();
  region->set_name(name);
  SetRange(region->mutable_addr(), first, last);
  region->set_ram_block(name);
}

pb::Scenario VtdScenarioSteps::Finish(uint32_t source_id, uint64_t most_maps) {
  Memory("below_4g", 0, last_low_);
  if (last_high_ > 0) Memory("above_4g", kFourGiB, last_high_);
  SetRange(out_.mutable_vmm()->mutable_iova_range(), 0, iova_last());
  out_.mutable_vmm()->set_listener_off_at_start(true);
  // A burst of faults is over before the driver takes the first.
  out_.mutable_device()->set_latency_ns(0);
  out_.mutable_iommu()->set_source_id(source_id);
  if (most_maps > kDefaultEntries) {
    out_.mutable_kernel()->set_max_iotlb_entries(most_maps);
  }
  Axis("mapping", "passthrough");
  Axis("backend", "vdpa_platform_iommu");
  Axis("format", Format());
  return std::move(out_);
}

}  // namespace iovalab
