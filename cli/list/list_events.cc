#include "cli/list/list_events.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/terminal/table.h"
#include "model/event/kinds.h"
#include "model/event/rules.h"

namespace iovalab {
namespace {

// What stands behind "field=" in a trace's text.
std::string ValueName(const FieldInfo& field) {
  switch (field.type) {
    case FieldType::kHex:
      return "ADDRESS";
    case FieldType::kSize:
      return "BYTES";
    case FieldType::kCount:
    case FieldType::kSigned:
      return "NUMBER";
    case FieldType::kErrno:
      return "ERRNO";
    case FieldType::kName:
      return "NAME";
    case FieldType::kEvent:
      return "EVENT";
    case FieldType::kPerm:
      return "PERM";
    case FieldType::kBool:
      return "0|1";
    case FieldType::kStore:
      return "STORE";
    case FieldType::kEnum:
      return absl::StrJoin(field.values, "|");
    case FieldType::kRule:
      return "RULE";
  }
  return "";
}

std::string Fields(const KindInfo& kind) {
  std::string out;
  for (const FieldInfo& field : kind.fields) {
    absl::StrAppend(&out, out.empty() ? "" : " ", field.optional ? "[" : "",
                    field.name, "=", ValueName(field),
                    field.optional ? "]" : "");
  }
  return out;
}

Style StyleOf(Evidence evidence) {
  return evidence == Evidence::kRecorded  ? Style::kGreen
         : evidence == Evidence::kDerived ? Style::kYellow
                                          : Style::kPlain;
}

Table Kinds() {
  Table table({{"event"}, {"what happened"}, {"fields ([…] when it has one)"}});
  for (size_t i = 0; i < static_cast<size_t>(Kind::kCount); ++i) {
    const KindInfo& kind = GetKind(static_cast<Kind>(i));
    table.Add({{std::string(kind.name), Style::kCyan},
               {std::string(kind.says)},
               {Fields(kind), Style::kDim}});
  }
  return table;
}

Table Rules() {
  Table table({{"rule"}, {"evidence"}, {"behaviour (source)"}});
  for (size_t i = 1; i < static_cast<size_t>(Rule::kCount); ++i) {
    const RuleInfo& rule = GetRule(static_cast<Rule>(i));
    table.Add(
        {{std::string(rule.name), Style::kCyan},
         {std::string(EvidenceName(rule.evidence)), StyleOf(rule.evidence)},
         {absl::StrCat(rule.says, " (", rule.source, ")")}});
  }
  return table;
}

}  // namespace

absl::Status ListEvents(const Args&, Terminal& terminal) {
  terminal.Write(Kinds().Render(terminal));
  terminal.Write("\n");
  terminal.Write(Rules().Render(terminal));
  return absl::OkStatus();
}

}  // namespace iovalab
