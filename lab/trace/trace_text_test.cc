#include "lab/trace/trace_text.h"

#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lab/trace/checksum.h"
#include "lab/trace/trace_testing.h"

namespace iovalab {
namespace {

using ::testing::HasSubstr;

constexpr absl::string_view kSmall =
    R"(iovalab-trace 1
tool       0.1
scenario   delete_alias
seed       1
policy     mapping hva
policy     backend vdpa_set_map_va
complete   yes
| summary: "S0-1"
|
| step { label: "post" }

post                     <-                        +1000ns    step        does="the guest posts a buffer"
post/guest.1             <post                     +0ns       post        request=low gpa=0x0000000000005000 len=0x1000 access=w segment=0
del_m3                   <-                        +2000ns    step        does="region_del vga.alias"
post/vmm.1               <post/guest.1             +1250ns    translate   request=low segment=0 gpa=0x0000000000005000 hva=0x00007f7903e05000 len=0x1000 iova=0x0000000000006000  (svq.translate)
del_m3/vmm.1             <del_m3                   +0ns       region_del  region=vga.alias [0x00000000feda0000-0x00000000fedbffff] hva=0x00007f7903ea0000 perm=rw  (mem.del_before_add)
del_m3/vmm.2             <del_m3/vmm.1             +0ns       lookup      store=iova_hva needle=[0x00007f7903ea0000-0x00007f7903ebffff] found=1 [0x0000000000001000-0x0000000080000fff] target=0x00007f7903e00000 scanned=1  (tree.find_first)
del_m3/vmm.3             <del_m3/vmm.2             +0ns       delta       - iova_hva [0x0000000000001000-0x0000000080000fff] -> 0x00007f7903e00000 rw  (tree.remove)
del_m3/kernel.1          <del_m3/vmm.2             +800ns     vdpa_msg    type=INVALIDATE asid=0 iova=0x0000000000001000 size=0x20000 err=0 entries=1024  (vdpa.invalidate)
del_m3/kernel.2          <del_m3/kernel.1          +0ns       delta       - iotlb.0 [0x0000000000001000-0x0000000000200fff] -> 0x0000000100000000 rw x1024 key_stride=0x200000 target_stride=0x200000  (vdpa.invalidate)
del_m3/oracle.1          <del_m3/kernel.1          +0ns       violation   invariant=0 store=flat_view against=iova_hva [0x0000000000000000-0x000000007fffffff] why="no node for this section"
del_m3/oracle.2          <del_m3                   +1000ns    end         ended=COMPLETED verdict=UNSAFE fingerprint=0x0123456789abcdef
end events=11 crc32=0x78bedb31
)";

std::vector<std::string> Lines(absl::string_view text) {
  return absl::StrSplit(text, '\n');
}

// The text with its last line made right for what comes before it.
std::string Sealed(std::string text) {
  const size_t end = text.rfind("end events=");
  if (end == std::string::npos) return text;
  const std::string count(
      absl::string_view(text).substr(end, text.find(' ', end + 4) - end));
  text.resize(end);
  return absl::StrCat(text, count, " crc32=0x", absl::Hex(Crc32(text)), "\n");
}

TEST(TraceTextTest, SmallTraceReadsWell) {
  EXPECT_EQ(TraceToText(SmallTrace()), kSmall);
}

TEST(TraceTextTest, RandomTracesSurvive) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const Trace trace = RandomTrace(seed, static_cast<int>(seed));
    const std::string text = TraceToText(trace);
    const absl::StatusOr<Trace> read = TraceFromText("t", text);
    ASSERT_TRUE(read.ok()) << read.status() << "\n" << text;
    ASSERT_TRUE(SameTrace(trace, *read)) << text;
    ASSERT_EQ(TraceToText(*read), text);
  }
}

// A lookup more in step del_m3 renames what the VMM does later in that step and
// what names it, and nothing in another step.
TEST(TraceTextTest, AnAddedEventChangesNoUnrelatedLine) {
  const Trace before = SmallTrace();
  Trace after;
  after.header = before.header;
  constexpr EventIndex kAt = 5;
  const auto moved = [](EventIndex i) {
    return i == kNoEventIndex || i < kAt ? i : i + 1;
  };
  for (const std::string& name : before.names()) after.Intern(name);
  for (EventIndex i = 0; i < before.size(); ++i) {
    EventRecord record = before.event(i);
    if (i == kAt) {
      EventRecord added = record;
      added.rule = Rule::kNone;
      after.Append(added, before.words(i));
    }
    record.cause = moved(record.cause);
    record.root = moved(record.root);
    after.Append(record, before.words(i));
  }
  const std::string was_text = TraceToText(before);
  const std::vector<std::string> was = Lines(was_text);
  const std::multiset<std::string> is = [&] {
    const std::vector<std::string> lines = Lines(TraceToText(after));
    return std::multiset<std::string>(lines.begin(), lines.end());
  }();
  int changed = 0;
  for (const std::string& line : was) {
    if (is.count(line) != 0) continue;
    ++changed;
    EXPECT_TRUE(absl::StrContains(line, "del_m3/vmm.") ||
                absl::StartsWith(line, "end "))
        << line;
  }
  // The lookup, the delta and the message after it, and the end.
  EXPECT_EQ(changed, 4);
}

