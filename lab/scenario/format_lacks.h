#ifndef IOVALAB_LAB_SCENARIO_FORMAT_LACKS_H_
#define IOVALAB_LAB_SCENARIO_FORMAT_LACKS_H_

// What a scenario asks of contexts, processes and entries that a page-table
// format has not: an error where the scenario names the format, an n/a row
// where a flag does.
//
// Not for: leaves and host memory (scenario_iommu.h).

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "model/kernel/iommu_driver.h"
#include "model/scenario.h"

namespace iovalab {

struct FormatLacks {
  uint32_t process = kNoIndex;  // of iommu.process, or
  uint32_t step = kNoIndex;     // of the steps
  absl::string_view field;      // in it: "kind"; in a step of its poison, probe
  std::string why;              // and what would be right
};

// The first of them, processes before steps.
std::optional<FormatLacks> WhatFormatLacks(const Scenario& scenario,
                                           const IommuDriver& driver);

// A step that only the platform's IOMMU gives a meaning to, or one of its
// processes: "step blocked (context)"; "" where the scenario has none.
std::string NeedsPlatform(const Scenario& scenario);

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_FORMAT_LACKS_H_
