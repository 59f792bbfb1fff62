#include "lab/scenario/scenario_files.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lab/read_file.h"

namespace iovalab {
namespace {

namespace fs = std::filesystem;

// One file, however the path to it is written.
std::string Identity(const std::string& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  return error ? path : real.string();
}

// As a person would write it: "a/x" of "./a/x", where that is no flag.
std::string WithoutDot(std::string path) {
  absl::string_view rest = path;
  while (absl::ConsumePrefix(&rest, "./")) {
    rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
  }
  const bool plain = !rest.empty() && rest[0] != '-';
  return plain ? std::string(rest) : path;
}

absl::Status CheckFile(const std::string& path) {
  if (path == "-") {
    return absl::InvalidArgumentError(
        "-: standard input is no file; a folder, or a file NAME.textproto");
  }
  if (path.empty()) {
    return absl::InvalidArgumentError(
        "an empty path; a folder, or a file NAME.textproto");
  }
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (error) return FileError(path, error.value());
  if (!absl::EndsWith(path, kScenarioEnding)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path,
                     ": is no scenario by its name; a folder, or a file "
                     "NAME.textproto"));
  }
  if (status.type() != fs::file_type::regular) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is no file; a folder, or a file NAME.textproto"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ScenariosBelow(
    const std::string& folder) {
  std::vector<std::string> paths;
  std::string where = folder;  // that is being read
  std::error_code error;
  fs::recursive_directory_iterator at(folder, error);
  for (; !error && at != fs::recursive_directory_iterator();
       at.increment(error)) {
    std::error_code ignored;
    const std::string path = at->path().string();
    // A link that leads nowhere is as good as a scenario that is lost: whoever
    // reads it will say so.
    const fs::file_status status = at->status(ignored);
    const bool readable =
        status.type() == fs::file_type::regular || !fs::exists(status);
    if (absl::EndsWith(path, kScenarioEnding) && readable) {
      paths.push_back(path);
    }
    if (status.type() == fs::file_type::directory) where = path;
  }
  if (error) {
    return absl::NotFoundError(absl::StrCat(
        where, ": ", error.message(), "; a folder of scenarios would do"));
  }
  if (paths.empty()) {
    return absl::NotFoundError(
        absl::StrCat(folder, ": holds no scenario, no file NAME.textproto"));
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

absl::StatusOr<std::vector<std::string>> FindScenarios(
    absl::Span<const std::string> paths) {
  std::vector<std::string> found;
  std::set<std::string> seen;
  for (const std::string& path : paths) {
    std::error_code ignored;
    std::vector<std::string> files = {path};
    if (fs::is_directory(path, ignored)) {
      absl::StatusOr<std::vector<std::string>> below = ScenariosBelow(path);
      if (!below.ok()) return below.status();
      files = *std::move(below);
    } else if (absl::Status status = CheckFile(path); !status.ok()) {
      return status;
    }
    for (std::string& file : files) {
      if (seen.insert(Identity(file)).second) {
        found.push_back(WithoutDot(std::move(file)));
      }
    }
  }
  return found;
}

}  // namespace iovalab
