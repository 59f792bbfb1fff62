// Both encodings against each other, and both readers against damage that the
// checksums do not catch: nothing is lost, nothing crashes.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "lab/trace/checksum.h"
#include "lab/trace/trace_binary.h"
#include "lab/trace/trace_testing.h"
#include "lab/trace/trace_text.h"
#include "lab/trace/wire.h"

namespace iovalab {
namespace {

TEST(TraceConvertTest, TextBinaryTextLosesNothing) {
  for (uint64_t seed = 1000; seed < 1200; ++seed) {
    const std::string text =
        TraceToText(RandomTrace(seed, static_cast<int>(seed % 200)));
    const absl::StatusOr<Trace> from_text = TraceFromText("t", text);
    ASSERT_TRUE(from_text.ok()) << from_text.status();
    const absl::StatusOr<Trace> from_binary =
        TraceFromBinary("b", TraceToBinary(*from_text));
    ASSERT_TRUE(from_binary.ok()) << from_binary.status();
    ASSERT_EQ(TraceToText(*from_binary), text);
  }
}

TEST(TraceConvertTest, BinaryTextBinaryLosesNothing) {
  for (uint64_t seed = 2000; seed < 2200; ++seed) {
    const std::string bytes =
        TraceToBinary(RandomTrace(seed, static_cast<int>(seed % 200)));
    const absl::StatusOr<Trace> from_binary = TraceFromBinary("b", bytes);
    ASSERT_TRUE(from_binary.ok()) << from_binary.status();
    const absl::StatusOr<Trace> from_text =
        TraceFromText("t", TraceToText(*from_binary));
    ASSERT_TRUE(from_text.ok()) << from_text.status();
    ASSERT_EQ(TraceToBinary(*from_text), bytes);
  }
}

// A few edits: a byte changed, removed or added, a piece copied elsewhere.
std::string Mutated(std::string bytes, TestRandom& random) {
  for (uint64_t n = 1 + random.Below(3); n > 0 && !bytes.empty(); --n) {
    const size_t at = random.Below(bytes.size());
    const size_t size = random.Below(std::min<size_t>(40, bytes.size() - at));
    const std::string piece = bytes.substr(at, size);
    switch (random.Below(5)) {
      case 0:
        bytes[at] = static_cast<char>(random.Next());
        break;
      case 1:
        bytes.erase(at, size);
        break;
      case 2:
        bytes.insert(random.Below(bytes.size()), piece);
        break;
      case 3:
        bytes[at] = bytes[random.Below(bytes.size())];
        break;
      default:
        bytes.insert(at, 1, "09af \"\\-<+/.\n"[random.Below(13)]);
        break;
    }
  }
  return bytes;
}

// The last line made right for what comes before it.
std::string SealedText(std::string text) {
  const size_t events = std::min(text.find("\n\n") + 2, text.size());
  const auto lines = std::count(text.begin() + events, text.end(), '\n');
  return absl::StrCat(text, "end events=", lines, " crc32=0x",
                      absl::Hex(Crc32(text)), "\n");
}

TEST(TraceConvertTest, MutatedTextIsReadRightOrRefused) {
  TestRandom random(11);
  int accepted = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string text = TraceToText(
        round % 4 ? SmallTrace() : RandomTrace(random.Next(), round % 17));
    text.resize(text.rfind("end events="));
    const std::string mutated = SealedText(Mutated(text, random));
    const absl::StatusOr<Trace> read =
        TraceFromText("t", mutated, {1000, 1 << 20});
    if (!read.ok()) continue;
    ++accepted;
    ASSERT_EQ(TraceToText(*read), mutated);
  }
  // Some edits make another trace: else the mutations show too little.
  EXPECT_GT(accepted, 100);
}

struct Part {
  uint32_t field;
  std::string body;
};

std::vector<Part> Parts(const std::string& bytes) {
  wire::Reader in(absl::string_view(bytes).substr(kTraceMagic.size()));
  std::vector<Part> parts;
  while (!in.done()) {
    Part part;
    wire::Type type;
    absl::string_view body;
    EXPECT_TRUE(in.Tag(&part.field, &type) && in.Bytes(&body));
    part.body = std::string(body.substr(0, body.size() - 5));
    parts.push_back(part);
  }
  return parts;
}

std::string SealedBinary(std::vector<Part> parts, uint64_t events) {
  std::string bytes(kTraceMagic), crcs;
  uint64_t chunks = 0;
  for (Part& part : parts) {
    if (part.field == 4) {
      part.body.clear();
      wire::AppendField(&part.body, 1, events);
      wire::AppendField(&part.body, 2, chunks);
      wire::AppendFixed32(&part.body, 3, Crc32(crcs));
    }
    chunks += part.field == 3;
    const uint32_t crc = Crc32(part.body);
    wire::AppendFixed32(&part.body, part.field == 2 ? 15 : 4, crc);
    wire::AppendRawFixed32(&crcs, crc);
    wire::AppendBytes(&bytes, part.field, part.body);
  }
  return bytes;
}

TEST(TraceConvertTest, MutatedBinaryIsReadRightOrRefused) {
  TestRandom random(12);
  int accepted = 0;
  for (int round = 0; round < 4000; ++round) {
    const Trace trace =
        round % 4 ? SmallTrace() : RandomTrace(random.Next(), 1 + round % 17);
    std::vector<Part> parts = Parts(TraceToBinary(trace));
    ASSERT_EQ(SealedBinary(parts, trace.size()), TraceToBinary(trace));
    Part& part = parts[random.Below(8) ? 1 : 0];
    part.body = Mutated(part.body, random);
    const absl::StatusOr<Trace> read = TraceFromBinary(
        "b", SealedBinary(parts, trace.size()), {1000, 1 << 20});
    if (!read.ok()) continue;
    ++accepted;
    const std::string again = TraceToBinary(*read);
    const absl::StatusOr<Trace> reread = TraceFromBinary("b", again);
    ASSERT_TRUE(reread.ok()) << reread.status();
    ASSERT_TRUE(SameTrace(*read, *reread));
    const absl::StatusOr<Trace> through_text =
        TraceFromText("t", TraceToText(*read));
    ASSERT_TRUE(through_text.ok()) << through_text.status();
    ASSERT_EQ(TraceToBinary(*through_text), again);
  }
  EXPECT_GT(accepted, 100);
}

TEST(TraceConvertTest, NoiseIsRefused) {
  TestRandom random(13);
  for (int round = 0; round < 2000; ++round) {
    std::string noise(kTraceMagic);
    for (uint64_t n = random.Below(200); n > 0; --n) {
      noise.push_back(static_cast<char>(random.Next()));
    }
    EXPECT_FALSE(TraceFromBinary("b", noise).ok());
    EXPECT_FALSE(TraceFromText("t", noise).ok());
  }
}

// Names are all different and there are many: must stay linear.
TEST(TraceConvertTest, ManyNamesAreReadInNoTime) {
  Trace trace = SmallTrace();
  EventRecord record = trace.event(1);
  for (int i = 0; i < 200000; ++i) {
    const uint64_t words[] = {trace.Intern(absl::StrCat("request", i)), 0, 1, 1,
                              0};
    trace.Append(record, words);
  }
  const std::string bytes = TraceToBinary(trace);
  const std::string text = TraceToText(trace);
  ASSERT_TRUE(TraceFromBinary("b", bytes).ok());
  ASSERT_TRUE(TraceFromText("t", text).ok());
}

}  // namespace
}  // namespace iovalab
