#include "lab/scenario/scenario_parse.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/text_format.h"
#include "lab/scenario/scenario_scan.h"
#include "lab/utf8.h"
#include "util/nearest.h"

namespace iovalab {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::EnumDescriptor;
using ::google::protobuf::FieldDescriptor;

constexpr size_t kMaxWhat = 400;  // bytes of an error

struct ParseError {
  int line = 0;
  int column = 0;
  std::string message;
};

// Keeps the first error; the later ones are its consequences.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (!error_) error_ = ParseError{line, column, message};
  }
  void AddWarning(int, int, const std::string&) override {}
  const std::optional<ParseError>& error() const { return error_; }

 private:
  std::optional<ParseError> error_;
};

// The n-th quoted part of a message of the parser's.
std::string Quoted(absl::string_view message, int n) {
  std::vector<std::string> parts = absl::StrSplit(message, '"');
  const size_t i = 2 * n + 1;
  return i < parts.size() ? parts[i] : "";
}

std::vector<absl::string_view> FieldNames(const Descriptor& message) {
  std::vector<absl::string_view> names;
  for (int i = 0; i < message.field_count(); ++i) {
    names.push_back(message.field(i)->name());
  }
  return names;
}

// Message type "iovalab.pb.Region" has no field named "adr".
std::string UnknownField(absl::string_view message) {
  const Descriptor* type =
      pb::Scenario::descriptor()->file()->pool()->FindMessageTypeByName(
          Quoted(message, 0));
  if (type == nullptr) return std::string(message);
  const std::string name = Quoted(message, 1);
  const std::vector<absl::string_view> names = FieldNames(*type);
  const absl::string_view near = Nearest(name, names);
  return absl::StrCat("no field \"", name, "\" in ", type->name(), "; ",
                      near.empty()
                          ? absl::StrCat("it has ", absl::StrJoin(names, ", "))
                          : absl::StrCat("did you mean ", near, "?"));
}

// The enum of the field with this name; names of enum fields are unique in
// scenario.proto but for that.
const EnumDescriptor* FindEnum(const Descriptor& message,
                               const std::string& field) {
  const FieldDescriptor* found = message.FindFieldByName(field);
  if (found != nullptr && found->enum_type() != nullptr) {
    return found->enum_type();
  }
  for (int i = 0; i < message.field_count(); ++i) {
    const Descriptor* nested = message.field(i)->message_type();
    if (nested == nullptr) continue;
    const EnumDescriptor* type = FindEnum(*nested, field);
    if (type != nullptr) return type;
  }
  return nullptr;
}

// Unknown enumeration value of "ROM" for field "kind".
std::string UnknownValue(absl::string_view message) {
  const EnumDescriptor* type =
      FindEnum(*pb::Scenario::descriptor(), Quoted(message, 1));
  if (type == nullptr) return std::string(message);
  std::vector<absl::string_view> names;
  for (int i = 0; i < type->value_count(); ++i) {
    names.push_back(type->value(i)->name());
  }
  return absl::StrCat("no value ", Quote(Quoted(message, 0)), "; one of ",
                      absl::StrJoin(names, ", "));
}

std::string Twice(absl::string_view) { return "given twice; give it once"; }

std::string TwoOfOneof(absl::string_view message) {
  return absl::StrCat("given beside ", Quoted(message, 1), "; one of the two");
}

std::string NotBool(absl::string_view message) {
  absl::string_view value = message;
  value.remove_prefix(std::min(value.find("Value: "), value.size()));
  absl::ConsumePrefix(&value, "Value: ");
  return absl::StrCat(value, " is no truth value; true or false");
}

std::string TooBig(absl::string_view message) {
  absl::ConsumePrefix(&message, "Integer out of range (");
  absl::ConsumeSuffix(&message, ")");
  return absl::StrCat(Quote(message),
                      " is out of range; numbers have 64 bits, of small "
                      "counts 32");
}

std::string AsItIs(absl::string_view message) {
  std::string what(message);
  if (what.size() > 1 && absl::ascii_islower(what[1])) {
    what[0] = absl::ascii_tolower(what[0]);
  }
  return what;
}

// Expected identifier, got: }
std::string Unexpected(absl::string_view message) {
  if (absl::EndsWith(message, "got: ") ||
      absl::EndsWith(message, "found \"\"")) {
    return "the text ends within a message; a '}' is missing";
  }
  return AsItIs(message);
}

std::string NotClosed(absl::string_view) {
  return "a string is not closed in its line; a quote at its end";
}

std::string NoExtension(absl::string_view) {
  return "a scenario has no extensions; a field's name without []";
}

// What the parser says, and what we say instead.
struct Saying {
  absl::string_view begins;
  std::string (*say)(absl::string_view message);
  // The parser has read past what it complains about.
  bool before;
};
constexpr Saying kSayings[] = {
    {"Message type \"", UnknownField, false},
    {"Unknown enumeration value", UnknownValue, true},
    {"Non-repeated field \"", Twice, false},
    {"Field \"", TwoOfOneof, false},
    {"Invalid value for boolean field", NotBool, true},
    {"Integer out of range", TooBig, false},
    {"Extension \"", NoExtension, false},
    {"Expected octal", AsItIs, true},
    {"Expected hex", AsItIs, true},
    {"Expected ", Unexpected, false},
    {"String literals cannot cross", NotClosed, true},
    // Whatever else the tokenizer finds, it finds within a token.
    {"", AsItIs, true},
};

absl::Status Told(const ParseError& error, absl::string_view file,
                  absl::string_view text) {
  std::string what = error.message;
  if (absl::EndsWith(what, ".")) what.pop_back();
  bool before = false;
  for (const Saying& saying : kSayings) {
    if (!absl::StartsWith(what, saying.begins)) continue;
    what = saying.say(what);
    before = saying.before;
    break;
  }
  // The rest may hold as much of the text as there is.
  if (what.size() > kMaxWhat) {
    what = absl::StrCat(what.substr(0, kMaxWhat), "...");
  }
  const SyntaxPlace place =
      FindSyntaxPlace(text, std::max(error.line, 0), error.column, before);
  return absl::InvalidArgumentError(
      absl::StrCat(file, ":", place.line, ": ", place.path,
                   place.path.empty() ? "" : ": ", what));
}

}  // namespace

absl::Status ParseScenarioText(absl::string_view text, const LoadLimits& limits,
                               Locations* locations, pb::Scenario* scenario) {
  text = WithoutByteOrderMark(text);
  if (absl::Status s = CheckText(locations->file(), text, limits); !s.ok()) {
    return s;
  }
  FirstError errors;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  parser.WriteLocationsTo(locations->tree());
  parser.SetRecursionLimit(static_cast<int>(limits.max_depth));
  google::protobuf::io::ArrayInputStream input(text.data(),
                                               static_cast<int>(text.size()));
  const bool ok = parser.Parse(&input, scenario);
  if (errors.error()) {
    return Told(*errors.error(), locations->file(), text);
  }
  if (!ok) {
    return locations->Error(Place(),
                            "is no scenario in protobuf's text format");
  }
  return absl::OkStatus();
}

}  // namespace iovalab
