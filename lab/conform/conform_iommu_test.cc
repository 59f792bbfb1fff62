// The recordings of page tables: the RISC-V reference model's walks and Linux's
// LPAE library.

#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lab/conform/conform.h"
#include "lab/conform/conform_testing.h"
#include "lab/conform/json_lines.h"

namespace iovalab {
namespace {

using nlohmann::json;

struct Expectation {
  const char* kind;
  uint64_t operations;
  // Results that some operation of the kind has.
  std::vector<const char*> results;
};
const Expectation kRecordings[] = {
    {"R-riscv-iommu",
     4694,
     {"ok", "pa", "size", "perm", "wd", "pbmt", "g", "u", "reads", "fault",
      "iotval", "iotval2", "ttyp"}},
    {"L-io-pgtable-arm",
     2312,
     {"ret", "mapped", "unmapped", "phys", "warn", "tlb_page", "tlb_walk",
      "tables", "leaves", "start_level", "pgd_entries", "pgsizes"}},
};

TEST(ConformIommu, RecordingsMatch) {
  for (const Expectation& e : kRecordings) {
    const auto report = ConformFiles({Recording(e.kind)});
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->total, e.operations);
    EXPECT_EQ(report->matched, e.operations) << ConformText(*report);
    EXPECT_EQ(report->files[0].kind, e.kind);
  }
}

TEST(ConformIommu, KindIsRecognisedWithoutAMetaLine) {
  for (const Expectation& e : kRecordings) {
    std::vector<std::string> lines;
    for (const json& record : ReadRecords(Recording(e.kind))) {
      if (!record.contains("meta")) lines.push_back(record.dump());
    }
    const auto report = ConformFiles({WriteLines(lines)});
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->files[0].kind, e.kind);
    EXPECT_TRUE(report->AllMatched());
  }
}

// Changes the value into another of the same type.
void Corrupt(json& value) {
  if (value.is_number()) {
    value = value.get<int64_t>() == 0 ? 1 : value.get<int64_t>() - 1;
  } else if (value.is_string()) {
    value = value == "0x123456" ? "0x123457" : "0x123456";
  } else if (value.empty()) {
    value.push_back(json::array({"0x1000", "0x1000", 1, "0x1000", 3}));
  } else if (value.back().is_array()) {
    Corrupt(value.back()[3]);
  } else {
    Corrupt(value.back());
  }
}

// Every result is really compared, in every kind of operation that has it.
TEST(ConformIommu, AlteredExpectationIsAMismatch) {
  for (const Expectation& e : kRecordings) {
    const std::vector<json> records = ReadRecords(Recording(e.kind));
    std::set<std::string> altered;
    size_t begin = 1;
    for (size_t i = 1; i < records.size(); ++i) {
      if (records[i]["step"] == 0) begin = i;
      for (const char* field : e.results) {
        if (!records[i].contains(field) || altered.count(field) > 0) continue;
        altered.insert(field);
        std::vector<std::string> lines = {records[0].dump()};
        for (size_t j = begin; j < i; ++j) lines.push_back(records[j].dump());
        json bad = records[i];
        Corrupt(bad[field]);
        lines.push_back(bad.dump());
        const auto report = ConformFiles({WriteLines(lines)});
        ASSERT_TRUE(report.ok()) << report.status();
        EXPECT_EQ(report->matched + 1, report->total) << bad.dump();
        ASSERT_EQ(report->files[0].mismatches.size(), 1u) << bad.dump();
        EXPECT_TRUE(
            absl::StartsWith(report->files[0].mismatches[0].field, field))
            << report->files[0].mismatches[0].field << " for " << field;
      }
    }
    EXPECT_EQ(altered.size(), e.results.size()) << e.kind;
  }
}

