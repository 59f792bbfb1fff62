#include "lab/conform/conform_vhost_vdpa.h"

#include <gtest/gtest.h>
#include <stdio.h>

#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "lab/conform/conform.h"
#include "lab/conform/json_lines.h"
#include "model/event/rules.h"

namespace iovalab {
namespace {

using nlohmann::json;

std::string Recording(absl::string_view name) {
  return absl::StrCat("testdata/vectors/", name, ".jsonl.gz");
}

struct Expectation {
  const char* name;
  uint64_t operations;
  uint64_t with_calls;
};
// Every operation of every file matches; none is "not modelled".
constexpr Expectation kRecordings[] = {
    {"A-simblk-setmap-pa", 916, 274},
    {"A-simblk-setmap-pa-k61", 916, 272},
    {"A-simblk-setmap-va", 916, 273},
    {"A-simblk-dmamap-pa", 916, 247},
    {"A-simblk-dmamap-pa-k61", 916, 247},
    {"A-simblk-dmamap-va", 916, 266},
    {"A-limit", 75, 24},
    {"A-limit-k61", 75, 24},
    {"A-limit-dmamap", 75, 48},
    {"A-limit-dmamap-k61", 75, 48},
    {"A-simnet-asid", 108, 26},
    {"A-simnet-asid-k61", 108, 25},
    {"A-vduse", 843, 249},
    {"A-vp-platform-iommu", 916, 376},
    {"A-vp-platform-iommu-k61", 916, 376},
};

TEST(ConformVhostVdpa, RecordingsMatch) {
  for (const Expectation& e : kRecordings) {
    SCOPED_TRACE(e.name);
    const auto report = ConformFiles({Recording(e.name)});
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->total, e.operations);
    EXPECT_EQ(report->matched, e.operations);
    EXPECT_EQ(report->ev_total, e.with_calls);
    EXPECT_EQ(report->ev_matched, e.with_calls);
    EXPECT_EQ(report->files[0].mismatch_count, 0u) << ConformText(*report);
  }
}

std::vector<json> ReadCase(const char* recording, absl::string_view name) {
  std::vector<json> records;
  auto lines = JsonLines::Open(Recording(recording));
  EXPECT_TRUE(lines.ok());
  for (;;) {
    auto record = lines->Next();
    EXPECT_TRUE(record.ok());
    if (!record->has_value()) break;
    if ((*record)->object["case"] == std::string(name)) {
      records.push_back((*record)->object);
    }
  }
  EXPECT_FALSE(records.empty());
  return records;
}

absl::StatusOr<ConformReport> Conform(const std::vector<json>& records) {
  std::vector<std::string> lines;
  for (const json& record : records) lines.push_back(record.dump());
  const std::string text = absl::StrJoin(lines, "\n");
  const std::string path = absl::StrCat(testing::TempDir(), "/vdpa.jsonl");
  FILE* file = fopen(path.c_str(), "wb");
  EXPECT_EQ(fwrite(text.data(), 1, text.size(), file), text.size());
  fclose(file);
  return ConformFiles({path});
}

// One field of one record of a case, changed: the comparison must notice.
struct Change {
  const char* case_name;
  size_t step;
  const char* pointer;
  json value;
  bool is_call = false;
};

TEST(ConformVhostVdpa, EveryComparedFieldCounts) {
  const Change kChanges[] = {
      {"map/page", 3, "/errno", "EFAULT"},
      {"map/page", 3, "/kernel_ret", "EEXIST"},
      {"map/page", 3, "/st/VmPin_kB", 8},
      {"map/page", 3, "/st/iotlb/vhost_as#0/limit", 2047},
      {"map/page", 3, "/st/iotlb/vhost_as#0/nmaps", 2},
      {"map/page", 3, "/st/iotlb/vhost_as#0/maps/0",
       "0x1000-0x1fff -> H+0x1000 perm=3"},
      {"map/page", 3, "/st/iotlb/device_as#0/maps/0",
       "0x1000-0x1fff -> H+0x0 perm=1"},
      {"map/page", 3, "/st/iotlb", json::object()},
      {"map/page", 3, "/ev/0", "set_map asid=0 nmaps=2", true},
      {"perm/dma_rw", 5, "/out/device_read/0", "H+0x1000"},
      {"perm/dma_rw", 5, "/out/virtio_status", 1},
      {"map/page", 3, "/op", "no_such_operation"},
  };
  for (const Change& change : kChanges) {
    SCOPED_TRACE(change.pointer);
    std::vector<json> records =
        ReadCase("A-simblk-setmap-pa", change.case_name);
    ASSERT_LT(change.step, records.size());
    records[change.step][json::json_pointer(change.pointer)] = change.value;
    const auto report = Conform(records);
    ASSERT_TRUE(report.ok()) << report.status();
    if (change.is_call) {
      EXPECT_EQ(report->matched, records.size());
      EXPECT_EQ(report->ev_matched, report->ev_total - 1);
    } else {
      EXPECT_EQ(report->matched, change.step);
    }
    EXPECT_GE(report->files[0].mismatch_count, 1u);
  }
}

TEST(ConformVhostVdpa, EveryFieldOfThePlatformIommuCounts) {
  const Change kChanges[] = {
      {"map/2M", 3, "/st/iommu/0", "0x200000-0x3fffff -> H+0x1000"},
      {"map/2M", 3, "/st/iommu", json::array()},
      {"map/2M", 3, "/ev/0", "iommu_map 0x200000 +0x1000 -> H+0x0", true},
      {"map/2M", 4, "/ev/1", "iotlb_inv psi 0x200000 am=8 ih=1", true},
      {"perm/0", 3, "/ev/1", "iotlb_inv psi 0x1000 am=0 ih=1", true},
      {"seq/dma_crossing_mapping_end", 6, "/out/device_write_landed_at",
       json::array()},
      {"range/msi_window", 7, "/out/device_read/0", "H+0x0"},
  };
  for (const Change& change : kChanges) {
    SCOPED_TRACE(change.case_name);
    std::vector<json> records =
        ReadCase("A-vp-platform-iommu", change.case_name);
    ASSERT_LT(change.step, records.size());
    records[change.step][json::json_pointer(change.pointer)] = change.value;
    const auto report = Conform(records);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->matched, change.is_call ? records.size() : change.step);
    EXPECT_GE(report->files[0].mismatch_count, 1u);
  }
}

