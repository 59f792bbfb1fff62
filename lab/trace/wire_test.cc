#include "lab/trace/wire.h"

#include <string>

#include "gtest/gtest.h"

namespace iovalab::wire {
namespace {

TEST(WireTest, VarintsRoundTrip) {
  for (const uint64_t value :
       {uint64_t{0}, uint64_t{1}, uint64_t{127}, uint64_t{128}, uint64_t{300},
        uint64_t{1} << 62, uint64_t{1} << 63, UINT64_MAX}) {
    char buffer[kMaxVarint];
    const size_t size = PutVarint(buffer, value) - buffer;
    Reader reader(absl::string_view(buffer, size));
    uint64_t read = 0;
    EXPECT_TRUE(reader.Varint(&read));
    EXPECT_EQ(read, value);
    EXPECT_TRUE(reader.done());
    for (size_t cut = 0; cut < size; ++cut) {
      Reader short_reader(absl::string_view(buffer, cut));
      EXPECT_FALSE(short_reader.Varint(&read));
    }
  }
}

TEST(WireTest, VarintPast64BitsIsRefused) {
  uint64_t read = 0;
  EXPECT_FALSE(Reader(std::string(9, '\xff') + "\x02").Varint(&read));
  EXPECT_FALSE(Reader(std::string(10, '\xff') + "\x01").Varint(&read));
}

TEST(WireTest, ZigZagIsThatOfProtobuf) {
  EXPECT_EQ(ZigZag(0), 0u);
  EXPECT_EQ(ZigZag(-1), 1u);
  EXPECT_EQ(ZigZag(1), 2u);
  EXPECT_EQ(ZigZag(INT64_MIN), UINT64_MAX);
  for (const int64_t value : {int64_t{0}, int64_t{-22}, INT64_MAX, INT64_MIN}) {
    EXPECT_EQ(UnZigZag(ZigZag(value)), value);
  }
}

TEST(WireTest, BytesStayInside) {
  std::string out;
  AppendBytes(&out, 3, "abc");
  out.pop_back();
  Reader reader(out);
  uint32_t field = 0;
  Type type;
  absl::string_view bytes;
  ASSERT_TRUE(reader.Tag(&field, &type));
  EXPECT_EQ(field, 3u);
  EXPECT_EQ(type, Type::kBytes);
  EXPECT_FALSE(reader.Bytes(&bytes));
}

TEST(WireTest, SkipPassesEveryTypeButGroups) {
  std::string out;
  AppendField(&out, 1, 300);
  AppendBytes(&out, 2, "abc");
  AppendFixed32(&out, 3, 5);
  Reader reader(out);
  uint32_t field = 0;
  Type type;
  for (uint32_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(reader.Tag(&field, &type));
    EXPECT_EQ(field, i);
    EXPECT_TRUE(reader.Skip(type));
  }
  EXPECT_TRUE(reader.done());
  EXPECT_FALSE(Reader("abc").Skip(static_cast<Type>(3)));
}

}  // namespace
}  // namespace iovalab::wire
