#include <algorithm>
#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lab/trace/trace_builder.h"
#include "lab/trace/trace_parse_event.h"
#include "lab/trace/trace_text.h"
#include "lab/trace/trace_text_format.h"
#include "lab/trace/trace_token.h"

namespace iovalab {
namespace {

using trace_text::kFirstLine;
using trace_text::Shown;
using trace_text::Wrong;

class Parser {
 public:
  Parser(absl::string_view text, TraceLimits limits)
      : text_(text), builder_(limits), events_(&builder_) {}

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
  absl::Status ParseEnd();

  // The value of a header line with this key.
  bool Key(absl::string_view key, absl::string_view* value) const;

  const absl::string_view text_;
  size_t next_ = 0;       // where the line after at_ begins
  absl::string_view at_;  // the line, without its newline
  size_t line_ = 0;       // its number, from 1
  TraceBuilder builder_;
  EventLineParser events_;
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
    if (absl::Status s = events_.Parse(at_); !s.ok()) return s;
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
