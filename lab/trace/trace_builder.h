#ifndef IOVALAB_LAB_TRACE_TRACE_BUILDER_H_
#define IOVALAB_LAB_TRACE_TRACE_BUILDER_H_

// TraceBuilder: a trace made of events that are not to be trusted. It refuses
// whatever would break an invariant of Trace (model/event/trace.h) or pass a
// limit, so both readers refuse the same traces.
//
// Not for: runs, whose events the machine makes (Sink).

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lab/trace/trace_ids.h"
#include "lab/trace/trace_limits.h"
#include "model/event/trace.h"

namespace iovalab {

class TraceBuilder {
 public:
  explicit TraceBuilder(TraceLimits limits);
  TraceBuilder(const TraceBuilder&) = delete;
  TraceBuilder& operator=(const TraceBuilder&) = delete;

  Trace& trace() { return trace_; }
  // Of the events so far.
  size_t size() const { return trace_.size(); }
  int64_t time(EventIndex i) const { return trace_.event(i).time; }
  const EventIds& ids() const { return ids_; }

  // Whether what the trace holds is within the limits; for readers that intern
  // names before the events that use them.
  absl::Status CheckLimits() const;

  // Appends the event, or says which field is wrong: "FIELD: what would be
  // right". `words` has one value a field of the kind. A kStep's root is set
  // here.
  absl::Status Add(const EventRecord& record, absl::Span<const uint64_t> words,
                   absl::string_view unknown = {});

  // The trace, once; the builder is then of no use.
  Trace Take() { return std::move(trace_); }

 private:
  absl::Status CheckRecord(const EventRecord& record) const;
  absl::Status CheckLabel(uint64_t name);
  absl::Status CheckWord(const FieldInfo& field, uint64_t word) const;

  TraceLimits limits_;
  Trace trace_;
  EventIds ids_;
  std::vector<bool> is_label_;  // by name index
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_TRACE_TRACE_BUILDER_H_
