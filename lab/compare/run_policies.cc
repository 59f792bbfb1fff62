#include "lab/compare/run_policies.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lab/scenario/format_lacks.h"
#include "model/kernel/iommu_driver.h"
#include "model/kernel/iommu_flush.h"
#include "model/kernel/vhost_vdpa.h"
#include "model/vmm/strategy.h"
#include "model/vmm/switches.h"
#include "model/vmm/vmm_profile.h"
#include "sim/check.h"

namespace iovalab {
namespace {

// A device of the axis `device` behind a kernel path of the axis `backend`.
struct DeviceRow {
  absl::string_view device;
  absl::string_view backend;
  absl::string_view profile;         // of FindDeviceProfile; "" for none
  absl::string_view not_applicable;  // where there is none
};

constexpr absl::string_view kVduseSetMap =
    "VDUSE gets the whole table by set_map; it has no dma_map";
constexpr absl::string_view kNetSetMap =
    "vdpa_sim_net's two address spaces are modelled with set_map";
constexpr absl::string_view kVpNoMaps =
    "vp_vdpa has no map operations: vhost-vdpa maps in the platform's IOMMU";

constexpr DeviceRow kDevices[] = {
    {"vdpa_sim", "vdpa_set_map_va", "vdpa_sim_set_map_va", ""},
    {"vdpa_sim", "vdpa_set_map_pa", "vdpa_sim_set_map_pa", ""},
    // With user addresses it would differ from set_map in batches alone.
    {"vdpa_sim", "vdpa_dma_map", "vdpa_sim_dma_map_pa", ""},
    // The simulator has map operations whatever its parameters are, so hardware
    // without them stands in, and `backend` can be varied by itself.
    {"vdpa_sim", "vdpa_platform_iommu", "vp_vdpa", ""},
    {"vduse", "vdpa_set_map_va", "vduse", ""},
    {"vduse", "vdpa_set_map_pa", "",
     "VDUSE maps shared files by user address; it has no PA mode"},
    {"vduse", "vdpa_dma_map", "", kVduseSetMap},
    {"vduse", "vdpa_platform_iommu", "",
     "VDUSE is told of its mappings; the platform's IOMMU is not asked"},
    {"vp_vdpa", "vdpa_set_map_va", "", kVpNoMaps},
    {"vp_vdpa", "vdpa_set_map_pa", "", kVpNoMaps},
    {"vp_vdpa", "vdpa_dma_map", "", kVpNoMaps},
    {"vp_vdpa", "vdpa_platform_iommu", "vp_vdpa", ""},
    {"vp_vdpa_aw48", "vdpa_set_map_va", "", kVpNoMaps},
    {"vp_vdpa_aw48", "vdpa_set_map_pa", "", kVpNoMaps},
    {"vp_vdpa_aw48", "vdpa_dma_map", "", kVpNoMaps},
    {"vp_vdpa_aw48", "vdpa_platform_iommu", "vp_vdpa_aw48", ""},
    {"vdpa_sim_net", "vdpa_set_map_va", "vdpa_sim_net_va", ""},
    {"vdpa_sim_net", "vdpa_set_map_pa", "vdpa_sim_net_pa", ""},
    {"vdpa_sim_net", "vdpa_dma_map", "", kNetSetMap},
    {"vdpa_sim_net", "vdpa_platform_iommu", "",
     "the platform's IOMMU has one address space; a control queue in one of "
     "its "
     "own needs two (-EOPNOTSUPP)"},
};

// A switch that says something about some strategies only.
struct SwitchRow {
  absl::string_view value;
  absl::string_view mappings;  // separated by spaces
  absl::string_view not_applicable;
  // Says something about a control queue that is shadowed alone, too.
  bool translates = false;
};

constexpr SwitchRow kSwitches[] = {
    {"before_75a8ce64f6", " hva hva_id ",
     "only trees that are searched by HVA remove by a needle"},
    {"r2_fixed", " gpa ", "only gpa cleans up after a refused GPA"},
    {"r1_fixed", " hva hva_id ram_addr gpa ",
     "without a shadow queue nothing is translated", true},
    {"before_b77a5f22ac", " hva hva_id ram_addr gpa ",
     "without a shadow queue nothing is translated", true},
    {"before_7dab70bec3", " hva hva_id ram_addr gpa ",
     "without a shadow queue there is no tree"},
    {"before_10dab9f263", " hva hva_id ram_addr gpa ",
     "without a shadow queue there is no tree"},
};

bool HasViommu(const Scenario& scenario) {
  return std::any_of(
             scenario.regions.begin(), scenario.regions.end(),
             [](const auto& r) { return r.kind == RegionKind::kIommu; }) ||
         std::any_of(scenario.steps.begin(), scenario.steps.end(),
                     [](const auto& s) { return s.kind == StepKind::kViommu; });
}

uint32_t HighestAsid(const Scenario& scenario) {
  uint32_t highest = 0;
  for (const StepSpec& step : scenario.steps) {
    highest = std::max(highest, step.asid);
  }
  for (const QueueSpec& queue : scenario.queues) {
    highest = std::max(highest, queue.asid.value_or(0));
  }
  return highest;
}

// A control queue goes into an address space of its own where data queues are
// not shadowed. (Where the device has none, a switch of its shadow queue says
// nothing, but does no harm.)
bool MayIsolateControl(const Scenario& scenario) {
  return std::any_of(
      scenario.queues.begin(), scenario.queues.end(),
      [](const auto& queue) { return queue.control && !queue.asid; });
}

// The reason where the scenario asks for leaves that the format's driver does
// not write. All of VT-d write the same.
std::string LeavesLacking(const Scenario& scenario, absl::string_view format) {
  const IommuDriver* driver = FindIommuDriver(format);
  const uint64_t lacking = scenario.iommu.leaf_sizes & ~driver->leaf_sizes;
  if (lacking == 0) return "";
  return absl::StrCat("iommu.leaf_bytes has 0x",
                      absl::Hex(lacking & (~lacking + 1)), ", which ", format,
                      "'s driver does not write");
}

// The format that `format` names, and the IOVAs that its driver lets be mapped;
// the reason where there is none.
std::string ResolveFormat(const Policies& policies, const Scenario& scenario,
                          RunPolicies& run) {
  const absl::string_view format = policies.Get("format");
  if (format == "vtd") return LeavesLacking(scenario, "vtd4");  // as the device
  if (run.device.map_api != MapApi::kPlatform) {
    return absl::StrCat(policies.Get("backend"),
                        " has no page tables; vdpa_platform_iommu's have a "
                        "format");
  }
  run.iommu = FindIommuDriver(format);
  sim::Check(run.iommu != nullptr, "policies hold known values");
  run.device.iova_last = run.iommu->aperture_last();
  if (std::string why = LeavesLacking(scenario, format); !why.empty()) {
    return why;
  }
  if (run.iommu->map_rule == Rule::kIommuMapRiscv &&
      run.kernel->vdpa_unmaps_message) {
    return absl::StrCat("Linux drives RISC-V's IOMMU from 6.13 on; ",
                        run.kernel->name, " is too old");
  }
  return "";
}

// What contexts, processes and damage ask for that is not there; "" where all
// is.
std::string ResolveContexts(const Policies& policies, const Scenario& scenario,
                            RunPolicies& run) {
  if (run.device.map_api != MapApi::kPlatform) {
    const std::string needs = NeedsPlatform(scenario);
    if (needs.empty()) return "";
    return absl::StrCat(needs, " is for the platform's IOMMU, which ",
                        policies.Get("backend"), " has not");
  }
  const std::optional<FormatLacks> lacks = WhatFormatLacks(
      scenario,
      *(run.iommu != nullptr ? run.iommu : VtdDriverFor(run.device.iova_last)));
  return lacks ? absl::StrCat(lacks->field, " ", lacks->why) : "";
}

// What a device without the platform's IOMMU has no use for; the reason where a
// value other than the default was given.
std::string ResolveCaches(const Policies& policies, const Scenario&,
                          RunPolicies& run) {
  constexpr std::pair<absl::string_view, StaleWindow::Mode> kWindows[] = {
      {"old", StaleWindow::Mode::kOld},
      {"new", StaleWindow::Mode::kNew},
      {"seeded", StaleWindow::Mode::kSeeded}};
  const auto policy = FlushPolicyByName(policies.Get("invalidation"));
  sim::Check(policy.has_value(), "policies hold known values");
  run.invalidation = *policy;
  for (const auto& [name, mode] : kWindows) {
    if (name == policies.Get("window")) run.window = mode;
  }
  if (run.device.map_api == MapApi::kPlatform) return "";
  if (run.invalidation == FlushPolicy::kStrict &&
      run.window == StaleWindow::Mode::kOld) {
    return "";
  }
  return absl::StrCat(policies.Get("backend"),
                      " has no IOMMU with caches to invalidate; "
                      "vdpa_platform_iommu has");
}

}  // namespace

ResolvedPolicies ResolvePolicies(const Policies& policies,
                                 const Scenario& scenario) {
  ResolvedPolicies resolved;
  RunPolicies& run = resolved.run;
  run.strategy = StrategyByName(policies.Get("mapping"));
  run.kernel = FindKernelProfile(policies.Get("kernel"));
  const auto switches = SwitchesByName(policies.Get("switches"));
  sim::Check(
      run.strategy != nullptr && run.kernel != nullptr && switches.has_value(),
      "policies hold known values");
  run.switches = *switches;
  run.vmm = FindVmmProfile(policies.Get("vmm"));
  for (const SwitchRow& row : kSwitches) {
    if (row.translates &&
        (HighestAsid(scenario) > 0 || MayIsolateControl(scenario))) {
      continue;
    }
    if (row.value == policies.Get("switches") &&
        !absl::StrContains(row.mappings,
                           absl::StrCat(" ", run.strategy->name, " "))) {
      resolved.not_applicable = std::string(row.not_applicable);
    }
  }
  if (run.strategy->shadow_queue && HasViommu(scenario)) {
    resolved.not_applicable =
        "QEMU refuses a shadow queue behind a vIOMMU when the device starts";
    return resolved;
  }
  for (const DeviceRow& row : kDevices) {
    if (row.device != policies.Get("device") ||
        row.backend != policies.Get("backend")) {
      continue;
    }
    if (row.profile.empty()) {
      resolved.not_applicable = std::string(row.not_applicable);
      return resolved;
    }
    run.device = *FindDeviceProfile(row.profile);
    for (const auto resolve : {ResolveFormat, ResolveCaches, ResolveContexts}) {
      if (std::string why = resolve(policies, scenario, run); !why.empty()) {
        resolved.not_applicable = std::move(why);
        return resolved;
      }
    }
    if (run.device.use_va && absl::StartsWith(row.device, "vdpa_sim") &&
        !run.kernel->vdpa_use_va) {
      resolved.not_applicable = absl::StrCat(
          "vdpa_sim of ", run.kernel->name, " has no VA mode",
          absl::StartsWith(run.kernel->source, "recordings") ? " (recorded)"
                                                             : "");
    }
    if (scenario.iova_range.first.value > run.device.iova_last ||
        scenario.iova_range.last.value < run.device.iova_first) {
      resolved.not_applicable = absl::StrCat(
          "vmm.iova_range lies outside what ", run.device.name, " can address");
    }
    if (scenario.max_iotlb_entries &&
        absl::StartsWith(row.device, "vdpa_sim")) {
      run.device.table_limit = *scenario.max_iotlb_entries;
    }
    if (HighestAsid(scenario) >= run.device.address_spaces) {
      resolved.not_applicable = absl::StrCat(
          row.device, " has ", run.device.address_spaces,
          run.device.address_spaces == 1 ? " address space" : " address spaces",
          ", the scenario uses ASID ", HighestAsid(scenario));
    }
    if (HighestAsid(scenario) > 0 &&
        (run.kernel->vdpa_backend_features & kBackendIotlbAsid) == 0) {
      resolved.not_applicable = absl::StrCat(
          run.kernel->name, " has one address space, the scenario uses ASID ",
          HighestAsid(scenario));
    }
    return resolved;
  }
  resolved.not_applicable =
      absl::StrCat("no ", policies.Get("device"), " behind ",
                   policies.Get("backend"), " is modelled");
  return resolved;
}

}  // namespace iovalab
