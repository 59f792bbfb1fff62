#include "lab/trace/trace_binary.h"

#include <string>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lab/trace/checksum.h"
#include "lab/trace/trace.pb.h"
#include "lab/trace/trace_testing.h"
#include "lab/trace/trace_text.h"
#include "lab/trace/wire.h"

namespace iovalab {
namespace {

using ::testing::HasSubstr;

// What the generated classes make of the file.
trace::TraceFile Decoded(const std::string& bytes) {
  trace::TraceFile file;
  EXPECT_TRUE(file.ParseFromString(bytes));
  return file;
}

std::string WithCrc(std::string body, uint32_t field) {
  const uint32_t crc = Crc32(body);
  wire::AppendFixed32(&body, field, crc);
  return body;
}

// Writes a decoded file back with all checksums and totals made right.
std::string Sealed(trace::TraceFile file) {
  std::string out(kTraceMagic);
  std::string parts;
  const auto add = [&](uint32_t part_field, auto& part, uint32_t crc_field) {
    part.clear_crc32();
    std::string body = WithCrc(part.SerializeAsString(), crc_field);
    parts += body.substr(body.size() - 4);
    wire::AppendBytes(&out, part_field, body);
  };
  uint64_t events = 0;
  add(2, *file.mutable_header(), 15);
  for (trace::TraceChunk& chunk : *file.mutable_chunk()) {
    events += chunk.event_size();
    add(3, chunk, 4);
  }
  std::string footer;
  wire::AppendField(&footer, 1, events);
  wire::AppendField(&footer, 2, file.chunk_size());
  wire::AppendFixed32(&footer, 3, Crc32(parts));
  wire::AppendBytes(&out, 4, WithCrc(footer, 4));
  return out;
}

TEST(TraceBinaryTest, RandomTracesSurvive) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const Trace trace = RandomTrace(seed, static_cast<int>(seed));
    const std::string bytes = TraceToBinary(trace);
    const absl::StatusOr<Trace> read = TraceFromBinary("t", bytes);
    ASSERT_TRUE(read.ok()) << read.status();
    ASSERT_TRUE(SameTrace(trace, *read)) << seed;
    ASSERT_EQ(TraceToBinary(*read), bytes);
  }
}

TEST(TraceBinaryTest, ManyChunksSurvive) {
  const Trace trace = RandomTrace(7, 20000);
  const std::string bytes = TraceToBinary(trace);
  EXPECT_EQ(Decoded(bytes).chunk_size(), 5);
  const absl::StatusOr<Trace> read = TraceFromBinary("t", bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(SameTrace(trace, *read));
  EXPECT_EQ(TraceToBinary(*read), bytes);
}

TEST(TraceBinaryTest, IsTheMessageOfTheProtoFile) {
  const trace::TraceFile file = Decoded(TraceToBinary(SmallTrace()));
  EXPECT_EQ(file.magic(), "iovalab\n");
  EXPECT_EQ(file.header().schema_version(), kTraceSchema);
  EXPECT_EQ(file.header().scenario_name(), "delete_alias");
  EXPECT_EQ(file.header().policy(1).value(), "vdpa_set_map_va");
  EXPECT_EQ(file.header().kind(0), "step");
  EXPECT_EQ(file.header().store(1), "iotlb.0");
  ASSERT_EQ(file.chunk_size(), 1);
  const trace::TraceChunk& chunk = file.chunk(0);
  EXPECT_EQ(chunk.count(), 11u);
  EXPECT_EQ(chunk.name(0), "post");
  const trace::TraceEvent& translate = chunk.event(3);
  EXPECT_EQ(translate.cause(), 2u);
  EXPECT_EQ(translate.root(), 3u);
  EXPECT_EQ(translate.delay(), 1250u);
  EXPECT_EQ(file.header().kind(translate.kind()), "translate");
  EXPECT_EQ(file.header().rule(translate.rule() - 1), "svq.translate");
  EXPECT_EQ(translate.word(5), 0x6000u);
  EXPECT_EQ(file.footer().events(), 11u);
}

// The generated classes write the fields in the same order, so the reader has
// been shown bytes that are not ours alone.
TEST(TraceBinaryTest, ReadsWhatTheGeneratedClassesWrite) {
  const std::string bytes = TraceToBinary(SmallTrace());
  EXPECT_EQ(Sealed(Decoded(bytes)), bytes);
}

TEST(TraceBinaryTest, CutOffAnywhereIsAnError) {
  const std::string bytes = TraceToBinary(SmallTrace());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(TraceFromBinary("t", bytes.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(TraceFromBinary("t", bytes + '\0').ok());
  EXPECT_FALSE(TraceFromBinary("t", bytes + bytes).ok());
}

TEST(TraceBinaryTest, EveryDamagedByteIsAnError) {
  const std::string bytes = TraceToBinary(SmallTrace());
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int flip = 1; flip < 256; ++flip) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      ASSERT_FALSE(TraceFromBinary("t", damaged).ok()) << i << " ^ " << flip;
    }
  }
}

