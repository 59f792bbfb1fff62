#ifndef IOVALAB_MODEL_ORACLE_JUDGE_H_
#define IOVALAB_MODEL_ORACLE_JUDGE_H_

// The judgement of one access segment, from one decision table over facts that
// no model of the machine sees.

#include "model/event/kinds.h"

namespace iovalab {

struct AccessFacts {
  bool completed = false;  // else it faulted
  bool has_intent = true;  // else a probe: no request of the guest's behind it
  // Completed with intent: every byte went where the guest meant, by its view
  // when it posted or now.
  bool page_right = false;
  // Completed with intent: the guest's view has that memory there now. Faulted
  // or absorbed with intent: it has, and allows the access. A probe: the last
  // owner of the IOVA is still there and, where it faulted, lets it.
  bool wanted = false;
  // A probe: somebody was granted the IOVA at some time.
  bool ever_owned = false;
  // Taken for an interrupt request: neither completed nor faulted.
  bool absorbed = false;
  // Completed through an entry of L3's that the kernel's own table has no more.
  bool dropped = false;
};

struct Judgement {
  AccessClass access_class = AccessClass::kOk;
  // The guest asked for memory that it does not have, or a probe of nothing.
  bool deserved = false;
};

Judgement Judge(const AccessFacts& facts);

// Verdict of a run from its undeserved accesses (docs/design.md).
Verdict WorstVerdict(AccessClass access_class);
Verdict WorstVerdict(Ended ended);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_ORACLE_JUDGE_H_
