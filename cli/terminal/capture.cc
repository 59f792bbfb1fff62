#include "cli/terminal/capture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/check.h"

namespace iovalab {
namespace {

std::string ReadFrom(int fd) {
  std::string all;
  char part[4096];
  ssize_t n;
  while ((n = read(fd, part, sizeof part)) > 0) {
    all.append(part, static_cast<size_t>(n));
  }
  return all;
}

}  // namespace

Captured Capture(const std::function<int(Terminal&)>& work) {
  const int out = memfd_create("out", 0);
  const int err = memfd_create("err", 0);
  sim::Check(out >= 0 && err >= 0, "memfd_create");
  Captured captured;
  {
    Terminal terminal(out, err);
    captured.status = terminal.Finish(work(terminal));
  }
  lseek(out, 0, SEEK_SET);
  lseek(err, 0, SEEK_SET);
  captured.out = ReadFrom(out);
  captured.err = ReadFrom(err);
  close(out);
  close(err);
  return captured;
}

PseudoTerminal::PseudoTerminal(int columns)
    : master_(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)) {
  sim::Check(master_ >= 0 && grantpt(master_) == 0 && unlockpt(master_) == 0,
             "posix_openpt");
  tty_ = open(ptsname(master_), O_RDWR | O_NOCTTY);
  sim::Check(tty_ >= 0, "ptsname");
  winsize size = {};
  size.ws_col = static_cast<decltype(size.ws_col)>(columns);
  ioctl(tty_, TIOCSWINSZ, &size);
}

PseudoTerminal::~PseudoTerminal() {
  close(tty_);
  close(master_);
}

std::string PseudoTerminal::Read() { return ReadFrom(master_); }

}  // namespace iovalab
