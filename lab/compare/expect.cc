#include "lab/compare/expect.h"

#include <algorithm>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lab/compare/expect_iommu.h"
#include "lab/trace/fold.h"
#include "lab/trace/trace_fields.h"

namespace iovalab {
namespace {

class Checker {
 public:
  Checker(int index, const RunResult& result, const Outcome& outcome)
      : index_(index), result_(result), outcome_(outcome) {}

  void CheckEnd(const pb::Expect& expect);
  void CheckAccess(const pb::Expect::Access& access, int i);
  void CheckMessage(const pb::Expect::Message& message, int i);
  void CheckStore(const pb::Expect::Store& store, int i);
  void CheckViolation(const pb::Expect::FirstViolation& violation);
  void CheckCount(const pb::Expect::Count& count, int i);
  void CheckIommuFault(const pb::Expect::IommuFault& fault, int i);

  std::vector<std::string> failures;

 private:
  void Fail(absl::string_view field, absl::string_view what) {
    failures.push_back(
        absl::StrCat("expect[", index_, "].", field, ": ", what));
  }
  template <typename T, typename F>
  void Compare(absl::string_view field, const T& wanted, const T& got,
               F print) {
    if (wanted == got) return;
    Fail(field, absl::StrCat("wanted ", print(wanted), ", got ", print(got)));
  }

