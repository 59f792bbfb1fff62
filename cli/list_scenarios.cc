#include "cli/list_scenarios.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "cli/table.h"
#include "lab/read_file.h"
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

absl::StatusOr<std::vector<std::string>> FindScenarios(
    const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, error);
  for (; !error && at != fs::end(at); at.increment(error)) {
    if (at->path().extension() == ".textproto") {
      paths.push_back(at->path().string());
    }
  }
  if (error) {
    return absl::NotFoundError(absl::StrCat(
        folder, ": ", error.message(), "; a folder of scenarios would do"));
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

absl::Status ListScenarios(const Args& args, Terminal& terminal) {
  const std::string folder =
      args.operands().size() > 1 ? args.operands()[1] : DefaultFolder();
  const auto paths = FindScenarios(folder);
  if (!paths.ok()) return paths.status();
  Table table({{"scenario"}, {"what happens (source)"}});
  for (const std::string& path : *paths) {
    const auto text = ReadWholeFile(path, LoadLimits().max_bytes);
    if (!text.ok()) return text.status();
    const auto scenario = LoadScenario(path, *text);
    if (!scenario.ok()) return scenario.status();
    table.Add({{path, Style::kCyan},
               {absl::StrCat(scenario->proto.summary(), " (",
                             scenario->proto.source(), ")")}});
  }
  terminal.Write(table.Render(terminal));
  return absl::OkStatus();
}

}  // namespace iovalab
