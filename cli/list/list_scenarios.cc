#include "cli/list/list_scenarios.h"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "cli/terminal/table.h"
#include "lab/read_file.h"
#include "lab/scenario/scenario_files.h"
#include "lab/scenario/scenario_load.h"

namespace iovalab {
namespace {

namespace fs = std::filesystem;

// Where scenarios are looked for when no folder is named. The `iovalab` script
// says where the project is.
std::string DefaultFolder() {
  std::error_code error;
  if (fs::is_directory("scenarios", error)) return "scenarios";
  const char* root = std::getenv("IOVALAB_ROOT");
  return root == nullptr ? "scenarios" : absl::StrCat(root, "/scenarios");
}

std::string About(const pb::Scenario& scenario) {
  if (scenario.source().empty()) return scenario.summary();
  return absl::StrCat(scenario.summary(), " (", scenario.source(), ")");
}

}  // namespace

absl::Status ListScenarios(const Args& args, Terminal& terminal) {
  const std::string folder =
      args.operands().size() > 1 ? args.operands()[1] : DefaultFolder();
  const auto paths = ScenariosBelow(folder);
  if (!paths.ok()) return paths.status();
  Table table({{"scenario"}, {"what happens (source)"}});
  for (const std::string& path : *paths) {
    const auto text = ReadWholeFile(path, LoadLimits().max_bytes);
    if (!text.ok()) return text.status();
    const auto scenario = LoadScenario(path, *text);
    if (!scenario.ok()) return scenario.status();
    table.Add({{path, Style::kCyan}, {About(scenario->proto)}});
  }
  terminal.Write(table.Render(terminal));
  return absl::OkStatus();
}

}  // namespace iovalab
