#ifndef IOVALAB_LAB_TRACE_DIFF_H_
#define IOVALAB_LAB_TRACE_DIFF_H_

// DiffTraces: what changed between two traces, event by event. Events are the
// same by what they say and by the step that they descend from, never by
// absolute place or time, and causes are followed: an event added early changes
// none of those that follow it.
//
// Not for: comparing strategies by the guest's intent (compare); traces of
// different scenarios.
//
// Invariants: knows events and the table of kinds, no component. DiffTraces(t,
// t) is the same. Linear for equal traces, n log n at worst.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/event/trace.h"

namespace iovalab {

struct DiffOptions {
  // Fields of any kind by name, `time`, `cause`, `rule`, and of the header
  // `scenario`, `seed`, `policy`, `complete`. Others are of no effect
  // (ParseDiffIgnore refuses them).
  std::vector<std::string> ignore;
};

// From `--ignore`: names between commas.
absl::StatusOr<DiffOptions> ParseDiffIgnore(absl::string_view list);

enum class ChangeKind : uint8_t { kAdded, kRemoved, kChanged, kMoved };
absl::string_view Name(ChangeKind kind);

struct Change {
  ChangeKind kind = ChangeKind::kChanged;
  EventIndex a = kNoEventIndex;  // kNoEventIndex: added
  EventIndex b = kNoEventIndex;  // kNoEventIndex: removed
  std::string a_id, b_id;        // "" where there is none
  // The event's line, without id; of a change, "FIELD: WAS -> IS" for each
  // field; of a move, where it went.
  std::string text;
};

// A difference of the headers. The tool's version is none.
struct HeaderChange {
  std::string field;  // "policy mapping"
  std::string a, b;   // "" where there is none
};

struct DiffResult {
  bool same = true;
  std::vector<HeaderChange> header;
  std::vector<Change> changes;  // in the order of the traces
  size_t events_a = 0, events_b = 0;
};

DiffResult DiffTraces(const Trace& a, const Trace& b,
                      const DiffOptions& options = {});

// For people: a line a change, then a line with the sums.
std::string DiffText(const DiffResult& result);
// {"same": BOOL, "header": [{"field", "a", "b"}], "changes": [{"kind", "a",
// "b", "text"}], "first_divergence": a change or null}
std::string DiffJson(const DiffResult& result);

}  // namespace iovalab

#endif  // IOVALAB_LAB_TRACE_DIFF_H_
