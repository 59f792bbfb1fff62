#ifndef IOVALAB_LAB_COMPARE_OUTCOME_H_
#define IOVALAB_LAB_COMPARE_OUTCOME_H_

// Outcome: what a run came to, read off its trace: accesses by the step that
// meant them, messages by the step that caused them, violations, leaks, rules.
// Everything that compares or reports runs works on this.
//
// Not for: the machine's state (lab/trace/fold.h rebuilds that).
//
// Invariant: names are those of the trace, which outlives this.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "model/event/trace.h"
#include "model/machine.h"
#include "model/store/store_id.h"

namespace iovalab {

// One segment of an access: a DMA, or a buffer that the VMM refused.
struct AccessOutcome {
  EventIndex event = kNoEventIndex;
  absl::string_view step;  // that posted or probed
  AccessClass access_class = AccessClass::kOk;
  bool deserved = false;
  uint64_t iova = 0;                  // of a DMA
  uint64_t length = 0;                // bytes
  std::optional<uint64_t> lands_gpa;  // first guest address of the page reached
  std::optional<uint64_t> meant_gpa;
  uint64_t lands_hva = 0;  // 0: nowhere
  uint64_t meant_hva = 0;  // of memory of the VMM's own; else 0
};

struct MessageOutcome {
  EventIndex event = kNoEventIndex;
  absl::string_view step;  // that it happened in
  uint64_t type = 0;       // VdpaMsgType
  uint64_t iova = 0;
  uint64_t size = 0;
  int64_t err = 0;
  uint64_t entries = 0;
};

struct ViolationOutcome {
  EventIndex event = kNoEventIndex;
  absl::string_view step;
  StoreId store;
  StoreId against;
  uint64_t first = 0;
  uint64_t last = 0;
  absl::string_view why;
};

struct RuleCounts {
  uint64_t recorded = 0;
  uint64_t source = 0;
  uint64_t derived = 0;
  uint64_t total() const { return recorded + source + derived; }
};

struct Outcome {
  Verdict verdict = Verdict::kSafe;
  Ended ended = Ended::kCompleted;
  ClassCounts counts{};
  ClassCounts deserved{};
  std::vector<AccessOutcome> accesses;
  std::vector<MessageOutcome> messages;
  std::optional<ViolationOutcome> first_violation;
  uint64_t leaks = 0;
  RuleCounts rules;     // distinct rules that the trace cites
  uint64_t digest = 0;  // of all events and names
};

Outcome ReadOutcome(const RunResult& result);

// How bad a class is beside others: 0 for kOk, and more for what is worse. What
// is silent is worse than what is reported.
int Severity(AccessClass access_class);

// The worst of a run, in a word, and where: "SILENT_CORRUPT at dma_low".
struct Worst {
  AccessClass access_class = AccessClass::kOk;
  EventIndex event = kNoEventIndex;  // of the first such access
  absl::string_view step;
};
Worst WorstOf(const Outcome& outcome);

}  // namespace iovalab

#endif  // IOVALAB_LAB_COMPARE_OUTCOME_H_
