#include "model/host/vma.h"

#include <gtest/gtest.h>

#include <vector>

#include "model/store/stores.h"

namespace iovalab {
namespace {

constexpr uint64_t kPage = kPageSize;

class Vma : public testing::Test {
 protected:
  Vma() {
    MemoryObject o;
    o.name = "ram";
    o.size = 16 * kPage;
    o.layout = {{0, o.size - 1, kPage, Hpa(0), kPage}};
    EXPECT_TRUE(memory_.AddObject(o).ok());
  }
  absl::Status Map(uint64_t hva, uint64_t pages, uint64_t page_offset) {
    return MapVma(memory_, Hva(hva), pages * kPage, 0, page_offset * kPage,
                  kPermReadWrite, sink_);
  }
  std::vector<Entry> All() const {
    std::vector<Entry> all;
    sink_.table(kVmaStore).ForEach([&](const Entry& e) { all.push_back(e); });
    return all;
  }

  HostMemory memory_;
  Stores stores_;
  Sink sink_{&stores_};
};

TEST_F(Vma, MapIsRefusedWhereItIsWrong) {
  ASSERT_TRUE(Map(0x100000, 4, 0).ok());
  struct Case {
    uint64_t hva, size, offset;
    uint32_t prot;
    ObjectIndex object;
  };
  const Case kCases[] = {
      {0x1001, kPage, 0, 3, 0},           // hva misaligned
      {0x1000, kPage + 1, 0, 3, 0},       // size misaligned
      {0x1000, 0, 0, 3, 0},               // empty
      {0x1000, kPage, 1, 3, 0},           // offset misaligned
      {0x1000, 17 * kPage, 0, 3, 0},      // larger than the object
      {0x1000, kPage, 16 * kPage, 3, 0},  // behind the object
      {0x1000, 2 * kPage, 15 * kPage, 3, 0},
      {0x1000, kPage, 0, 4, 0},  // no such protection
      {0x1000, kPage, 0, 3, 1},  // no such object
      {kTaskSize - kPage, 2 * kPage, 0, 3, 0},
      {kTaskSize, kPage, 0, 3, 0},
      {UINT64_MAX - kPage + 1, kPage, 0, 3, 0},
      {0x0ff000, 2 * kPage, 0, 3, 0},  // overlaps
      {0x103000, kPage, 0, 3, 0},
  };
  for (const Case& c : kCases) {
    EXPECT_FALSE(
        MapVma(memory_, Hva(c.hva), c.size, c.object, c.offset, c.prot, sink_)
            .ok())
        << c.hva << " " << c.size;
  }
  EXPECT_EQ(All().size(), 1u);
  EXPECT_TRUE(
      MapVma(memory_, Hva(kTaskSize - kPage), kPage, 0, 0, 0, sink_).ok());
}

TEST_F(Vma, UnmapCutsWhatSticksOut) {
  ASSERT_TRUE(Map(0x100000, 4, 0).ok());
  ASSERT_TRUE(Map(0x104000, 4, 8).ok());
  // From the middle of the first into the second.
  ASSERT_TRUE(UnmapVma(Hva(0x102000), 3 * kPage, sink_).ok());
  EXPECT_EQ(All(), (std::vector<Entry>{{0x100000, 0x101fff, 0, 0, 3},
                                       {0x105000, 0x107fff, 0x9000, 0, 3}}));
  // A hole inside one.
  ASSERT_TRUE(UnmapVma(Hva(0x106000), kPage, sink_).ok());
  EXPECT_EQ(All(), (std::vector<Entry>{{0x100000, 0x101fff, 0, 0, 3},
                                       {0x105000, 0x105fff, 0x9000, 0, 3},
                                       {0x107000, 0x107fff, 0xb000, 0, 3}}));
  ASSERT_TRUE(UnmapVma(Hva(0), kTaskSize, sink_).ok());
  EXPECT_TRUE(All().empty());
  EXPECT_FALSE(UnmapVma(Hva(0x800), kPage, sink_).ok());
}

TEST_F(Vma, FindGivesTheOneAtOrAbove) {
  ASSERT_TRUE(Map(0x100000, 4, 0).ok());
  ASSERT_TRUE(Map(0x200000, 4, 4).ok());
  const IntervalTable& vmas = sink_.table(kVmaStore);
  EXPECT_EQ(FindVma(vmas, Hva(0))->first, 0x100000u);
  EXPECT_EQ(FindVma(vmas, Hva(0x103fff))->first, 0x100000u);
  EXPECT_EQ(FindVma(vmas, Hva(0x104000))->first, 0x200000u);
  EXPECT_FALSE(FindVma(vmas, Hva(0x204000)));
}

}  // namespace
}  // namespace iovalab
