#include "lab/trace/diff.h"

#include <algorithm>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lab/trace/trace_testing.h"
#include "lab/trace/trace_text.h"
#include "nlohmann/json.hpp"

namespace iovalab {
namespace {

using ::testing::HasSubstr;

// A copy of the trace with its events in another order or fewer; references to
// events that are left out become none.
Trace Rearranged(const Trace& trace, const std::vector<EventIndex>& order) {
  Trace out;
  out.header = trace.header;
  for (const std::string& name : trace.names()) out.Intern(name);
  std::vector<EventIndex> place(trace.size(), kNoEventIndex);
  for (size_t i = 0; i < order.size(); ++i) {
    place[order[i]] = static_cast<EventIndex>(i);
  }
  for (const EventIndex i : order) {
    EventRecord record = trace.event(i);
    if (record.cause != kNoEventIndex) record.cause = place[record.cause];
    record.root = place[record.root];
    std::vector<uint64_t> words(trace.words(i).begin(), trace.words(i).end());
    const auto fields = GetKind(record.kind).fields;
    for (size_t f = 0; f < fields.size(); ++f) {
      if (fields[f].type == FieldType::kEvent && words[f] != kNoEvent) {
        words[f] = place[words[f]];
      }
    }
    out.Append(record, words);
  }
  return out;
}

std::vector<EventIndex> Without(const Trace& trace, EventIndex gone) {
  std::vector<EventIndex> order;
  for (EventIndex i = 0; i < trace.size(); ++i) {
    if (i != gone) order.push_back(i);
  }
  return order;
}

TEST(DiffTest, ATraceIsTheSameAsItself) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const Trace trace = RandomTrace(seed, static_cast<int>(seed * 3));
    const DiffResult result = DiffTraces(trace, trace);
    EXPECT_TRUE(result.same);
    // Names in another order are the same names.
    const absl::StatusOr<Trace> other = TraceFromText("t", TraceToText(trace));
    ASSERT_TRUE(other.ok());
    EXPECT_TRUE(DiffTraces(trace, *other).same);
  }
}

TEST(DiffTest, TracesWhoseTextsDifferAreNeverTheSame) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const Trace trace = RandomTrace(seed, 30);
    Trace changed = trace;
    TestRandom random(seed);
    const auto i = static_cast<EventIndex>(random.Below(trace.size()));
    const auto fields = GetKind(trace.event(i).kind).fields;
    const size_t f = random.Below(fields.size());
    if (fields[f].type == FieldType::kName) {
      changed.SetWord(i, f, changed.Intern("a name that was not there"));
    } else if (fields[f].type == FieldType::kEvent) {
      changed.SetWord(i, f, changed.word(i, f) == kNoEvent ? 0 : kNoEvent);
    } else if (fields[f].type != FieldType::kStore) {
      changed.SetWord(i, f, changed.word(i, f) ^ 1);
    } else {
      continue;
    }
    const DiffResult there = DiffTraces(trace, changed);
    const DiffResult back = DiffTraces(changed, trace);
    EXPECT_FALSE(there.same);
    EXPECT_FALSE(back.same);
    // An event about another name is another event.
    if (f == 0 && fields[f].type == FieldType::kName) continue;
    ASSERT_EQ(there.changes.size(), 1u) << DiffText(there);
    EXPECT_EQ(there.changes[0].kind, ChangeKind::kChanged);
    EXPECT_EQ(there.changes[0].a, i);
    EXPECT_THAT(there.changes[0].text, HasSubstr(std::string(fields[f].name)));
    DiffOptions ignore;
    ignore.ignore.push_back(std::string(fields[f].name));
    EXPECT_TRUE(DiffTraces(trace, changed, ignore).same);
  }
}

