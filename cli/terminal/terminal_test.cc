#include "cli/terminal/terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "cli/terminal/capture.h"
#include "cli/terminal/progress.h"
#include "gtest/gtest.h"

namespace iovalab {
namespace {

TEST(Terminal, ResultsAndErrorsGoTheirWays) {
  const Captured got = Capture([](Terminal& t) {
    t.Write("result\n");
    t.Note("remark");
    return t.Fail(absl::InvalidArgumentError("a.textproto:3: size: is 0"));
  });
  EXPECT_EQ(got.out, "result\n");
  EXPECT_EQ(got.err, "iovalab: remark\niovalab: a.textproto:3: size: is 0\n");
  EXPECT_EQ(got.status, kTrouble);
}

TEST(Terminal, QuietDropsRemarksButNoError) {
  const Captured got = Capture([](Terminal& t) {
    t.SetQuiet(true);
    t.Note("remark");
    return t.Fail(absl::InvalidArgumentError("bad"));
  });
  EXPECT_EQ(got.err, "iovalab: bad\n");
}

TEST(Terminal, ErrorIsOneLineWhateverTheInput) {
  const Captured got = Capture([](Terminal& t) {
    return t.Fail(absl::InvalidArgumentError("a\nb\x1b[2J\xff: bad"));
  });
  EXPECT_EQ(got.err, "iovalab: a\\x0ab\\x1b[2J\\xff: bad\n");
}

TEST(Terminal, FullDiskIsTrouble) {
  const int full = open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  const int err = memfd_create("err", 0);
  Terminal t(full, err);
  t.Write(std::string(1 << 20, 'x'));  // several flushes, one message
  t.Write("more");
  EXPECT_EQ(t.Finish(kFine), kTrouble);
  char text[256] = {};
  const ssize_t n = pread(err, text, sizeof text - 1, 0);
  EXPECT_EQ(std::string(text, static_cast<size_t>(n)),
            "iovalab: standard output: cannot write: No space left on device"
            "\n");
  close(full);
  close(err);
}

TEST(Terminal, GoneReaderIsNoTrouble) {
  signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  const int err = memfd_create("err", 0);
  Terminal t(ends[1], err);
  t.Write(std::string(1 << 20, 'x'));
  EXPECT_TRUE(t.closed());
  EXPECT_EQ(t.Finish(kDiffers), kDiffers);
  EXPECT_EQ(lseek(err, 0, SEEK_END), 0);
  close(ends[1]);
  close(err);
}

TEST(Terminal, NonBlockingOutputIsWaitedFor) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_NONBLOCK), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    Terminal t(ends[1], STDERR_FILENO);
    t.Write(std::string(1 << 20, 'x'));  // a pipe holds 64 KiB
    _exit(t.Finish(kFine));
  }
  close(ends[1]);
  fcntl(ends[0], F_SETFL, 0);
  size_t total = 0;
  char part[4096];
  for (ssize_t n; (n = read(ends[0], part, sizeof part)) > 0;) {
    total += static_cast<size_t>(n);
  }
  close(ends[0]);
  EXPECT_EQ(total, size_t{1} << 20);
}

TEST(Terminal, ColourTable) {
  const PseudoTerminal pseudo(80);
  const int file = memfd_create("out", 0);
  const struct {
    bool terminal;
    ColorMode mode;
    const char* no_color;  // nullptr: unset
    const char* term;
    bool colour;
  } kCases[] = {
      {true, ColorMode::kAuto, nullptr, "xterm", true},
      {true, ColorMode::kAuto, "", "xterm", true},
      {true, ColorMode::kAuto, "1", "xterm", false},
      {true, ColorMode::kAuto, nullptr, "dumb", false},
      {true, ColorMode::kAuto, nullptr, nullptr, false},
      {true, ColorMode::kNever, nullptr, "xterm", false},
      {false, ColorMode::kAuto, nullptr, "xterm", false},
      {false, ColorMode::kAlways, "1", "dumb", true},
  };
  for (const auto& c : kCases) {
    c.no_color == nullptr ? unsetenv("NO_COLOR")
                          : setenv("NO_COLOR", c.no_color, 1);
    c.term == nullptr ? unsetenv("TERM") : setenv("TERM", c.term, 1);
    Terminal t(c.terminal ? pseudo.tty() : file, file);
    t.SetColor(c.mode);
    EXPECT_EQ(t.color(), c.colour) << (&c - kCases);
    EXPECT_EQ(t.Paint(Style::kRed, "x"), c.colour ? "\x1b[31mx\x1b[0m" : "x");
    EXPECT_EQ(t.width(), c.terminal ? 80 : 0);
  }
  close(file);
}

int64_t now_ms;
int64_t FakeClock() { return now_ms; }

TEST(Progress, OnlyPastASecondAndErasedAtTheEnd) {
  PseudoTerminal pseudo(80);
  now_ms = 5000;
  {
    Terminal t(STDOUT_FILENO, pseudo.tty());
    Progress progress(t, "runs", 8, FakeClock);
    progress.Update(1);
    now_ms += 999;
    progress.Update(2);
    EXPECT_EQ(pseudo.Read(), "");
    now_ms += 1;
    progress.Update(4);
    EXPECT_EQ(pseudo.Read(),
              "\rruns [############............] 50% (4/8)\x1b[K");
    progress.Update(5);  // too soon to draw again
    EXPECT_EQ(pseudo.Read(), "");
  }
  EXPECT_EQ(pseudo.Read(), "\r\x1b[K");
}

TEST(Progress, NeverWithoutATerminalNorWhenQuiet) {
  PseudoTerminal pseudo(80);
  const int file = memfd_create("err", 0);
  for (const bool quiet : {false, true}) {
    now_ms = 0;
    Terminal t(STDOUT_FILENO, quiet ? pseudo.tty() : file);
    t.SetQuiet(quiet);
    Progress progress(t, "runs", 8, FakeClock);
    now_ms = 100000;
    progress.Update(7);
  }
  EXPECT_EQ(lseek(file, 0, SEEK_END), 0);
  EXPECT_EQ(pseudo.Read(), "");
  close(file);
}

}  // namespace
}  // namespace iovalab
