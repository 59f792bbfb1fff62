#include "lab/trace/trace_parse_event.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "lab/trace/trace_text.h"
#include "lab/trace/trace_token.h"

namespace iovalab {
namespace trace_text {

absl::Status Wrong(absl::string_view field, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", expected));
}

std::string Shown(absl::string_view text) {
  std::string shown;
  AppendName(&shown, text.substr(0, std::min<size_t>(text.size(), 240)));
  return shown;
}

}  // namespace trace_text

using trace_text::Shown;
using trace_text::Wrong;

// The id says where the event is to stand, so that nothing can be left out.
absl::Status EventLineParser::ParseId(absl::string_view* in,
                                      EventRecord* record) {
  if (!ConsumeLabel(in, &label_)) {
    return Wrong("id", "must be LABEL or LABEL/ACTOR.N");
  }
  labelled_ = !Consume(in, "/");
  if (labelled_) return absl::OkStatus();
  const std::optional<EventIndex> step = finder_.FindStep(label_);
  if (!step) {
    return Wrong("id", "must begin with the label of an earlier step");
  }
  record->root = *step;
  const size_t dot = in->find('.');
  const auto actor = ActorByName(in->substr(0, dot));
  if (dot == absl::string_view::npos || !actor) {
    return Wrong("id", "must name an actor: LABEL/ACTOR.N");
  }
  record->actor = *actor;
  in->remove_prefix(dot + 1);
  const uint32_t right = builder_.ids().NextNumber(*step, *actor);
  uint64_t number = 0;
  if (!ConsumeDecimal(in, &number) || number != right) {
    return Wrong("id", absl::StrCat("the step's next event of this actor is ",
                                    ActorName(*actor), ".", right));
  }
  return absl::OkStatus();
}

absl::Status EventLineParser::ParseCause(absl::string_view* in,
                                         EventRecord* record) {
  if (!ConsumeSpaces(in) || !Consume(in, "<")) {
    return Wrong("cause", "must follow the id: <ID, or <- for none");
  }
  if (const auto cause = finder_.ConsumeId(in)) {
    record->cause = *cause;
    return absl::OkStatus();
  }
  if (Consume(in, "-")) return absl::OkStatus();
  return Wrong("cause", "must be the id of an earlier event, or - for none");
}

absl::Status EventLineParser::ParseDelay(absl::string_view* in,
                                         EventRecord* record) {
  uint64_t delay = 0;
  if (!ConsumeSpaces(in) || !Consume(in, "+") || !ConsumeDecimal(in, &delay) ||
      !Consume(in, "ns")) {
    return Wrong("time", "must be +Nns after the cause");
  }
  const int64_t since =
      record->cause == kNoEventIndex ? 0 : trace().event(record->cause).time;
  if (delay > static_cast<uint64_t>(INT64_MAX - since)) {
    return Wrong("time", "must end below 2^63 ns after the run's start");
  }
  record->time = since + static_cast<int64_t>(delay);
  return absl::OkStatus();
}

absl::Status EventLineParser::ParseKind(absl::string_view* in,
                                        EventRecord* record) {
  if (!ConsumeSpaces(in)) return Wrong("kind", "must follow the time");
  const size_t size = std::min(in->find(' '), in->size());
  const auto kind = KindByName(in->substr(0, size));
  if (!kind) {
    return Wrong("kind", absl::StrCat("must be one that `iovalab list events` "
                                      "names, is ",
                                      Shown(in->substr(0, size))));
  }
  if ((*kind == Kind::kStep) != labelled_) {
    return Wrong("kind", "a step, and nothing else, has a label alone as id");
  }
  record->kind = *kind;
  in->remove_prefix(size);
  return absl::OkStatus();
}

absl::Status EventLineParser::ParseColumn(const Column& column, Kind kind,
                                          absl::string_view* in) {
  const FieldInfo& field = GetKind(kind).fields[column.field];
  absl::string_view rest = *in;
  if (!ConsumeSpaces(&rest) || !Consume(&rest, column.prefix)) {
    if (column.optional) return absl::OkStatus();
    return Wrong(field.name, absl::StrCat("is missing: `", column.prefix,
                                          "...` must stand at ",
                                          Shown(rest.substr(0, 40))));
  }
  absl::string_view expected;
  bool ok = ConsumeWord(&trace(), finder_, field.type, column.values, &rest,
                        &words_[column.field], &expected);
  if (ok && column.range) {
    expected = "a range: [0xFIRST-0xLAST], 16 digits each";
    ok = Consume(&rest, "-") && ConsumeHex(&rest, &words_[column.field + 1]) &&
         Consume(&rest, "]");
  }
  if (!ok) return Wrong(field.name, absl::StrCat("must be ", expected));
  *in = rest;
  return absl::OkStatus();
}

absl::Status EventLineParser::ParseTail(absl::string_view* in,
                                        EventRecord* record) {
  if (Consume(in, "  (")) {
    const size_t size = std::min(in->find(')'), in->size());
    const auto rule = RuleByName(in->substr(0, size));
    if (!rule || size == in->size()) {
      return Wrong("rule",
                   absl::StrCat("must be (RULE), one that `iovalab list "
                                "events` names, is ",
                                Shown(in->substr(0, size))));
    }
    record->rule = *rule;
    in->remove_prefix(size + 1);
  }
  unknown_.clear();
  if (Consume(in, "  ?") && !ConsumeHexBytes(in, &unknown_)) {
    return Wrong("unknown", "must be pairs of hexadecimal digits");
  }
  if (in->empty()) return absl::OkStatus();
  return Wrong(GetKind(record->kind).name,
               absl::StrCat("has no such field, or not here: ", Shown(*in)));
}

absl::Status EventLineParser::ParseFields(absl::string_view* in, Kind kind) {
  const absl::Span<const FieldInfo> fields = GetKind(kind).fields;
  words_.resize(fields.size());
  for (size_t i = 0; i < fields.size(); ++i) words_[i] = fields[i].absent;
  if (labelled_) words_[kStepLabel] = trace().Intern(label_);
  for (const Column& column : ColumnsOf(kind)) {
    if (absl::Status s = ParseColumn(column, kind, in); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status EventLineParser::CheckCanonical(absl::string_view line) {
  rendered_.clear();
  AppendEventLine(trace(), builder_.ids(),
                  static_cast<EventIndex>(trace().size() - 1), &rendered_);
  if (rendered_ == line) return absl::OkStatus();
  return Wrong("line", absl::StrCat("must be spelled ", Shown(rendered_)));
}

absl::Status EventLineParser::Parse(absl::string_view line) {
  absl::string_view in = line;
  EventRecord record;
  if (absl::Status s = ParseId(&in, &record); !s.ok()) return s;
  if (absl::Status s = ParseCause(&in, &record); !s.ok()) return s;
  if (absl::Status s = ParseDelay(&in, &record); !s.ok()) return s;
  if (absl::Status s = ParseKind(&in, &record); !s.ok()) return s;
  if (absl::Status s = ParseFields(&in, record.kind); !s.ok()) return s;
  if (absl::Status s = ParseTail(&in, &record); !s.ok()) return s;
  if (absl::Status s = builder_.Add(record, words_, unknown_); !s.ok()) {
    return s;
  }
  finder_.Extend();
  return CheckCanonical(line);
}

}  // namespace iovalab
