#include "lab/conform/conform.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lab/conform/conform_testing.h"
#include "lab/conform/json_lines.h"

namespace iovalab {
namespace {

using nlohmann::json;

constexpr const char* kRecordings[] = {"Q-iova-tree", "Q-vhost-iova-tree-72",
                                       "Q-vhost-iova-tree-100"};

std::string WriteRecords(const std::vector<json>& records) {
  std::vector<std::string> lines;
  for (const json& record : records) lines.push_back(record.dump());
  return WriteLines(lines);
}

ConformReport Conform(const std::string& path) {
  absl::StatusOr<ConformReport> report = ConformFiles({path});
  EXPECT_TRUE(report.ok()) << report.status();
  return report.ok() ? *report : ConformReport();
}

TEST(Conform, RecordingsOfQemuTreesMatch) {
  std::vector<std::string> paths;
  size_t operations = 0;
  for (const char* kind : kRecordings) {
    paths.push_back(Recording(kind));
    operations += ReadRecords(paths.back()).size() - 1;  // less the meta line
  }
  absl::StatusOr<ConformReport> report = ConformFiles(paths);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->AllMatched()) << ConformText(*report);
  EXPECT_EQ(report->total, operations);
  EXPECT_GT(operations, 10000u);
}

TEST(Conform, KindIsRecognisedWithoutAMetaLine) {
  for (const char* kind : kRecordings) {
    std::vector<json> records = ReadRecords(Recording(kind));
    records.erase(records.begin());
    const ConformReport report = Conform(WriteRecords(records));
    ASSERT_EQ(report.files.size(), 1u);
    EXPECT_EQ(report.files[0].kind, kind);
    EXPECT_TRUE(report.AllMatched());
  }
}

// Changes the value, whatever it is, into one of the same type.
void Corrupt(json& value) {
  if (value.is_null()) {
    value = json::array({"0x1", "0x2", "0x3", 1});
  } else if (value.is_number()) {
    value = value.get<int64_t>() + 1;
  } else if (value.is_string()) {
    value = value == "0x123456" ? "0x123457" : "0x123456";
  } else if (value.empty()) {
    value.push_back(json::array({"0x1", "0x2", "0x3", 1}));
  } else {
    Corrupt(value.back());
  }
}

// The fields of a record that are results or tables.
std::vector<std::string> ResultsOf(const json& record) {
  std::vector<std::string> results;
  for (const char* field : {"ret", "found", "removed", "eff_first", "tree",
                            "tree_n", "iova_only", "iova_taddr", "gpa"}) {
    if (record.contains(field)) results.push_back(field);
  }
  if (absl::StrContains(record["op"].get<std::string>(), "alloc")) {
    results.push_back("iova");
  }
  return results;
}

// The report on records whose i-th has `field` altered names just that, and the
// rest of the case is unmatched.
void ExpectOneMismatch(std::vector<json> records, size_t i,
                       const std::string& field) {
  Corrupt(records[i][field]);
  const json& bad = records[i];
  SCOPED_TRACE(bad.dump());
  size_t rest = 0;
  while (i + rest < records.size() && records[i + rest]["case"] == bad["case"])
    ++rest;
  const ConformReport report = Conform(WriteRecords(records));
  ASSERT_EQ(report.files.size(), 1u);
  EXPECT_EQ(report.total - report.matched, rest);
  ASSERT_EQ(report.files[0].mismatches.size(), 1u);
  const ConformMismatch& m = report.files[0].mismatches[0];
  EXPECT_EQ(m.line, i + 1);
  EXPECT_EQ(m.test_case, bad["case"].get<std::string>());
  EXPECT_EQ(m.step, bad["step"].get<int64_t>());
  EXPECT_TRUE(absl::StartsWith(m.field, field)) << m.field;
  EXPECT_NE(m.expected, m.got);
}

// Every result and table of every kind of operation is really compared.
TEST(Conform, AlteredExpectationIsAMismatch) {
  for (const char* kind : kRecordings) {
    const std::vector<json> records = ReadRecords(Recording(kind));
    std::set<std::pair<std::string, std::string>> tried;
    for (size_t i = 1; i < records.size(); ++i) {
      if (records[i].contains("overlaps")) continue;  // `found` is any of them
      for (const std::string& field : ResultsOf(records[i])) {
        if (!tried.emplace(records[i]["op"], field).second) continue;
        ExpectOneMismatch(records, i, field);
      }
    }
    EXPECT_GE(tried.size(), 10u) << kind;
  }
}

constexpr char kMeta[] = "{\"meta\":{\"file\":\"Q-iova-tree\"}}";
constexpr char kNew[] =
    "{\"case\":\"c\",\"step\":0,\"op\":\"new\",\"tree\":[]}";

TEST(Conform, BadRecordsAreErrors) {
  const struct {
    std::vector<std::string> lines;
    absl::string_view says;
  } kCases[] = {
      {{}, "holds no recorded operation"},
      {{kMeta}, "holds no recorded operation"},
      {{"{\"meta\":{\"file\":\"Z-other\"}}"},
       ":1: field \"meta.file\": record"},
      {{"{\"meta\":{}}"}, ":1: field \"meta.file\": is missing"},
      {{"{\"meta\":3}"}, ":1: field \"meta.file\": is missing"},
      {{"{\"cfg\":\"A-other\"}"},
       ":1: recordings of configuration \"A-other\""},
      {{"{\"case\":\"c\"}"}, ":1: a line {\"meta\""},
      {{kMeta, "{\"case\""}, ":2: not valid JSON"},
      {{kMeta, "{\"step\":0}"}, ":2: field \"case\": is missing"},
      {{kMeta, "{\"case\":\"c\",\"step\":1}"},
       ":2: field \"step\": 1 of case c "
       "without its step 0"},
      {{kMeta, kNew, "{\"case\":\"c\",\"step\":2}"},
       ":3: field \"step\": 2 of case c follows step 0"},
      {{kMeta, kNew, "{\"case\":\"d\",\"step\":1}"},
       ":3: field \"step\": 1 of case d follows step 0"},
      {{kMeta, kNew, "{\"case\":\"c\",\"step\":1,\"op\":\"fly\"}"},
       ":3: field \"op\": \"fly\" is not known; these are: new, insert"},
      {{kMeta, kNew,
        "{\"case\":\"c\",\"step\":1,\"op\":\"remove\",\"iova\":3}"},
       ":3: field \"iova\": a hex string"},
      {{kMeta, "{\"case\":\"c\",\"step\":0,\"op\":\"new\"}"},
       ":2: field \"tree\": is missing"},
      {{kMeta, "{\"case\":\"c\",\"step\":0,\"op\":\"new\",\"tree\":[[]]}"},
       ":2: field \"tree\": a node [iova"},
  };
  for (const auto& c : kCases) {
    absl::StatusOr<ConformReport> report = ConformFiles({WriteLines(c.lines)});
    EXPECT_TRUE(absl::StrContains(report.status().message(), c.says))
        << report.status() << "\n"
        << c.says;
  }
}

TEST(Conform, TextAndJson) {
  const std::string path = WriteLines(
      {kMeta, kNew,
       "{\"case\":\"c\",\"step\":1,\"op\":\"insert\",\"iova\":\"0x1000\","
       "\"size\":\"0xfff\",\"taddr\":\"0x5\",\"perm\":1,\"ret\":-2,\"tree\":[]"
       "}",
       "{\"case\":\"c\",\"step\":2,\"op\":\"new\",\"tree\":[]}"});
  const ConformReport report = Conform(path);
  EXPECT_EQ(ConformText(report),
            absl::StrCat(path, ": 1 of 3 (Q-iova-tree)\n  ", path,
                         ":3: case c step 1: ret: recorded -2, model 0\n"
                         "ev 0 of 0\nmatched 1 of 3\n"));
  EXPECT_EQ(ConformJson(report),
            absl::StrCat(
                "{\"matched\":1,\"total\":3,\"ev_matched\":0,\"ev_total\":0,"
                "\"files\":[{\"file\":\"",
                path,
                "\",\"kind\":\"Q-iova-tree\",\"matched\":1,\"total\":3,"
                "\"ev_matched\":0,\"ev_total\":0,\"mismatch_count\":1,"
                "\"mismatches\":[{\"case\":\"c\",\"step\":1,\"line\":3,"
                "\"field\":\"ret\",\"expected\":\"-2\",\"got\":\"0\"}]}]}\n"));
}

}  // namespace
}  // namespace iovalab
