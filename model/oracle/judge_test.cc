#include "model/oracle/judge.h"

#include "gtest/gtest.h"

namespace iovalab {
namespace {

using C = AccessClass;

// docs/design.md, Judgement, every combination of facts. A fact that has no
// meaning in a case must not matter.
TEST(Judge, EveryCase) {
  for (int bits = 0; bits < 128; ++bits) {
    const AccessFacts f{.completed = (bits & 1) != 0,
                        .has_intent = (bits & 2) != 0,
                        .page_right = (bits & 4) != 0,
                        .wanted = (bits & 8) != 0,
                        .ever_owned = (bits & 16) != 0,
                        .absorbed = (bits & 32) != 0,
                        .dropped = (bits & 64) != 0};
    SCOPED_TRACE(bits);
    const Judgement got = Judge(f);
    C want = C::kOk;
    bool deserved = false;
    if (f.absorbed) {
      want = C::kAbsorbed;
      deserved = !f.wanted;
    } else if (!f.completed) {
      want = C::kDmaFault;
      // Somebody who may have it was refused, or nobody may.
      deserved = !f.wanted;
    } else if (f.has_intent) {
      if (!f.page_right) {
        want = C::kSilentCorrupt;
      } else if (!f.wanted || f.dropped) {
        want = C::kStale;
      }
    } else if (f.dropped) {
      want = C::kStale;
    } else if (!f.wanted) {
      want = f.ever_owned ? C::kStale : C::kSilentCorrupt;
    }
    EXPECT_EQ(Name(got.access_class), Name(want));
    EXPECT_EQ(got.deserved, deserved);
  }
}

TEST(Judge, VerdictOfAClass) {
  // docs/design.md, Judgement: corrupt, stale, leak, lost log are UNSAFE;
  // fault, reject FAULTS.
  const struct {
    C access_class;
    Verdict verdict;
  } kCases[] = {
      {C::kOk, Verdict::kSafe},         {C::kDmaFault, Verdict::kFaults},
      {C::kSwReject, Verdict::kFaults}, {C::kSilentCorrupt, Verdict::kUnsafe},
      {C::kStale, Verdict::kUnsafe},    {C::kAbsorbed, Verdict::kFaults},
      {C::kLeak, Verdict::kUnsafe},     {C::kPlatformError, Verdict::kUnsafe},
      {C::kLostLog, Verdict::kUnsafe},
  };
  EXPECT_EQ(std::size(kCases), static_cast<size_t>(C::kCount));
  for (const auto& c : kCases) {
    EXPECT_EQ(WorstVerdict(c.access_class), c.verdict) << Name(c.access_class);
  }
}

TEST(Judge, VerdictOfAnEnd) {
  EXPECT_EQ(WorstVerdict(Ended::kCompleted), Verdict::kSafe);
  EXPECT_EQ(WorstVerdict(Ended::kKernelOops), Verdict::kUnsafe);
  for (const Ended ended : {Ended::kVmmAbort, Ended::kHang, Ended::kBound}) {
    EXPECT_EQ(WorstVerdict(ended), Verdict::kFaults) << Name(ended);
  }
}

}  // namespace
}  // namespace iovalab
