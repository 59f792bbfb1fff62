#include "sim/byte_sink.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace iovalab::sim {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBig = 1'000'000;

std::string Read(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

class ByteSinkTest : public testing::Test {
 protected:
  ByteSinkTest()
      : directory_(
            fs::path(testing::TempDir()) /
            testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  ~ByteSinkTest() override { fs::remove_all(directory_); }

  [[nodiscard]] std::string Path(const std::string& name) const {
    return (directory_ / name).string();
  }

  [[nodiscard]] std::set<std::string> Files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }

  static absl::Status Write(const std::string& path, const std::string& bytes) {
    absl::StatusOr<std::unique_ptr<FileSink>> sink = FileSink::Open(path);
    if (!sink.ok()) return sink.status();
    if (absl::Status s = (*sink)->Append(bytes); !s.ok()) return s;
    return (*sink)->Close();
  }

 private:
  fs::path directory_;
};

TEST_F(ByteSinkTest, StringTakesEverything) {
  std::string out = "a";
  StringSink sink(&out);
  EXPECT_TRUE(sink.Append(absl::string_view("b\0c", 3)).ok());
  EXPECT_TRUE(sink.Close().ok());
  EXPECT_EQ(out, std::string("ab\0c", 4));
}

TEST_F(ByteSinkTest, FileAppearsWholeAtClose) {
  auto sink = FileSink::Open(Path("out"));
  ASSERT_TRUE(sink.ok()) << sink.status();
  std::string expected;
  for (std::size_t i = 0; i < 100'000; ++i) {
    const std::string line = absl::StrCat("line ", i, "\n");
    ASSERT_TRUE((*sink)->Append(line).ok());
    expected += line;
  }
  EXPECT_FALSE(fs::exists(Path("out")));
  const std::string big(kBig, 'x');
  ASSERT_TRUE((*sink)->Append(big).ok());
  ASSERT_TRUE((*sink)->Append("end").ok());
  ASSERT_TRUE((*sink)->Close().ok());
  EXPECT_EQ(Read(Path("out")), expected + big + "end");
  EXPECT_EQ(Files(), std::set<std::string>{"out"});
  EXPECT_TRUE((*sink)->Close().ok()) << "a second Close does nothing";
  EXPECT_FALSE((*sink)->Append("more").ok());
}

TEST_F(ByteSinkTest, AbandonedFileLeavesTheOldOne) {
  ASSERT_TRUE(Write(Path("out"), "old").ok());
  {
    auto sink = FileSink::Open(Path("out"));
    ASSERT_TRUE(sink.ok());
    ASSERT_TRUE((*sink)->Append(std::string(kBig, 'x')).ok());
    EXPECT_EQ(Files().size(), 2u);
  }
  EXPECT_EQ(Read(Path("out")), "old");
  EXPECT_EQ(Files(), std::set<std::string>{"out"});
}

TEST_F(ByteSinkTest, ReplacedFileKeepsItsMode) {
  ASSERT_TRUE(Write(Path("out"), "old").ok());
  ASSERT_EQ(chmod(Path("out").c_str(), 0751), 0);
  ASSERT_TRUE(Write(Path("out"), "new").ok());
  EXPECT_EQ(Read(Path("out")), "new");
  EXPECT_EQ(static_cast<unsigned>(fs::status(Path("out")).permissions()),
            0751u);
}

TEST_F(ByteSinkTest, LinkStaysALink) {
  ASSERT_TRUE(Write(Path("real"), "old").ok());
  fs::create_symlink("real", Path("link"));
  ASSERT_TRUE(Write(Path("link"), "new").ok());
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_EQ(Read(Path("real")), "new");
}

TEST_F(ByteSinkTest, TwoSinksForOneTargetDoNotMix) {
  auto first = FileSink::Open(Path("out"));
  auto second = FileSink::Open(Path("out"));
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_TRUE((*first)->Append("first").ok());
  ASSERT_TRUE((*second)->Append("second").ok());
  ASSERT_TRUE((*second)->Close().ok());
  EXPECT_EQ(Read(Path("out")), "second");
  ASSERT_TRUE((*first)->Close().ok());
  EXPECT_EQ(Read(Path("out")), "first");
  EXPECT_EQ(Files(), std::set<std::string>{"out"});
}

TEST_F(ByteSinkTest, FullDiskIsAnErrorThatStays) {
  auto sink = FileSink::Open("/dev/full");
  ASSERT_TRUE(sink.ok()) << sink.status();
  // Small output is buffered: the error comes at the latest with Close.
  ASSERT_TRUE((*sink)->Append("a").ok());
  const absl::Status status = (*sink)->Close();
  EXPECT_TRUE(absl::StrContains(status.message(), "/dev/full")) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "No space left")) << status;
  EXPECT_EQ((*sink)->Append("b"), status);
  EXPECT_EQ((*sink)->Close(), status);
  EXPECT_FALSE(Write("/dev/full", std::string(kBig, 'x')).ok());
}

