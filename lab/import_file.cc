#include "lab/import_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace iovalab {
namespace {

constexpr size_t kChunk = size_t{1} << 20;

absl::Status SystemError(absl::string_view name, int error) {
  const std::string what = absl::StrCat(name, ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(what);
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(what);
    case EISDIR:
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": a directory; a QEMU log is needed"));
    default:
      return absl::UnavailableError(what);
  }
}

}  // namespace

absl::StatusOr<Import> ImportQemuLogFile(absl::string_view path,
                                         uint64_t max_bytes) {
  const bool standard_input = path == "-";
  const std::string name = standard_input ? "<stdin>" : std::string(path);
  if (path.find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError("a path with a NUL byte; a file's name");
  }
  const int file =
      standard_input ? STDIN_FILENO : open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return SystemError(name, errno);
  absl::Cleanup close_it = [&] {
    if (!standard_input) close(file);
  };

  QemuLogParser parser;
  ImportBuilder builder;
  const auto sink = [&](const QemuEvent& event) { builder.Add(event); };
  std::vector<char> buffer(kChunk);
  while (true) {
    const ssize_t got = read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError(name, errno);
    if (got == 0) break;
    parser.Feed(absl::string_view(buffer.data(), static_cast<size_t>(got)),
                sink);
    if (parser.counts().bytes > max_bytes) {
      return absl::ResourceExhaustedError(absl::StrCat(
          name, ": more than ", max_bytes, " bytes; import a part of the log"));
    }
  }
  parser.Finish(sink);
  Import import = builder.Finish(parser.counts());
  if (import.too_many) {
    return absl::ResourceExhaustedError(
        absl::StrCat(name, ": more than ", ImportBuilder::kMaxOps,
                     " map operations and sections; import a part of the log"));
  }
  return import;
}

}  // namespace iovalab
