#include "model/oracle/judge.h"

#include "sim/check.h"

namespace iovalab {
namespace {

enum Fact : int8_t { kNo, kYes, kAny };

struct Row {
  Fact absorbed, completed, has_intent, page_right, wanted, ever_owned, dropped;
  Judgement judgement;
};

using C = AccessClass;

// The first row that fits decides.
constexpr Row kRows[] = {
    // absorbed completed intent right wanted owned dropped
    {kYes, kAny, kAny, kAny, kYes, kAny, kAny, {C::kAbsorbed, false}},
    {kYes, kAny, kAny, kAny, kNo, kAny, kAny, {C::kAbsorbed, true}},
    {kNo, kNo, kAny, kAny, kYes, kAny, kAny, {C::kDmaFault, false}},
    {kNo, kNo, kAny, kAny, kNo, kAny, kAny, {C::kDmaFault, true}},
    {kNo, kYes, kYes, kNo, kAny, kAny, kAny, {C::kSilentCorrupt, false}},
    {kNo, kYes, kYes, kYes, kYes, kAny, kNo, {C::kOk, false}},
    {kNo, kYes, kYes, kYes, kAny, kAny, kAny, {C::kStale, false}},
    {kNo, kYes, kNo, kAny, kAny, kAny, kYes, {C::kStale, false}},
    {kNo, kYes, kNo, kAny, kYes, kAny, kNo, {C::kOk, false}},
    {kNo, kYes, kNo, kAny, kNo, kYes, kNo, {C::kStale, false}},
    {kNo, kYes, kNo, kAny, kNo, kNo, kNo, {C::kSilentCorrupt, false}},
};

bool Fits(Fact wanted, bool is) {
  return wanted == kAny || (wanted == kYes) == is;
}

struct ClassRow {
  AccessClass access_class;
  Verdict verdict;
};

constexpr ClassRow kClassVerdicts[] = {
    {C::kOk, Verdict::kSafe},
    {C::kDmaFault, Verdict::kFaults},
    {C::kSwReject, Verdict::kFaults},
    {C::kSilentCorrupt, Verdict::kUnsafe},
    {C::kStale, Verdict::kUnsafe},
    {C::kAbsorbed, Verdict::kFaults},
    {C::kPlatformError, Verdict::kUnsafe},
    {C::kLeak, Verdict::kUnsafe},
    {C::kLostLog, Verdict::kUnsafe},
};

}  // namespace

Judgement Judge(const AccessFacts& facts) {
  for (const Row& row : kRows) {
    if (Fits(row.absorbed, facts.absorbed) &&
        Fits(row.completed, facts.completed) &&
        Fits(row.has_intent, facts.has_intent) &&
        Fits(row.page_right, facts.page_right) &&
        Fits(row.wanted, facts.wanted) &&
        Fits(row.ever_owned, facts.ever_owned) &&
        Fits(row.dropped, facts.dropped)) {
      return row.judgement;
    }
  }
  sim::Check(false, "the judgement's rows cover every case");
  return {};
}

Verdict WorstVerdict(AccessClass access_class) {
  for (const ClassRow& row : kClassVerdicts) {
    if (row.access_class == access_class) return row.verdict;
  }
  sim::Check(false, "every class has a verdict");
  return Verdict::kUnsafe;
}

Verdict WorstVerdict(Ended ended) {
  switch (ended) {
    case Ended::kCompleted:
      return Verdict::kSafe;
    case Ended::kKernelOops:
      return Verdict::kUnsafe;
    default:
      return Verdict::kFaults;
  }
}

}  // namespace iovalab
