#include "lab/trace/fold.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lab/trace/trace_testing.h"
#include "model/store/sink.h"

namespace iovalab {
namespace {

using ::testing::HasSubstr;

constexpr StoreId kTree{StoreKind::kIovaHva, 0};
constexpr StoreId kStores[] = {kTree,
                               {StoreKind::kVhostIotlb, 0},
                               {StoreKind::kVhostIotlb, 1},
                               {StoreKind::kPins, 0}};

Entry RandomEntry(TestRandom& random) {
  Entry e;
  e.first = random.Below(64) * 0x1000;
  e.last = e.first + 0xfff;
  e.target = random.Below(4) * 0x100000 + e.first;
  e.tag = random.Below(2);
  e.perm = static_cast<uint32_t>(random.Below(4));
  return e;
}

// One change that fits, or none.
void RandomChange(Sink& sink, TestRandom& random) {
  const StoreId store = kStores[random.Below(std::size(kStores))];
  const Actor actor = random.Below(5) ? Actor::kVmm : Actor::kKernel;
  const Entry e = RandomEntry(random);
  const std::optional<Entry> at = sink.table(store).Find(e.first);
  if (!at) {
    sink.Add(store, e, Rule::kTreeInsert, actor);
  } else if (random.Below(3) == 0) {
    sink.Set(store, *at, e, Rule::kVdpaMemlock, actor);
  } else {
    sink.Del(store, *at, Rule::kTreeRemove, actor);
  }
}

// Adds, sets or deletes a row of entries, which the sink joins.
void RandomRun(Sink& sink, TestRandom& random) {
  const StoreId store = kStores[random.Below(std::size(kStores))];
  const uint64_t offset = random.Below(3) * 0x10000;
  for (uint64_t key = random.Below(8) * 0x1000; key < 0x40000; key += 0x2000) {
    const std::optional<Entry> at = sink.table(store).Find(key);
    const Entry e{key, key + 0xfff, key + offset, 0, kPermRead, 0};
    if (!at) {
      sink.Add(store, e, Rule::kVdpaPaMap, Actor::kKernel);
    } else if (random.Below(2)) {
      sink.Del(store, *at, Rule::kVdpaInvalidate, Actor::kKernel);
    } else {
      sink.Set(store, *at, e, Rule::kVdpaPaMap, Actor::kKernel);
    }
  }
}

// A run of random changes: its trace, and the stores that it left.
Trace RandomRunOf(uint64_t seed, Stores* stores,
                  std::vector<uint64_t>* prints) {
  TestRandom random(seed);
  Trace trace;
  Sink sink(stores, &trace);
  sink.Begin(0, kNoEventIndex);
  EventIndex step = sink.Emit(Kind::kStep, Actor::kScript, Rule::kNone,
                              {sink.Intern("s"), kNoName});
  prints->push_back(stores->fingerprint());
  sink.Begin(1, step);
  for (int i = 0; i < 60; ++i) {
    if (random.Below(4) == 0) {
      RandomRun(sink, random);
    } else {
      RandomChange(sink, random);
    }
    if (random.Below(3)) continue;
    sink.Emit(Kind::kCommit, Actor::kVmm, Rule::kNone, {0, 0});
    prints->resize(trace.size());
    prints->back() = stores->fingerprint();
  }
  return trace;
}

TEST(FoldTest, GivesTheStoresThatTheSinkLeft) {
  size_t joined = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Stores stores;
    std::vector<uint64_t> prints;
    const Trace trace = RandomRunOf(seed, &stores, &prints);
    const absl::StatusOr<Stores> folded = Fold(trace);
    ASSERT_TRUE(folded.ok()) << folded.status();
    EXPECT_TRUE(SameContents(*folded, stores));
    EXPECT_EQ(folded->fingerprint(), stores.fingerprint());
    // And at every moment at which no run is open.
    for (EventIndex i = 0; i < prints.size(); ++i) {
      if (trace.event(i).kind != Kind::kCommit) continue;
      EXPECT_EQ(Fold(trace, i)->fingerprint(), prints[i]);
    }
    for (EventIndex i = 0; i < trace.size(); ++i) {
      joined +=
          trace.event(i).kind == Kind::kDelta && trace.word(i, kDeltaCount) > 1;
    }
  }
  EXPECT_GT(joined, 100u);
}

TEST(FoldTest, ProvenanceIsTheEventThatPutTheEntryThere) {
  Stores stores;
  std::vector<uint64_t> prints;
  const Trace trace = RandomRunOf(5, &stores, &prints);
  const Stores folded = *Fold(trace);
  stores.ForEachStore([&](StoreId id, const IntervalTable& table) {
    table.ForEach([&](const Entry& e) {
      EXPECT_EQ(folded.Get(id).Find(e.first)->born, e.born);
    });
  });
}

TEST(FoldTest, InversesInReverseUndoEverything) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Stores left;
    std::vector<uint64_t> prints;
    const Trace trace = RandomRunOf(seed, &left, &prints);
    Stores stores = *Fold(trace);
    for (EventIndex i = static_cast<EventIndex>(trace.size()); i-- > 0;) {
      if (trace.event(i).kind != Kind::kDelta) continue;
      const Delta undo = Inverse(*DeltaOf(trace, i));
      ASSERT_TRUE(stores.Fits(undo));
      stores.Apply(undo, i);
    }
    EXPECT_EQ(stores.fingerprint(), 0u);
    EXPECT_TRUE(SameContents(stores, Stores()));
  }
}

