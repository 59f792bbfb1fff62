#include "lab/compare/expect.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "lab/compare/compare_testing.h"

namespace iovalab {
namespace {

// What does not hold of an expectation, in the row `hva` or `gpa`.
std::string FailuresOf(absl::string_view mapping, absl::string_view expect) {
  const LoadedScenario scenario =
      LoadForTest(absl::StrCat("expect { ", expect, " }"));
  const Comparison comparison =
      CompareForTest(scenario, {absl::StrCat("mapping=", mapping)});
  EXPECT_EQ(comparison.failures, comparison.rows[0].failures.size());
  return absl::StrJoin(comparison.rows[0].failures, "\n");
}

TEST(Expect, EveryKindHoldsOrSaysWhy) {
  struct Case {
    const char* mapping;
    const char* expect;
    const char* failure;  // "" where it holds
  };
  const Case kCases[] = {
      {"gpa", "verdict: SAFE ended: COMPLETED", ""},
      {"hva", "verdict: SAFE", "expect[0].verdict: wanted SAFE, got UNSAFE"},
      {"hva", "ended: VMM_ABORT",
       "expect[0].ended: wanted VMM_ABORT, got COMPLETED"},

      {"gpa",
       "access { step: 'post' is: OK deserved: false iova: 0x6000 "
       "lands_gpa: 0x5000 segments: 1 }",
       ""},
      {"hva", "access { step: 'post' is: OK }",
       "expect[0].access[0].is: wanted OK, got SW_REJECT"},
      {"gpa", "access { step: 'hole' is: SW_REJECT deserved: false }",
       "expect[0].access[0].deserved: wanted false, got true"},
      {"gpa", "access { step: 'post' iova: 0x5000 }",
       "expect[0].access[0].iova: wanted 0x5000, got 0x6000"},
      {"gpa", "access { step: 'post' lands_gpa: 0x6000 }",
       "expect[0].access[0].lands_gpa: wanted 0x6000, got 0x5000"},
      {"hva", "access { step: 'post' lands_gpa: 0x5000 }",
       "expect[0].access[0].lands_gpa: wanted 0x5000, reached nothing that "
       "the guest has"},
      {"gpa", "access { step: 'post' segments: 2 }",
       "expect[0].access[0].segments: wanted 2, got 1"},

      {"hva",
       "message { step: 'del' type: INVALIDATE iova: 0x1000 size: 0x10000 "
       "err: '0' entries: 1 }",
       ""},
      {"gpa", "message { step: 'del' type: INVALIDATE iova: 0x1000 }",
       "expect[0].message[0]: step del sent only IOVA 0x101000 size 0x10000 "
       "err 0 entries 1"},
      {"gpa", "message { step: 'post' type: INVALIDATE iova: 0x1000 }",
       "expect[0].message[0]: step post sent no message of the type"},
      {"gpa",
       "message { step: 'del' type: INVALIDATE iova: 0x1000 absent: true }",
       ""},
      {"gpa",
       "message { step: 'del' type: INVALIDATE iova: 0x101000 absent: true }",
       "expect[0].message[0]: wanted no such message, but step del sent IOVA "
       "0x101000 size 0x10000"},
      {"gpa", "message { step: 'del' type: INVALIDATE err: '-EINVAL' }",
       "expect[0].message[0]: step del sent only IOVA 0x101000 size 0x10000 "
       "err 0 entries 1"},

      {"gpa",
       "store { store: 'iova_only' range { first: 0x1000 last: 0x100fff } }",
       ""},
      {"gpa", "store { store: 'iova_only' entries: 1 }", ""},
      {"gpa", "store { store: 'iova_only' entries: 3 }",
       "expect[0].store[0].entries: wanted 3, got 1"},
      {"gpa",
       "store { store: 'iova_only' range { first: 0x1000 last: 0x1fff } }",
       "expect[0].store[0]: wanted one entry of these keys, there is "
       "0x1000-0x100fff"},
      {"hva", "store { store: 'iotlb.0' range { first: 0x1000 last: 0x1fff } }",
       "expect[0].store[0]: wanted an entry of these keys, none is there"},
      {"gpa",
       "store { store: 'gpa_iova' range { first: 0x0 last: 0xfffff } "
       "target: 0x2000 }",
       "expect[0].store[0].target: wanted 0x2000, got 0x1000"},
      {"gpa",
       "store { store: 'iova_only' range { first: 0x1000 last: 0x100fff } "
       "perm: 'rw' }",
       ""},
      {"gpa",
       "store { store: 'iova_only' range { first: 0x1000 last: 0x100fff } "
       "entries: 1 perm: 'w' }",
       "expect[0].store[0].perm: wanted w, got rw"},
      {"gpa",
       "store { store: 'gpa_iova' step: 'add' "
       "range { first: 0x200000 last: 0x20ffff } target: 0x101000 }",
       ""},
      {"gpa",
       "store { store: 'gpa_iova' step: 'add' "
       "range { first: 0x200000 last: 0x20ffff } absent: true }",
       "expect[0].store[0]: wanted nothing of it, but there is "
       "0x200000-0x20ffff"},
      {"gpa",
       "store { store: 'gpa_iova' range { first: 0x200000 last: 0x20ffff } "
       "absent: true }",
       ""},

      {"hva", "first_violation { step: 'del' store: 'L0' store: 'iova_hva' }",
       ""},
      {"gpa", "first_violation { none: true }", ""},
      {"hva", "first_violation { none: true }",
       "expect[0].first_violation.none: wanted none, got one in step del: a "
       "section that the guest still has lost its node"},
      {"gpa", "first_violation { step: 'del' }",
       "expect[0].first_violation: wanted one, there is none"},
      {"hva", "first_violation { step: 'add' }",
       "expect[0].first_violation.step: wanted add, got del"},
      {"hva", "first_violation { store: 'L2' }",
       "expect[0].first_violation.store: wanted L2, got flat_view against "
       "iova_hva"},

      {"hva", "count { class: 'SW_REJECT' is: 1 }", ""},
      {"gpa", "count { class: 'SW_REJECT' is: 1 }",
       "expect[0].count[0].is: wanted 1, got 0"},

      {"gpa", "not_applicable: 'VDUSE'",
       "expect[0].not_applicable: wanted \"VDUSE\", but the combination "
       "applies"},
      // About other rows.
      {"gpa", "when { axis: 'mapping' value: 'hva' } verdict: UNSAFE", ""},
      {"gpa",
       "when { axis: 'mapping' value: 'hva' value: 'gpa' } verdict: UNSAFE",
       "expect[0].verdict: wanted UNSAFE, got SAFE"},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(FailuresOf(c.mapping, c.expect), c.failure) << c.expect;
  }
}

TEST(Expect, NotApplicableRows) {
  const auto failures = [](absl::string_view expect) {
    const LoadedScenario scenario =
        LoadForTest(absl::StrCat("expect { ", expect, " }"));
    const Comparison comparison = CompareForTest(
        scenario, {"mapping=gpa", "device=vduse", "backend=vdpa_set_map_pa"});
    EXPECT_NE(comparison.rows[0].not_applicable, "");
    return absl::StrJoin(comparison.rows[0].failures, "\n");
  };
  EXPECT_EQ(failures("not_applicable: 'PA mode'"), "");
  EXPECT_EQ(failures("verdict: UNSAFE"), "") << "says nothing of such a row";
  EXPECT_EQ(failures("not_applicable: 'no device'"),
            "expect[0].not_applicable: wanted \"no device\", got \"VDUSE maps "
            "shared files by user address; it has no PA mode\"");
}

}  // namespace
}  // namespace iovalab
