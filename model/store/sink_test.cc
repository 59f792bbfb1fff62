#include "model/store/sink.h"

#include "gtest/gtest.h"

namespace iovalab {
namespace {

constexpr StoreId kIotlb{StoreKind::kVhostIotlb, 0};
constexpr StoreId kDevice{StoreKind::kDevice, 0};

class SinkTest : public ::testing::Test {
 protected:
  SinkTest() : sink_(&stores_, &trace_) {
    sink_.Begin(100, kNoEventIndex);
    step_ = sink_.Emit(Kind::kStep, Actor::kScript, Rule::kNone,
                       {sink_.Intern("s"), kNoName});
    sink_.Begin(200, step_);
  }

  void AddPage(uint64_t page, StoreId store = kIotlb,
               Actor actor = Actor::kKernel) {
    sink_.Add(store, Page(page), Rule::kVdpaPaMap, actor);
  }
  static Entry Page(uint64_t page) {
    return {page << 12, (page << 12) + 0xfff, page << 20, 0, kPermRead, 0};
  }
  uint64_t Count(EventIndex i) { return trace_.word(i, kDeltaCount); }

  Stores stores_;
  Trace trace_;
  Sink sink_;
  EventIndex step_;
};

TEST_F(SinkTest, StoreAndTraceChangeTogether) {
  AddPage(1);
  ASSERT_EQ(trace_.size(), 2u);
  EXPECT_EQ(trace_.event(1).kind, Kind::kDelta);
  EXPECT_EQ(trace_.event(1).time, 200);
  EXPECT_EQ(trace_.event(1).cause, step_);
  EXPECT_EQ(trace_.event(1).root, step_);
  EXPECT_EQ(trace_.event(1).rule, Rule::kVdpaPaMap);
  EXPECT_EQ(stores_.Get(kIotlb).Find(0x1000)->born, 1u);
}

TEST_F(SinkTest, EqualChangesAtAStrideAreOneEvent) {
  for (uint64_t page = 10; page < 20; page += 2) AddPage(page);
  ASSERT_EQ(trace_.size(), 2u);
  EXPECT_EQ(Count(1), 5u);
  EXPECT_EQ(trace_.word(1, kDeltaKeyStride), 0x2000u);
  EXPECT_EQ(trace_.word(1, kDeltaTargetStride), 0x200000u);
  EXPECT_EQ(stores_.Get(kIotlb).size(), 5u);
}

TEST_F(SinkTest, AnotherStrideBeginsAnotherRun) {
  for (const uint64_t page : {1, 2, 4, 3}) AddPage(page);
  ASSERT_EQ(trace_.size(), 4u);
  EXPECT_EQ(Count(1), 2u);
  EXPECT_EQ(Count(2), 1u);
  EXPECT_EQ(Count(3), 1u);
}

TEST_F(SinkTest, RunsOfTwoStoresGrowSideBySide) {
  for (uint64_t page = 0; page < 8; ++page) {
    AddPage(page, kIotlb);
    AddPage(page, kDevice);
  }
  ASSERT_EQ(trace_.size(), 3u);
  EXPECT_EQ(Count(1), 8u);
  EXPECT_EQ(Count(2), 8u);
}

TEST_F(SinkTest, AnyOtherEventAndAnyOtherCauseClosesTheRuns) {
  AddPage(1);
  sink_.Emit(Kind::kSetMap, Actor::kDevice, Rule::kNone, {0, 1, 0});
  AddPage(2);
  const EventIndex former = sink_.SetCause(2);
  EXPECT_EQ(former, step_);
  AddPage(3);
  sink_.Flush();
  AddPage(4);
  sink_.Begin(300, step_);
  AddPage(5);
  EXPECT_EQ(trace_.size(), 7u);
  EXPECT_EQ(trace_.event(4).cause, 2u);
}

// Two actors on one store: were both runs open at once, the second delete would
// join the first and stand before the addition that it needs.
TEST_F(SinkTest, AnotherActorsChangeClosesTheRunOfTheStore) {
  AddPage(1);
  sink_.Flush();
  sink_.Del(kIotlb, Page(1), Rule::kVdpaInvalidate, Actor::kKernel);
  AddPage(2, kIotlb, Actor::kVmm);
  sink_.Del(kIotlb, Page(2), Rule::kVdpaInvalidate, Actor::kKernel);
  ASSERT_EQ(trace_.size(), 5u);
  for (EventIndex i = 1; i < 5; ++i) EXPECT_EQ(Count(i), 1u);
}

TEST_F(SinkTest, ChangesOfTwoActorsDoNotJoin) {
  AddPage(1, kIotlb, Actor::kKernel);
  AddPage(2, kIotlb, Actor::kVmm);
  ASSERT_EQ(trace_.size(), 3u);
  EXPECT_EQ(trace_.event(1).actor, Actor::kKernel);
  EXPECT_EQ(trace_.event(2).actor, Actor::kVmm);
}

TEST_F(SinkTest, SetsJoinWhenOldAndNewTargetsMoveAlike) {
  for (uint64_t page = 0; page < 4; ++page) AddPage(page);
  for (uint64_t page = 0; page < 4; ++page) {
    Entry now = Page(page);
    now.target += 0x1000;
    sink_.Set(kIotlb, Page(page), now, Rule::kVdpaPaMap, Actor::kKernel);
  }
  ASSERT_EQ(trace_.size(), 3u);
  EXPECT_EQ(Count(2), 4u);
}

TEST_F(SinkTest, ChangesAreKeptOnlyWhileWatched) {
  AddPage(1);
  EXPECT_TRUE(sink_.TakeChanges().empty());
  sink_.WatchChanges(true);
  AddPage(2);
  AddPage(3);
  const std::vector<Sink::Change> changes = sink_.TakeChanges();
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[1].delta.entry.first, 0x3000u);
  EXPECT_EQ(changes[1].event, 1u);
  EXPECT_TRUE(sink_.TakeChanges().empty());
}

TEST_F(SinkTest, WithoutATraceOnlyTheStoresChange) {
  Stores stores;
  Sink sink(&stores);
  sink.Begin(0, kNoEventIndex);
  EXPECT_EQ(sink.Emit(Kind::kCommit, Actor::kVmm, Rule::kNone, {0, 0}),
            kNoEventIndex);
  sink.Add(kIotlb, Page(1), Rule::kVdpaPaMap, Actor::kKernel);
  sink.Add(kIotlb, Page(2), Rule::kVdpaPaMap, Actor::kKernel);
  sink.SetWord(0, 0, 1);
  EXPECT_EQ(stores.Get(kIotlb).size(), 2u);
}

}  // namespace
}  // namespace iovalab
