// What IntervalTable's answers do not show: that the trees stay balanced, and
// that every summary is what it would be if computed anew, without which the
// searches are right but slow.

#include "model/addr/index_tree.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "model/addr/key_index.h"
#include "model/addr/target_index.h"

namespace iovalab {
namespace {

uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

bool SameKey(uint64_t a, uint64_t b) { return a == b; }
bool SameKey(const TargetPolicy::Key& a, const TargetPolicy::Key& b) {
  return a.target == b.target && a.first == b.first;
}

void ExpectAgree(const KeyPolicy::Sums& kept, const KeyPolicy::Sums& fresh,
                 uint32_t i) {
  EXPECT_EQ(kept.last[i], fresh.last[i]);
  EXPECT_EQ(kept.gap[i], fresh.gap[i]);
  EXPECT_EQ(kept.count[i], fresh.count[i]);
  const uint32_t below = i == 0 ? 0 : kept.below[i - 1] + kept.count[i - 1];
  EXPECT_EQ(kept.below[i], below);
}
void ExpectAgree(const TargetPolicy::Sums& kept,
                 const TargetPolicy::Sums& fresh, uint32_t i) {
  EXPECT_EQ(kept.reach[i], fresh.reach[i]);
  EXPECT_EQ(kept.min_first[i], fresh.min_first[i]);
  EXPECT_GE(kept.size[i], fresh.size[i]);
  const uint64_t before = i == 0 ? 0 : kept.reach_through[i - 1];
  EXPECT_EQ(kept.reach_through[i], std::max(before, kept.reach[i]));
}

template <typename P>
void ExpectConsistent(const IndexTree<P>& tree, uint32_t level, uint32_t at) {
  using Tree = IndexTree<P>;
  if (level == tree.height()) {
    if (level > 0) {
      EXPECT_GE(tree.leaf(at).n, Tree::kLeafSize / 4);
    }
    return;
  }
  const typename Tree::Inner& in = tree.inner(at);
  EXPECT_GE(in.n, level == 0 ? 2 : Tree::kInnerSize / 4);
  for (uint32_t i = 0; i < in.n; ++i) {
    typename P::Sums fresh = in.sums;
    if (level + 1 == tree.height()) {
      const typename Tree::Leaf& child = tree.leaf(in.child[i]);
      EXPECT_TRUE(SameKey(in.keys.Get(i), child.keys.Get(0)));
      P::SumLeaf(child, fresh, i);
    } else {
      const typename Tree::Inner& child = tree.inner(in.child[i]);
      EXPECT_TRUE(SameKey(in.keys.Get(i), child.keys.Get(0)));
      P::SumInner(child, fresh, i);
    }
    ExpectAgree(in.sums, fresh, i);
    ExpectConsistent(tree, level + 1, in.child[i]);
  }
}

// Entry i of a set of disjoint ones; every fourth aliases an earlier one.
Entry EntryAt(uint64_t i, uint64_t seed) {
  Entry e;
  e.first = i * 0x1000 + Mix(i ^ seed) % 0x400;
  e.last = e.first + Mix(i + seed) % 0xb00;
  e.target = (i % 4 == 0 ? Mix(i) % 1000 : i) * 0x1000;
  return e;
}

enum class Order { kRandom, kAscending, kDescending };

class IndexTreeTest : public testing::TestWithParam<Order> {
 protected:
  // The i-th of n numbers in the order.
  uint64_t Nth(uint64_t i, uint64_t n) const {
    if (GetParam() == Order::kAscending) return i;
    if (GetParam() == Order::kDescending) return n - 1 - i;
    return i * 7919 % n;  // n is prime to it
  }
  void Expect() {
    if (keys_.size() == 0) return;
    ExpectConsistent(keys_.tree(), 0, keys_.tree().root());
    ExpectConsistent(targets_.tree(), 0, targets_.tree().root());
    EXPECT_EQ(keys_.size(), targets_.tree().size());
  }

  KeyIndex keys_;
  TargetIndex targets_;
};

TEST_P(IndexTreeTest, SummariesStayExact) {
  constexpr uint64_t kCount = 20000;
  for (uint64_t i = 0; i < kCount; ++i) {
    const Entry e = EntryAt(Nth(i, kCount), 1);
    ASSERT_TRUE(keys_.Insert(e));
    targets_.Insert(e);
    if (i % 1009 == 0) Expect();
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GE(keys_.tree().height(), 2u);
  // Erased in another order than inserted, then all.
  for (uint64_t i = 0; i < kCount; ++i) {
    const Entry e = EntryAt(i * 104729 % kCount, 1);
    ASSERT_TRUE(keys_.Erase(e.first));
    targets_.Erase(e);
    if (i % 1009 == 0) Expect();
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_EQ(keys_.size(), 0u);
  EXPECT_EQ(targets_.tree().size(), 0u);
}

TEST_P(IndexTreeTest, OneInOneOut) {
  constexpr uint64_t kCount = 2000;
  for (uint64_t i = 0; i < 8 * kCount; ++i) {
    const Entry e = EntryAt(Nth(i % (4 * kCount), 4 * kCount), 2);
    if (keys_.Insert(e)) targets_.Insert(e);
    if (i >= kCount) {
      const Entry old =
          EntryAt(Nth((i - kCount) % (4 * kCount), 4 * kCount), 2);
      ASSERT_TRUE(keys_.Erase(old.first));
      targets_.Erase(old);
    }
    if (i % 211 == 0) Expect();
    ASSERT_FALSE(HasFailure());
  }
}

INSTANTIATE_TEST_SUITE_P(Orders, IndexTreeTest,
                         testing::Values(Order::kRandom, Order::kAscending,
                                         Order::kDescending));

}  // namespace
}  // namespace iovalab
