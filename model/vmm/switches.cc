#include "model/vmm/switches.h"

namespace iovalab {
namespace {

constexpr VmmSwitches With(bool VmmSwitches::*member, bool value) {
  VmmSwitches switches;
  switches.*member = value;
  return switches;
}

using S = VmmSwitches;

constexpr SwitchSetting kSettings[] = {
    {"as_merged", "the code as merged, residual defects R1-R6 included",
     "QEMU 10.1", S()},
    {"r1_fixed", "the shadow queue's needle has the buffer's length",
     "derived from QEMU 10.1", With(&S::needle_one_too_long, false)},
    {"r2_fixed", "a refused GPA's clean-up leaves the older node alone",
     "derived from QEMU 10.0", With(&S::cleanup_removes_older, false)},
    {"r3_fixed", "the listener compares inclusive ends",
     "derived from QEMU 10.1", With(&S::range_check_mixes_ends, false)},
    {"before_75a8ce64f6", "removal by the needle, whose IOVA is 0",
     "QEMU commit 75a8ce64f6, Jul 2022", With(&S::remove_by_needle, true)},
    {"before_10dab9f263", "region_del of something unknown crashes",
     "QEMU commit 10dab9f263, Aug 2022", With(&S::unknown_del_crashes, true)},
    {"before_7dab70bec3", "the node stays in the tree when the map fails",
     "QEMU commit 7dab70bec3, Aug 2022", With(&S::failed_map_keeps_node, true)},
    {"before_2fbef6aad8", "unmapping a 2^64 section asserts",
     "QEMU commit 2fbef6aad8, May 2023", With(&S::full_unmap_asserts, true)},
    {"before_b77a5f22ac", "a buffer ending at the map's end is refused",
     "QEMU commit b77a5f22ac, Jul 2023", With(&S::end_off_by_one, true)},
};

}  // namespace

absl::Span<const SwitchSetting> SwitchSettings() { return kSettings; }

std::optional<VmmSwitches> SwitchesByName(absl::string_view name) {
  for (const SwitchSetting& setting : kSettings) {
    if (setting.name == name) return setting.switches;
  }
  return std::nullopt;
}

}  // namespace iovalab
