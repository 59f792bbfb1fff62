#include "lab/compare/compare.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "lab/compare/compare_testing.h"
#include "lab/compare/run_policies.h"
#include "lab/compare/story.h"
#include "nlohmann/json.hpp"

namespace iovalab {
namespace {

using Json = nlohmann::json;

std::set<std::string> Keys(const Json& json) {
  std::set<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.insert(key);
  return keys;
}

const std::set<std::string> kRowKeys = {
    "policies", "verdict", "ended",           "counts",        "deserved",
    "rules",    "digest",  "first_violation", "not_applicable"};

// CLI.md's table of what programs rely on.
TEST(ComparisonJson, HasTheKeysOfCliMd) {
  const LoadedScenario scenario = LoadForTest();
  const std::string text = ComparisonJson(CompareForTest(
      scenario, {"mapping=hva,gpa", "device=vdpa_sim,vduse", "backend=all"}));
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const Json json = Json::parse(text);
  EXPECT_EQ(Keys(json), (std::set<std::string>{"scenario", "rows"}));
  EXPECT_EQ(json["scenario"], "small");
  ASSERT_EQ(json["rows"].size(), 16u);
  int not_applicable = 0;
  for (const Json& row : json["rows"]) {
    EXPECT_EQ(Keys(row), kRowKeys);
    EXPECT_EQ(Keys(row["policies"]),
              (std::set<std::string>{"mapping", "backend", "device", "kernel",
                                     "switches", "vmm", "format",
                                     "invalidation", "window"}));
    if (!row["not_applicable"].is_null()) {
      ++not_applicable;
      EXPECT_TRUE(row["verdict"].is_null());
      continue;
    }
    EXPECT_EQ(row["ended"], "COMPLETED");
    EXPECT_EQ(Keys(row["rules"]),
              (std::set<std::string>{"recorded", "source", "derived"}));
    EXPECT_EQ(row["digest"].get<std::string>().substr(0, 2), "0x");
    EXPECT_EQ(row["digest"].get<std::string>().size(), 18u);
    EXPECT_EQ(row["deserved"], Json({{"SW_REJECT", 1}}));
    const bool hva = row["policies"]["mapping"] == "hva";
    EXPECT_EQ(row["verdict"], hva ? "UNSAFE" : "SAFE");
    EXPECT_EQ(row["counts"].contains("OK"), !hva);
    EXPECT_EQ(row["first_violation"].is_null(), !hva);
    if (!hva) continue;
    EXPECT_EQ(row["first_violation"]["stores"], Json({"L0", "L1"}));
    EXPECT_EQ(row["first_violation"]["event"], "del/oracle.1");
  }
  EXPECT_EQ(not_applicable, 6);  // vduse has set_map and user addresses
}

TEST(ComparisonJson, FailuresAndBounds) {
  const LoadedScenario scenario = LoadForTest("expect { verdict: UNSAFE }");
  const Json row = Json::parse(ComparisonJson(
      CompareForTest(scenario, {"mapping=gpa"}, {.max_events = 3})))["rows"][0];
  EXPECT_EQ(row["ended"], "BOUND");
  EXPECT_EQ(row["verdict"], "FAULTS");
  EXPECT_EQ(row["failures"].size(), 1u);
}

TEST(Compare, SameArgumentsSameRows) {
  const LoadedScenario scenario = LoadForTest();
  const std::vector<std::string> sets = {"mapping=all", "switches=all"};
  const Comparison once = CompareForTest(scenario, sets);
  EXPECT_EQ(ComparisonJson(once),
            ComparisonJson(CompareForTest(scenario, sets)));
  EXPECT_EQ(once.rows.size(), 45u);
  EXPECT_EQ(once.axes, (std::vector<std::string>{"mapping", "switches"}));
}

TEST(WhereRowsPart, SaysWhoAndWhy) {
  const LoadedScenario scenario = LoadForTest();
  EXPECT_EQ(
      WhereRowsPart(CompareForTest(scenario, {})),
      "hva: at del, region_del of alias looks for HVA 0x7f00000a0000 and finds "
      "the node of IOVA 0x1000-0x100fff, low's; a section that the guest still "
      "has lost its node (low, GPA 0x0-0xfffff): L0 against L1. Not so gpa, "
      "passthrough.");
  EXPECT_EQ(WhereRowsPart(CompareForTest(scenario, {"mapping=gpa,ram_addr"})),
            "Every row that applies came to the same: nothing went wrong.");
  EXPECT_EQ(
      WhereRowsPart(CompareForTest(scenario, {"mapping=gpa", "device=vduse",
                                              "backend=vdpa_set_map_pa"})),
      "No combination applies.");
  // The rows that differ are told apart by as few axes as will do.
  const std::string both = WhereRowsPart(CompareForTest(
      scenario, {"mapping=hva,gpa", "switches=as_merged,r1_fixed"}));
  EXPECT_EQ(both.substr(0, 12), "hva: at del,");
  EXPECT_EQ(both.substr(both.size() - 12), " Not so gpa.");
}

// Rows whose first trouble is the same and whose end is not.
TEST(WhereRowsPart, LaterThanTheFirstTrouble) {
  Comparison c;
  c.axes = {"mapping"};
  const auto row = [&](const char* mapping, Verdict verdict, AccessClass worst,
                       const char* story) {
    CompareRow r;
    r.policies.values = {{"mapping", mapping}};
    r.verdict = verdict;
    r.worst = worst;
    r.worst_step = "s";
    r.story = story;
    c.rows.push_back(r);
  };
  row("a", Verdict::kFaults, AccessClass::kSwReject, "at x, y");
  row("b", Verdict::kUnsafe, AccessClass::kSilentCorrupt, "at x, y");
  row("c", Verdict::kUnsafe, AccessClass::kLeak, "at z, leak");
  EXPECT_EQ(WhereRowsPart(c),
            "b: at x, y; then SILENT_CORRUPT at s. Not so a.");
}

TEST(ResolvePolicies, WhatDoesNotApply) {
  struct Case {
    std::vector<std::string> sets;
    const char* reason;  // a part of it; "" where it applies
  };
  const Case kCases[] = {
      {{"kernel=deb_6_1_192", "backend=vdpa_set_map_va"},
       "vdpa_sim of deb_6_1_192 has no VA mode"},
      {{"kernel=deb_6_1_192", "backend=vdpa_set_map_pa"}, ""},
      {{"kernel=deb_6_1_192", "backend=vdpa_set_map_va", "device=vduse"}, ""},
      {{"device=vduse", "backend=vdpa_set_map_pa"}, "no PA mode"},
      {{"device=vdpa_sim_net", "backend=vdpa_set_map_pa"}, ""},
      {{"kernel=deb_6_1_192", "device=vdpa_sim_net"}, "no VA mode"},
      {{"device=vduse", "backend=vdpa_dma_map"}, "no dma_map"},
      {{"device=vduse", "backend=vdpa_platform_iommu"}, "is not asked"},
      {{"device=vp_vdpa", "backend=vdpa_set_map_pa"}, "no map operations"},
      {{"device=vp_vdpa", "backend=vdpa_platform_iommu"}, ""},
      {{"device=vdpa_sim", "backend=vdpa_platform_iommu"}, ""},
      {{"device=vdpa_sim", "backend=vdpa_dma_map"}, ""},
      {{"kernel=v5_17", "backend=vdpa_set_map_va"},
       "vdpa_sim of v5_17 has no VA mode"},
      {{"kernel=v5_17", "backend=vdpa_platform_iommu"}, ""},
      {{"mapping=passthrough", "switches=r1_fixed"}, "without a shadow queue"},
      {{"mapping=passthrough", "switches=r3_fixed"}, ""},
      {{"mapping=hva", "switches=r2_fixed"}, "only gpa"},
      {{"mapping=gpa", "switches=r2_fixed"}, ""},
      {{"mapping=gpa", "switches=before_75a8ce64f6"}, "searched by HVA"},
      {{"mapping=hva_id", "switches=before_75a8ce64f6"}, ""},
  };
  for (const Case& c : kCases) {
    std::vector<AxisChoice> choices;
    for (const std::string& set : c.sets) choices.push_back(*ParseSet(set));
    const std::string reason =
        ResolvePolicies(BasePolicies(choices), Scenario()).not_applicable;
    EXPECT_EQ(reason.empty(), c.reason[0] == '\0') << reason;
    EXPECT_NE(reason.find(c.reason), std::string::npos) << reason;
  }
}

TEST(ResolvePolicies, EveryDeviceHasARowForEveryBackend) {
  for (const AxisValue& device : (*FindAxis("device"))->values) {
    for (const AxisValue& backend : (*FindAxis("backend"))->values) {
      const std::vector<AxisChoice> choices = {
          {"device", {std::string(device.name)}},
          {"backend", {std::string(backend.name)}}};
      EXPECT_EQ(ResolvePolicies(BasePolicies(choices), Scenario())
                    .not_applicable.find("is modelled"),
                std::string::npos)
          << device.name << " " << backend.name;
    }
  }
}

// 39 bits: a device range above them leaves no IOVA.
TEST(ResolvePolicies, AnIovaRangeOutsideTheApertureDoesNotApply) {
  Scenario scenario;
  scenario.iova_range = {Iova(uint64_t{1} << 39), Iova(uint64_t{1} << 40)};
  const auto reason = [&](const char* device) {
    return ResolvePolicies(
               BasePolicies(std::vector<AxisChoice>{
                   {"device", {device}}, {"backend", {"vdpa_platform_iommu"}}}),
               scenario)
        .not_applicable;
  };
  EXPECT_NE(reason("vp_vdpa").find("iova_range"), std::string::npos);
  EXPECT_EQ(reason("vp_vdpa_aw48"), "");
}

// Every line of the narrative is about a step, and what goes wrong is in it.
TEST(Narrative, TellsOfARequestHeldToTheEnd) {
  const std::string held =
      "held   its request is held to the end: no step releases it\n";
  for (const bool released : {false, true}) {
    const LoadedScenario scenario = LoadForTest(absl::StrCat(
        "step { label: \"held\" post { hold: true buffer { "
        "gpa { first: 0 last: 0xfff } } } }",
        released ? "step { label: \"go\" release { post: \"held\" } }" : ""));
    Policies policies = BasePolicies(scenario.axes);
    const RunResult run = RunOne(scenario, policies,
                                 ResolvePolicies(policies, Scenario()).run, {});
    const std::string text = Narrative(scenario.spec, run.trace);
    EXPECT_EQ(absl::EndsWith(text, held), !released) << text;
  }
}

TEST(RunOne, TellsOfItsProgress) {
  const LoadedScenario scenario = LoadForTest();
  const Policies policies = BasePolicies(scenario.axes);
  uint64_t events = 0;
  RunOptions options;
  options.limits.progress = {[](void* context, uint64_t now) {
                               *static_cast<uint64_t*>(context) = now;
                             },
                             &events};
  RunOne(scenario, policies, ResolvePolicies(policies, Scenario()).run,
         options);
  EXPECT_GE(events, 1u);
}

TEST(Narrative, TellsTheRun) {
  const LoadedScenario scenario = LoadForTest();
  Policies policies = BasePolicies(scenario.axes);
  const RunResult run =
      RunOne(scenario, policies, ResolvePolicies(policies, Scenario()).run, {});
  const std::string text = Narrative(scenario.spec, run.trace);
  for (const char* line : {
           "start  the machine as it is at the start\n",
           "         region_add low GPA 0x0-0xfffff\n",
           "           UPDATE IOVA 0x1000 size 0x100000: 1 entry in\n",
           "del    memory transaction: disable alias\n",
           "           INVALIDATE IOVA 0x1000 size 0x10000: 1 entry out\n",
           "         ! a section that the guest still has lost its node (low): "
           "L0 against L1\n",
           "         SW_REJECT: buffer at GPA 0x5000 refused, ",
           "         SW_REJECT (deserved): buffer at GPA 0x300000 refused, ",
           "         LEAK: iova_hva 0x101000-0x110fff, 1 entry\n",
       }) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
}

}  // namespace
}  // namespace iovalab
