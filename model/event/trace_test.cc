#include "model/event/trace.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace iovalab {
namespace {

EventIndex AppendStep(Trace& trace, absl::string_view label) {
  EventRecord record;
  record.actor = Actor::kGuest;  // is set right
  return trace.Append(record, {trace.Intern(label), kNoName});
}

EventIndex AppendCommit(Trace& trace, EventIndex root, EventIndex cause) {
  EventRecord record;
  record.kind = Kind::kCommit;
  record.actor = Actor::kVmm;
  record.root = root;
  record.cause = cause;
  return trace.Append(record, {3, 4});
}

TEST(TraceTest, AnEventKeepsItsWords) {
  Trace trace;
  const EventIndex step = AppendStep(trace, "s");
  const EventIndex commit = AppendCommit(trace, step, step);
  EXPECT_EQ(trace.size(), 2u);
  EXPECT_EQ(trace.words(step).size(), 2u);
  EXPECT_EQ(trace.word(commit, 0), 3u);
  EXPECT_EQ(trace.word(commit, 1), 4u);
  trace.SetWord(commit, 1, 5);
  trace.SetRule(commit, Rule::kMemFlatView);
  EXPECT_EQ(trace.word(commit, 1), 5u);
  EXPECT_EQ(trace.event(commit).rule, Rule::kMemFlatView);
}

TEST(TraceTest, AStepIsItsOwnRootAndTheScripts) {
  Trace trace;
  AppendStep(trace, "a");
  const EventIndex step = AppendStep(trace, "b");
  EXPECT_EQ(trace.event(step).root, step);
  EXPECT_EQ(trace.event(step).actor, Actor::kScript);
}

TEST(TraceTest, ARunsEventHasTheRootOfItsCause) {
  Trace trace;
  const EventIndex step =
      trace.Append(7, kNoEventIndex, Kind::kStep, Actor::kGuest, Rule::kNone,
                   {trace.Intern("s"), kNoName});
  const EventIndex commit = trace.Append(8, step, Kind::kCommit, Actor::kVmm,
                                         Rule::kMemFlatView, {3, 4});
  const EventIndex second =
      trace.Append(9, commit, Kind::kCommit, Actor::kVmm, Rule::kNone, {5, 6});
  EXPECT_EQ(trace.event(step).root, step);
  EXPECT_EQ(trace.event(step).actor, Actor::kScript);
  EXPECT_EQ(trace.event(step).cause, kNoEventIndex);
  const EventRecord& event = trace.event(commit);
  EXPECT_EQ(event.time, 8);
  EXPECT_EQ(event.cause, step);
  EXPECT_EQ(event.root, step);
  EXPECT_EQ(event.kind, Kind::kCommit);
  EXPECT_EQ(event.actor, Actor::kVmm);
  EXPECT_EQ(event.rule, Rule::kMemFlatView);
  EXPECT_EQ(trace.word(commit, 1), 4u);
  EXPECT_EQ(trace.event(second).root, step);
  EXPECT_EQ(trace.word(second, 0), 5u);
}

TEST(TraceTest, NamesAreHeldOnce) {
  Trace trace;
  EXPECT_EQ(trace.Intern("b"), 0u);
  EXPECT_EQ(trace.Intern("a"), 1u);
  EXPECT_EQ(trace.Intern("b"), 0u);
  EXPECT_EQ(trace.Intern(""), 2u);
  EXPECT_EQ(trace.Intern(std::string("a\0b", 3)), 3u);
  EXPECT_EQ(trace.name(1), "a");
  EXPECT_EQ(trace.name(kNoName), "-");
  EXPECT_EQ(trace.names().size(), 4u);
}

TEST(TraceTest, ACopyIsIndependent) {
  Trace trace;
  AppendStep(trace, "s");
  Trace copy = trace;
  copy.Intern("more");
  AppendStep(copy, "t");
  EXPECT_EQ(trace.size(), 1u);
  EXPECT_EQ(trace.Intern("other"), 1u);
  EXPECT_EQ(copy.name(1), "more");
}

TEST(TraceTest, UnknownFieldsStayWithTheirEvent) {
  Trace trace;
  AppendStep(trace, "a");
  AppendStep(trace, "b");
  EXPECT_FALSE(trace.has_unknown());
  trace.SetUnknown(1, "xyz");
  EXPECT_TRUE(trace.has_unknown());
  EXPECT_EQ(trace.unknown(0), "");
  EXPECT_EQ(trace.unknown(1), "xyz");
}

TEST(TraceTest, BytesGrowWithEventsAndNames) {
  Trace trace;
  const size_t empty = trace.bytes();
  AppendStep(trace, std::string(1000, 'x'));
  const size_t step = trace.bytes();
  EXPECT_GT(step, empty + 1000);
  AppendCommit(trace, 0, 0);
  EXPECT_GE(trace.bytes(), step + sizeof(EventRecord) + 16);
}

TEST(TraceDeathTest, BreakingAnInvariantStops) {
  Trace trace;
  const EventIndex step = AppendStep(trace, "s");
  const EventIndex commit = AppendCommit(trace, step, step);
  EventRecord record;
  record.kind = Kind::kCommit;
  record.root = step;
  EXPECT_DEATH(trace.Append(record, {1}), "one word a field");
  EXPECT_DEATH(AppendCommit(trace, commit, step), "root is a step");
  EXPECT_DEATH(AppendCommit(trace, kNoEventIndex, step), "root is a step");
  EXPECT_DEATH(AppendCommit(trace, step, 2), "follows its cause");
  EXPECT_DEATH(trace.Append(0, kNoEventIndex, Kind::kCommit, Actor::kVmm,
                            Rule::kNone, {3, 4}),
               "has a cause before it");
  EXPECT_DEATH(trace.SetWord(commit, 2, 0), "no such field");
}

}  // namespace
}  // namespace iovalab