struct Impossible {
  const char* says;
  DeltaWords words;  // of a delta after one that adds [0x1000, 0x1fff]
};

TEST(FoldTest, ImpossibleDeltasAreErrorsThatNameTheEvent) {
  const uint64_t s = kTree.Pack();
  const Impossible cases[] = {
      {"adds an entry where there is one",
       {s, 0, 0x1800, 0x2fff, 0, 0, 1, 0, 0, 0, 1, 0, 0}},
      {"deletes or sets an entry that is not there",
       {s, 1, 0x1000, 0x1fff, 1, 0, 1, 0, 0, 0, 1, 0, 0}},
      {"deletes or sets an entry that is not there",
       {s, 2, 0x1000, 0x1fff, 1, 0, 1, 7, 0, 1, 1, 0, 0}},
      {"store, op and permissions",
       {99, 0, 0x3000, 0x3fff, 0, 0, 1, 0, 0, 0, 1, 0, 0}},
      {"store, op and permissions",
       {s, 3, 0x3000, 0x3fff, 0, 0, 1, 0, 0, 0, 1, 0, 0}},
      {"store, op and permissions",
       {s, 0, 0x3000, 0x3fff, 0, 0, 1ull << 32, 0, 0, 0, 1, 0, 0}},
      {"last key is below its first",
       {s, 0, 0x3000, 0x2fff, 0, 0, 1, 0, 0, 0, 1, 0, 0}},
      {"the count is 0", {s, 0, 0x3000, 0x3fff, 0, 0, 1, 0, 0, 0, 0, 0, 0}},
      {"a single change has a stride",
       {s, 0, 0x3000, 0x3fff, 0, 0, 1, 0, 0, 0, 1, 0x1000, 0}},
      {"no longer than an entry",
       {s, 0, 0x3000, 0x3fff, 0, 0, 1, 0, 0, 0, 2, 0xfff, 0}},
      {"the run passes 2^64",
       {s, 0, 0x3000, 0x3fff, 0, 0, 1, 0, 0, 0, 1ull << 52, 0x1000, 0}},
      {"more single changes than the limit",
       {s, 0, 0x3000, 0x3fff, 0, 0, 1, 0, 0, 0, 1ull << 51, 0x1000, 0}},
  };
  for (const Impossible& c : cases) {
    Trace trace;
    Stores stores;
    Sink sink(&stores, &trace);
    sink.Begin(0, kNoEventIndex);
    const EventIndex step = sink.Emit(Kind::kStep, Actor::kScript, Rule::kNone,
                                      {sink.Intern("here"), kNoName});
    sink.Begin(0, step);
    sink.Add(kTree, {0x1000, 0x1fff, 0, 0, 1, 0}, Rule::kNone, Actor::kVmm);
    EventRecord record = trace.event(1);
    trace.Append(record, c.words);
    const absl::StatusOr<Stores> folded = Fold(trace);
    ASSERT_FALSE(folded.ok()) << c.says;
    EXPECT_THAT(std::string(folded.status().message()), HasSubstr(c.says));
    EXPECT_TRUE(absl::StartsWith(folded.status().message(), "here/vmm.2: "));
    EXPECT_TRUE(Fold(trace, 1).ok());
  }
}

}  // namespace
}  // namespace iovalab
