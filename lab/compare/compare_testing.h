#ifndef IOVALAB_LAB_COMPARE_COMPARE_TESTING_H_
#define IOVALAB_LAB_COMPARE_COMPARE_TESTING_H_

// A small scenario in which an alias is deleted, for tests of what is made of
// runs: under `hva` the guest loses its low memory.
//
// Not for: anything but tests.

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "lab/compare/compare.h"

namespace iovalab {

constexpr char kAliasScenario[] = R"pb(
  name : "small"
  summary : "An alias is deleted."
  ram_block {
    name : "pc.ram"
    hva {first : 0x7f0000000000 last : 0x7f00000fffff}
  }
  region {
    name : "low"
    addr {first : 0x0 last : 0xfffff}
    ram_block : "pc.ram"
  }
  region {
    name : "alias"
    addr {first : 0x200000 last : 0x20ffff}
    ram_block : "pc.ram"
    offset : 0xa0000
    disabled : true
  }
  axis {name : "mapping" value : "hva" value : "gpa" value : "passthrough"}
  step {
    label : "add"
    memory {enable : "alias"}
  }
  step {
    label : "del"
    memory {disable : "alias"}
  }
  step {
    label : "post"
    post {
      buffer {
        gpa {first : 0x5000 last : 0x5fff}
        writable : true
      }
    }
  }
  step {
    label : "hole"
    post {buffer {gpa {first : 0x300000 last : 0x300fff}}}
  }
)pb";

inline LoadedScenario LoadForTest(absl::string_view more = "") {
  absl::StatusOr<LoadedScenario> scenario =
      LoadScenario("small.textproto", absl::StrCat(kAliasScenario, more));
  EXPECT_TRUE(scenario.ok()) << scenario.status();
  return scenario.ok() ? *std::move(scenario) : LoadedScenario();
}

// The scenario's product, replaced axis by axis: "mapping=hva,gpa".
inline Comparison CompareForTest(const LoadedScenario& scenario,
                                 const std::vector<std::string>& sets,
                                 const RunLimits& limits = {}) {
  std::vector<AxisChoice> flags;
  for (const std::string& set : sets) {
    const absl::StatusOr<AxisChoice> choice = ParseSet(set);
    EXPECT_TRUE(choice.ok()) << choice.status();
    flags.push_back(*choice);
  }
  const auto choices = MergeChoices(scenario.axes, flags);
  const auto product = Product(*choices);
  RunOptions options;
  options.limits = limits;
  const absl::StatusOr<Comparison> comparison =
      Compare(scenario, *product, options,
              [](const CompareRow&, const Trace*) { return absl::OkStatus(); });
  EXPECT_TRUE(comparison.ok());
  return *comparison;
}

}  // namespace iovalab

#endif  // IOVALAB_LAB_COMPARE_COMPARE_TESTING_H_
