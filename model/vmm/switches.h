#ifndef IOVALAB_MODEL_VMM_SWITCHES_H_
#define IOVALAB_MODEL_VMM_SWITCHES_H_

// VmmSwitches: defects of QEMU's vhost-vdpa code, present or past, each to be
// turned on or off. The defaults are the code as merged (10.0/10.1).
//
// Not for: differences between strategies (strategy.h).

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace iovalab {

struct VmmSwitches {
  // Residual, in the merged code.
  // R1: the SVQ's needle has size = length, one byte too long (derived).
  bool needle_one_too_long = true;
  // R2: cleaning up after a refused GPA removes the older GPA node (derived);
  // so does a section at GPA 0 for which no IOVA is left.
  bool cleanup_removes_older = true;
  // R3: the section's exclusive end is compared with the inclusive last IOVA,
  // and the GPA is compared even where the IOVA is another (derived).
  bool range_check_mixes_ends = true;

  // Fixed: true brings the old defect back.
  // 75a8ce64f6 (Jul 2022): removal by the needle, whose IOVA was 0.
  bool remove_by_needle = false;
  // 10dab9f263 (Aug 2022): region_del of something unknown dereferenced NULL.
  bool unknown_del_crashes = false;
  // 7dab70bec3 (Aug 2022): the node stayed in the tree when the map failed.
  bool failed_map_keeps_node = false;
  // 2fbef6aad8 (May 2023): unmapping a 2^64 section asserted in int128_get64.
  bool full_unmap_asserts = false;
  // b77a5f22ac (Jul 2023): a buffer ending exactly at the map's end was
  // refused.
  bool end_off_by_one = false;
};

// A named setting: the values of the axis `switches`.
struct SwitchSetting {
  absl::string_view name;
  absl::string_view help;
  absl::string_view source;
  VmmSwitches switches;
};

// The first is "as_merged".
absl::Span<const SwitchSetting> SwitchSettings();
std::optional<VmmSwitches> SwitchesByName(absl::string_view name);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_VMM_SWITCHES_H_
