#include "lab/compare/run_policies.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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

constexpr DeviceRow kDevices[] = {
    {"vdpa_sim", "vdpa_set_map_va", "vdpa_sim_set_map_va", ""},
    {"vdpa_sim", "vdpa_set_map_pa", "vdpa_sim_set_map_pa", ""},
    {"vduse", "vdpa_set_map_va", "vduse", ""},
    {"vduse", "vdpa_set_map_pa", "",
     "VDUSE maps shared files by user address; it has no PA mode"},
};

// A switch that says something about some strategies only.
struct SwitchRow {
  absl::string_view value;
  absl::string_view mappings;  // separated by spaces
  absl::string_view not_applicable;
};

constexpr SwitchRow kSwitches[] = {
    {"before_75a8ce64f6", " hva hva_id ",
     "only trees that are searched by HVA remove by a needle"},
    {"r2_fixed", " gpa ", "only gpa cleans up after a refused GPA"},
    {"r1_fixed", " hva hva_id ram_addr gpa ",
     "without a shadow queue nothing is translated"},
    {"before_b77a5f22ac", " hva hva_id ram_addr gpa ",
     "without a shadow queue nothing is translated"},
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
    if (run.device.use_va && row.device == "vdpa_sim" &&
        !run.kernel->vdpa_use_va) {
      resolved.not_applicable = absl::StrCat("vdpa_sim of ", run.kernel->name,
                                             " has no VA mode (recorded)");
    }
    return resolved;
  }
  sim::Check(false, "every device and backend has a row");
  return resolved;
}

}  // namespace iovalab