// Which X#k replaced memory is called follows the order of all recorded cases;
// a file with some of them left out must match too.
TEST(ConformVhostVdpa, NamesOfReplacedMemoryMayBeginAnywhere) {
  std::vector<json> records =
      ReadCase("A-simblk-setmap-pa", "mem/new_memory_at_same_hva");
  std::string text = json(records).dump();
  for (size_t at; (at = text.find("X#1")) != text.npos;) {
    text.replace(at, 3, "X#7");
  }
  const std::vector<json> renamed = json::parse(text);
  const auto report = Conform(renamed);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->matched, report->total);

  for (size_t at; (at = text.find("X#7")) != text.npos;) {
    text.replace(at, 3, "X");
  }
  const std::vector<json> confused = json::parse(text);
  const auto wrong = Conform(confused);
  ASSERT_TRUE(wrong.ok());
  EXPECT_LT(wrong->matched, wrong->total);
}

TEST(ConformVhostVdpa, WrongRecordsAreErrors) {
  const Change kChanges[] = {
      {"map/page", 3, "/args", json::array()},
      {"map/page", 3, "/args/iova", "4096"},
      {"map/page", 3, "/args/size", 4096},
      {"map/page", 3, "/args/uaddr", "W+0x1000"},
      {"map/page", 3, "/args/uaddr", ""},
      {"map/page", 3, "/args/uaddr", "H0x1000"},
      {"map/page", 3, "/args/type", "256"},
      {"map/page", 3, "/op", 7},
      {"batch/bulk64", 4, "/args/count", 1000000000},
      {"batch/bulk64", 4, "/args/count", -1},
      {"batch/bulk64", 4, "/args/what", "both"},
      {"perm/dma_rw", 5, "/args/len", "0xffffffffffffffff"},
      {"map/page", 0, "/cfg", "A-unheard-of"},
      {"map/page", 0, "/kernel", "5.10.0"},
  };
  for (const Change& change : kChanges) {
    SCOPED_TRACE(change.pointer);
    std::vector<json> records =
        ReadCase("A-simblk-setmap-pa", change.case_name);
    records[change.step][json::json_pointer(change.pointer)] = change.value;
    EXPECT_FALSE(Conform(records).ok());
  }
}

// What a rule says about a recording that is in testdata/ must be there. A
// source is a list of "RECORDING CASE, CASE" or other texts, with ";" between.
TEST(ConformVhostVdpa, RulesCiteCasesThatExist) {
  std::map<std::string, std::set<std::string>> cases;
  for (const Expectation& e : kRecordings) {
    auto lines = JsonLines::Open(Recording(e.name));
    ASSERT_TRUE(lines.ok());
    for (;;) {
      auto record = lines->Next();
      ASSERT_TRUE(record.ok());
      if (!record->has_value()) break;
      cases[e.name].insert((*record)->object["case"].get<std::string>());
    }
  }
  int cited = 0;
  for (int i = 1; i < static_cast<int>(Rule::kCount); ++i) {
    const RuleInfo& info = GetRule(static_cast<Rule>(i));
    for (absl::string_view part : absl::StrSplit(info.source, "; ")) {
      if (part.substr(0, 2) != "A-") continue;
      const std::vector<std::string> words =
          absl::StrSplit(part, absl::ByAnyChar(" ,"), absl::SkipEmpty());
      const auto recording = cases.find(words[0]);
      ASSERT_NE(recording, cases.end()) << info.name << ": " << words[0];
      for (size_t w = 1; w < words.size(); ++w) {
        EXPECT_TRUE(recording->second.count(words[w]))
            << info.name << ": " << words[0] << " has no case " << words[w];
        ++cited;
      }
    }
  }
  EXPECT_GT(cited, 60);
}

}  // namespace
}  // namespace iovalab
