#include "lab/scenario/format_lacks.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace iovalab {
namespace {

// Requests with a PASID: a code is known of what the hardware answers.
bool KnowsPasids(const Format& f) {
  return f.family == Family::kVtd || f.family == Family::kLpaeS2 ||
         f.family == Family::kRiscvS || f.family == Family::kRiscvG;
}

// The domain's tables can translate for a process: a second stage that needs no
// first.
bool HasProcesses(const Format& f) {
  return f.family == Family::kVtd || f.family == Family::kRiscvG;
}

std::string NamesOf(bool (*has)(const Format&)) {
  std::vector<absl::string_view> names;
  for (const IommuDriver& d : IommuDrivers()) {
    if (has(*d.format)) names.push_back(d.name);
  }
  return absl::StrJoin(names, ", ");
}

std::string LevelNames(const Format& f) {
  std::vector<int> levels;
  for (int l = f.root_level(); l >= 0; --l) levels.push_back(f.native_level(l));
  return absl::StrJoin(levels, ", ");
}

bool HasLevel(const Format& f, int32_t native) {
  for (int l = 0; l < f.levels; ++l) {
    if (f.native_level(l) == native) return true;
  }
  return false;
}

std::string Hex(uint64_t value) { return absl::StrFormat("0x%x", value); }

std::optional<FormatLacks> ProcessLacks(const ProcessSpec& process,
                                        const IommuDriver& driver) {
  FormatLacks lacks;
  const Format& f = *driver.format;
  if (!HasProcesses(f)) {
    lacks.field = "pasid";
    lacks.why = absl::StrCat(process.pasid, "; in format ", driver.name,
                             " the domain's tables translate for no process; "
                             "formats that do: ",
                             NamesOf(HasProcesses));
    return lacks;
  }
  if (process.kind != ContextSpec::kIdentity || f.family == Family::kVtd) {
    return std::nullopt;
  }
  lacks.field = "kind";
  lacks.why = absl::StrCat("IDENTITY; in format ", driver.name,
                           " the second stage is all processes'; TRANSLATED or "
                           "BLOCKED");
  return lacks;
}

std::optional<FormatLacks> PoisonLacks(const StepSpec& step,
                                       const IommuDriver& driver) {
  FormatLacks lacks;
  const Format& f = *driver.format;
  const int bits = f.entry_bytes * 8;
  if (step.entry.level && !HasLevel(f, *step.entry.level)) {
    lacks.field = "level";
    lacks.why = absl::StrCat(*step.entry.level, "; levels of format ",
                             driver.name, ", from the root: ", LevelNames(f));
  } else if (step.entry.above_last.value_or(0) >= f.levels) {
    lacks.field = "above_last";
    lacks.why = absl::StrCat(*step.entry.above_last, "; format ", driver.name,
                             " has ", f.levels - 1, " above the last");
  } else if (step.iova.first.value > driver.aperture_last()) {
    lacks.field = "iova";
    lacks.why =
        absl::StrCat(Hex(step.iova.first.value), "; format ", driver.name,
                     " maps up to ", Hex(driver.aperture_last()));
  } else if (bits < 64 && step.value >> bits != 0) {
    lacks.field = "value";
    lacks.why = absl::StrCat(Hex(step.value), "; entries of format ",
                             driver.name, " have ", bits, " bits");
  } else {
    return std::nullopt;
  }
  return lacks;
}

}  // namespace

std::optional<FormatLacks> WhatFormatLacks(const Scenario& scenario,
                                           const IommuDriver& driver) {
  const auto& processes = scenario.iommu.processes;
  for (uint32_t i = 0; i < processes.size(); ++i) {
    if (auto lacks = ProcessLacks(processes[i], driver)) {
      lacks->process = i;
      return lacks;
    }
  }
  for (uint32_t i = 0; i < scenario.steps.size(); ++i) {
    const StepSpec& step = scenario.steps[i];
    std::optional<FormatLacks> lacks;
    if (step.pasid && !KnowsPasids(*driver.format)) {
      lacks = FormatLacks{
          .field = "pasid",
          .why = absl::StrCat(*step.pasid, "; format ", driver.name,
                              " has no PASIDs here; formats that have: ",
                              NamesOf(KnowsPasids))};
    } else if (step.kind == StepKind::kPoison) {
      lacks = PoisonLacks(step, driver);
    }
    if (!lacks) continue;
    lacks->step = i;
    return lacks;
  }
  return std::nullopt;
}

std::string NeedsPlatform(const Scenario& scenario) {
  if (!scenario.iommu.processes.empty()) return "iommu.process";
  for (const StepSpec& step : scenario.steps) {
    const absl::string_view what = step.kind == StepKind::kContext  ? "context"
                                   : step.kind == StepKind::kPoison ? "poison"
                                   : step.pasid                     ? "pasid"
                                                                    : "";
    if (!what.empty())
      return absl::StrCat("step ", step.label, " (", what, ")");
  }
  return "";
}

}  // namespace iovalab
