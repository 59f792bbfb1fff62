#include "lab/trace/trace_text.h"

#include "absl/strings/str_split.h"
#include "lab/trace/checksum.h"
#include "lab/trace/trace_columns.h"
#include "lab/trace/trace_text_format.h"
#include "lab/trace/trace_token.h"

namespace iovalab {
namespace trace_text {
namespace {

void AppendText(std::string* out, absl::string_view text) {
  out->append(text.data(), text.size());
}

// Pads what began at `begin` to `width`, and parts it from what follows.
void Pad(std::string* out, size_t begin, size_t width) {
  const size_t size = out->size() - begin;
  out->append(size < width ? width - size + 1 : 1, ' ');
}

void AppendKey(std::string* out, absl::string_view key) {
  const size_t begin = out->size();
  AppendText(out, key);
  Pad(out, begin, kKeyWidth);
}

// Lines begin with |. A last line |- says that the text does not end with a
// newline.
void AppendScenario(std::string* out, absl::string_view scenario) {
  if (scenario.empty()) return;
  const bool ends = scenario.back() == '\n';
  if (ends) scenario.remove_suffix(1);
  for (absl::string_view line : absl::StrSplit(scenario, '\n')) {
    AppendText(out, line.empty() ? "|" : "| ");
    AppendText(out, line);
    out->push_back('\n');
  }
  if (!ends) AppendText(out, "|-\n");
}

void AppendColumn(const Trace& trace, const EventIds& ids, const Column& column,
                  EventIndex i, std::string* out) {
  const absl::Span<const uint64_t> words = trace.words(i);
  const FieldInfo& info = GetKind(trace.event(i).kind).fields[column.field];
  out->push_back(' ');
  AppendText(out, column.prefix);
  AppendWord(trace, ids, info.type, column.values, words[column.field], out);
  if (!column.range) return;
  out->push_back('-');
  AppendHex16(out, words[column.field + 1]);
  out->push_back(']');
}

void AppendCause(const Trace& trace, const EventIds& ids, EventIndex cause,
                 std::string* out) {
  out->push_back('<');
  if (cause < trace.size()) {
    ids.Append(cause, out);
  } else {
    out->push_back('-');
  }
}

// Kind, fields, rule, unknown fields.
void AppendBody(const Trace& trace, const EventIds& ids, EventIndex i,
                size_t kind_width, std::string* out) {
  const EventRecord& record = trace.event(i);
  const size_t begin = out->size();
  AppendText(out, GetKind(record.kind).name);
  const size_t kind_size = out->size() - begin;
  if (kind_size < kind_width) out->append(kind_width - kind_size, ' ');
  for (const Column& column : ColumnsOf(record.kind)) {
    if (IsAbsent(column, record.kind, trace.words(i))) continue;
    AppendColumn(trace, ids, column, i, out);
  }
  if (record.rule != Rule::kNone) {
    AppendText(out, "  (");
    AppendText(out, GetRule(record.rule).name);
    out->push_back(')');
  }
  if (const absl::string_view unknown = trace.unknown(i); !unknown.empty()) {
    AppendText(out, "  ?");
    AppendHexBytes(out, unknown);
  }
}

}  // namespace

std::string HeaderText(const Trace::Header& header) {
  std::string out;
  AppendText(&out, kFirstLine);
  out.push_back('\n');
  AppendKey(&out, "tool");
  AppendName(&out, header.tool);
  out.push_back('\n');
  AppendKey(&out, "scenario");
  AppendName(&out, header.scenario_name);
  out.push_back('\n');
  AppendKey(&out, "seed");
  AppendDecimal(&out, header.seed);
  out.push_back('\n');
  for (const auto& [axis, value] : header.policies) {
    AppendKey(&out, "policy");
    AppendName(&out, axis);
    out.push_back(' ');
    AppendName(&out, value);
    out.push_back('\n');
  }
  AppendKey(&out, "complete");
  AppendText(&out, header.complete ? "yes\n" : "no\n");
  if (!header.unknown.empty()) {
    AppendKey(&out, "unknown");
    AppendHexBytes(&out, header.unknown);
    out.push_back('\n');
  }
  AppendScenario(&out, header.scenario);
  out.push_back('\n');
  return out;
}

std::string EndLine(uint64_t events, absl::string_view before) {
  std::string out = "end events=";
  AppendDecimal(&out, events);
  AppendText(&out, " crc32=");
  AppendHex(&out, Crc32(before));
  out.push_back('\n');
  return out;
}

}  // namespace trace_text

void AppendEventLine(const Trace& trace, const EventIds& ids, EventIndex i,
                     std::string* out) {
  using namespace trace_text;  // NOLINT: the widths, in this one function
  const EventRecord& record = trace.event(i);
  size_t begin = out->size();
  ids.Append(i, out);
  Pad(out, begin, kIdWidth);

  begin = out->size();
  AppendCause(trace, ids, record.cause, out);
  Pad(out, begin, kCauseWidth);

  begin = out->size();
  const int64_t since =
      record.cause < trace.size() ? trace.event(record.cause).time : 0;
  out->push_back('+');
  AppendDecimal(out, static_cast<uint64_t>(record.time - since));
  AppendText(out, "ns");
  Pad(out, begin, kDelayWidth);

  AppendBody(trace, ids, i, kKindWidth, out);
}

void AppendEventBody(const Trace& trace, const EventIds& ids, EventIndex i,
                     std::string* out) {
  trace_text::AppendBody(trace, ids, i, 0, out);
}

std::string TraceToText(const Trace& trace) {
  const EventIds ids(&trace);
  std::string out = trace_text::HeaderText(trace.header);
  out.reserve(out.size() + 128 * trace.size() + 64);
  for (EventIndex i = 0; i < trace.size(); ++i) {
    AppendEventLine(trace, ids, i, &out);
    out.push_back('\n');
  }
  out += trace_text::EndLine(trace.size(), out);
  return out;
}

}  // namespace iovalab
