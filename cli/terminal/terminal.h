#ifndef IOVALAB_CLI_TERMINAL_TERMINAL_H_
#define IOVALAB_CLI_TERMINAL_TERMINAL_H_

// Terminal: the process's two output streams. Results go to standard output in
// big writes, diagnostics to standard error a line at a time; colour and width
// are decided here once.
//
// Not for: output files (files.h), layout (table.h).
//
// Invariants: nothing but what was passed to Write() reaches standard output;
// an error is one line. When the reader of standard output has gone
// (`iovalab … | head`) later results are dropped without a word and the exit
// status stays the command's own; any other failure to write is reported once
// and ends the process with kTrouble.

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace iovalab {

// Exit statuses, for scripts.
inline constexpr int kFine = 0;     // fine, same, as expected
inline constexpr int kDiffers = 1;  // differs, an expectation failed
inline constexpr int kTrouble = 2;  // bad usage, bad input, no space

enum class ColorMode : uint8_t { kAuto, kAlways, kNever };
enum class Style : uint8_t {
  kPlain,
  kBold,
  kDim,
  kRed,
  kGreen,
  kYellow,
  kCyan,
};

class Terminal {
 public:
  // File descriptors, which stay the caller's. Reads NO_COLOR and TERM.
  Terminal(int out, int err);
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void SetColor(ColorMode mode);
  void SetQuiet(bool quiet) { quiet_ = quiet; }

  // Whether results may hold escape sequences. kAuto: standard output is a
  // terminal that is not "dumb", and NO_COLOR is unset or empty.
  bool color() const { return color_; }
  bool quiet() const { return quiet_; }
  // Columns of the terminal that standard output is; 0: none, so no limit.
  int width() const { return width_; }
  // For a progress bar: standard error is a terminal, and --quiet is not given.
  bool wants_progress() const { return err_is_terminal_ && !quiet_; }

  // Results. Buffered; see Finish().
  void Write(absl::string_view bytes);
  // Sends what is buffered; for long runs that show results as they come.
  void Flush();
  // The reader has gone: work that only makes results may stop.
  bool closed() const { return closed_; }

  // `text` in a style, or as it is without colour.
  std::string Paint(Style style, absl::string_view text) const;

  // A line of diagnostics, as "iovalab: LINE"; dropped by --quiet.
  void Note(absl::string_view line);
  // The one line of an error, "iovalab: MESSAGE". Returns kTrouble.
  int Fail(const absl::Status& status);
  // Bytes to standard error as they are; for progress.h.
  void WriteRawError(absl::string_view bytes);

  // Flushes; `status`, or kTrouble when results could not be written.
  int Finish(int status);

 private:
  const int out_;
  const int err_;
  const bool err_is_terminal_;
  bool color_ = false;
  bool quiet_ = false;
  bool closed_ = false;
  int write_error_ = 0;  // errno of the first failed write, EPIPE apart
  int width_ = 0;
  std::string buffer_;
};

}  // namespace iovalab

#endif  // IOVALAB_CLI_TERMINAL_TERMINAL_H_
