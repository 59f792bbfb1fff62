#include "cli/terminal/progress.h"

#include <time.h>

#include <algorithm>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "cli/terminal/text.h"

namespace iovalab {
namespace {

constexpr int64_t kFirstDrawMs = 1000;
constexpr int64_t kRedrawMs = 100;
constexpr uint64_t kBarColumns = 24;

int64_t MonotonicMs() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000;
}

// `done` out of `total` in units of 1/scale; total > 0.
uint64_t Part(uint64_t done, uint64_t total, uint64_t scale) {
  return static_cast<uint64_t>(absl::uint128(std::min(done, total)) * scale /
                               total);
}

}  // namespace

Progress::Progress(Terminal& terminal, absl::string_view what, uint64_t total)
    : Progress(terminal, what, total, MonotonicMs) {}

Progress::Progress(Terminal& terminal, absl::string_view what, uint64_t total,
                   Clock clock)
    : terminal_(terminal),
      what_(Printable(what)),
      total_(total),
      clock_(clock),
      shown_(terminal.wants_progress()) {
  if (shown_) next_draw_ = clock_() + kFirstDrawMs;
}

Progress::~Progress() {
  if (drawn_) terminal_.WriteRawError("\r\x1b[K");
}

void Progress::Update(uint64_t done) {
  if (!shown_) return;
  const int64_t now = clock_();
  if (now < next_draw_) return;
  next_draw_ = now + kRedrawMs;
  drawn_ = true;
  if (total_ == 0) {
    terminal_.WriteRawError(absl::StrCat("\r", what_, " ", done, "\x1b[K"));
    return;
  }
  const uint64_t full = Part(done, total_, kBarColumns);
  terminal_.WriteRawError(absl::StrCat(
      "\r", what_, " [", std::string(full, '#'),
      std::string(kBarColumns - full, '.'), "] ", Part(done, total_, 100),
      "% (", done, "/", total_, ")\x1b[K"));
}

}  // namespace iovalab
