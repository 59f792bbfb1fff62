#include "cli/output_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>

#include "cli/capture.h"
#include "gtest/gtest.h"

namespace iovalab {
namespace {

class WriteOutputTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/output_file_XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
  }
  std::string Path(const std::string& name) { return folder_ + "/" + name; }
  static std::string Content(const std::string& path) {
    std::ostringstream all;
    all << std::ifstream(path).rdbuf();
    return all.str();
  }
  static absl::Status Write(const std::string& path, absl::string_view bytes) {
    absl::Status status;
    Capture([&](Terminal& t) {
      status = WriteOutput(path, bytes, t);
      return kFine;
    });
    return status;
  }
  std::set<std::string> Names() {
    std::set<std::string> names;
    DIR* dir = opendir(folder_.c_str());
    while (const dirent* entry = readdir(dir)) names.insert(entry->d_name);
    closedir(dir);
    names.erase(".");
    names.erase("..");
    return names;
  }

  std::string folder_;
};

TEST_F(WriteOutputTest, NewAndReplaced) {
  EXPECT_TRUE(Write(Path("a"), "long first").ok());
  ASSERT_EQ(chmod(Path("a").c_str(), 0640), 0);
  EXPECT_TRUE(Write(Path("a"), "second").ok());
  EXPECT_EQ(Content(Path("a")), "second");
  struct stat now = {};
  ASSERT_EQ(stat(Path("a").c_str(), &now), 0);
  EXPECT_EQ(now.st_mode & 07777, 0640u);
  EXPECT_EQ(Names(), std::set<std::string>({"a"}));
}

TEST_F(WriteOutputTest, LinkStaysALink) {
  ASSERT_TRUE(Write(Path("a"), "first").ok());
  ASSERT_EQ(symlink("a", Path("link").c_str()), 0);
  EXPECT_TRUE(Write(Path("link"), "second").ok());
  EXPECT_EQ(Content(Path("a")), "second");
  struct stat now = {};
  ASSERT_EQ(lstat(Path("link").c_str(), &now), 0);
  EXPECT_TRUE(S_ISLNK(now.st_mode));
}

TEST_F(WriteOutputTest, OtherThanRegularFilesAreWrittenDirectly) {
  EXPECT_TRUE(Write("/dev/null", "bytes").ok());
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  const int reader = open(Path("pipe").c_str(), O_RDONLY | O_NONBLOCK);
  EXPECT_TRUE(Write(Path("pipe"), "bytes").ok());
  char got[16] = {};
  EXPECT_EQ(read(reader, got, sizeof got), 5);
  EXPECT_STREQ(got, "bytes");
  close(reader);
  EXPECT_EQ(Names(), std::set<std::string>({"pipe"}));
}

TEST_F(WriteOutputTest, StandardOutput) {
  EXPECT_EQ(Capture([](Terminal& t) {
              return WriteOutput("-", "bytes", t).ok() ? kFine : kTrouble;
            }).out,
            "bytes");
}

TEST_F(WriteOutputTest, ErrorsNameThePathAndLeaveNothing) {
  EXPECT_EQ(std::string(Write("/dev/full", "x").message()),
            "/dev/full: cannot write: No space left on device");
  EXPECT_EQ(std::string(Write(Path("no/a"), "x").message()),
            Path("no/a") + ": cannot write: No such file or directory");
  EXPECT_EQ(std::string(Write(folder_, "x").message()),
            folder_ + ": cannot write: Is a directory");
  EXPECT_TRUE(Names().empty());
}

}  // namespace
}  // namespace iovalab
