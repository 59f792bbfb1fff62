#include "cli/list/list_axes.h"

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/terminal/table.h"
#include "lab/scenario/axes.h"

namespace iovalab {
namespace {

std::string Help(absl::string_view help, absl::string_view source) {
  return absl::StrCat(help, " (", source, ")");
}

}  // namespace

absl::Status ListAxes(const Args&, Terminal& terminal) {
  Table table({{"axis"}, {"default"}, {"meaning (source)"}});
  for (const AxisInfo& axis : Axes()) {
    table.Add({{std::string(axis.name), Style::kCyan},
               {std::string(axis.default_value)},
               {Help(axis.help, axis.source)}});
  }
  terminal.Write(table.Render(terminal));
  return absl::OkStatus();
}

absl::Status ListValues(const Args& args, Terminal& terminal) {
  const absl::StatusOr<const AxisInfo*> axis = FindAxis(args.operands()[1]);
  if (!axis.ok()) return axis.status();
  Table table({{""}, {"value"}, {"meaning (source)"}});
  for (const AxisValue& value : (*axis)->values) {
    table.Add({{value.name == (*axis)->default_value ? "*" : ""},
               {std::string(value.name), Style::kCyan},
               {Help(value.help, value.source)}});
  }
  terminal.Write(table.Render(terminal));
  return absl::OkStatus();
}

}  // namespace iovalab
