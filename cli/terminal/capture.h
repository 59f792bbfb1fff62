#ifndef IOVALAB_CLI_TERMINAL_CAPTURE_H_
#define IOVALAB_CLI_TERMINAL_CAPTURE_H_

// For tests: what a function writes to a Terminal, and pseudo terminals to
// write it to.

#include <functional>
#include <string>

#include "cli/terminal/terminal.h"

namespace iovalab {

struct Captured {
  std::string out;
  std::string err;
  int status = 0;  // of Finish
};

// Runs `work` with a Terminal whose streams are files in memory.
Captured Capture(const std::function<int(Terminal&)>& work);

// A pseudo terminal of so many columns. What is written to tty() is read back
// by Read(), with line ends as a terminal makes them.
class PseudoTerminal {
 public:
  explicit PseudoTerminal(int columns);
  ~PseudoTerminal();
  int tty() const { return tty_; }
  std::string Read();  // what has been written so far

 private:
  int master_;
  int tty_;
};

}  // namespace iovalab

#endif  // IOVALAB_CLI_TERMINAL_CAPTURE_H_
