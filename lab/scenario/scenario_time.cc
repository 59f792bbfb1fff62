#include "lab/scenario/scenario_time.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"

namespace iovalab {
namespace {

constexpr size_t kShownInCycle = 6;

Place StepPlace(uint32_t i) { return Place().At("step", static_cast<int>(i)); }

absl::Status LoadWhen(Loading& l, uint32_t i,
                      std::optional<uint32_t>* last_timed) {
  const pb::Step& in = l.in.step(i);
  StepSpec& step = l.out->steps[i];
  const Place at = StepPlace(i);
  step.delay_ns = in.delay_ns();
  if (absl::Status s = CheckTime(l, at.At("delay_ns"), in.delay_ns());
      !s.ok()) {
    return s;
  }
  if (in.when_case() == pb::Step::kAtNs) {
    step.at_ns = in.at_ns();
    if (absl::Status s = CheckTime(l, at.At("at_ns"), in.at_ns()); !s.ok()) {
      return s;
    }
    if (last_timed->has_value() &&
        step.at_ns < l.out->steps[**last_timed].at_ns) {
      const StepSpec& earlier = l.out->steps[**last_timed];
      return l.where.Error(
          at.At("at_ns"),
          absl::StrCat(step.at_ns, " is before the earlier step ",
                       Quote(earlier.label), " at ", earlier.at_ns,
                       "; steps with a time stand in order"));
    }
    *last_timed = i;
  } else if (in.when_case() == pb::Step::kAfter) {
    step.after = l.steps.Find(in.after());
    if (step.after == kNoIndex) {
      return l.where.Error(at.At("after"), l.steps.Unknown(in.after()));
    }
    if (step.after == i) {
      return l.where.Error(at.At("after"),
                           "a step cannot wait for itself; another's label");
    }
  } else if (i > 0) {
    step.after = i - 1;
  }
  return absl::OkStatus();
}

// The steps from `i` on, each waiting for the next, until one repeats.
absl::Status CycleError(const Loading& l, uint32_t i) {
  const std::vector<StepSpec>& steps = l.out->steps;
  std::vector<bool> seen(steps.size());
  while (!seen[i]) {
    seen[i] = true;
    i = steps[i].after;
  }
  // `i` is on the cycle. Begin with the first of it in the file that says
  // `after`.
  uint32_t first = kNoIndex;
  uint32_t j = i;
  size_t length = 0;
  do {
    if (l.in.step(j).when_case() == pb::Step::kAfter)
      first = std::min(first, j);
    j = steps[j].after;
    ++length;
  } while (j != i);
  std::string cycle = Quote(steps[first].label);
  j = steps[first].after;
  for (size_t n = 1; n < length; ++n, j = steps[j].after) {
    if (n == kShownInCycle) {
      absl::StrAppend(&cycle, " after ", length - n, " more");
      break;
    }
    absl::StrAppend(&cycle, " after ", Quote(steps[j].label));
  }
  return l.where.Error(StepPlace(first).At("after"),
                       absl::StrCat("the steps wait for each other: ", cycle,
                                    " after ", Quote(steps[first].label),
                                    "; one of them needs another time"));
}

// Steps so that each stands behind the one that it waits for. Shorter than the
// steps when some wait in a circle.
std::vector<uint32_t> WaitingOrder(const std::vector<StepSpec>& steps,
                                   std::vector<uint32_t>* first_child,
                                   std::vector<uint32_t>* next_sibling) {
  const uint32_t n = static_cast<uint32_t>(steps.size());
  first_child->assign(n, kNoIndex);
  next_sibling->assign(n, kNoIndex);
  std::vector<uint32_t> order;
  for (uint32_t i = n; i-- > 0;) {
    const uint32_t after = steps[i].after;
    if (after == kNoIndex) continue;
    (*next_sibling)[i] = (*first_child)[after];
    (*first_child)[after] = i;
  }
  for (uint32_t root = 0; root < n; ++root) {
    if (steps[root].after != kNoIndex) continue;
    std::vector<uint32_t> stack = {root};
    while (!stack.empty()) {
      const uint32_t i = stack.back();
      stack.pop_back();
      order.push_back(i);
      for (uint32_t c = (*first_child)[i]; c != kNoIndex;
           c = (*next_sibling)[c]) {
        stack.push_back(c);
      }
    }
  }
  return order;
}

// All that can add up until a step is finished: the last time in the file so
// far, every delay so far, and every request so far one after the other.
absl::Status CheckTotal(const Loading& l) {
  uint64_t timed = 0;
  uint64_t spent = 0;  // at most kMaxTimeNs before each step
  for (uint32_t i = 0; i < l.out->steps.size(); ++i) {
    const StepSpec& step = l.out->steps[i];
    timed = std::max(timed, step.at_ns);
    spent += step.delay_ns;
    if (step.kind == StepKind::kPost || step.kind == StepKind::kRelease ||
        step.kind == StepKind::kProbe || step.kind == StepKind::kHostPost) {
      spent += l.out->latency_ns + l.out->jitter_ns;
    }
    // Each addend is at most kMaxTimeNs, an eighth of what uint64 holds.
    if (timed + spent > kMaxTimeNs) {
      return l.where.Error(
          StepPlace(i),
          absl::StrCat("times, delays and latencies up to here add up to more "
                       "than ",
                       kMaxTimeNs, " ns; shorter ones"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTime(const Loading& l, const Place& at, uint64_t value) {
  if (value <= kMaxTimeNs) return absl::OkStatus();
  return l.where.Error(
      at, absl::StrCat(value, " ns is beyond all runs; at most ", kMaxTimeNs));
}

absl::Status LoadTimes(Loading& l, std::vector<StepTime>* times) {
  std::vector<StepSpec>& steps = l.out->steps;
  std::optional<uint32_t> last_timed;
  for (uint32_t i = 0; i < steps.size(); ++i) {
    if (absl::Status s = LoadWhen(l, i, &last_timed); !s.ok()) return s;
  }
  std::vector<uint32_t> first_child, next_sibling;
  const std::vector<uint32_t> order =
      WaitingOrder(steps, &first_child, &next_sibling);
  if (order.size() < steps.size()) {
    std::vector<bool> ordered(steps.size());
    for (uint32_t i : order) ordered[i] = true;
    const auto stuck = std::find(ordered.begin(), ordered.end(), false);
    return CycleError(l, static_cast<uint32_t>(stuck - ordered.begin()));
  }
  if (absl::Status s = CheckTotal(l); !s.ok()) return s;

  times->assign(steps.size(), {});
  for (uint32_t n = 0; n < order.size(); ++n) {
    const StepSpec& step = steps[order[n]];
    StepTime& time = (*times)[order[n]];
    const bool waits = step.after != kNoIndex;
    time.exact = !waits;
    time.earliest =
        (waits ? (*times)[step.after].earliest : step.at_ns) + step.delay_ns;
    time.enter = time.leave = n;
  }
  // A step's descendants follow it in the order without a gap.
  for (uint32_t n = static_cast<uint32_t>(order.size()); n-- > 0;) {
    const uint32_t after = steps[order[n]].after;
    if (after == kNoIndex) continue;
    (*times)[after].leave =
        std::max((*times)[after].leave, (*times)[order[n]].leave);
  }
  return absl::OkStatus();
}

bool CertainlyBefore(const StepTime& b, const StepTime& a) {
  if (b.enter < a.enter && a.enter <= b.leave) return true;  // a waits for b
  return b.exact && b.earliest < a.earliest;
}

}  // namespace iovalab
