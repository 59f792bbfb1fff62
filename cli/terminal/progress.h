#ifndef IOVALAB_CLI_TERMINAL_PROGRESS_H_
#define IOVALAB_CLI_TERMINAL_PROGRESS_H_

// Progress: a bar on standard error for work that turns out to be long. It is
// drawn only on a terminal, without --quiet, and past the first second.
//
// Not for: results. This is the one place with a wall clock, and nothing that
// it knows reaches a result.

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "cli/terminal/terminal.h"

namespace iovalab {

class Progress {
 public:
  // Milliseconds since any fixed moment.
  using Clock = int64_t (*)();

  // `what` is being done to `total` things (0: nobody knows how many).
  Progress(Terminal& terminal, absl::string_view what, uint64_t total);
  Progress(Terminal& terminal, absl::string_view what, uint64_t total,
           Clock clock);
  // Erases the bar.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` things are done. Cheap enough for every one of them.
  void Update(uint64_t done);

 private:
  Terminal& terminal_;
  const std::string what_;
  const uint64_t total_;
  const Clock clock_;
  const bool shown_;       // may be drawn at all
  int64_t next_draw_ = 0;  // ms
  bool drawn_ = false;
};

}  // namespace iovalab

#endif  // IOVALAB_CLI_TERMINAL_PROGRESS_H_
