#include "model/store/store_id.h"

#include "gtest/gtest.h"

namespace iovalab {
namespace {

TEST(StoreIdTest, EveryStoreIsFoundByNameAndWord) {
  for (size_t k = 0; k < static_cast<size_t>(StoreKind::kCount); ++k) {
    const auto kind = static_cast<StoreKind>(k);
    for (const int asid : {0, 1, 255}) {
      if (asid != 0 && !GetStoreKind(kind).by_asid) continue;
      const StoreId id{kind, static_cast<uint8_t>(asid)};
      EXPECT_EQ(StoreId::Parse(id.Name()), id);
      EXPECT_EQ(StoreId::Unpack(id.Pack()), id);
    }
    EXPECT_FALSE(GetStoreKind(kind).says.empty());
    EXPECT_FALSE(GetStoreKind(kind).level.empty());
  }
}

TEST(StoreIdTest, NamesAsUsersReadThem) {
  EXPECT_EQ((StoreId{StoreKind::kIovaHva, 0}.Name()), "iova_hva");
  EXPECT_EQ((StoreId{StoreKind::kVhostIotlb, 1}.Name()), "iotlb.1");
}

TEST(StoreIdTest, OtherNamesAreNone) {
  for (const char* name : {"", "iotlb", "iotlb.", "iotlb.256", "iotlb.-1",
                           "iotlb.x", "iova_hva.0", "iova", "iotlb.0 "}) {
    EXPECT_FALSE(StoreId::Parse(name).has_value()) << name;
  }
}

// A trace must read back to the same bytes, so each store has one spelling.
TEST(StoreIdTest, ANumberHasOneSpelling) {
  for (const char* name : {"iotlb.00", "iotlb.+1", "iotlb.01", "iotlb. 1"}) {
    EXPECT_FALSE(StoreId::Parse(name).has_value()) << name;
  }
}

TEST(StoreIdTest, OtherWordsAreNone) {
  EXPECT_FALSE(
      StoreId::Unpack(static_cast<uint64_t>(StoreKind::kCount)).has_value());
  EXPECT_FALSE(StoreId::Unpack(StoreId{StoreKind::kVhostIotlb, 0}.Pack() |
                               uint64_t{1} << 16)
                   .has_value());
  // An address space of a store that has none.
  EXPECT_FALSE(StoreId::Unpack(0x100).has_value());
}

}  // namespace
}  // namespace iovalab