  int index_;
  const RunResult& result_;
  const Outcome& outcome_;
};

std::string Hex(uint64_t v) { return absl::StrFormat("0x%x", v); }
std::string Decimal(uint64_t v) { return absl::StrCat(v); }
std::string Text(absl::string_view s) { return std::string(s); }

// The enums of the proto have the model's values plus one: 0 is "any".
template <typename E>
absl::string_view Wanted(int proto_value) {
  return Name(static_cast<E>(proto_value - 1));
}

std::string At(absl::string_view field, int i) {
  return absl::StrCat(field, "[", i, "]");
}

std::string ErrText(int64_t err) {
  const absl::string_view name = ErrnoName(err);
  return name.empty() ? absl::StrCat(err) : std::string(name);
}

void Checker::CheckEnd(const pb::Expect& expect) {
  if (expect.verdict() != pb::Expect::ANY_VERDICT) {
    Compare("verdict", Text(Wanted<Verdict>(expect.verdict())),
            Text(Name(outcome_.verdict)), Text);
  }
  if (expect.ended() != pb::Expect::ANY_END) {
    Compare("ended", Text(Wanted<Ended>(expect.ended())),
            Text(Name(outcome_.ended)), Text);
  }
  if (!expect.not_applicable().empty()) {
    Fail("not_applicable", "wanted no run, but the combination applies");
  }
}

void Checker::CheckAccess(const pb::Expect::Access& access, int i) {
  const std::string field = At("access", i);
  std::vector<const AccessOutcome*> segments;
  for (const AccessOutcome& outcome : outcome_.accesses) {
    if (outcome.step == access.step()) segments.push_back(&outcome);
  }
  if (segments.empty()) {
    return Fail(field, absl::StrCat("no access of step ", access.step()));
  }
  for (const AccessOutcome* segment : segments) {
    if (access.is() != pb::Expect::Access::ANY_CLASS) {
      Compare(field + ".is", Text(Wanted<AccessClass>(access.is())),
              Text(Name(segment->access_class)), Text);
    }
    if (access.has_deserved()) {
      Compare(field + ".deserved", access.deserved(), segment->deserved,
              [](bool b) { return b ? "true" : "false"; });
    }
  }
  const AccessOutcome& first = *segments.front();
  if (access.has_iova()) {
    Compare(field + ".iova", uint64_t{access.iova()}, first.iova, Hex);
  }
  if (access.has_lands_gpa()) {
    if (!first.lands_gpa) {
      Fail(field + ".lands_gpa",
           absl::StrCat("wanted ", Hex(access.lands_gpa()), ", reached nothing",
                        " that the guest has"));
    } else {
      Compare(field + ".lands_gpa", uint64_t{access.lands_gpa()},
              *first.lands_gpa, Hex);
    }
  }
  if (access.has_lands_hva()) {
    Compare(field + ".lands_hva", uint64_t{access.lands_hva()}, first.lands_hva,
            Hex);
  }
  if (access.has_segments()) {
    Compare(field + ".segments", uint64_t{access.segments()},
            uint64_t{segments.size()}, Decimal);
  }
}

void Checker::CheckMessage(const pb::Expect::Message& wanted, int i) {
  const std::string field = At("message", i);
  std::vector<std::string> seen;
  for (const MessageOutcome& m : outcome_.messages) {
    if (m.step != wanted.step()) continue;
    if (wanted.type() != pb::Expect::Message::ANY_TYPE &&
        m.type != static_cast<uint64_t>(wanted.type())) {
      continue;
    }
    if ((!wanted.has_iova() || wanted.iova() == m.iova) &&
        (!wanted.has_size() || wanted.size() == m.size) &&
        (!wanted.has_err() || wanted.err() == ErrText(m.err)) &&
        (!wanted.has_entries() || wanted.entries() == m.entries)) {
      if (wanted.absent()) {
        Fail(field,
             absl::StrCat("wanted no such message, but step ", m.step,
                          " sent IOVA ", Hex(m.iova), " size ", Hex(m.size)));
      }
      return;
    }
    seen.push_back(absl::StrCat("IOVA ", Hex(m.iova), " size ", Hex(m.size),
                                " err ", ErrText(m.err), " entries ",
                                m.entries));
  }
  if (wanted.absent()) return;
  std::string got = "no message of the type";
  if (!seen.empty()) got = absl::StrCat("only ", seen.front());
  if (seen.size() > 1) absl::StrAppend(&got, " and ", seen.size() - 1, " more");
  Fail(field, absl::StrCat("step ", wanted.step(), " sent ", got));
}

// The last event of a step, or of the run.
std::optional<EventIndex> LastEvent(const Trace& trace,
                                    absl::string_view step) {
  for (EventIndex i = trace.size(); i-- > 0;) {
    if (step.empty() || StepOf(trace, i) == step) return i;
  }
  return std::nullopt;
}

void Checker::CheckStore(const pb::Expect::Store& wanted, int i) {
  const std::string field = At("store", i);
  const std::optional<StoreId> id = StoreId::Parse(wanted.store());
  if (!id) return Fail(field, absl::StrCat("no store ", wanted.store()));
  Stores at_step;
  const Stores* stores = &result_.stores;
  if (!wanted.step().empty()) {
    const std::optional<EventIndex> last =
        LastEvent(result_.trace, wanted.step());
    if (!last) {
      return Fail(field, absl::StrCat("step ", wanted.step(), " never began"));
    }
    absl::StatusOr<Stores> folded = Fold(result_.trace, *last);
    if (!folded.ok()) return Fail(field, folded.status().message());
    at_step = *std::move(folded);
    stores = &at_step;
  }
  const IntervalTable& table = stores->Get(*id);
  const pb::Range& range = wanted.range();
  if (!wanted.has_range()) {
    if (wanted.has_entries()) {
      Compare(field + ".entries", uint64_t{wanted.entries()},
              uint64_t{table.size()}, Decimal);
    }
    return;
  }
  uint64_t touching = 0;
  std::optional<Entry> first = table.FirstIn(range.first(), range.last());
  for (std::optional<Entry> e = first; e;) {
    ++touching;
    if (e->last >= range.last()) break;
    e = table.FirstIn(e->last + 1, range.last());
  }
  if (wanted.has_entries()) {
    Compare(field + ".entries", uint64_t{wanted.entries()}, touching, Decimal);
  }
  if (wanted.absent()) {
    if (first) {
      Fail(field, absl::StrCat("wanted nothing of it, but there is ",
                               Hex(first->first), "-", Hex(first->last)));
    }
    return;
  }
  if (wanted.has_entries() && !wanted.has_target() && !wanted.has_perm()) {
    return;
  }
  if (!first || first->first != range.first() || first->last != range.last()) {
    return Fail(
        field, first ? absl::StrCat("wanted one entry of these keys, there is ",
                                    Hex(first->first), "-", Hex(first->last))
                     : std::string("wanted an entry of these keys, none is "
                                   "there"));
  }
  if (wanted.has_target()) {
    Compare(field + ".target", uint64_t{wanted.target()}, first->target, Hex);
  }
  if (wanted.has_perm()) {
    constexpr absl::string_view kPerms[] = {"-", "r", "w", "rw"};
    Compare(field + ".perm", wanted.perm(), Text(kPerms[first->perm & 3]),
            Text);
  }
}

void Checker::CheckViolation(const pb::Expect::FirstViolation& wanted) {
  const auto& got = outcome_.first_violation;
  if (wanted.none()) {
    if (got) {
      Fail("first_violation.none", absl::StrCat("wanted none, got one in step ",
                                                got->step, ": ", got->why));
    }
    return;
  }
  if (!got) return Fail("first_violation", "wanted one, there is none");
  if (!wanted.step().empty()) {
    Compare("first_violation.step", wanted.step(), Text(got->step), Text);
  }
  for (const std::string& store : wanted.store()) {
    const auto is = [&](const StoreId& id) {
      return store == id.Name() || store == GetStoreKind(id.kind).level;
    };
    if (!is(got->store) && !is(got->against)) {
      Fail("first_violation.store",
           absl::StrCat("wanted ", store, ", got ", got->store.Name(),
                        " against ", got->against.Name()));
    }
  }
}

void Checker::CheckCount(const pb::Expect::Count& count, int i) {
  for (size_t c = 0; c < outcome_.counts.size(); ++c) {
    if (Name(static_cast<AccessClass>(c)) == count.class_()) {
      Compare(At("count", i) + ".is", uint64_t{count.is()}, outcome_.counts[c],
              Decimal);
    }
  }
}

void Checker::CheckIommuFault(const pb::Expect::IommuFault& fault, int i) {
  const std::string missing = MissingIommuFault(fault, result_.trace);
  if (!missing.empty()) Fail(At("iommu_fault", i), missing);
}

}  // namespace

bool Applies(const pb::Expect& expect, const Policies& policies) {
  return std::all_of(
      expect.when().begin(), expect.when().end(), [&](const auto& when) {
        const absl::string_view value = policies.Get(when.axis());
        return std::any_of(
            when.value().begin(), when.value().end(),
            [&](const std::string& wanted) { return wanted == value; });
      });
}

std::vector<std::string> CheckExpect(const pb::Expect& expect, int index,
                                     const RunResult& result,
                                     const Outcome& outcome) {
  Checker checker(index, result, outcome);
  if (!expect.not_applicable().empty()) {
    return {absl::StrCat("expect[", index, "].not_applicable: wanted \"",
                         expect.not_applicable(),
                         "\", but the combination applies")};
  }
  checker.CheckEnd(expect);
  for (int i = 0; i < expect.access_size(); ++i) {
    checker.CheckAccess(expect.access(i), i);
  }
  for (int i = 0; i < expect.message_size(); ++i) {
    checker.CheckMessage(expect.message(i), i);
  }
  for (int i = 0; i < expect.store_size(); ++i) {
    checker.CheckStore(expect.store(i), i);
  }
  for (int i = 0; i < expect.iommu_fault_size(); ++i) {
    checker.CheckIommuFault(expect.iommu_fault(i), i);
  }
  if (expect.has_first_violation()) {
    checker.CheckViolation(expect.first_violation());
  }
  for (int i = 0; i < expect.count_size(); ++i) {
    checker.CheckCount(expect.count(i), i);
  }
  return std::move(checker.failures);
}

std::vector<std::string> CheckNotApplicable(const pb::Expect& expect, int index,
                                            absl::string_view reason) {
  if (expect.not_applicable().empty() ||
      absl::StrContains(reason, expect.not_applicable())) {
    return {};
  }
  return {absl::StrCat("expect[", index, "].not_applicable: wanted \"",
                       expect.not_applicable(), "\", got \"", reason, "\"")};
}

}  // namespace iovalab
