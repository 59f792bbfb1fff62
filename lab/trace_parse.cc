#include <algorithm>
#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lab/trace_builder.h"
#include "lab/trace_columns.h"
#include "lab/trace_text.h"
#include "lab/trace_text_format.h"
#include "lab/trace_token.h"

namespace iovalab {
namespace {

using trace_text::kFirstLine;

absl::Status Wrong(absl::string_view field, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", expected));
}

// A piece of a line that is wrong may be long and hold any bytes.
std::string Shown(absl::string_view text) {
  std::string shown;
  AppendName(&shown, text.substr(0, std::min<size_t>(text.size(), 240)));
  return shown;
}

class Parser {
 public:
  Parser(absl::string_view text, TraceLimits limits)
      : text_(text), builder_(limits), finder_(&trace(), &builder_.ids()) {}

  // An error says "LINE: FIELD: ..." by line().
  absl::Status Parse();
  size_t line() const { return line_; }
  Trace Take() { return builder_.Take(); }

 private:
  Trace& trace() { return builder_.trace(); }

  // Moves to the next line, which is then at_.
  absl::Status NextLine();

  absl::Status ParseHeader();
  absl::Status ParseHeaderKeys();
  absl::Status ParsePolicy(absl::string_view value);
  absl::Status ParseScenario();
  absl::Status ParseEvent();
  absl::Status ParseId(absl::string_view* in, EventRecord* record);
  absl::Status ParseCause(absl::string_view* in, EventRecord* record);
  absl::Status ParseDelay(absl::string_view* in, EventRecord* record);
  absl::Status ParseKind(absl::string_view* in, EventRecord* record);
  absl::Status ParseColumn(const Column& column, Kind kind,
                           absl::string_view* in);
  absl::Status ParseTail(absl::string_view* in, EventRecord* record);
  absl::Status CheckCanonical(EventIndex index);
  absl::Status ParseEnd();

  // The value of a header line with this key.
  bool Key(absl::string_view key, absl::string_view* value) const;

  const absl::string_view text_;
  size_t next_ = 0;       // where the line after at_ begins
  absl::string_view at_;  // the line, without its newline
  size_t line_ = 0;       // its number, from 1
  TraceBuilder builder_;
  EventFinder finder_;

