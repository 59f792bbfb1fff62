#include "cli/fmt.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "lab/read_file.h"
#include "lab/scenario/scenario_files.h"
#include "lab/scenario/scenario_format.h"
#include "lab/write_file.h"

namespace iovalab {
namespace {

struct Formatted {
  std::string path;
  std::string text;
  bool changed = false;
};

absl::StatusOr<Formatted> Format(const std::string& path) {
  const absl::StatusOr<std::string> text =
      ReadWholeFile(path, LoadLimits().max_bytes);
  if (!text.ok()) return text.status();
  absl::StatusOr<std::string> formatted = FormatScenario(path, *text);
  if (!formatted.ok()) return formatted.status();
  const bool changed = *formatted != *text;
  return Formatted{path, *std::move(formatted), changed};
}

// All are formatted before one is written: bad input changes nothing.
absl::StatusOr<int> DoFmt(const Args& args, Terminal& terminal) {
  const bool standard_input =
      args.operands().size() == 1 && args.operands()[0] == "-";
  absl::StatusOr<std::vector<std::string>> paths = args.operands();
  if (!standard_input) paths = FindScenarios(args.operands());
  if (!paths.ok()) return paths.status();
  std::vector<Formatted> files;
  for (const std::string& path : *paths) {
    absl::StatusOr<Formatted> file = Format(path);
    if (!file.ok()) return file.status();
    files.push_back(*std::move(file));
  }
  const bool check = args.Has("--check");
  bool changed = false;
  for (const Formatted& file : files) {
    changed = changed || file.changed;
    if (check) {
      if (file.changed) terminal.Write(absl::StrCat(file.path, "\n"));
    } else if (standard_input) {
      terminal.Write(file.text);
    } else if (file.changed) {
      if (absl::Status s = WriteWholeFile(file.path, file.text); !s.ok()) {
        return s;
      }
      terminal.Write(absl::StrCat("formatted ", file.path, "\n"));
    }
  }
  return check && changed ? kDiffers : kFine;
}

int RunFmt(const Args& args, Terminal& terminal) {
  const absl::StatusOr<int> status = DoFmt(args, terminal);
  return status.ok() ? *status : terminal.Fail(status.status());
}

constexpr Flag kFlags[] = {
    {"--check", "", "write nothing; list the files that would change, exit 1",
     FlagType::kSwitch},
};

}  // namespace

constinit const Command kFmtCommand = {
    .name = "fmt",
    .summary = "canonical form of a scenario, comments kept",
    .operands = {"SCENARIO…", 1, kAnyNumber},
    .flags = kFlags,
    .details =
        "Rewrites scenarios in place, or - from standard input to standard\n"
        "output: indentation, spacing and line breaks become the same\n"
        "everywhere. Order, comments, numbers as written and blank lines (at\n"
        "most one) stay, and so does what the scenario says. A folder stands\n"
        "for the scenarios in it and below. Where one file is invalid, none\n"
        "is changed.\n"
        "\n"
        "Exit status: 0; 1 where --check would change a file; 2 trouble.",
    .examples =
        "iovalab fmt my.textproto\n"
        "iovalab fmt --check scenarios\n"
        "iovalab fmt - < my.textproto",
    .run = RunFmt,
};

}  // namespace iovalab
