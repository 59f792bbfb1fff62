#ifndef IOVALAB_MODEL_MACHINE_RANDOM_CAUSES_H_
#define IOVALAB_MODEL_MACHINE_RANDOM_CAUSES_H_

// Causes: what went wrong in a random run under `gpa` or `passthrough`, by
// name: the residual defects of docs/design.md, or what the scenario did on
// purpose (machine_random.h). What has no name is a find.
//
// Not for: anything but tests; nor for strategies whose look-ups by HVA go
// wrong by themselves.

#include <string>

#include "absl/strings/string_view.h"
#include "model/machine.h"
#include "model/scenario.h"

namespace iovalab {

// An event that a safe run does not have.
bool IsBadEvent(const Trace& trace, EventIndex i);

class Causes {
 public:
  // Both outlive it. batches: the device takes a batch as one change.
  Causes(const Scenario& scenario, const Trace& trace, bool batches)
      : scenario_(scenario),
        trace_(trace),
        batches_(batches && !scenario.no_batch) {}

  // Of a bad event: a name, or "" for none.
  std::string Of(EventIndex i) const;

 private:
  uint64_t F(EventIndex i, absl::string_view name) const;
  Kind KindAt(EventIndex i) const { return trace_.event(i).kind; }
  Rule RuleAt(EventIndex i) const { return trace_.event(i).rule; }

  std::string OfDma(EventIndex i) const;
  std::string OfTranslation(EventIndex dma, EventIndex translate) const;
  std::string OfHostReject(EventIndex i) const;
  std::string Unmapped(EventIndex before, uint64_t first, uint64_t last) const;
  std::string Refused(EventIndex before) const;
  std::string Skipped(EventIndex before) const;
  bool Listening(EventIndex before) const;
  bool CleanedOlder(EventIndex before, uint64_t first, uint64_t last) const;
  bool UnmappedElsewhere(EventIndex before) const;
  bool OtherSpace(EventIndex before, uint64_t iova, uint64_t asid) const;
  bool MappedTwice(EventIndex before, uint64_t hva) const;

  const Scenario& scenario_;
  const Trace& trace_;
  bool batches_;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_MACHINE_RANDOM_CAUSES_H_
