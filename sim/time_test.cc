#include "sim/time.h"

#include "gtest/gtest.h"

namespace iovalab::sim {
namespace {

TEST(TimeTest, UnitsAreNanoseconds) {
  EXPECT_EQ(kSecond, 1'000'000'000);
  EXPECT_EQ(kStart + 2 * kMicrosecond, Time{2000});
}

TEST(TimeTest, SumsSaturate) {
  EXPECT_EQ(Time{5} + kMaxNanos, kEndOfTime);
  EXPECT_EQ(kEndOfTime + 1, kEndOfTime);
  EXPECT_EQ(kEndOfTime + -1, Time{kMaxNanos - 1});
  EXPECT_EQ(SaturatingAdd(kMinNanos, -1), kMinNanos);
  EXPECT_EQ(SaturatingAdd(kMaxNanos, kMinNanos), -1);
}

TEST(TimeTest, DifferencesSaturate) {
  EXPECT_EQ(Time{70} - Time{30}, 40);
  EXPECT_EQ(Time{70} - 30, Time{40});
  EXPECT_EQ(SaturatingSubtract(kMinNanos, 1), kMinNanos);
  EXPECT_EQ(SaturatingSubtract(0, kMinNanos), kMaxNanos);
}

TEST(TimeTest, ProductsSaturate) {
  EXPECT_EQ(SaturatingMultiply(3, 7), 21);
  EXPECT_EQ(SaturatingMultiply(kMaxNanos, 2), kMaxNanos);
  EXPECT_EQ(SaturatingMultiply(kMaxNanos, -2), kMinNanos);
  EXPECT_EQ(SaturatingMultiply(kMinNanos, -1), kMaxNanos);
}

TEST(TimeTest, IsOrdered) {
  EXPECT_LT(kStart, Time{1});
  EXPECT_LT(Time{1}, kEndOfTime);
  EXPECT_EQ(Time{}, kStart);
}

}  // namespace
}  // namespace iovalab::sim
