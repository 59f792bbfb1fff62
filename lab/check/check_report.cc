#include "lab/check/check_report.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lab/scenario/scenario_files.h"
#include "lab/utf8.h"
#include "nlohmann/json.hpp"

namespace iovalab {
namespace {

using Json = nlohmann::ordered_json;

// Text that any of the forms can hold: line breaks stay, other control
// characters and what is not UTF-8 become \xNN.
std::string Clean(absl::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t good = FirstNotUtf8(text);
    for (const char c : text.substr(0, good)) {
      if ((absl::ascii_iscntrl(c) && c != '\n')) {
        absl::StrAppend(&out, "\\x",
                        absl::Hex(static_cast<uint8_t>(c), absl::kZeroPad2));
      } else {
        out += c;
      }
    }
    text.remove_prefix(good);
    if (text.empty()) break;
    absl::StrAppend(&out, "\\x",
                    absl::Hex(static_cast<uint8_t>(text[0]), absl::kZeroPad2));
    text.remove_prefix(1);
  }
  return out;
}

std::string Place(const CheckProblem& problem) {
  return absl::StrCat(problem.file, ":", problem.line, ": ", problem.says);
}

std::string Xml(absl::string_view text) {
  // U+FFFE and U+FFFF are UTF-8, but no characters of XML.
  return absl::StrReplaceAll(Clean(text), {{"&", "&amp;"},
                                           {"<", "&lt;"},
                                           {">", "&gt;"},
                                           {"\"", "&quot;"},
                                           {"\n", "&#10;"},
                                           {"\xef\xbf\xbe", "\\ufffe"},
                                           {"\xef\xbf\xbf", "\\uffff"}});
}

struct JunitName {
  std::string suite;  // the folder, "scenarios.alias"
  std::string name;
};

JunitName NameOf(absl::string_view path) {
  path = absl::StripSuffix(path, kScenarioEnding);
  const size_t slash = path.rfind('/');
  if (slash == absl::string_view::npos) return {"", std::string(path)};
  return {absl::StrReplaceAll(path.substr(0, slash), {{"/", "."}}),
          std::string(path.substr(slash + 1))};
}

void AppendJunitCase(const ScenarioCheck& check, std::string* out) {
  const JunitName name = NameOf(check.path);
  absl::StrAppend(out, "    <testcase classname=\"", Xml(name.suite),
                  "\" name=\"", Xml(name.name), "\" file=\"", Xml(check.path),
                  "\"");
  if (check.ok()) {
    *out += "/>\n";
    return;
  }
  std::string text;
  for (const CheckProblem& problem : check.problems) {
    absl::StrAppend(&text, Place(problem), "\n", problem.details);
  }
  const absl::string_view element = check.trouble.ok() ? "failure" : "error";
  const CheckProblem& first =
      check.trouble.ok() ? check.problems.front() : check.problems.back();
  absl::StrAppend(out, ">\n      <", element, " type=\"",
                  GetCheckRule(first.rule).id, "\" message=\"",
                  Xml(Place(first)), "\">", Xml(text), "</", element,
                  ">\n    </testcase>\n");
}

// A path as a URI reference: relative ones stay so.
std::string Uri(absl::string_view path) {
  std::string out = absl::StartsWith(path, "/") ? "file://" : "";
  // "a:b" would have a scheme.
  if (absl::StrContains(path.substr(0, path.find('/')), ":")) out += "./";
  for (const char c : path) {
    if (absl::ascii_isalnum(c) || absl::StrContains("-._~/:@!$&'()*+,;=", c)) {
      out += c;
    } else {
      absl::StrAppend(&out, "%",
                      absl::AsciiStrToUpper(absl::StrCat(absl::Hex(
                          static_cast<uint8_t>(c), absl::kZeroPad2))));
    }
  }
  return out;
}

Json SarifResult(const CheckProblem& problem) {
  std::string text = problem.says;
  if (!problem.details.empty()) {
    absl::StrAppend(&text, "\n", absl::StripSuffix(problem.details, "\n"));
  }
  return {{"ruleId", std::string(GetCheckRule(problem.rule).id)},
          {"ruleIndex", static_cast<int>(problem.rule)},
          {"level", "error"},
          {"message", {{"text", Clean(text)}}},
          {"locations",
           Json::array({{{"physicalLocation",
                          {{"artifactLocation", {{"uri", Uri(problem.file)}}},
                           {"region", {{"startLine", problem.line}}}}}}})}};
}

// https://docs.github.com, "Workflow commands": what would end a property or
// the message is percent-encoded.
std::string GithubMessage(absl::string_view text) {
  return absl::StrReplaceAll(Clean(text), {{"%", "%25"}, {"\n", "%0A"}});
}

std::string GithubProperty(absl::string_view text) {
  return absl::StrReplaceAll(GithubMessage(text), {{":", "%3A"}, {",", "%2C"}});
}

}  // namespace

std::string CheckJunit(absl::Span<const ScenarioCheck> checks) {
  size_t failures = 0;
  size_t errors = 0;
  for (const ScenarioCheck& check : checks) {
    errors += !check.trouble.ok();
    failures += check.trouble.ok() && !check.ok();
  }
  const std::string sums =
      absl::StrCat("name=\"iovalab check\" tests=\"", checks.size(),
                   "\" failures=\"", failures, "\" errors=\"", errors, "\"");
  std::string out =
      absl::StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites ",
                   sums, ">\n  <testsuite ", sums, " skipped=\"0\">\n");
  for (const ScenarioCheck& check : checks) AppendJunitCase(check, &out);
  return out + "  </testsuite>\n</testsuites>\n";
}

std::string CheckSarif(absl::Span<const ScenarioCheck> checks,
                       absl::string_view tool_version) {
  Json rules = Json::array();
  for (const CheckRuleInfo& rule : CheckRules()) {
    rules.push_back({{"id", std::string(rule.id)},
                     {"shortDescription", {{"text", std::string(rule.says)}}}});
  }
  Json results = Json::array();
  for (const ScenarioCheck& check : checks) {
    for (const CheckProblem& problem : check.problems) {
      results.push_back(SarifResult(problem));
    }
  }
  const Json driver = {{"name", "iovalab"},
                       {"version", std::string(tool_version)},
                       {"rules", std::move(rules)}};
  const Json run = {{"tool", {{"driver", driver}}},
                    {"results", std::move(results)}};
  const Json sarif = {
      {"$schema",
       "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/"
       "sarif-schema-2.1.0.json"},
      {"version", "2.1.0"},
      {"runs", Json::array({run})}};
  return sarif.dump(1) + "\n";
}

std::string CheckGithub(absl::Span<const ScenarioCheck> checks) {
  std::string out;
  for (const ScenarioCheck& check : checks) {
    for (const CheckProblem& problem : check.problems) {
      std::string text = problem.says;
      if (!problem.details.empty()) {
        absl::StrAppend(&text, "\n", absl::StripSuffix(problem.details, "\n"));
      }
      absl::StrAppend(&out, "::error file=", GithubProperty(problem.file),
                      ",line=", problem.line, ",title=iovalab ",
                      GetCheckRule(problem.rule).id, "::", GithubMessage(text),
                      "\n");
    }
  }
  return out;
}

}  // namespace iovalab
