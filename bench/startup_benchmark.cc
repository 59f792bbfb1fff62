// E1: the command line from fork to exit on a scenario of 30 steps, beside a
// program that only parses it. Wall time; the programs take turns, so that a
// busy machine is busy for all of them.
//
//   bazel run //bench:startup_benchmark
//
// By hand: startup_benchmark [--smoke] [--quick] [--rows=FILE] IOVALAB
// PARSE_ONLY SCENARIO

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/report.h"

namespace iovalab {
namespace {

constexpr double kTarget = 2.5;

struct Program {
  const char* id;
  const char* what;
  std::vector<std::string> words;
  std::vector<double> us;  // of each run
};

double NowMicros() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e6 +
         static_cast<double>(now.tv_nsec) / 1e3;
}

// Microseconds from spawn to exit; negative where the program failed.
double RunOnce(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (const std::string& word : words) {
    argv.push_back(const_cast<char*>(word.c_str()));
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY,
                                   0);
  const double begin = NowMicros();
  pid_t pid;
  int status = -1;
  const int err =
      posix_spawn(&pid, argv[0], &quiet, nullptr, argv.data(), environ);
  if (err == 0) waitpid(pid, &status, 0);
  const double end = NowMicros();
  posix_spawn_file_actions_destroy(&quiet);
  return err == 0 && status == 0 ? end - begin : -1;
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2,
                   values.end());
  return values[values.size() / 2];
}

double Least(const std::vector<double>& values) {
  return *std::min_element(values.begin(), values.end());
}

int Main(int argc, char** argv) {
  const bench::Flags flags = bench::TakeFlags(&argc, argv);
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s IOVALAB PARSE_ONLY SCENARIO\n", argv[0]);
    return 2;
  }
  const std::string iovalab = argv[1];
  const std::string scenario = argv[3];
  std::vector<Program> programs = {
      {"", "the floor: parses the scenario", {argv[2], scenario}, {}},
      {"E1 run", "run, 30 steps", {iovalab, "run", scenario}, {}},
      {"E1 cmp",
       "compare, 30 steps, 1 row",
       {iovalab, "compare", scenario},
       {}},
      {"E1 start", "version: start-up alone", {iovalab, "version"}, {}},
  };
  const int repetitions = flags.smoke ? 3 : flags.quick ? 200 : 1000;
  for (int i = 0; i < repetitions; ++i) {
    for (Program& program : programs) {
      const double us = RunOnce(program.words);
      if (us < 0) {
        std::fprintf(stderr, "%s %s: failed\n", program.words[0].c_str(),
                     program.words[1].c_str());
        return 1;
      }
      program.us.push_back(us);
    }
  }
  std::vector<bench::RatioRow> rows;
  const Program& floor = programs[0];
  for (const Program& program : programs) {
    if (program.id[0] == '\0') continue;
    const auto row = [&](const char* how, double ours, double peer) {
      rows.push_back({program.id,
                      absl::StrCat(program.what, ", ", how),
                      "us",
                      ours,
                      kTarget,
                      {{"a program that only parses", peer}}});
    };
    row("fastest", Least(program.us), Least(floor.us));
    row("median", Median(program.us), Median(floor.us));
  }
  return bench::Report(rows, flags) ? 0 : 1;
}

}  // namespace
}  // namespace iovalab

int main(int argc, char** argv) { return iovalab::Main(argc, argv); }