TEST_F(ByteSinkTest, DevicesAreWrittenDirectly) {
  EXPECT_TRUE(Write("/dev/null", std::string(kBig, 'x')).ok());
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(ByteSinkTest, PlacesThatCannotBeWrittenAreNamed) {
  const absl::Status missing = Write(Path("no/such/out"), "x");
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(absl::StrContains(missing.message(), "no/such/out")) << missing;
  EXPECT_TRUE(absl::StrContains(missing.message(), "No such file")) << missing;
  const absl::Status directory = Write(Path("."), "x");
  EXPECT_TRUE(absl::StrContains(directory.message(), "directory")) << directory;
  EXPECT_FALSE(Write("", "x").ok());
  // For root too, whom a mode does not stop.
  EXPECT_FALSE(Write("/proc/iovalab-test", "x").ok());
  EXPECT_TRUE(Files().empty());
}

TEST_F(ByteSinkTest, UnwritableDirectoryOrFileIsAnError) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
  ASSERT_TRUE(Write(Path("out"), "old").ok());
  ASSERT_EQ(chmod(Path("out").c_str(), 0444), 0);
  EXPECT_EQ(Write(Path("out"), "new").code(),
            absl::StatusCode::kPermissionDenied);
  ASSERT_EQ(chmod(Path(".").c_str(), 0555), 0);
  EXPECT_EQ(Write(Path("fresh"), "x").code(),
            absl::StatusCode::kPermissionDenied);
  ASSERT_EQ(chmod(Path(".").c_str(), 0755), 0);
  EXPECT_EQ(Read(Path("out")), "old");
}

TEST_F(ByteSinkTest, FailedRenameLeavesNothing) {
  auto sink = FileSink::Open(Path("out"));
  ASSERT_TRUE(sink.ok());
  ASSERT_TRUE((*sink)->Append("x").ok());
  fs::create_directory(Path("out"));
  EXPECT_FALSE((*sink)->Close().ok());
  sink->reset();
  EXPECT_EQ(Files(), std::set<std::string>{"out"});
}

void Ignore(int /*signal*/) {}

// A slow reader makes writes short, a timer interrupts them.
void WriteThroughSlowPipe(const std::string& path, int extra_flags) {
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const std::string sent(kBig, 'y');
  std::string received;
  std::thread reader([&] {
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm, nullptr);
    const int descriptor = open(path.c_str(), O_RDONLY);
    char chunk[4099];
    for (ssize_t n = 0; (n = read(descriptor, chunk, sizeof chunk)) > 0;) {
      received.append(chunk, static_cast<std::size_t>(n));
      usleep(50);
    }
    close(descriptor);
  });
  auto sink = FileSink::Open(path);
  ASSERT_TRUE(sink.ok()) << sink.status();
  if (extra_flags != 0) {
    // The sink's descriptor is private; a second one for the same open file
    // is found by its name.
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
      std::error_code error;
      if (fs::read_symlink(entry.path(), error) != path) continue;
      const int descriptor = std::stoi(entry.path().filename().string());
      const int flags = fcntl(descriptor, F_GETFL);
      if ((flags & O_ACCMODE) != O_WRONLY) continue;
      ASSERT_EQ(fcntl(descriptor, F_SETFL, flags | extra_flags), 0);
    }
  }
  struct sigaction action {};
  action.sa_handler = Ignore;  // And no SA_RESTART.
  struct sigaction old {};
  sigaction(SIGALRM, &action, &old);
  const itimerval often{{0, 500}, {0, 500}};
  setitimer(ITIMER_REAL, &often, nullptr);
  EXPECT_TRUE((*sink)->Append(sent).ok());
  EXPECT_TRUE((*sink)->Close().ok());
  const itimerval never{};
  setitimer(ITIMER_REAL, &never, nullptr);
  sigaction(SIGALRM, &old, nullptr);
  sink->reset();  // Ends the reader, whatever went wrong.
  reader.join();
  EXPECT_TRUE(received == sent) << received.size() << " of " << sent.size();
}

TEST_F(ByteSinkTest, ShortAndInterruptedWritesAreContinued) {
  WriteThroughSlowPipe(Path("pipe"), 0);
}

TEST_F(ByteSinkTest, NonBlockingPipeIsWaitedFor) {
  WriteThroughSlowPipe(Path("pipe"), O_NONBLOCK);
}

TEST_F(ByteSinkTest, DashIsStandardOutput) {
  testing::internal::CaptureStdout();
  EXPECT_TRUE(Write("-", "to stdout\n").ok());
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "to stdout\n");
  EXPECT_NE(fcntl(STDOUT_FILENO, F_GETFD), -1) << "stdout was closed";
}

}  // namespace
}  // namespace iovalab::sim
