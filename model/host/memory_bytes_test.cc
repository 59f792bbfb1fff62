#include "model/host/memory_bytes.h"

#include <map>
#include <vector>

#include "gtest/gtest.h"
#include "model/event/trace.h"
#include "sim/random.h"

namespace iovalab {
namespace {

constexpr StoreId kMemory{StoreKind::kMemory, 0};

HostMemory TwoPages() {
  HostMemory memory;
  for (const uint64_t hpa : {0x1000, 0x5000}) {
    MemoryObject object;
    object.name = hpa == 0x1000 ? "a" : "b";
    object.size = 0x1000;
    object.layout.push_back({0, 0xfff, 0x1000, Hpa(hpa), 0x1000});
    EXPECT_TRUE(memory.AddObject(object).ok());
  }
  return memory;
}

Entry DmaWrite(uint64_t first, uint64_t last, uint64_t iova) {
  Entry entry;
  entry.first = first;
  entry.last = last;
  entry.target = iova;
  entry.perm = kPermWrite;
  return entry;
}

struct World {
  HostMemory memory = TwoPages();
  Stores stores;
  Sink sink{&stores};
  uint64_t Read(uint64_t hpa, uint32_t n) const {
    return ReadBytes(stores, memory, hpa, n);
  }
};

TEST(MemoryBytes, WhatIsWrittenIsRead) {
  World w;
  WriteBytes(w.sink, 0x1010, 0x1122334455667788, 8, Actor::kGuest);
  EXPECT_EQ(w.Read(0x1010, 8), 0x1122334455667788u);
  EXPECT_EQ(w.Read(0x1012, 2), 0x5566u);
  WriteBytes(w.sink, 0x1012, 0xffffaabb, 2, Actor::kGuest);
  EXPECT_EQ(w.Read(0x1010, 8), 0x11223344aabb7788u);
}

TEST(MemoryBytes, WritingTheSamePlaceAgainIsOneEntry) {
  World w;
  for (uint64_t i = 0; i < 5; ++i) {
    WriteBytes(w.sink, 0x1002, i, 2, Actor::kGuest);
  }
  EXPECT_EQ(w.stores.Get(kMemory).size(), 1u);
  EXPECT_EQ(w.Read(0x1002, 2), 4u);
}

TEST(MemoryBytes, UnwrittenBytesDependOnTheObjectAndOffsetAlone) {
  World w;
  EXPECT_EQ(w.Read(0x1100, 8), w.Read(0x1100, 8));
  EXPECT_NE(w.Read(0x1100, 8), w.Read(0x5100, 8));
  EXPECT_NE(w.Read(0x1100, 8), w.Read(0x1108, 8));
  // By byte as at once.
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < 8; ++i) bytes |= w.Read(0x1103 + i, 1) << (8 * i);
  EXPECT_EQ(bytes, w.Read(0x1103, 8));
}

TEST(MemoryBytes, ClearedIsZeroUntilItIsWritten) {
  World w;
  WriteBytes(w.sink, 0x1000, 0xffff, 2, Actor::kGuest);
  ClearMemory(w.sink, 0x1000, 0x10ff, Actor::kGuest);
  EXPECT_EQ(w.Read(0x1000, 8), 0u);
  EXPECT_EQ(w.stores.Get(kMemory).size(), 0u);
  WriteBytes(w.sink, 0x1004, 0x7, 2, Actor::kGuest);
  EXPECT_EQ(w.Read(0x1000, 8), uint64_t{7} << 32);
}

TEST(MemoryBytes, APayloadIsGarbageOfItsIova) {
  World w;
  ClearMemory(w.sink, 0x1000, 0x1fff, Actor::kGuest);
  WriteBytes(w.sink, 0x1000, 0x2, 2, Actor::kGuest);
  OverwriteMemory(w.sink, DmaWrite(0x1001, 0x100f, 0x9001), Actor::kDevice);
  EXPECT_EQ(w.Read(0x1000, 1), 2u);
  EXPECT_NE(w.Read(0x1004, 8), 0u);
  World other;
  OverwriteMemory(other.sink, DmaWrite(0x5000, 0x5fff, 0x9000), Actor::kDevice);
  EXPECT_EQ(w.Read(0x1004, 8), other.Read(0x5004, 8));
}

// Against a map of bytes, on random operations; and the trace folds to the
// stores.
TEST(MemoryBytes, AgreesWithAMapOfBytes) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const HostMemory memory = TwoPages();
    Stores stores;
    Trace trace;
    Sink sink(&stores, &trace);
    sink.Begin(0, kNoEventIndex);
    sink.SetCause(sink.Emit(Kind::kStep, Actor::kScript, Rule::kNone,
                            {sink.Intern("start"), sink.Intern("")}));
    sim::Random random(seed, 1);
    const Stores fresh;
    std::map<uint64_t, uint8_t> bytes;
    for (uint64_t at = 0x1000; at < 0x1040; ++at) {
      bytes[at] = static_cast<uint8_t>(ReadBytes(fresh, memory, at, 1));
    }
    for (int i = 0; i < 300; ++i) {
      const uint64_t at = random.InRange(0x1000, 0x1038);
      const auto n = static_cast<uint32_t>(random.InRange(1, 8));
      const uint64_t value = random.Next64();
      switch (random.Below(4)) {
        case 0:
          ClearMemory(sink, at, at + n - 1, Actor::kGuest);
          for (uint32_t k = 0; k < n; ++k) bytes[at + k] = 0;
          break;
        case 1: {
          const uint64_t iova = value & 0xffff;
          OverwriteMemory(sink, DmaWrite(at, at + n - 1, iova), Actor::kDevice);
          Stores one;
          Sink only(&one);
          OverwriteMemory(only, DmaWrite(0, n - 1, iova), Actor::kDevice);
          for (uint32_t k = 0; k < n; ++k) {
            bytes[at + k] = static_cast<uint8_t>(ReadBytes(one, memory, k, 1));
          }
          break;
        }
        default:
          WriteBytes(sink, at, value, n, Actor::kGuest);
          for (uint32_t k = 0; k < n; ++k) {
            bytes[at + k] = static_cast<uint8_t>(value >> (8 * k));
          }
      }
      const uint64_t look = random.InRange(0x1000, 0x1038);
      for (uint32_t k = 0; k < 8; ++k) {
        ASSERT_EQ(ReadBytes(stores, memory, look, 8) >> (8 * k) & 0xff,
                  bytes[look + k])
            << "seed " << seed << " operation " << i;
      }
    }
    Stores folded;
    for (EventIndex i = 0; i < trace.size(); ++i) {
      if (trace.event(i).kind != Kind::kDelta) continue;
      folded.Apply(*DeltaFromWords(trace.words(i), Rule::kNone), i);
    }
    EXPECT_TRUE(SameContents(folded, stores));
    EXPECT_EQ(folded.fingerprint(), stores.fingerprint());
  }
}

}  // namespace
}  // namespace iovalab
