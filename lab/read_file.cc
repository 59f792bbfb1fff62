#include "lab/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace iovalab {
namespace {

constexpr size_t kChunk = size_t{256} << 10;

absl::Status TooBig(absl::string_view name, size_t max_bytes) {
  return absl::InvalidArgumentError(
      absl::StrCat(name, ": more than ", max_bytes,
                   " bytes; a smaller file (--max-bytes raises the bound)"));
}

}  // namespace

absl::Status FileError(absl::string_view name, int error) {
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
          absl::StrCat(name, ": a directory; a file is needed"));
    default:
      return absl::UnavailableError(what);
  }
}

absl::StatusOr<std::string> ReadWholeFile(absl::string_view path,
                                          size_t max_bytes) {
  const bool standard_input = path == "-";
  const std::string name = standard_input ? "<stdin>" : std::string(path);
  if (path.find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError("a path with a NUL byte; a file's name");
  }
  const int file =
      standard_input ? STDIN_FILENO : open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return FileError(name, errno);
  absl::Cleanup close_it = [&] {
    if (!standard_input) close(file);
  };

  struct stat info;
  if (fstat(file, &info) != 0) return FileError(name, errno);
  if (S_ISREG(info.st_mode) && info.st_size >= 0 &&
      static_cast<uintmax_t>(info.st_size) > max_bytes) {
    return TooBig(name, max_bytes);
  }
  std::string bytes;
  while (true) {
    const size_t held = bytes.size();
    // One byte more than allowed tells that there is more.
    const size_t want = std::min(kChunk, max_bytes - held + 1);
    bytes.resize(held + want);
    const ssize_t got = read(file, bytes.data() + held, want);
    bytes.resize(held + (got > 0 ? static_cast<size_t>(got) : 0));
    if (got == 0) return bytes;
    if (got < 0 && errno != EINTR) return FileError(name, errno);
    if (bytes.size() > max_bytes) return TooBig(name, max_bytes);
  }
}

}  // namespace iovalab
