#include "cli/list/list.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/list/list_axes.h"
#include "cli/list/list_events.h"
#include "cli/list/list_scenarios.h"
#include "cli/list/list_stores.h"
#include "util/nearest.h"

namespace iovalab {
namespace {

struct Topic {
  absl::string_view name;
  Operands operands;  // behind the topic's name
  absl::Status (*list)(const Args&, Terminal&);
};

constexpr Topic kTopics[] = {
    {"axes", {}, ListAxes},
    {"values", {"AXIS", 1, 1}, ListValues},
    {"scenarios", {"[FOLDER]", 0, 1}, ListScenarios},
    {"stores", {}, ListStores},
    {"events", {}, ListEvents},
};

absl::Status NoSuchTopic(absl::string_view typed) {
  std::vector<absl::string_view> names;
  for (const Topic& topic : kTopics) names.push_back(topic.name);
  return absl::InvalidArgumentError(
      absl::StrCat(typed, ": nothing to list by this name; there is ",
                   absl::StrJoin(names, ", "), DidYouMean(typed, names)));
}

absl::Status List(const Args& args, Terminal& terminal) {
  const std::string& name = args.operands()[0];
  for (const Topic& topic : kTopics) {
    if (topic.name != name) continue;
    const size_t given = args.operands().size() - 1;
    if (given > topic.operands.max) {
      return absl::InvalidArgumentError(absl::StrCat(
          args.operands()[1 + topic.operands.max],
          ": one argument too many; usage: iovalab list ", name,
          topic.operands.usage.empty() ? "" : " ", topic.operands.usage));
    }
    if (given < topic.operands.min) {
      return absl::InvalidArgumentError(
          absl::StrCat(topic.operands.usage, ": missing; usage: iovalab list ",
                       name, " ", topic.operands.usage));
    }
    return topic.list(args, terminal);
  }
  return NoSuchTopic(name);
}

int RunList(const Args& args, Terminal& terminal) {
  const absl::Status status = List(args, terminal);
  return status.ok() ? kFine : terminal.Fail(status);
}

}  // namespace

constinit const Command kListCommand = {
    .name = "list",
    .summary = "what there is, a line each, with its source",
    .operands = {"axes|values AXIS|scenarios [FOLDER]|stores|events", 1, 2},
    .flags = {},
    .details =
        "axes       in what ways runs of one scenario can differ\n"
        "values     what an axis can be; * marks what it is by default\n"
        "scenarios  the scenarios in a folder and below: first scenarios/ "
        "here,\n"
        "           else those that come with iovalab\n"
        "stores     the tables that can disagree, as expect.store names them;\n"
        "           those kept by address space are NAME.ASID\n"
        "events     what can be in a trace: the kinds of event with their\n"
        "           fields, and the rules that events cite, each with its\n"
        "           evidence (recorded from a real system, read in its\n"
        "           source, or derived) and where it comes from",
    .examples =
        "iovalab list values mapping\n"
        "iovalab list events | grep derived",
    .run = RunList,
};

}  // namespace iovalab