TEST(TraceBinaryTest, AChunkThatIsMissingDoubledOrMovedIsAnError) {
  const std::string bytes = TraceToBinary(RandomTrace(3, 12288));
  trace::TraceFile file = Decoded(bytes);
  ASSERT_GE(file.chunk_size(), 3);
  std::vector<std::string> chunks;
  for (const trace::TraceChunk& chunk : file.chunk()) {
    std::string framed;
    wire::AppendBytes(&framed, 3, chunk.SerializeAsString());
    chunks.push_back(framed);
  }
  const size_t at = bytes.find(chunks[1]);
  ASSERT_NE(at, std::string::npos);
  std::string missing = bytes, doubled = bytes, moved = bytes;
  missing.erase(at, chunks[1].size());
  doubled.insert(at, chunks[1]);
  moved.replace(at, chunks[1].size() + chunks[2].size(), chunks[2] + chunks[1]);
  EXPECT_TRUE(TraceFromBinary("t", bytes).ok());
  EXPECT_FALSE(TraceFromBinary("t", missing).ok());
  EXPECT_FALSE(TraceFromBinary("t", doubled).ok());
  EXPECT_FALSE(TraceFromBinary("t", moved).ok());
}

template <typename Message>
const google::protobuf::UnknownFieldSet& Unknown(const Message& message) {
  return message.GetReflection()->GetUnknownFields(message);
}

TEST(TraceBinaryTest, KeepsFieldsItDoesNotKnow) {
  trace::TraceFile file = Decoded(TraceToBinary(SmallTrace()));
  trace::TraceHeader* header = file.mutable_header();
  header->GetReflection()->MutableUnknownFields(header)->AddVarint(40, 7);
  trace::TraceEvent* event = file.mutable_chunk(0)->mutable_event(4);
  event->GetReflection()->MutableUnknownFields(event)->AddLengthDelimited(
      99, "from the future");
  event->GetReflection()->MutableUnknownFields(event)->AddFixed64(30, 1);

  const absl::StatusOr<Trace> read = TraceFromBinary("t", Sealed(file));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_FALSE(SameTrace(*read, SmallTrace()));
  const absl::StatusOr<Trace> through_text =
      TraceFromText("t", TraceToText(*read));
  ASSERT_TRUE(through_text.ok()) << through_text.status();
  for (const Trace& trace : {*read, *through_text}) {
    const trace::TraceFile again = Decoded(TraceToBinary(trace));
    EXPECT_EQ(Unknown(again.header()).field(0).varint(), 7u);
    const auto& unknown = Unknown(again.chunk(0).event(4));
    ASSERT_EQ(unknown.field_count(), 2);
    EXPECT_EQ(unknown.field(0).length_delimited(), "from the future");
  }
}

using Change = void (*)(trace::TraceFile*);
struct Case {
  const char* says;
  Change change;
};

