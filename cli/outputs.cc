#include "cli/outputs.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace iovalab {

absl::Status CheckOutput(const Args& args, absl::string_view flag,
                         absl::Span<const std::string> inputs) {
  if (!args.Has(flag)) return absl::OkStatus();
  const std::string path = args.Text(flag);
  if (path.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, ": an empty name; that of a file"));
  }
  std::error_code error;
  if (path == "-" || !std::filesystem::is_regular_file(path, error)) {
    return absl::OkStatus();
  }
  for (const std::string& input : inputs) {
    if (input == "-" || !std::filesystem::equivalent(path, input, error)) {
      continue;
    }
    return absl::InvalidArgumentError(absl::StrCat(
        flag, ": ", path, " is read as well and would be lost; another file"));
  }
  return absl::OkStatus();
}

}  // namespace iovalab
