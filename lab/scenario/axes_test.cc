#include "lab/scenario/axes.h"

#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "model/profile/kernel_profile.h"
#include "model/vmm/strategy.h"
#include "model/vmm/switches.h"
#include "model/vmm/vmm_profile.h"

namespace iovalab {
namespace {

std::string Says(absl::string_view text) {
  const auto choice = ParseSet(text);
  return std::string(choice.ok() ? "ok" : choice.status().message());
}

TEST(Axes, TableHoldsTogether) {
  std::set<absl::string_view> names;
  for (const AxisInfo& axis : Axes()) {
    EXPECT_TRUE(names.insert(axis.name).second) << axis.name;
    EXPECT_TRUE(CheckAxisValue(axis, axis.default_value).ok()) << axis.name;
    std::set<absl::string_view> values;
    for (const AxisValue& value : axis.values) {
      EXPECT_TRUE(values.insert(value.name).second) << value.name;
      EXPECT_NE(value.name, "all");  // --set axis=all is all of them
      EXPECT_NE(value.help, "");
      EXPECT_NE(value.source, "");
    }
  }
  EXPECT_EQ(names, (std::set<absl::string_view>{
                       "mapping", "backend", "device", "kernel", "switches",
                       "vmm", "format", "invalidation", "window"}));
}

template <typename Rows, typename Name>
std::vector<absl::string_view> NamesIn(const Rows& rows, Name name) {
  std::vector<absl::string_view> names;
  for (const auto& row : rows) names.push_back(name(row));
  return names;
}

// What the model has registered, and nothing else, can be chosen.
TEST(Axes, AgreeWithTheModelsTables) {
  const auto values = [](absl::string_view axis) {
    return NamesIn((*FindAxis(axis))->values,
                   [](const AxisValue& v) { return v.name; });
  };
  EXPECT_EQ(values("mapping"),
            NamesIn(Strategies(), [](const Strategy* s) { return s->name; }));
  EXPECT_EQ(
      values("switches"),
      NamesIn(SwitchSettings(), [](const SwitchSetting& s) { return s.name; }));
  EXPECT_EQ(
      values("kernel"),
      NamesIn(KernelProfiles(), [](const KernelProfile& k) { return k.name; }));
  EXPECT_EQ(values("vmm"),
            NamesIn(VmmProfiles(), [](const VmmProfile& v) { return v.name; }));
}

TEST(Policies, NamedLeavesOutTheDefaultsOfImpliedAxes) {
  Policies policies{
      {{"mapping", "gpa"}, {"vmm", "qemu_10_1"}, {"format", "vtd"}}};
  EXPECT_EQ(policies.Named().size(), 1u);
  policies.values[1].second = "qemu_7_2";
  policies.values[2].second = "amdv1";
  EXPECT_EQ(policies.Named(), policies.values);
}

TEST(ParseSet, TakesValuesInTheirOrder) {
  EXPECT_EQ(ParseSet("mapping=hva,gpa").value(),
            (AxisChoice{"mapping", {"hva", "gpa"}}));
  EXPECT_EQ(ParseSet("device=all").value(),
            (AxisChoice{"device",
                        {"vdpa_sim", "vduse", "vdpa_sim_net", "vp_vdpa",
                         "vp_vdpa_aw48"}}));
}

TEST(ParseSet, SaysWhatWouldBeRight) {
  EXPECT_EQ(Says("mapping"),
            "\"mapping\" has no '='; AXIS=VALUE, AXIS=V1,V2 or AXIS=all");
  EXPECT_EQ(Says("maping=hva"), "no axis \"maping\"; did you mean mapping?");
  EXPECT_EQ(Says("=hva"),
            "axis is missing; one of mapping, backend, device, kernel, "
            "switches, vmm, format, invalidation, window");
  EXPECT_EQ(Says("device=vdusee"),
            "no value of axis device \"vdusee\"; did you mean vduse? All: "
            "vdpa_sim, vduse, vdpa_sim_net, vp_vdpa, vp_vdpa_aw48");
  EXPECT_EQ(Says("device="),
            "value of axis device is missing; one of vdpa_sim, vduse, "
            "vdpa_sim_net, vp_vdpa, "
            "vp_vdpa_aw48");
  EXPECT_EQ(Says("device=vduse,"),
            "value of axis device is missing; one of vdpa_sim, vduse, "
            "vdpa_sim_net, vp_vdpa, "
            "vp_vdpa_aw48");
  EXPECT_EQ(Says("device=vduse,all"),
            "no value of axis device \"all\"; one of vdpa_sim, vduse, "
            "vdpa_sim_net, vp_vdpa, "
            "vp_vdpa_aw48");
  EXPECT_EQ(Says("device=vduse,vduse"),
            "axis device has vduse twice; each value once");
  EXPECT_EQ(Says("x\n=1"),
            "no axis \"x\\n\"; one of mapping, backend, device, kernel, "
            "switches, vmm, format, invalidation, window");
}

TEST(MergeChoices, FlagsReplaceTheScenarios) {
  const AxisChoice scenario[] = {{"mapping", {"hva", "gpa"}},
                                 {"device", {"vduse"}}};
  const AxisChoice flags[] = {{"mapping", {"ram_addr"}}};
  EXPECT_EQ(MergeChoices(scenario, flags).value(),
            (std::vector<AxisChoice>{{"mapping", {"ram_addr"}},
                                     {"device", {"vduse"}}}));
  const AxisChoice twice[] = {{"mapping", {"hva"}}, {"mapping", {"gpa"}}};
  EXPECT_EQ(MergeChoices(scenario, twice).status().message(),
            "axis mapping is set twice; mapping=V1,V2 sets several values");
}

TEST(Policies, TheFirstValuesAreTheBase) {
  const AxisChoice choices[] = {{"mapping", {"hva", "gpa"}}};
  const Policies base = BasePolicies(choices);
  EXPECT_EQ(base.values.size(), Axes().size());
  EXPECT_EQ(base.Get("mapping"), "hva");
  EXPECT_EQ(base.Get("backend"), "vdpa_set_map_va");
  EXPECT_EQ(base.Get("nothing"), "");
  EXPECT_EQ(BasePolicies({}).Get("mapping"), "gpa");
}

TEST(Product, LastAxisVariesFastest) {
  // The order in which axes are chosen does not matter.
  const AxisChoice choices[] = {{"device", {"vduse", "vdpa_sim"}},
                                {"mapping", {"hva", "gpa", "ram_addr"}}};
  const auto rows = Product(choices);
  ASSERT_TRUE(rows.ok()) << rows.status();
  std::vector<std::pair<std::string, std::string>> got;
  for (const Policies& row : *rows) {
    EXPECT_EQ(row.values.size(), Axes().size());
    EXPECT_EQ(row.values[0].first, "mapping");
    got.emplace_back(row.Get("mapping"), row.Get("device"));
  }
  EXPECT_EQ(got, (std::vector<std::pair<std::string, std::string>>{
                     {"hva", "vduse"},
                     {"hva", "vdpa_sim"},
                     {"gpa", "vduse"},
                     {"gpa", "vdpa_sim"},
                     {"ram_addr", "vduse"},
                     {"ram_addr", "vdpa_sim"}}));
  EXPECT_EQ((*rows)[0], BasePolicies(choices));
}

TEST(Product, KeepsItsBound) {
  const AxisChoice choices[] = {{"mapping", {"hva", "gpa", "ram_addr"}},
                                {"device", {"vduse", "vdpa_sim"}}};
  EXPECT_TRUE(Product(choices, 6).ok());
  EXPECT_EQ(Product(choices, 5).status().message(),
            "more than 5 combinations from axis device on; fewer values");
}

}  // namespace
}  // namespace iovalab