  // Of the event being parsed.
  bool labelled_ = false;  // its id is a label alone, label_
  std::string label_;
  uint64_t number_ = 0;
  std::vector<uint64_t> words_;
  std::string unknown_;
  std::string rendered_;
};

absl::Status Parser::NextLine() {
  ++line_;
  const size_t end = text_.find('\n', next_);
  if (end == absl::string_view::npos) {
    return Wrong("end",
                 "the trace is cut off: its last line must be `end events=N "
                 "crc32=N` and end with a newline");
  }
  at_ = text_.substr(next_, end - next_);
  next_ = end + 1;
  return absl::OkStatus();
}

bool Parser::Key(absl::string_view key, absl::string_view* value) const {
  *value = at_;
  return Consume(value, key) && ConsumeSpaces(value);
}

absl::Status Parser::ParsePolicy(absl::string_view value) {
  std::string axis, choice;
  if (!ConsumeName(&value, &axis) || !ConsumeSpaces(&value) ||
      !ConsumeName(&value, &choice) || !value.empty()) {
    return Wrong("policy", "must be `policy AXIS VALUE`");
  }
  trace().header.policies.emplace_back(std::move(axis), std::move(choice));
  return absl::OkStatus();
}

absl::Status Parser::ParseHeaderKeys() {
  Trace::Header& header = trace().header;
  absl::string_view value;
  if (absl::Status s = NextLine(); !s.ok()) return s;
  if (!Key("tool", &value) || !ConsumeName(&value, &header.tool)) {
    return Wrong("tool", "must be `tool VERSION`");
  }
  if (absl::Status s = NextLine(); !s.ok()) return s;
  if (!Key("scenario", &value) || !ConsumeName(&value, &header.scenario_name)) {
    return Wrong("scenario", "must be `scenario NAME`");
  }
  if (absl::Status s = NextLine(); !s.ok()) return s;
  if (!Key("seed", &value) || !ConsumeDecimal(&value, &header.seed)) {
    return Wrong("seed", "must be `seed N`, below 2^64");
  }
  if (absl::Status s = NextLine(); !s.ok()) return s;
  while (Key("policy", &value)) {
    if (absl::Status s = ParsePolicy(value); !s.ok()) return s;
    if (absl::Status s = NextLine(); !s.ok()) return s;
  }
  header.complete = Key("complete", &value) && value == "yes";
  if (!header.complete && value != "no") {
    return Wrong("complete", "must be `complete yes` or `complete no`");
  }
  if (absl::Status s = NextLine(); !s.ok()) return s;
  if (!Key("unknown", &value)) return absl::OkStatus();
  if (!ConsumeHexBytes(&value, &header.unknown)) {
    return Wrong("unknown", "must be pairs of hexadecimal digits");
  }
  return NextLine();
}

absl::Status Parser::ParseScenario() {
  std::string& scenario = trace().header.scenario;
  while (!at_.empty()) {
    if (at_ == "|-" && !scenario.empty()) {
      scenario.pop_back();
    } else if (at_ == "|" || absl::StartsWith(at_, "| ")) {
      absl::StrAppend(&scenario, at_.substr(std::min<size_t>(2, at_.size())),
                      "\n");
    } else {
      return Wrong("scenario",
                   "a line of the embedded scenario must begin with `| `, and "
                   "an empty line must follow the last");
    }
    if (absl::Status s = NextLine(); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status Parser::ParseHeader() {
  if (absl::Status s = NextLine(); !s.ok() || at_ != kFirstLine) {
    return Wrong("format", absl::StrCat("must begin with the line `",
                                        kFirstLine, "`, is ", Shown(at_)));
  }
  if (absl::Status s = ParseHeaderKeys(); !s.ok()) return s;
  if (absl::Status s = ParseScenario(); !s.ok()) return s;
  const std::string right = trace_text::HeaderText(trace().header);
  const absl::string_view is = text_.substr(0, next_);
  if (is == right) return absl::OkStatus();
  const size_t same =
      std::mismatch(is.begin(), is.end(), right.begin(), right.end()).first -
      is.begin();
  line_ = 1 + std::count(is.begin(), is.begin() + same, '\n');
  return Wrong("header",
               "spaces, quotes and numbers must be as the writer "
               "spells them");
}

// The id says where the event is to stand, so that nothing can be left out.
absl::Status Parser::ParseId(absl::string_view* in, EventRecord* record) {
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
  if (!ConsumeDecimal(in, &number_) || number_ != right) {
    return Wrong("id", absl::StrCat("the step's next event of this actor is ",
                                    ActorName(*actor), ".", right));
  }
  return absl::OkStatus();
}

absl::Status Parser::ParseCause(absl::string_view* in, EventRecord* record) {
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

absl::Status Parser::ParseDelay(absl::string_view* in, EventRecord* record) {
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

absl::Status Parser::ParseKind(absl::string_view* in, EventRecord* record) {
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

absl::Status Parser::ParseColumn(const Column& column, Kind kind,
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

absl::Status Parser::ParseTail(absl::string_view* in, EventRecord* record) {
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

absl::Status Parser::CheckCanonical(EventIndex index) {
  rendered_.clear();
  AppendEventLine(trace(), builder_.ids(), index, &rendered_);
  if (rendered_ == at_) return absl::OkStatus();
  return Wrong("line", absl::StrCat("must be spelled ", Shown(rendered_)));
}

absl::Status Parser::ParseEvent() {
  absl::string_view in = at_;
  EventRecord record;
  if (absl::Status s = ParseId(&in, &record); !s.ok()) return s;
  if (absl::Status s = ParseCause(&in, &record); !s.ok()) return s;
  if (absl::Status s = ParseDelay(&in, &record); !s.ok()) return s;
  if (absl::Status s = ParseKind(&in, &record); !s.ok()) return s;
  const absl::Span<const FieldInfo> fields = GetKind(record.kind).fields;
  words_.resize(fields.size());
  for (size_t i = 0; i < fields.size(); ++i) words_[i] = fields[i].absent;
  if (labelled_) words_[kStepLabel] = trace().Intern(label_);
  for (const Column& column : ColumnsOf(record.kind)) {
    if (absl::Status s = ParseColumn(column, record.kind, &in); !s.ok()) {
      return s;
    }
  }
  if (absl::Status s = ParseTail(&in, &record); !s.ok()) return s;
  if (absl::Status s = builder_.Add(record, words_, unknown_); !s.ok()) {
    return s;
  }
  finder_.Extend();
  return CheckCanonical(static_cast<EventIndex>(trace().size() - 1));
}

absl::Status Parser::ParseEnd() {
  const absl::string_view before = text_.substr(0, at_.data() - text_.data());
  const std::string right = trace_text::EndLine(trace().size(), before);
  if (absl::StrCat(at_, "\n") != right) {
    return Wrong("end", absl::StrCat("the trace is damaged, or was changed by "
                                     "hand: must be ",
                                     Shown(absl::StripSuffix(right, "\n"))));
  }
  if (next_ == text_.size()) return absl::OkStatus();
  ++line_;
  return Wrong("end", "nothing may follow the line `end`");
}

absl::Status Parser::Parse() {
  if (absl::Status s = ParseHeader(); !s.ok()) return s;
  while (true) {
    if (absl::Status s = NextLine(); !s.ok()) return s;
    if (absl::StartsWith(at_, "end events=")) return ParseEnd();
    if (absl::Status s = ParseEvent(); !s.ok()) return s;
  }
}

}  // namespace

absl::StatusOr<Trace> TraceFromText(absl::string_view file,
                                    absl::string_view text,
                                    TraceLimits limits) {
  if (text.size() > limits.max_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        file, ": bytes: more than the limit of ", limits.max_bytes));
  }
  Parser parser(text, limits);
  if (absl::Status s = parser.Parse(); !s.ok()) {
    return absl::Status(
        s.code(), absl::StrCat(file, ":", parser.line(), ": ", s.message()));
  }
  return parser.Take();
}

}  // namespace iovalab
