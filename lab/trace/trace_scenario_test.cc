// Traces of real runs: every scenario under every combination of its policies.
// The fold of the trace is the machine's stores, both encodings lose nothing,
// and every event that the machine records is one that the readers accept.

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lab/compare/compare.h"
#include "lab/compare/run_policies.h"
#include "lab/read_file.h"
#include "lab/scenario/scenario_load.h"
#include "lab/trace/diff.h"
#include "lab/trace/fold.h"
#include "lab/trace/trace_binary.h"
#include "lab/trace/trace_text.h"

namespace iovalab {
namespace {

std::vector<std::string> g_files;

void CheckTrace(const RunResult& result) {
  const absl::StatusOr<Stores> folded = Fold(result.trace);
  ASSERT_TRUE(folded.ok()) << folded.status();
  EXPECT_TRUE(SameContents(*folded, result.stores));
  EXPECT_EQ(folded->fingerprint(), result.stores.fingerprint());

  const std::string text = TraceToText(result.trace);
  const std::string bytes = TraceToBinary(result.trace);
  const absl::StatusOr<Trace> from_text = TraceFromText("t", text);
  const absl::StatusOr<Trace> from_binary = TraceFromBinary("b", bytes);
  ASSERT_TRUE(from_text.ok()) << from_text.status() << "\n" << text;
  ASSERT_TRUE(from_binary.ok()) << from_binary.status();
  EXPECT_EQ(TraceToText(*from_binary), text);
  EXPECT_EQ(TraceToBinary(*from_text), bytes);
  EXPECT_TRUE(DiffTraces(*from_text, *from_binary).same);
}

TEST(TraceScenarioTest, EveryRun) {
  int runs = 0;
  for (const std::string& file : g_files) {
    SCOPED_TRACE(file);
    const absl::StatusOr<std::string> text = ReadWholeFile(file, 1 << 20);
    ASSERT_TRUE(text.ok()) << text.status();
    const absl::StatusOr<LoadedScenario> scenario = LoadScenario(file, *text);
    ASSERT_TRUE(scenario.ok()) << scenario.status();
    const auto product = Product(scenario->axes);
    ASSERT_TRUE(product.ok()) << product.status();
    for (const Policies& policies : *product) {
      const ResolvedPolicies resolved =
          ResolvePolicies(policies, scenario->spec);
      if (!resolved.not_applicable.empty()) continue;
      RunOptions options;
      options.tool = "test";
      CheckTrace(RunOne(*scenario, policies, resolved.run, options));
      ++runs;
    }
  }
  EXPECT_GT(runs, 20);
}

}  // namespace
}  // namespace iovalab

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  iovalab::g_files.assign(argv + 1, argv + argc);
  return RUN_ALL_TESTS();
}
