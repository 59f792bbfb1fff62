#include "lab/trace/trace_testing.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/store/store_id.h"

namespace iovalab {
namespace {

constexpr absl::string_view kOddNames[] = {
    "",           "-",       "pc.ram",  "a b",       "new\nline",
    "\"quoted\"", "back\\",  "end",     "x/guest.1", "caf\xc3\xa9",
    "\xff\x01",   "/slash/", "[0x1-0]", "(rule)",    "=",
    "<a",         "?00",     "0x10",    "-EINVAL",   "| scen\r"};

std::string RandomName(TestRandom& random) {
  if (random.Below(2)) {
    return std::string(kOddNames[random.Below(std::size(kOddNames))]);
  }
  std::string name;
  for (uint64_t n = random.Below(12); n > 0; --n) {
    name.push_back(static_cast<char>(random.Below(256)));
  }
  return name;
}

uint64_t RandomNumber(TestRandom& random) {
  switch (random.Below(5)) {
    case 0:
      return random.Below(4);
    case 1:
      return UINT64_MAX - random.Below(3);
    case 2:
      return (uint64_t{1} << random.Below(64)) - random.Below(2);
    case 3:
      return static_cast<uint64_t>(-static_cast<int64_t>(random.Below(130)));
    default:
      return random.Next();
  }
}

uint64_t RandomWord(const FieldInfo& field, Trace& trace, TestRandom& random) {
  if (field.optional && random.Below(2)) return field.absent;
  switch (field.type) {
    case FieldType::kName:
      return random.Below(8) ? trace.Intern(RandomName(random)) : kNoName;
    case FieldType::kEvent:
      return trace.size() && random.Below(4) ? random.Below(trace.size())
                                             : kNoEvent;
    case FieldType::kStore: {
      const auto kind = static_cast<StoreKind>(
          random.Below(static_cast<uint64_t>(StoreKind::kCount)));
      const bool by_asid = GetStoreKind(kind).by_asid;
      return StoreId{kind,
                     static_cast<uint8_t>(by_asid ? random.Below(256) : 0)}
          .Pack();
    }
    case FieldType::kRule:
      return random.Below(static_cast<uint64_t>(Rule::kCount));
    default:
      return RandomNumber(random);
  }
}

std::string RandomText(TestRandom& random) {
  std::string text;
  for (uint64_t n = random.Below(60); n > 0; --n) {
    text.push_back("\n\n| -#ab\"\\\r\xc3\xa9"[random.Below(13)]);
  }
  return text;
}

Trace::Header RandomHeader(TestRandom& random) {
  Trace::Header header;
  header.scenario_name = RandomName(random);
  header.scenario = RandomText(random);
  for (uint64_t n = random.Below(4); n > 0; --n) {
    header.policies.emplace_back(RandomName(random), RandomName(random));
  }
  header.seed = RandomNumber(random);
  header.tool = RandomName(random);
  header.complete = random.Below(2) == 0;
  // Field 100, a varint of 5.
  if (random.Below(3) == 0) header.unknown = std::string("\xa0\x06\x05", 3);
  return header;
}

void AppendRandomEvent(Trace& trace, std::vector<EventIndex>& steps,
                       TestRandom& random) {
  EventRecord record;
  record.kind = steps.empty() ? Kind::kStep
                              : static_cast<Kind>(random.Below(
                                    static_cast<uint64_t>(Kind::kCount)));
  if (!steps.empty() && random.Below(8)) {
    record.cause = static_cast<EventIndex>(random.Below(trace.size()));
    record.time = trace.event(record.cause).time;
  }
  record.time += static_cast<int64_t>(
      std::min<uint64_t>(RandomNumber(random), INT64_MAX - record.time));
  record.rule =
      static_cast<Rule>(random.Below(static_cast<uint64_t>(Rule::kCount)));
  record.actor =
      static_cast<Actor>(random.Below(static_cast<uint64_t>(Actor::kCount)));
  if (!steps.empty()) record.root = steps[random.Below(steps.size())];
  std::vector<uint64_t> words;
  for (const FieldInfo& field : GetKind(record.kind).fields) {
    words.push_back(RandomWord(field, trace, random));
  }
  if (record.kind == Kind::kStep) {
    // A label must be new.
    words[kStepLabel] = trace.Intern(absl::StrCat(
        RandomName(random), random.Below(2) ? "." : "/", trace.size()));
    steps.push_back(static_cast<EventIndex>(trace.size()));
  }
  const EventIndex index = trace.Append(record, words);
  // Field 15, three bytes.
  if (random.Below(10) == 0)
    trace.SetUnknown(index,
                     "\x7a\x03"
                     "abc");
}

bool SameEvent(const Trace& a, const Trace& b, EventIndex i) {
  const EventRecord& x = a.event(i);
  const EventRecord& y = b.event(i);
  if (x.time != y.time || x.cause != y.cause || x.root != y.root ||
      x.rule != y.rule || x.kind != y.kind || x.actor != y.actor ||
      a.unknown(i) != b.unknown(i)) {
    return false;
  }
  const absl::Span<const FieldInfo> fields = GetKind(x.kind).fields;
  for (size_t f = 0; f < fields.size(); ++f) {
    const uint64_t v = a.word(i, f);
    const uint64_t w = b.word(i, f);
    const bool names =
        fields[f].type == FieldType::kName && v != kNoName && w != kNoName;
    if (names ? a.name(v) != b.name(w) : v != w) return false;
  }
  return true;
}

}  // namespace

Trace RandomTrace(uint64_t seed, int events) {
  TestRandom random(seed);
  Trace trace;
  trace.header = RandomHeader(random);
  std::vector<EventIndex> steps;
  for (int i = 0; i < events; ++i) AppendRandomEvent(trace, steps, random);
  return trace;
}

Trace SmallTrace() {
  Trace trace;
  trace.header.tool = "0.1";
  trace.header.scenario_name = "delete_alias";
  trace.header.scenario = "summary: \"S0-1\"\n\nstep { label: \"post\" }\n";
  trace.header.policies = {{"mapping", "hva"}, {"backend", "vdpa_set_map_va"}};
  trace.header.seed = 1;

  const auto add = [&trace](Kind kind, Actor actor, int64_t time,
                            EventIndex cause, Rule rule,
                            std::vector<uint64_t> words) {
    EventRecord record;
    record.kind = kind;
    record.actor = actor;
    record.time = time;
    record.cause = cause;
    record.rule = rule;
    if (cause != kNoEventIndex) record.root = trace.event(cause).root;
    return trace.Append(record, words);
  };
  const uint64_t iova_hva = StoreId{StoreKind::kIovaHva, 0}.Pack();
  const uint64_t iotlb = StoreId{StoreKind::kVhostIotlb, 0}.Pack();

  const EventIndex post =
      add(Kind::kStep, Actor::kScript, 1000, kNoEventIndex, Rule::kNone,
          {trace.Intern("post"), trace.Intern("the guest posts a buffer")});
  const EventIndex request =
      add(Kind::kPost, Actor::kGuest, 1000, post, Rule::kNone,
          {trace.Intern("low"), 0x5000, 0x1000, 2, 0});
  const EventIndex del =
      add(Kind::kStep, Actor::kScript, 2000, kNoEventIndex, Rule::kNone,
          {trace.Intern("del_m3"), trace.Intern("region_del vga.alias")});
  add(Kind::kTranslate, Actor::kVmm, 2250, request, Rule::kSvqTranslate,
      {trace.Intern("low"), 0, 0x5000, 0x7f7903e05000, 0x1000, 0x6000});
  const EventIndex region = add(
      Kind::kRegionDel, Actor::kVmm, 2000, del, Rule::kMemDelBeforeAdd,
      {trace.Intern("vga.alias"), 0xfeda0000, 0xfedbffff, 0x7f7903ea0000, 3});
  const EventIndex lookup =
      add(Kind::kLookup, Actor::kVmm, 2000, region, Rule::kTreeFindFirst,
          {iova_hva, 0x7f7903ea0000, 0x7f7903ebffff, 1, 0x1000, 0x80000fff,
           0x7f7903e00000, 1});
  add(Kind::kDelta, Actor::kVmm, 2000, lookup, Rule::kTreeRemove,
      {iova_hva, 1, 0x1000, 0x80000fff, 0x7f7903e00000, 0, 3, 0, 0, 0, 1, 0,
       0});
  const EventIndex message =
      add(Kind::kVdpaMsg, Actor::kKernel, 2800, lookup, Rule::kVdpaInvalidate,
          {3, 0, 0x1000, 0x20000, 0, 0, 0, 0, 1024, 0, 0});
  add(Kind::kDelta, Actor::kKernel, 2800, message, Rule::kVdpaInvalidate,
      {iotlb, 1, 0x1000, 0x200fff, 0x100000000, 0, 3, 0, 0, 0, 1024, 0x200000,
       0x200000});
  add(Kind::kViolation, Actor::kOracle, 2800, message, Rule::kNone,
      {0, StoreId{StoreKind::kFlatView, 0}.Pack(), iova_hva, 0, 0x7fffffff,
       trace.Intern("no node for this section")});
  add(Kind::kEnd, Actor::kOracle, 3000, del, Rule::kNone,
      {0, 2, 0x0123456789abcdef});
  return trace;
}

bool SameTrace(const Trace& a, const Trace& b) {
  const Trace::Header& x = a.header;
  const Trace::Header& y = b.header;
  if (x.scenario_name != y.scenario_name || x.scenario != y.scenario ||
      x.policies != y.policies || x.seed != y.seed || x.tool != y.tool ||
      x.complete != y.complete || x.unknown != y.unknown ||
      a.size() != b.size()) {
    return false;
  }
  for (EventIndex i = 0; i < a.size(); ++i) {
    if (!SameEvent(a, b, i)) return false;
  }
  return true;
}

}  // namespace iovalab
