// The iovalab binary: the process's edge. Everything else is in commands.cc.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <new>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/commands.h"
#include "cli/terminal/terminal.h"

namespace {

// A caller may start us without standard streams (`>&-`); then the next file
// that we open would take their place and get our results.
void ReserveStandardStreams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) == -1) {
      open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);  // fails when used
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  ReserveStandardStreams();
  signal(SIGPIPE, SIG_IGN);  // Terminal sees EPIPE instead
  iovalab::Terminal terminal(STDOUT_FILENO, STDERR_FILENO);
  int status;
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    status = iovalab::RunCommandLine(words, terminal);
  } catch (const std::bad_alloc&) {
    status = terminal.Fail(absl::ResourceExhaustedError(
        "memory: exhausted; a smaller input, or lower bounds, would do"));
  }
  return terminal.Finish(status);
}