TEST(TraceTextTest, CutOffAnywhereIsAnError) {
  const std::string text = TraceToText(SmallTrace());
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(TraceFromText("t", text.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(TraceFromText("t", text + "\n").ok());
  EXPECT_FALSE(TraceFromText("t", text + text).ok());
}

TEST(TraceTextTest, EveryDamagedByteIsAnError) {
  const std::string text = TraceToText(SmallTrace());
  for (size_t i = 0; i < text.size(); ++i) {
    for (const uint8_t flip : {0x01, 0x02, 0x10, 0x20, 0x80, 0xff}) {
      std::string damaged = text;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      EXPECT_FALSE(TraceFromText("t", damaged).ok()) << i;
    }
  }
}

struct Edit {
  const char* from;
  const char* to;
  const char* says;
};

// Edits by hand, with a right checksum: what is wrong is still told by line and
// field.
TEST(TraceTextTest, SaysWhatIsWrongAndWhere) {
  const Edit edits[] = {
      {"iovalab-trace 1", "iovalab-trace 2", "t:1: format: must begin"},
      {"tool       0.1", "tools      0.1", "t:2: tool: must be"},
      {"tool       0.1", "tool  0.1", "t:2: header: spaces"},
      {"seed       1\n", "seed       -1\n", "t:4: seed: must be"},
      {"policy     mapping hva", "policy     mapping", "t:5: policy: must be"},
      {"complete   yes", "complete   maybe", "t:7: complete: must be"},
      {"| step", "step", "t:10: scenario: a line"},
      {"|\n", "| \n", "t:9: header: spaces"},
      {"post/guest.1   ", "post/guest.2   ", "t:13: id: the step's next event"},
      {"post/guest.1   ", "psst/guest.1   ", "t:13: id: must begin with the"},
      {"post/guest.1   ", "post/guess.1   ", "t:13: id: must name an actor"},
      {"del_m3     ", "post       ", "t:14: id: another step has this label"},
      {"<post/guest.1 ", "<del_m3/vmm.1 ", "t:15: cause: must be the id of an"},
      {"<post/guest.1 ", "<post/guest.9 ", "t:15: cause: must be the id of an"},
      {"+1250ns", "+1250us", "t:15: time: must be +Nns"},
      {"+1250ns", "+9223372036854775807ns", "t:15: time: must end below 2^63"},
      {"+1250ns", "+99999999999999999999ns", "t:15: time: must be +Nns"},
      {"translate", "transform", "t:15: kind: must be one"},
      {"segment=0 gpa", "gpa", "t:15: segment: is missing"},
      {"iova=0x0000000000006000", "iova=0x6000", "t:15: line: must be spelled"},
      {"iova=0x0000000000006000", "iova=0x00000000000060000",
       "t:15: iova: must be 0x and 16"},
      {"iova=0x0000000000006000", "iova=6000", "t:15: iova: must be 0x and 16"},
      {"len=0x1000 iova", "len=0x01000 iova", "t:15: line: must be spelled"},
      {"(svq.translate)", "(svq.translates)", "t:15: rule: must be (RULE)"},
      {"(svq.translate)", "bounced=1  (svq.translate)",
       "t:15: translate: has no such field"},
      {"- iova_hva [", "- iova_hvb [", "t:18: store: must be a store"},
      {"- iova_hva [", "* iova_hva [", "t:18: op: must be one of"},
      {"200fff] ->", "200fff ->", "t:20: first: must be a range"},
      {"  (tree.remove)", " (tree.remove)", "t:18: delta: has no such field"},
      {"-> 0x00007f7903e00000 rw", "-> 0x00007f7903e00000 3",
       "t:18: line: must be spelled"},
      {"end  ", "stop ", "t:22: kind: must be one"},
      {"end events=11", "end events=12", "t:23: end: the trace is damaged"},
  };
  const std::string text = TraceToText(SmallTrace());
  for (const Edit& edit : edits) {
    const size_t at = text.find(edit.from);
    ASSERT_NE(at, std::string::npos) << edit.from;
    std::string edited = text;
    edited.replace(at, strlen(edit.from), edit.to);
    const absl::StatusOr<Trace> read = TraceFromText("t", Sealed(edited));
    ASSERT_FALSE(read.ok()) << edit.to;
    EXPECT_THAT(std::string(read.status().message()), HasSubstr(edit.says))
        << edit.to;
  }
}

TEST(TraceTextTest, LimitsHold) {
  const std::string text = TraceToText(SmallTrace());
  EXPECT_TRUE(TraceFromText("t", text, {11, 1 << 20}).ok());
  const auto events = TraceFromText("t", text, {10, 1 << 20});
  EXPECT_THAT(std::string(events.status().message()),
              HasSubstr("t:22: events: more than the limit of 10"));
  const auto bytes = TraceFromText("t", text, {11, 1000});
  EXPECT_THAT(std::string(bytes.status().message()),
              HasSubstr("bytes: more than the limit of 1000"));
}

}  // namespace
}  // namespace iovalab
