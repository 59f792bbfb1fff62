#ifndef IOVALAB_LAB_TRACE_TRACE_PARSE_EVENT_H_
#define IOVALAB_LAB_TRACE_TRACE_PARSE_EVENT_H_

// EventLineParser: the lines of a text trace that are events. Part of
// trace_text; nobody else needs it.
//
// Invariant: a line that is taken is what AppendEventLine writes for its event.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lab/trace/trace_builder.h"
#include "lab/trace/trace_columns.h"
#include "lab/trace/trace_ids.h"

namespace iovalab {

namespace trace_text {

// "FIELD: what would be right".
absl::Status Wrong(absl::string_view field, absl::string_view expected);

// A piece of a line, which may be long and hold any bytes, for a message.
std::string Shown(absl::string_view text);

}  // namespace trace_text

class EventLineParser {
 public:
  explicit EventLineParser(TraceBuilder* builder)
      : builder_(*builder), finder_(&builder->trace(), &builder->ids()) {}

  // Adds the line's event to the builder.
  absl::Status Parse(absl::string_view line);

 private:
  Trace& trace() { return builder_.trace(); }

  absl::Status ParseId(absl::string_view* in, EventRecord* record);
  absl::Status ParseCause(absl::string_view* in, EventRecord* record);
  absl::Status ParseDelay(absl::string_view* in, EventRecord* record);
  absl::Status ParseKind(absl::string_view* in, EventRecord* record);
  absl::Status ParseFields(absl::string_view* in, Kind kind);
  absl::Status ParseColumn(const Column& column, Kind kind,
                           absl::string_view* in);
  absl::Status ParseTail(absl::string_view* in, EventRecord* record);
  absl::Status CheckCanonical(absl::string_view line);

  TraceBuilder& builder_;
  EventFinder finder_;

  // Of the line being parsed.
  bool labelled_ = false;  // its id is a label alone, label_
  std::string label_;
  std::vector<uint64_t> words_;
  std::string unknown_;
  std::string rendered_;
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_TRACE_TRACE_PARSE_EVENT_H_
