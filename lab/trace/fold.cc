#include "lab/trace/fold.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "lab/trace/trace_ids.h"
#include "sim/check.h"

namespace iovalab {
namespace {

absl::Status Apply(const Trace& trace, EventIndex i, uint64_t* changes_left,
                   Stores* stores) {
  const absl::StatusOr<Delta> delta = DeltaOf(trace, i);
  if (!delta.ok()) return delta.status();
  if (delta->count > *changes_left) {
    return absl::ResourceExhaustedError(
        "count: the deltas up to here make more single changes than the limit");
  }
  *changes_left -= delta->count;
  if (!stores->Fits(*delta)) {
    return absl::InvalidArgumentError(
        delta->op == DeltaOp::kAdd
            ? "delta: adds an entry where there is one"
            : "delta: deletes or sets an entry that is not there so");
  }
  stores->Apply(*delta, i);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Delta> DeltaOf(const Trace& trace, EventIndex i) {
  sim::Check(trace.event(i).kind == Kind::kDelta, "the event is no delta");
  const std::optional<Delta> delta =
      DeltaFromWords(trace.words(i), trace.event(i).rule);
  if (!delta) {
    return absl::InvalidArgumentError(
        "delta: store, op and permissions must be in range");
  }
  if (const absl::string_view why = WhyUnsound(*delta); !why.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("delta: ", why));
  }
  return *delta;
}

absl::StatusOr<Stores> Fold(const Trace& trace, EventIndex last,
                            FoldLimits limits) {
  Stores stores;
  for (EventIndex i = 0; i < trace.size() && i <= last; ++i) {
    if (trace.event(i).kind != Kind::kDelta) continue;
    absl::Status s = Apply(trace, i, &limits.max_changes, &stores);
    if (s.ok()) continue;
    return absl::Status(
        s.code(), absl::StrCat(EventIds(&trace).Id(i), ": ", s.message()));
  }
  return stores;
}

}  // namespace iovalab