constexpr char kRiscv[] =
    "{\"case\":\"c\",\"step\":0,\"op\":\"setup\",\"smode\":\"Sv39\",\"gmode\":"
    "\"Bare\",\"sroot_ppn\":\"0x1\",\"groot_ppn\":\"0x0\",\"pas\":56,"
    "\"svpbmt\":1,\"rsw60t59b\":0,\"pdtv\":0,\"mem\":[],\"holes\":[],"
    "\"corrupt\":[]}";
constexpr char kLpae[] =
    "{\"case\":\"c\",\"step\":0,\"op\":\"init\",\"fmt\":\"S1\",\"granule\":"
    "\"0x1000\",\"ias\":48,\"oas\":48,\"pgsizes\":[\"0x40201000\"],"
    "\"start_level\":0,\"pgd_entries\":512}";

// A field of step 0 replaced by another value, or an operation after it.
struct BadRecord {
  const char* base;
  const char* field;
  const char* value;  // JSON
  absl::string_view says;
};
constexpr BadRecord kBad[] = {
    {kRiscv, "smode", "\"Sv39x4\"", "field \"smode\": Bare, Sv39"},
    {kRiscv, "gmode", "\"Sv39\"", "field \"gmode\": Bare, Sv39"},
    {kRiscv, "gmode", "\"x\"", "field \"gmode\": Bare, Sv39"},
    {kRiscv, "pas", "99", "field \"pas\": 12 to 64"},
    {kRiscv, "hw_ad", "1", "field \"hw_ad\": 0 is right"},
    {kRiscv, "mem", "[[\"0x0\"]]", "field \"mem\": a list of pairs"},
    {kRiscv, "holes", "[3]", "field \"holes\": a list of pairs"},
    {kRiscv, "procs", "[]", "field \"procs\": {PID"},
    {kRiscv, "procs", "{\"x\":[1,1]}", "field \"procs\": {PID"},
    {kRiscv, "op", "\"fly\"", "field \"op\": setup or tr"},
    {kLpae, "fmt", "\"S3\"", "field \"fmt\": S1 or S2"},
    {kLpae, "granule", "\"0x2000\"", "field \"granule\": 0x1000"},
    {kLpae, "ias", "12", "field \"ias\": more than"},
    {kLpae, "ias", "49", "field \"ias\": more than"},
    {kLpae, "oas", "64", "field \"oas\": more than"},
    {kLpae, "pgsizes", "[1]", "field \"pgsizes\": a list of hex"},
    {kLpae, "op", "\"map\"", "field \"op\": init is right"},
};

TEST(ConformIommu, BadRecordsAreErrors) {
  for (const BadRecord& bad : kBad) {
    json record = json::parse(bad.base);
    record[bad.field] = json::parse(bad.value);
    const auto report = ConformFiles({WriteLines({record.dump()})});
    EXPECT_TRUE(absl::StrContains(report.status().message(), bad.says))
        << report.status() << "\n"
        << bad.says;
  }
  const struct {
    const char* base;
    const char* second;
    absl::string_view says;
  } kSecond[] = {
      {kRiscv, "{\"op\":\"tr\",\"iova\":\"0x0\",\"acc\":\"Q\",\"ok\":1}",
       "field \"acc\": R, W or X"},
      {kRiscv, "{\"op\":\"tr\",\"acc\":\"R\",\"ok\":1}", "field \"iova\""},
      {kLpae, "{\"op\":\"fly\"}", "field \"op\": init, map"},
      {kLpae, "{\"op\":\"map\",\"iova\":\"0x0\"}", "field \"pgsize\""},
      {kLpae, "{\"op\":\"dump\",\"tables\":1,\"leaves\":[1]}",
       "field \"leaves\": a run [iova"},
  };
  for (const auto& c : kSecond) {
    json second = json::parse(c.second);
    second["case"] = "c";
    second["step"] = 1;
    const auto report = ConformFiles({WriteLines({c.base, second.dump()})});
    EXPECT_TRUE(absl::StrContains(report.status().message(), c.says))
        << report.status() << "\n"
        << c.says;
  }
}

}  // namespace
}  // namespace iovalab
