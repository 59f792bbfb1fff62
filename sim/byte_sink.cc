#include "sim/byte_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace iovalab::sim {
namespace {

constexpr std::size_t kBufferSize = std::size_t{64} * 1024;
constexpr mode_t kPermissionBits = 07777;

absl::Status FileError(int error, absl::string_view action,
                       absl::string_view name) {
  return absl::ErrnoToStatus(error, absl::StrCat(action, " ", name));
}

// The file that `path` leads to through links, so that a rename replaces that
// and not the link. A path that leads nowhere yet stays as it is.
std::string ResolveLinks(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(
      realpath(path.c_str(), nullptr), &std::free);
  return real == nullptr ? path : std::string(real.get());
}

}  // namespace

absl::Status StringSink::Append(absl::string_view bytes) {
  out_->append(bytes.data(), bytes.size());
  return absl::OkStatus();
}

absl::Status StringSink::Close() { return absl::OkStatus(); }

absl::StatusOr<std::unique_ptr<FileSink>> FileSink::Open(
    absl::string_view path) {
  if (path == "-") {
    auto sink =
        absl::WrapUnique(new FileSink("standard output", STDOUT_FILENO));
    sink->closes_descriptor_ = false;
    return sink;
  }
  const std::string name(path);
  struct stat old {};
  const bool exists = stat(name.c_str(), &old) == 0;
  if (exists && !S_ISREG(old.st_mode)) {
    const int descriptor = open(name.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return FileError(errno, "cannot open", name);
    return absl::WrapUnique(new FileSink(name, descriptor));
  }
  // A rename would replace even a file that its owner has protected.
  if (exists && access(name.c_str(), W_OK) != 0) {
    return FileError(errno, "cannot write", name);
  }
  const std::string target = ResolveLinks(name);
  std::string temporary = absl::StrCat(target, ".tmp-", getpid());
  int descriptor = -1;
  for (int attempt = 1;; ++attempt) {
    descriptor =
        open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) break;
    // Another sink of ours for the same target, or a process of the same number
    // that was killed.
    if (errno != EEXIST) return FileError(errno, "cannot create", name);
    temporary = absl::StrCat(target, ".tmp-", getpid(), "-", attempt);
  }
  auto sink = absl::WrapUnique(new FileSink(name, descriptor));
  sink->target_ = target;
  sink->temporary_ = std::move(temporary);
  if (exists && fchmod(descriptor, old.st_mode & kPermissionBits) != 0) {
    return sink->Fail(errno, "cannot set the mode of");
  }
  return sink;
}

FileSink::FileSink(std::string name, int descriptor)
    : name_(std::move(name)), descriptor_(descriptor) {
  buffer_.reserve(kBufferSize);
}

FileSink::~FileSink() {
  CloseDescriptor();
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

absl::Status FileSink::Append(absl::string_view bytes) {
  if (!status_.ok()) return status_;
  if (descriptor_ < 0) return Fail(EBADF, "cannot write closed");
  if (buffer_.size() + bytes.size() <= kBufferSize) {
    buffer_.append(bytes.data(), bytes.size());
    return status_;
  }
  if (!Flush().ok()) return status_;
  if (bytes.size() >= kBufferSize) return WriteAll(bytes);
  buffer_.append(bytes.data(), bytes.size());
  return status_;
}

absl::Status FileSink::Close() {
  if (!status_.ok() || descriptor_ < 0) return status_;
  if (!Flush().ok()) return status_;
  // Network file systems report a full disk only here.
  if (CloseDescriptor() != 0) return Fail(errno, "cannot close");
  if (temporary_.empty()) return status_;
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) {
    return Fail(errno, "cannot replace");
  }
  temporary_.clear();
  return status_;
}

absl::Status FileSink::Fail(int error, absl::string_view action) {
  status_ = FileError(error, action, name_);
  return status_;
}

absl::Status FileSink::Flush() {
  absl::Status status = WriteAll(buffer_);
  buffer_.clear();
  return status;
}

absl::Status FileSink::WriteAll(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // A pipe that another process has made non-blocking; it is the same open
      // file for us.
      pollfd writable{descriptor_, POLLOUT, 0};
      if (poll(&writable, 1, -1) < 0 && errno != EINTR) {
        return Fail(errno, "cannot wait for");
      }
    } else if (errno != EINTR) {
      return Fail(errno, "cannot write");
    }
  }
  return status_;
}

int FileSink::CloseDescriptor() {
  const int descriptor = std::exchange(descriptor_, -1);
  if (descriptor < 0 || !closes_descriptor_) return 0;
  return close(descriptor);  // Not again on EINTR: on Linux it is closed then.
}

}  // namespace iovalab::sim