TEST(DiffTest, ARemovedEventIsOneChange) {
  const Trace trace = SmallTrace();
  // The delta of the tree: nothing descends from it.
  const Trace less = Rearranged(trace, Without(trace, 6));
  const DiffResult removed = DiffTraces(trace, less);
  ASSERT_EQ(removed.changes.size(), 1u) << DiffText(removed);
  EXPECT_EQ(removed.changes[0].kind, ChangeKind::kRemoved);
  EXPECT_EQ(removed.changes[0].a_id, "del_m3/vmm.3");
  EXPECT_EQ(removed.changes[0].b_id, "");
  const DiffResult added = DiffTraces(less, trace);
  ASSERT_EQ(added.changes.size(), 1u);
  EXPECT_EQ(added.changes[0].kind, ChangeKind::kAdded);
  EXPECT_EQ(DiffText(added),
            "+ del_m3/vmm.3  delta - iova_hva [0x0000000000001000-"
            "0x0000000080000fff] -> 0x00007f7903e00000 rw  (tree.remove)\n"
            "first difference: del_m3/vmm.3\n"
            "1 added (10 and 11 events)\n");
}

// What follows an added event has other numbers but is the same; a cause that
// changed is told, even though its id did not.
TEST(DiffTest, CausesAreFollowed) {
  const Trace trace = SmallTrace();
  const Trace less = Rearranged(trace, Without(trace, 4));
  const DiffResult result = DiffTraces(trace, less);
  ASSERT_EQ(result.changes.size(), 2u) << DiffText(result);
  EXPECT_EQ(result.changes[0].a_id, "del_m3/vmm.1");
  EXPECT_EQ(result.changes[1].a_id, "del_m3/vmm.2");
  EXPECT_EQ(result.changes[1].b_id, "del_m3/vmm.1");
  EXPECT_THAT(result.changes[1].text, HasSubstr("cause: del_m3/vmm.1 -> -"));
}

TEST(DiffTest, AnEventInAnotherPlaceHasMoved) {
  const Trace trace = SmallTrace();
  std::vector<EventIndex> order = Without(trace, 9);
  order.insert(order.begin() + 8, 9);  // the violation before the last delta
  const DiffResult result = DiffTraces(trace, Rearranged(trace, order));
  ASSERT_EQ(result.changes.size(), 1u) << DiffText(result);
  EXPECT_EQ(result.changes[0].kind, ChangeKind::kMoved);
  EXPECT_THAT(result.changes[0].text, HasSubstr("now after "));
}

// Two steps at one time, in another order: every event is the same in its step.
TEST(DiffTest, AnotherOrderOfStepsIsAMove) {
  const Trace trace = SmallTrace();
  std::vector<EventIndex> order = Without(trace, 3);
  order.insert(order.begin() + 2, 3);  // the translation before step del_m3
  const DiffResult result = DiffTraces(trace, Rearranged(trace, order));
  ASSERT_EQ(result.changes.size(), 1u) << DiffText(result);
  EXPECT_EQ(result.changes[0].kind, ChangeKind::kMoved);
}

TEST(DiffTest, TimesAndRulesAndTheirIgnoring) {
  const Trace trace = SmallTrace();
  Trace other;
  other.header = trace.header;
  for (const std::string& name : trace.names()) other.Intern(name);
  for (EventIndex i = 0; i < trace.size(); ++i) {
    EventRecord record = trace.event(i);
    if (i == 3) record.time += 5;
    if (i == 6) record.rule = Rule::kTreeInsert;
    other.Append(record, trace.words(i));
  }
  const DiffResult result = DiffTraces(trace, other);
  ASSERT_EQ(result.changes.size(), 2u);
  EXPECT_EQ(result.changes[0].text, "time: +1250ns -> +1255ns");
  EXPECT_EQ(result.changes[1].text, "rule: tree.remove -> tree.insert");
  EXPECT_EQ(DiffTraces(trace, other, *ParseDiffIgnore("time")).changes.size(),
            1u);
  EXPECT_TRUE(DiffTraces(trace, other, *ParseDiffIgnore("time,rule")).same);
}

TEST(DiffTest, HeadersAreCompared) {
  const Trace trace = SmallTrace();
  Trace other = trace;
  other.header.tool = "another";
  EXPECT_TRUE(DiffTraces(trace, other).same);
  other.header.policies = {{"mapping", "gpa"}, {"kernel", "v6_18"}};
  other.header.seed = 2;
  other.header.complete = false;
  const DiffResult result = DiffTraces(trace, other);
  EXPECT_FALSE(result.same);
  EXPECT_EQ(DiffText(result),
            "~ seed: 1 -> 2\n"
            "~ policy backend: vdpa_set_map_va -> none\n"
            "~ policy kernel: none -> v6_18\n"
            "~ policy mapping: hva -> gpa\n"
            "~ complete: yes -> no\n"
            "events the same (11 and 11 events)\n");
  EXPECT_TRUE(
      DiffTraces(trace, other, *ParseDiffIgnore("seed,policy,complete")).same);
}

