#ifndef IOVALAB_LAB_IMPORT_VTD_VTD_SCENARIO_STEPS_H_
#define IOVALAB_LAB_IMPORT_VTD_VTD_SCENARIO_STEPS_H_

// VtdScenarioSteps: writes the scenario of a device behind a VT-d unit, step by
// step, with what is expected of each access.
//
// Not for: which steps there are (vtd_scenario.cc).
//
// Invariants: labels are unique; guest memory holds all that is mapped, each
// page at its own address in host physical memory.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "lab/import/vtd/vtd_live_maps.h"
#include "scenarios/scenario.pb.h"

namespace iovalab {

class VtdScenarioSteps {
 public:
  // Of guest memory.
  static constexpr uint64_t kMemoryLast = 0x1fffffffffff;

  // Tables of 3, 4 or 5 levels. Nothing is expected of accesses past the first
  // `max_expects`: checking takes time.
  VtdScenarioSteps(int levels, size_t max_expects)
      : levels_(levels), max_expects_(max_expects) {}

  // Of whole pages, below iova_last(), to memory of HoldsMemory.
  void Map(uint64_t line, const VtdLiveMap& map, bool readonly);
  void Unmap(absl::string_view kind, uint64_t line, const VtdLiveMap& map);
  // An access of one byte that is translated, and to where; the latter may be
  // told later, before another access, or never.
  void Dma(uint64_t line, uint64_t address);
  void Landed(uint64_t address);
  // An access that faults; whether a record of it follows is told next.
  void Fault(uint64_t line, uint64_t address, bool write, uint32_t reason);
  void Recorded();
  // The driver took all records.
  void Taken();
  // Another device's record may wait where the run has none.
  void OtherFault() { certain_ = false; }

  size_t size() const { return static_cast<size_t>(out_.step_size()); }
  uint64_t iova_last() const;
  static bool HoldsMemory(uint64_t first, uint64_t last);
  // All but name and texts. `most_maps`: at one time.
  pb::Scenario Finish(uint32_t source_id, uint64_t most_maps);

 private:
  std::string Format() const;
  void Axis(const char* name, const std::string& value);
  void Memory(const char* name, uint64_t first, uint64_t last);
  pb::Step* Step(absl::string_view kind, uint64_t line);
  pb::Step* Probe(absl::string_view kind, uint64_t line, uint64_t address);
  pb::Expect* Expects();

  const int levels_;
  const size_t max_expects_;
  pb::Scenario out_;
  uint64_t last_low_ = 0, last_high_ = 0;  // of the memory that is mapped
  std::map<std::string, int> labels_;      // how often
  pb::Expect* expect_ = nullptr;
  size_t expects_ = 0;
  pb::Expect::Access* landed_ = nullptr;     // where it lands may follow
  pb::Expect::IommuFault* fault_ = nullptr;  // its record may follow
  bool taken_ = false;  // the driver took the records since the last step
  bool waits_ = false;  // a record that it has not taken
  // Whether the next fault is recorded is known: not where another step came
  // while a record waited, as simulated time went on.
  bool certain_ = true;
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_VTD_VTD_SCENARIO_STEPS_H_
