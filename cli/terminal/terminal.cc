#include "cli/terminal/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "cli/terminal/text.h"

namespace iovalab {
namespace {

constexpr size_t kFlushAt = 64 << 10;  // bytes: a pipe's worth

// All of `bytes` to `fd`; 0 or errno. A descriptor that someone made
// non-blocking (they are shared between processes) is waited for.
int WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd ready = {fd, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

bool WantsColor(int out) {
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* term = std::getenv("TERM");
  if (term == nullptr || std::strcmp(term, "dumb") == 0) return false;
  return isatty(out) != 0;
}

int WidthOf(int out) {
  winsize size = {};
  if (isatty(out) == 0 || ioctl(out, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

absl::string_view Escape(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kBold:
      return "\x1b[1m";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kRed:
      return "\x1b[31m";
    case Style::kGreen:
      return "\x1b[32m";
    case Style::kYellow:
      return "\x1b[33m";
    case Style::kCyan:
      return "\x1b[36m";
  }
  return "";
}

}  // namespace

Terminal::Terminal(int out, int err)
    : out_(out), err_(err), err_is_terminal_(isatty(err) != 0) {
  SetColor(ColorMode::kAuto);
  width_ = WidthOf(out);
}

void Terminal::SetColor(ColorMode mode) {
  color_ =
      mode == ColorMode::kAuto ? WantsColor(out_) : mode == ColorMode::kAlways;
}

void Terminal::Write(absl::string_view bytes) {
  if (closed_ || write_error_ != 0) return;
  buffer_.append(bytes.data(), bytes.size());
  if (buffer_.size() >= kFlushAt) Flush();
}

void Terminal::Flush() {
  if (buffer_.empty()) return;
  const int error = WriteAll(out_, buffer_);
  buffer_.clear();
  if (error == EPIPE) {
    closed_ = true;
  } else if (error != 0) {
    write_error_ = error;
    Fail(absl::DataLossError(
        absl::StrCat("standard output: cannot write: ", std::strerror(error))));
  }
}

std::string Terminal::Paint(Style style, absl::string_view text) const {
  if (!color_ || style == Style::kPlain || text.empty()) {
    return std::string(text);
  }
  return absl::StrCat(Escape(style), text, "\x1b[0m");
}

void Terminal::Note(absl::string_view line) {
  if (quiet_) return;
  WriteRawError(absl::StrCat("iovalab: ", Printable(line), "\n"));
}

int Terminal::Fail(const absl::Status& status) {
  Flush();  // results that came before stay before
  WriteRawError(absl::StrCat("iovalab: ", Printable(status.message()), "\n"));
  return kTrouble;
}

void Terminal::WriteRawError(absl::string_view bytes) {
  WriteAll(err_, bytes);  // nobody is left to tell of a failure
}

int Terminal::Finish(int status) {
  Flush();
  return write_error_ != 0 ? kTrouble : status;
}

}  // namespace iovalab