trace::TraceEvent* Event(trace::TraceFile* file, int i) {
  return file->mutable_chunk(0)->mutable_event(i);
}

// Whole files with right checksums, whose contents cannot be.
TEST(TraceBinaryTest, RefusesWhatNoWriterWrites) {
  const Case cases[] = {
      {"schema_version: this version reads 1, this is 2",
       [](auto* f) { f->mutable_header()->set_schema_version(2); }},
      {"schema_version: must be there first",
       [](auto* f) { f->mutable_header()->clear_schema_version(); }},
      {"kind: this version has none",
       [](auto* f) { f->mutable_header()->set_kind(0, "stop"); }},
      {"rule: this version has none",
       [](auto* f) { f->mutable_header()->set_rule(0, "x"); }},
      {"store: this version has none",
       [](auto* f) { f->mutable_header()->set_store(0, "iotlb.256"); }},
      {"header: must hold at most",
       [](auto* f) {
         for (int i = 0; i < 5000; ++i) f->mutable_header()->add_policy();
       }},
      {"kind: must be one that", [](auto* f) { Event(f, 1)->set_kind(99); }},
      {"actor: must be one that", [](auto* f) { Event(f, 1)->set_actor(6); }},
      {"rule: must be one that", [](auto* f) { Event(f, 1)->set_rule(99); }},
      {"cause: must be an earlier", [](auto* f) { Event(f, 1)->set_cause(2); }},
      {"root: must be an earlier", [](auto* f) { Event(f, 1)->set_root(2); }},
      {"root: must be an earlier", [](auto* f) { Event(f, 1)->set_root(0); }},
      {"id: must begin with the label of an earlier step",
       [](auto* f) { Event(f, 3)->set_root(2); }},
      {"step: must have neither", [](auto* f) { Event(f, 0)->set_root(1); }},
      {"delay: must end below",
       [](auto* f) { Event(f, 1)->set_delay(INT64_MAX); }},
      {"id: another step has this label",
       [](auto* f) { Event(f, 2)->set_word(0, 1); }},
      {"id: a step must have a label",
       [](auto* f) { Event(f, 2)->set_word(0, 0); }},
      {"request: names nothing", [](auto* f) { Event(f, 1)->set_word(0, 99); }},
      {"store: names nothing", [](auto* f) { Event(f, 5)->set_word(0, 3); }},
      {"segment: is missing",
       [](auto* f) { Event(f, 1)->mutable_word()->RemoveLast(); }},
      {"post: must have at most 5 fields",
       [](auto* f) { Event(f, 1)->add_word(1); }},
      {"count: the chunk has 11 events, says 12",
       [](auto* f) { f->mutable_chunk(0)->set_count(12); }},
  };
  for (const Case& c : cases) {
    trace::TraceFile file = Decoded(TraceToBinary(SmallTrace()));
    c.change(&file);
    const absl::StatusOr<Trace> read = TraceFromBinary("t", Sealed(file));
    ASSERT_FALSE(read.ok()) << c.says;
    EXPECT_THAT(std::string(read.status().message()), HasSubstr(c.says));
    EXPECT_TRUE(absl::StartsWith(read.status().message(), "t: byte "));
  }
}

TEST(TraceBinaryTest, LimitsHold) {
  const std::string bytes = TraceToBinary(SmallTrace());
  EXPECT_TRUE(TraceFromBinary("t", bytes, {11, 1 << 20}).ok());
  EXPECT_THAT(
      std::string(
          TraceFromBinary("t", bytes, {10, 1 << 20}).status().message()),
      HasSubstr("events: more than the limit of 10"));
  // The file is small enough, what it says is not.
  ASSERT_LT(bytes.size(), 800u);
  EXPECT_THAT(
      std::string(TraceFromBinary("t", bytes, {11, 800}).status().message()),
      HasSubstr("bytes: in memory more than the limit of 800"));
}

}  // namespace
}  // namespace iovalab
