#include "lab/scenario/scenario_print.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "lab/read_file.h"
#include "lab/scenario/scenario_load.h"

namespace iovalab {
namespace {

TEST(CanonicalText, LoadsAgainToTheSame) {
  const auto text = ReadWholeFile("testdata/bad/good.textproto", 1 << 20);
  ASSERT_TRUE(text.ok()) << text.status();
  const auto loaded = LoadScenario("written", *text);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const auto again = LoadScenario("canonical", loaded->canonical);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->spec, loaded->spec);
  EXPECT_EQ(again->axes, loaded->axes);
  EXPECT_EQ(again->canonical, loaded->canonical);
  EXPECT_EQ(again->proto.SerializeAsString(),
            loaded->proto.SerializeAsString());
}

TEST(CanonicalText, IsTheSameForEveryWayToWriteIt) {
  const auto one = LoadScenario(
      "one",
      "summary: 's' # why\n name: 'n' axis { value: 'hva' value: 'gpa' name: "
      "'mapping' } kernel { memlock: 4096 } seed: 0 vmm < iova_range: < last: "
      "010 first: 0 >; >");
  const auto other = LoadScenario(
      "other",
      "name: 'n' summary: 's' kernel { memlock: 0x1000 } vmm { iova_range { "
      "last: 8 } } axis { name: 'mapping' value: ['hva', 'g' 'pa'] }");
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(one->canonical, other->canonical);
  EXPECT_EQ(one->canonical,
            "# proto-file: scenarios/scenario.proto\n"
            "# proto-message: iovalab.pb.Scenario\n"
            "\n"
            "name: \"n\"\n"
            "summary: \"s\"\n"
            "vmm {\n"
            "  iova_range { first: 0x0 last: 0x8 }\n"
            "}\n"
            "kernel {\n"
            "  memlock: 0x1000\n"
            "}\n"
            "axis {\n"
            "  name: \"mapping\"\n"
            "  value: [\"hva\", \"gpa\"]\n"
            "}\n");
}

TEST(CanonicalText, SaysWhatIsRequiredEvenWhereItIs0) {
  const auto loaded = LoadScenario(
      "F",
      "name: 'n' summary: 's' ram_block { name: 'm' hva { first: 0 last: 0xfff "
      "} physical { offset { first: 0 last: 0xfff } hpa: 0 stride: 0x2000 } } "
      "device { latency_ns: 0 }");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_TRUE(absl::StrContains(loaded->canonical,
                                "    hpa: 0x0\n    stride: 0x2000\n"));
  EXPECT_TRUE(absl::StrContains(loaded->canonical, "latency_ns: 0\n"));
  EXPECT_TRUE(LoadScenario("F", loaded->canonical).ok());
}

TEST(CanonicalText, EscapesTexts) {
  const auto loaded = LoadScenario(
      "F", "name: 'n' summary: 'a \"quoted\" \\\\ back\\nslash, \xc3\xa9'");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_TRUE(absl::StrContains(
      loaded->canonical,
      "summary: \"a \\\"quoted\\\" \\\\ back\\nslash, \xc3\xa9\"\n"));
  const auto again = LoadScenario("F", loaded->canonical);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->proto.summary(), "a \"quoted\" \\ back\nslash, \xc3\xa9");
}

}  // namespace
}  // namespace iovalab
