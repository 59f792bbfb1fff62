#include <unistd.h>

#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/terminal/capture.h"
#include "gtest/gtest.h"
#include "lab/trace/trace_binary.h"
#include "lab/trace/trace_file.h"
#include "lab/trace/trace_testing.h"
#include "lab/trace/trace_text.h"

namespace iovalab {
namespace {

std::string Path(absl::string_view name) {
  return absl::StrCat(testing::TempDir(), "/convert_test.", name);
}

void Put(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string Content(const std::string& path) {
  std::ostringstream all;
  all << std::ifstream(path, std::ios::binary).rdbuf();
  return all.str();
}

Captured Convert(const std::string& in, const std::string& out) {
  return Capture([&](Terminal& t) {
    return RunCommandLine({"convert", in, out}, t);
  });
}

TEST(Convert, LosesNothingThereAndBack) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Trace trace = RandomTrace(seed, 200);
    const std::string text = TraceToText(trace);
    Put(Path("1.trace"), text);
    EXPECT_EQ(Convert(Path("1.trace"), Path("2.trace.pb")).status, kFine);
    EXPECT_EQ(Convert(Path("2.trace.pb"), Path("3.trace")).status, kFine);
    EXPECT_EQ(Content(Path("3.trace")), text);
    const auto binary = ReadTraceFile(Path("2.trace.pb"));
    ASSERT_TRUE(binary.ok()) << binary.status();
    EXPECT_TRUE(SameTrace(*binary, trace));
  }
}

TEST(Convert, TheNameOfTheOutputSaysItsForm) {
  const std::string text = TraceToText(SmallTrace());
  const std::string binary = TraceToBinary(SmallTrace());
  ASSERT_NE(text, binary);
  Put(Path("text"), text);
  Put(Path("binary"), binary);
  EXPECT_EQ(Convert(Path("text"), "-").out, text);
  EXPECT_EQ(Convert(Path("binary"), "-").out, text);
  EXPECT_EQ(Convert(Path("text"), Path("same.trace")).status, kFine);
  EXPECT_EQ(Content(Path("same.trace")), text);
  EXPECT_EQ(Convert(Path("text"), Path("new.pb")).status, kFine);
  EXPECT_EQ(Content(Path("new.pb")), binary);
}

TEST(Convert, ToALogThatImportReads) {
  Trace trace = SmallTrace();
  trace.header.policies = {{"mapping", "hva"}};
  Put(Path("small.trace"), TraceToText(trace));
  const Captured converted = Convert(Path("small.trace"), Path("small.log"));
  EXPECT_EQ(converted.status, kFine) << converted.err;
  EXPECT_EQ(converted.out, "");
  const Captured imported = Capture([&](Terminal& t) {
    return RunCommandLine({"import", Path("small.log")}, t);
  });
  EXPECT_EQ(imported.status, kFine);
  EXPECT_TRUE(absl::StrContains(imported.out, "device fd 9: ")) << imported.out;

  Put(Path("empty.trace"), TraceToText(Trace()));
  const Captured none = Convert(Path("empty.trace"), Path("empty.log"));
  EXPECT_EQ(none.status, kTrouble);
  EXPECT_TRUE(absl::StrContains(none.err, "empty.log: the trace has no "))
      << none.err;
}

TEST(Convert, DamagedInputLeavesTheOutputAlone) {
  const std::string binary = TraceToBinary(SmallTrace());
  Put(Path("out.trace"), "before");
  for (const size_t cut : {size_t{0}, size_t{1}, size_t{5}, size_t{30},
                           binary.size() / 2, binary.size() - 1}) {
    Put(Path("cut.trace.pb"), binary.substr(0, cut));
    const Captured got = Convert(Path("cut.trace.pb"), Path("out.trace"));
    EXPECT_EQ(got.status, kTrouble) << cut;
    EXPECT_TRUE(absl::StrContains(got.err, "cut.trace.pb")) << got.err;
    EXPECT_EQ(got.out, "");
  }
  EXPECT_EQ(Content(Path("out.trace")), "before");
}

TEST(Convert, MissingInput) {
  const Captured got = Convert(Path("none"), "-");
  EXPECT_EQ(got.status, kTrouble);
  EXPECT_TRUE(absl::StrContains(got.err, "none")) << got.err;
}

}  // namespace
}  // namespace iovalab
