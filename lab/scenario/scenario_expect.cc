// What a scenario expects: that it names axes, steps, classes and errnos that
// exist, and does not contradict itself. Stores are scenario_expect_store.cc's.

#include "lab/scenario/scenario_expect.h"

#include <algorithm>

#include "absl/container/btree_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lab/scenario/axes.h"
#include "lab/scenario/scenario_check.h"
#include "model/event/kinds.h"

namespace iovalab {
namespace {

absl::Status CheckWhen(const Loading& l, const Place& at,
                       const pb::Expect& expect) {
  absl::btree_map<absl::string_view, int> named;
  for (int i = 0; i < expect.when_size(); ++i) {
    const pb::Expect::When& when = expect.when(i);
    const Place when_at = at.At("when", i);
    const absl::StatusOr<const AxisInfo*> axis = FindAxis(when.axis());
    if (!axis.ok()) {
      return l.where.Error(when_at.At("axis"), axis.status().message());
    }
    if (!named.insert({when.axis(), i}).second) {
      return l.where.Error(when_at.At("axis"),
                           absl::StrCat(Quote(when.axis()),
                                        " again; all its values in one when"));
    }
    if (when.value_size() == 0) {
      return l.where.Error(
          when_at.At("value", 0),
          absl::StrCat("missing; at least one value of axis ", when.axis()));
    }
    for (int k = 0; k < when.value_size(); ++k) {
      if (absl::Status s = CheckAxisValue(**axis, when.value(k)); !s.ok()) {
        return l.where.Error(when_at.At("value", k), s.message());
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckAccess(const Loading& l, const Place& at,
                         const pb::Expect::Access& access) {
  if (absl::Status s = CheckEnum(
          l, at.At("is"), *pb::Expect::Access::Class_descriptor(), access.is());
      !s.ok()) {
    return s;
  }
  if (IsQueueName(l, access.step())) return absl::OkStatus();
  const uint32_t index = l.steps.Find(access.step());
  if (access.step().empty() || index == kNoIndex) {
    return l.where.Error(at.At("step"),
                         access.step().empty()
                             ? "missing; the label of a post or probe"
                             : l.steps.Unknown(access.step()));
  }
  const pb::Step& step = l.in.step(static_cast<int>(index));
  if (step.has_post() || step.has_probe() || step.has_host_post() ||
      step.has_ring_write()) {
    return absl::OkStatus();
  }
  return l.where.Error(
      at.At("step"),
      absl::StrCat(
          Quote(step.label()), " accesses no memory",
          step.has_release()
              ? absl::StrCat(" of its own; the post that it releases, ",
                             Quote(step.release().post()))
              : "; the label of a post or probe"));
}

absl::Status CheckMessage(const Loading& l, const Place& at,
                          const pb::Expect::Message& message) {
  if (absl::Status s = CheckStep(l, at.At("step"), message.step()); !s.ok()) {
    return s;
  }
  if (absl::Status s =
          CheckEnum(l, at.At("type"), *pb::Expect::Message::Type_descriptor(),
                    message.type());
      !s.ok()) {
    return s;
  }
  if (message.has_err() && !ErrnoByName(message.err())) {
    return l.where.Error(at.At("err"),
                         absl::StrCat("no errno ", Quote(message.err()),
                                      "; \"0\", or one such as \"-EEXIST\""));
  }
  return absl::OkStatus();
}

absl::Status CheckCounts(const Loading& l, const Place& at,
                         const pb::Expect& expect) {
  std::vector<absl::string_view> classes;
  for (size_t c = 0; c < static_cast<size_t>(AccessClass::kCount); ++c) {
    classes.push_back(Name(static_cast<AccessClass>(c)));
  }
  absl::btree_map<absl::string_view, int> counted;
  for (int i = 0; i < expect.count_size(); ++i) {
    const std::string& name = expect.count(i).class_();
    const Place class_at = at.At("count", i).At("class");
    if (std::find(classes.begin(), classes.end(), name) == classes.end()) {
      return l.where.Error(class_at,
                           absl::StrCat("no class ", Quote(name), "; one of ",
                                        absl::StrJoin(classes, ", ")));
    }
    if (!counted.insert({name, i}).second) {
      return l.where.Error(class_at,
                           absl::StrCat(name, " again; each class once"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSaysSomething(const Loading& l, const Place& at,
                                const pb::Expect& expect) {
  const bool outcome = expect.verdict() != pb::Expect::ANY_VERDICT ||
                       expect.ended() != pb::Expect::ANY_END ||
                       expect.access_size() > 0 || expect.message_size() > 0 ||
                       expect.store_size() > 0 ||
                       expect.has_first_violation() ||
                       expect.count_size() > 0 || expect.iommu_fault_size() > 0;
  if (outcome && !expect.not_applicable().empty()) {
    return l.where.Error(at.At("not_applicable"),
                         "given beside outcomes; what is not applicable has "
                         "none");
  }
  if (!outcome && expect.not_applicable().empty()) {
    return l.where.Error(at,
                         "expects nothing; a verdict, ended, access, message, "
                         "store, first_violation, count, iommu_fault or "
                         "not_applicable");
  }
  return CheckProse(l, at.At("not_applicable"), expect.not_applicable());
}

// Calls check(l, place, element) for each of a repeated field.
template <typename Repeated, typename Check>
absl::Status CheckEach(const Loading& l, const Place& at,
                       absl::string_view field, const Repeated& elements,
                       Check check) {
  for (int i = 0; i < elements.size(); ++i) {
    if (absl::Status s = check(l, at.At(field, i), elements.Get(i)); !s.ok()) {
      return s;
    }
  }
  return absl::OkStatus();
}

absl::Status CheckExpect(const Loading& l, const Place& at,
                         const pb::Expect& expect) {
  if (absl::Status s = CheckWhen(l, at, expect); !s.ok()) return s;
  if (absl::Status s =
          CheckEnum(l, at.At("verdict"), *pb::Expect::Verdict_descriptor(),
                    expect.verdict());
      !s.ok()) {
    return s;
  }
  if (absl::Status s = CheckEnum(
          l, at.At("ended"), *pb::Expect::Ended_descriptor(), expect.ended());
      !s.ok()) {
    return s;
  }
  if (absl::Status s = CheckSaysSomething(l, at, expect); !s.ok()) return s;
  if (absl::Status s = CheckEach(l, at, "access", expect.access(), CheckAccess);
      !s.ok()) {
    return s;
  }
  if (absl::Status s =
          CheckEach(l, at, "message", expect.message(), CheckMessage);
      !s.ok()) {
    return s;
  }
  if (absl::Status s =
          CheckEach(l, at, "store", expect.store(), CheckStoreExpect);
      !s.ok()) {
    return s;
  }
  if (absl::Status s = CheckEach(l, at, "iommu_fault", expect.iommu_fault(),
                                 CheckIommuFaultExpect);
      !s.ok()) {
    return s;
  }
  if (expect.has_first_violation()) {
    if (absl::Status s = CheckViolation(l, at.At("first_violation"),
                                        expect.first_violation());
        !s.ok()) {
      return s;
    }
  }
  return CheckCounts(l, at, expect);
}

}  // namespace

absl::Status CheckExpects(const Loading& l) {
  if (absl::Status s = CheckCount(l, "expect", l.in.expect_size(),
                                  l.limits.max_expects, "max-expects");
      !s.ok()) {
    return s;
  }
  return CheckEach(l, Place(), "expect", l.in.expect(), CheckExpect);
}

}  // namespace iovalab
