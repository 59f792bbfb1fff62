#include "model/vmm/iova_tree.h"

#include <gtest/gtest.h>

#include <vector>

#include "model/vmm/vhost_iova_tree.h"

namespace iovalab {
namespace {

constexpr StoreId kTree{StoreKind::kIovaHva};
constexpr uint64_t kMax = UINT64_MAX;

struct Node {
  uint64_t iova, size;
};

// What alloc_map answers on a tree of these nodes. From the recorded cases
// named; the whole recordings are replayed by lab/conform/conform_test.
TEST(IovaTree, AllocMap) {
  const struct {
    const char* from;
    std::vector<Node> nodes;
    uint64_t size, begin, last;
    int ret;
    uint64_t iova;
  } kCases[] = {
      {"empty", {}, 0xfff, 0x1000, kMax, kIovaOk, 0x1000},
      {"between",
       {{0x1000, 0xfff}, {0x3000, 0xfff}},
       0xfff,
       0x1000,
       kMax,
       kIovaOk,
       0x2000},
      {"QT-h005 step 4",
       {{0x1000, 0xfff}, {0x2000, kMax - 0x3000}, {kMax - 0xfff, 0xfff}},
       0xffffffffffffeffe,
       0,
       kMax,
       kIovaErrOverlap,
       0},
      {"QT-h006 step 4",
       {{0x1000, 0xffffffffffffcfff}, {kMax - 0xfff, 0xfff}},
       0x1000,
       0x1000,
       kMax,
       kIovaErrOverlap,
       0x1000},
      {"QT-h007 step 2",
       {{0x800, 0xfff}},
       0xfff,
       0x1000,
       0xffff,
       kIovaErrOverlap,
       0x1000},
      {"QT-h007 step 8",
       {{0x800, 0xfff}},
       0xfffffffffffff7fe,
       0x1000,
       kMax,
       kIovaErrInvalid,
       0x1000},
      {"QT-h007 step 10", {}, 0, 0x1000, 0xfff, kIovaErrInvalid, 0},
      {"Q72-h009", {}, kMax - 0x1000, 0x1000, kMax, kIovaErrNomem, 0},
      {"Q72-h009", {}, kMax - 0x1001, 0x1000, kMax, kIovaOk, 0x1000},
      {"Q72-h007", {}, 0x1000, 0x1000, 0x1fff, kIovaErrNomem, 0},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.from);
    Stores stores;
    Sink sink(&stores);
    for (Node n : c.nodes) {
      ASSERT_EQ(
          IovaTreeInsert(sink, kTree,
                         {.iova = n.iova, .size = n.size, .perm = kPermRead}),
          kIovaOk);
    }
    DmaMap map{.size = c.size, .perm = kPermRead};
    EXPECT_EQ(IovaTreeAllocMap(sink, kTree, &map, c.begin, c.last), c.ret);
    EXPECT_EQ(map.iova, c.iova);
    EXPECT_EQ(stores.Get(kTree).size(),
              c.nodes.size() + (c.ret == kIovaOk ? 1 : 0));
  }
}

TEST(IovaTree, WrappingKeyTouchesOnlyANodeWithBothEnds) {
  Stores stores;
  Sink sink(&stores);
  const auto insert = [&](uint64_t iova, uint64_t size) {
    return IovaTreeInsert(sink, kTree,
                          {.iova = iova, .size = size, .perm = kPermRead});
  };
  ASSERT_EQ(insert(0x1000, 0x3fff), kIovaOk);
  EXPECT_EQ(IovaTreeRemove(sink, kTree, 0x5000, kMax - 0x1000), 0u);
  EXPECT_EQ(IovaTreeRemove(sink, kTree, 0x3000, kMax - 0x2000), 0u);
  EXPECT_EQ(IovaTreeRemove(sink, kTree, 0x3000, kMax - 0x1fff), 1u);
}

TEST(IovaTree, FindIovaTakesTheLowestAliasAndCountsNodes) {
  Stores stores;
  Sink sink(&stores);
  for (uint64_t iova : {0x9000, 0x1000, 0x5000}) {
    const DmaMap map{.iova = iova,
                     .translated_addr = iova == 0x1000 ? 0x7000u : 0x40000u,
                     .size = 0xfff,
                     .id = iova == 0x5000 ? 1u : 0u,
                     .perm = kPermRead};
    ASSERT_EQ(IovaTreeInsert(sink, kTree, map), kIovaOk);
  }
  const IntervalTable& tree = stores.Get(kTree);
  IovaFound found = IovaTreeFindIova(tree, 1, 0x40800, 0);
  ASSERT_TRUE(found.map);
  EXPECT_EQ(found.map->iova, 0x5000u);
  EXPECT_EQ(found.scanned, 2u);
  found = IovaTreeFindIova(tree, 0, 0x40800, 0);
  ASSERT_TRUE(found.map);
  EXPECT_EQ(found.map->iova, 0x9000u);
  EXPECT_EQ(found.scanned, 3u);
  EXPECT_FALSE(IovaTreeFindIova(tree, 2, 0x40800, 0).map);
}

// Q100-h030: the range of a refused GPA stays allocated, and the caller can
// tell by the map.
TEST(VhostIovaTree100, RefusedGpaLeaksItsRange) {
  Stores stores;
  Sink sink(&stores);
  const IovaRange range = EffectiveIovaRange(0, 0xffff);
  EXPECT_EQ(range.first, 0x1000u);
  DmaMap first{.size = 0xfff, .perm = kPermRead};
  ASSERT_EQ(VhostIovaTree100MapAllocGpa(sink, range, &first, 0x4000), kIovaOk);
  DmaMap again{.size = 0xfff, .perm = kPermRead};
  EXPECT_EQ(VhostIovaTree100MapAllocGpa(sink, range, &again, 0x4800),
            kIovaErrOverlap);
  EXPECT_EQ(again.iova, 0x2000u);
  EXPECT_EQ(again.translated_addr, 0x4800u);
  EXPECT_EQ(stores.Get({StoreKind::kIovaOnly}).size(), 2u);
  EXPECT_EQ(stores.Get({StoreKind::kGpaIova}).size(), 1u);
  const IovaFound found = VhostIovaTree100FindGpa(stores, 0x4fff, 0);
  ASSERT_TRUE(found.map);
  EXPECT_EQ(*found.map, first);
  EXPECT_EQ(found.scanned, 1u);
  EXPECT_EQ(VhostIovaTree100RemoveGpa(sink, 0x1000, 0x4000, 0xfff), 2u);
  EXPECT_EQ(stores.Get({StoreKind::kIovaOnly}).size(), 1u);
}

}  // namespace
}  // namespace iovalab