TEST(DiffTest, IgnoreNamesOnlyWhatThereIs) {
  EXPECT_EQ(ParseDiffIgnore("iova,time")->ignore.size(), 2u);
  EXPECT_TRUE(ParseDiffIgnore("")->ignore.empty());
  const auto wrong = ParseDiffIgnore("iova,iovas");
  EXPECT_THAT(std::string(wrong.status().message()),
              HasSubstr("--ignore: no event has a field iovas"));
}

TEST(DiffTest, JsonAsPromised) {
  const Trace trace = SmallTrace();
  const Trace less = Rearranged(trace, Without(trace, 6));
  const auto json = nlohmann::json::parse(DiffJson(DiffTraces(less, trace)));
  EXPECT_EQ(json["same"], false);
  ASSERT_EQ(json["changes"].size(), 1u);
  EXPECT_EQ(json["changes"][0]["kind"], "added");
  EXPECT_TRUE(json["changes"][0]["a"].is_null());
  EXPECT_EQ(json["changes"][0]["b"], "del_m3/vmm.3");
  EXPECT_EQ(json["first_divergence"], json["changes"][0]);
  const auto same = nlohmann::json::parse(DiffJson(DiffTraces(trace, trace)));
  EXPECT_EQ(same["same"], true);
  EXPECT_TRUE(same["changes"].empty());
  EXPECT_TRUE(same["first_divergence"].is_null());
}

TEST(DiffTest, OddBytesMakeNoBadJson) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const DiffResult result =
        DiffTraces(RandomTrace(seed, 40), RandomTrace(seed + 1, 40));
    EXPECT_FALSE(result.same);
    EXPECT_TRUE(nlohmann::json::accept(DiffJson(result)));
    const std::string text = DiffText(result);
    EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) {
      return c == '\n' || (c >= 0x20 && c < 0x7f);
    }));
  }
}

// The counts add up: what is neither removed nor added is matched.
TEST(DiffTest, EveryEventIsAccountedFor) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const Trace a = RandomTrace(seed, 60);
    std::vector<EventIndex> order;
    TestRandom random(seed);
    for (EventIndex i = 0; i < a.size(); ++i) {
      // Only what nothing refers to may go; references change, and are told.
      if (a.event(i).kind == Kind::kStep || random.Below(4)) order.push_back(i);
    }
    const Trace b = Rearranged(a, order);
    const DiffResult result = DiffTraces(a, b);
    size_t removed = 0, added = 0;
    for (const Change& change : result.changes) {
      removed += change.kind == ChangeKind::kRemoved;
      added += change.kind == ChangeKind::kAdded;
    }
    EXPECT_EQ(a.size() - removed, b.size() - added);
    EXPECT_EQ(added, 0u);
  }
}

Trace LongTrace(int events, int changed_every) {
  Trace trace;
  EventRecord record;
  const EventIndex step = trace.Append(record, {trace.Intern("long"), kNoName});
  record.kind = Kind::kPost;
  record.actor = Actor::kGuest;
  record.root = step;
  const uint64_t name = trace.Intern("request");
  for (int i = 0; i < events; ++i) {
    record.cause = static_cast<EventIndex>(i);
    const bool changed = changed_every && i % changed_every == 0;
    trace.Append(record,
                 {name, static_cast<uint64_t>(i), changed ? 2u : 1u, 1, 0});
  }
  return trace;
}

TEST(DiffTest, LargeTracesAreNotQuadratic) {
  const Trace trace = LongTrace(200000, 0);
  EXPECT_TRUE(DiffTraces(trace, trace).same);
  EXPECT_EQ(DiffTraces(trace, LongTrace(200000, 100)).changes.size(), 2000u);
  EXPECT_EQ(DiffTraces(trace, LongTrace(200000, 2)).changes.size(), 100000u);
}

}  // namespace
}  // namespace iovalab
