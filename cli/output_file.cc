#include "cli/output_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace iovalab {
namespace {

absl::Status Failed(absl::string_view path, int error) {
  return absl::UnavailableError(
      absl::StrCat(path, ": cannot write: ", std::strerror(error)));
}

// Writes all and closes; 0 or errno.
int WriteAndClose(int fd, absl::string_view bytes) {
  int error = 0;
  while (!bytes.empty() && error == 0) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  // Some file systems report a full disk only now.
  if (close(fd) != 0 && error == 0) error = errno;
  return error;
}

absl::Status WriteDirectly(const std::string& path, absl::string_view bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return Failed(path, errno);
  const int error = WriteAndClose(fd, bytes);
  // The reader of a pipe may have seen enough.
  return error == 0 || error == EPIPE ? absl::OkStatus() : Failed(path, error);
}

// `mode` < 0: as the umask says.
absl::Status WriteBeside(const std::string& path, absl::string_view bytes,
                         int mode) {
  const std::string beside = absl::StrCat(path, ".", getpid(), ".tmp");
  const int fd =
      open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return Failed(path, errno);
  if (mode >= 0) fchmod(fd, static_cast<mode_t>(mode));
  int error = WriteAndClose(fd, bytes);
  if (error == 0 && rename(beside.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return absl::OkStatus();
  unlink(beside.c_str());
  return Failed(path, error);
}

}  // namespace

absl::Status WriteOutput(absl::string_view path, absl::string_view bytes,
                         Terminal& terminal) {
  if (path == "-") {
    terminal.Write(bytes);
    return absl::OkStatus();
  }
  const std::string name(path);
  struct stat there = {};
  if (stat(name.c_str(), &there) != 0) {
    return errno == ENOENT ? WriteBeside(name, bytes, -1) : Failed(path, errno);
  }
  if (S_ISDIR(there.st_mode)) return Failed(path, EISDIR);
  if (!S_ISREG(there.st_mode)) return WriteDirectly(name, bytes);
  char target[PATH_MAX];
  if (realpath(name.c_str(), target) == nullptr) return Failed(path, errno);
  return WriteBeside(target, bytes, static_cast<int>(there.st_mode & 07777));
}

}  // namespace iovalab
