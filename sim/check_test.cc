#include "sim/check.h"

#include "gtest/gtest.h"

namespace iovalab::sim {
namespace {

TEST(CheckTest, PassesWhenTrue) { Check(true, "never printed"); }

TEST(CheckDeathTest, NamesThePlaceAndTheRule) {
  EXPECT_DEATH(Check(1 + 1 == 3, "sums are right"),
               "check_test.cc:[0-9]+: check failed: sums are right");
}

}  // namespace
}  // namespace iovalab::sim
