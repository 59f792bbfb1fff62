#include "model/event/rules.h"

#include <iterator>

#include "model/event/rules_device.h"
#include "model/event/rules_kernel.h"
#include "model/event/rules_qemu.h"
#include "sim/check.h"

namespace iovalab {
namespace {

constexpr size_t kRows =
    std::size(kQemuRules) + std::size(kKernelRules) + std::size(kDeviceRules);

constexpr const RuleInfo& Row(size_t i) {
  if (i < std::size(kQemuRules)) return kQemuRules[i];
  i -= std::size(kQemuRules);
  if (i < std::size(kKernelRules)) return kKernelRules[i];
  return kDeviceRules[i - std::size(kKernelRules)];
}

constexpr bool RowsMatchRules() {
  for (size_t i = 0; i < kRows; ++i) {
    if (Row(i).rule != static_cast<Rule>(i)) return false;
  }
  return kRows == static_cast<size_t>(Rule::kCount);
}
static_assert(RowsMatchRules(),
              "a row of the rules is missing or out of place");

}  // namespace

const RuleInfo& GetRule(Rule rule) {
  sim::Check(rule < Rule::kCount, "rule out of range");
  return Row(static_cast<size_t>(rule));
}

std::optional<Rule> RuleByName(absl::string_view name) {
  for (size_t i = 0; i < kRows; ++i) {
    if (Row(i).name == name) return Row(i).rule;
  }
  return std::nullopt;
}

absl::string_view EvidenceName(Evidence evidence) {
  switch (evidence) {
    case Evidence::kNone:
      return "-";
    case Evidence::kRecorded:
      return "recorded";
    case Evidence::kSource:
      return "source";
    case Evidence::kDerived:
      return "derived";
  }
  return "?";
}

}  // namespace iovalab
