#include "absl/strings/str_format.h"
#include "lab/compare/compare.h"
#include "nlohmann/json.hpp"

namespace iovalab {
namespace {

using Json = nlohmann::ordered_json;

std::string Text(absl::string_view s) { return std::string(s); }

Json CountsJson(const ClassCounts& counts) {
  Json json = Json::object();
  for (size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] != 0)
      json[Text(Name(static_cast<AccessClass>(c)))] = counts[c];
  }
  return json;
}

Json RowJson(const CompareRow& row) {
  Json json;
  Json& policies = json["policies"] = Json::object();
  for (const auto& [axis, value] : row.policies.values) policies[axis] = value;
  if (!row.not_applicable.empty()) {
    for (const char* key : {"verdict", "ended", "counts", "deserved", "rules",
                            "digest", "first_violation"}) {
      json[key] = nullptr;
    }
    json["not_applicable"] = row.not_applicable;
  } else {
    json["verdict"] = Text(Name(row.verdict));
    json["ended"] = Text(Name(row.ended));
    json["counts"] = CountsJson(row.counts);
    json["deserved"] = CountsJson(row.deserved);
    json["rules"] = {{"recorded", row.rules.recorded},
                     {"source", row.rules.source},
                     {"derived", row.rules.derived}};
    json["digest"] = absl::StrFormat("0x%016x", row.digest);
    json["first_violation"] = nullptr;
    if (const auto& v = row.first_violation) {
      json["first_violation"] = {
          {"stores",
           {Text(GetStoreKind(v->store.kind).level),
            Text(GetStoreKind(v->against.kind).level)}},
          {"event", v->event},
          {"step", v->step},
          {"tables", {v->store.Name(), v->against.Name()}}};
    }
    json["not_applicable"] = nullptr;
  }
  if (!row.failures.empty()) json["failures"] = row.failures;
  return json;
}

}  // namespace

std::string ComparisonJson(const Comparison& comparison) {
  Json json;
  json["scenario"] = comparison.scenario;
  Json& rows = json["rows"] = Json::array();
  for (const CompareRow& row : comparison.rows) rows.push_back(RowJson(row));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace iovalab
