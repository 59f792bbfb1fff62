#include <algorithm>
#include <array>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "lab/trace/diff.h"
#include "lab/trace/trace_token.h"
#include "nlohmann/json.hpp"

namespace iovalab {
namespace {

using Json = nlohmann::ordered_json;

struct KindRow {
  absl::string_view name;
  absl::string_view sign;
};
constexpr KindRow kKinds[] = {
    {"added", "+"}, {"removed", "-"}, {"changed", "~"}, {"moved", ">"}};

const KindRow& Row(ChangeKind kind) {
  return kKinds[static_cast<size_t>(kind)];
}

// Everything that --ignore may name.
std::set<std::string> IgnorableNames() {
  std::set<std::string> names = {"time", "cause",  "rule",    "scenario",
                                 "seed", "policy", "complete"};
  for (size_t k = 0; k < static_cast<size_t>(Kind::kCount); ++k) {
    for (const FieldInfo& field : GetKind(static_cast<Kind>(k)).fields) {
      names.insert(std::string(field.name));
    }
  }
  return names;
}

Json IdJson(const std::string& id) { return id.empty() ? Json() : Json(id); }

Json ChangeJson(const Change& change) {
  Json json;
  json["kind"] = std::string(Row(change.kind).name);
  json["a"] = IdJson(change.a_id);
  json["b"] = IdJson(change.b_id);
  json["text"] = change.text;
  return json;
}

std::string Ids(const Change& change) {
  if (change.a_id.empty()) return change.b_id;
  if (change.b_id.empty() || change.a_id == change.b_id) return change.a_id;
  return absl::StrCat(change.a_id, " = ", change.b_id);
}

std::string OrNone(const std::string& value) {
  return value.empty() ? "none" : value;
}

std::string Sums(const DiffResult& result) {
  std::array<size_t, std::size(kKinds)> counts{};
  for (const Change& change : result.changes) {
    ++counts[static_cast<size_t>(change.kind)];
  }
  std::vector<std::string> parts;
  for (size_t k = 0; k < counts.size(); ++k) {
    if (counts[k] == 0) continue;
    parts.push_back(absl::StrCat(counts[k], " ", kKinds[k].name));
  }
  if (parts.empty()) parts.push_back("events the same");
  return absl::StrCat(absl::StrJoin(parts, ", "), " (", result.events_a,
                      " and ", result.events_b, " events)\n");
}

}  // namespace

absl::string_view Name(ChangeKind kind) { return Row(kind).name; }

absl::StatusOr<DiffOptions> ParseDiffIgnore(absl::string_view list) {
  const std::set<std::string> known = IgnorableNames();
  DiffOptions options;
  for (absl::string_view name : absl::StrSplit(list, ',', absl::SkipEmpty())) {
    if (known.count(std::string(name)) == 0) {
      std::string shown;
      AppendName(&shown, name);
      return absl::InvalidArgumentError(
          absl::StrCat("--ignore: no event has a field ", shown, "; there are ",
                       absl::StrJoin(known, ", ")));
    }
    options.ignore.push_back(std::string(name));
  }
  return options;
}

std::string DiffText(const DiffResult& result) {
  if (result.same) return absl::StrCat("same: ", result.events_a, " events\n");
  std::string out;
  for (const HeaderChange& change : result.header) {
    absl::StrAppend(&out, "~ ", change.field, ": ", OrNone(change.a), " -> ",
                    OrNone(change.b), "\n");
  }
  for (const Change& change : result.changes) {
    absl::StrAppend(&out, Row(change.kind).sign, " ", Ids(change), "  ",
                    change.text, "\n");
  }
  if (!result.changes.empty()) {
    absl::StrAppend(&out, "first difference: ", Ids(result.changes[0]), "\n");
  }
  absl::StrAppend(&out, Sums(result));
  return out;
}

std::string DiffJson(const DiffResult& result) {
  Json json;
  json["same"] = result.same;
  json["header"] = Json::array();
  for (const HeaderChange& change : result.header) {
    json["header"].push_back({{"field", change.field},
                              {"a", IdJson(change.a)},
                              {"b", IdJson(change.b)}});
  }
  json["changes"] = Json::array();
  for (const Change& change : result.changes) {
    json["changes"].push_back(ChangeJson(change));
  }
  json["first_divergence"] =
      result.changes.empty() ? Json() : json["changes"][0];
  return json.dump(1) + "\n";
}

}  // namespace iovalab
