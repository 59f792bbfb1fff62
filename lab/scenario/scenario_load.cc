#include "lab/scenario/scenario_load.h"

#include <utility>

#include "lab/scenario/scenario_check.h"
#include "lab/scenario/scenario_parse.h"
#include "lab/scenario/scenario_print.h"

namespace iovalab {
namespace {

using Check = absl::Status (*)(Loading&);
// In the order of their dependence: each may rely on those before it.
constexpr Check kChecks[] = {
    LoadHeader,
    LoadMemory,
    LoadRegions,
    LoadRings,
    LoadSteps,
    [](Loading& l) { return CheckAxes(l); },
    [](Loading& l) { return CheckExpects(l); },
};

}  // namespace

absl::StatusOr<LoadedScenario> LoadScenario(absl::string_view file_name,
                                            absl::string_view text,
                                            const LoadLimits& limits) {
  LoadedScenario loaded;
  const auto where = std::make_shared<Locations>(file_name);
  if (absl::Status s =
          ParseScenarioText(text, limits, where.get(), &loaded.proto);
      !s.ok()) {
    return s;
  }
  Loading loading{loaded.proto, *where, limits, &loaded.spec};
  for (const Check check : kChecks) {
    if (absl::Status s = check(loading); !s.ok()) return s;
  }
  for (const pb::Axis& axis : loaded.proto.axis()) {
    loaded.axes.push_back(
        {axis.name(), {axis.value().begin(), axis.value().end()}});
  }
  loaded.canonical = CanonicalText(loaded.proto);
  loaded.where = where;
  return loaded;
}

}  // namespace iovalab
