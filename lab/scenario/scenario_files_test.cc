#include "lab/scenario/scenario_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace iovalab {
namespace {

namespace fs = std::filesystem;
using Paths = std::vector<std::string>;

class ScenarioFiles : public testing::Test {
 protected:
  void SetUp() override {
    root_ = absl::StrCat(testing::TempDir(), "/scenario_files_test");
    fs::remove_all(root_);
    for (const char* folder : {"a/b", "a/c.textproto", "empty"}) {
      fs::create_directories(At(folder));
    }
    for (const char* file :
         {"a/z.textproto", "a/b/y.textproto", "a/note.txt", "x.textproto"}) {
      std::ofstream(At(file)) << "";
    }
    fs::create_directory_symlink(At("a"), At("a/b/loop"));
    fs::create_symlink(At("x.textproto"), At("x2.textproto"));
  }

  std::string At(absl::string_view name) const {
    return absl::StrCat(root_, "/", name);
  }
  Paths All(Paths names) const {
    for (std::string& name : names) name = At(name);
    return names;
  }

  std::string root_;
};

TEST_F(ScenarioFiles, FoldersAreSortedAndFilesComeOnce) {
  const struct {
    Paths paths;
    Paths found;
  } kCases[] = {
      {{}, {}},
      {{"a"}, {"a/b/y.textproto", "a/z.textproto"}},
      {{"x.textproto", "a/z.textproto", "a"},
       {"x.textproto", "a/z.textproto", "a/b/y.textproto"}},
      {{"x2.textproto", "x.textproto"}, {"x2.textproto"}},
      {{"a/../a/z.textproto", "a/z.textproto"}, {"a/../a/z.textproto"}},
  };
  for (const auto& c : kCases) {
    const auto found = FindScenarios(All(c.paths));
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(*found, All(c.found));
  }
}

TEST_F(ScenarioFiles, ALeadingDotIsDropped) {
  const fs::path before = fs::current_path();
  fs::current_path(At("a"));
  std::ofstream("-v.textproto") << "";
  const auto found = FindScenarios({".", "./z.textproto"});
  fs::current_path(before);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, (Paths{"./-v.textproto", "b/y.textproto", "z.textproto"}));
}

// They are found, so that whoever reads them fails; pipes and folders are not.
TEST_F(ScenarioFiles, LinksThatLeadNowhereAreNotPassedOver) {
  fs::create_symlink(At("gone"), At("a/gone.textproto"));
  fs::create_symlink(At("a/self.textproto"), At("a/self.textproto"));
  ASSERT_EQ(mkfifo(At("a/pipe.textproto").c_str(), 0600), 0);
  const auto found = FindScenarios({At("a")});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, All({"a/b/y.textproto", "a/gone.textproto",
                         "a/self.textproto", "a/z.textproto"}));
}

TEST_F(ScenarioFiles, AnUnreadableFolderIsNamed) {
  fs::permissions(At("a/b"), fs::perms::none);
  const auto found = FindScenarios({At("a")});
  fs::permissions(At("a/b"), fs::perms::owner_all);
  if (geteuid() == 0) GTEST_SKIP() << "root reads every folder";
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.status().message(),
            absl::StrCat(At("a/b"),
                         ": Permission denied; a folder of scenarios would "
                         "do"));
}

TEST_F(ScenarioFiles, ABadPathIsNamed) {
  const struct {
    const char* path;
    const char* says;
  } kCases[] = {
      {"none", "No such file or directory"},
      {"none.textproto", "No such file or directory"},
      {"empty", "holds no scenario, no file NAME.textproto"},
      {"a/note.txt",
       "is no scenario by its name; a folder, or a file NAME.textproto"},
  };
  for (const auto& c : kCases) {
    const auto found = FindScenarios({At("a"), At(c.path)});
    ASSERT_FALSE(found.ok()) << c.path;
    EXPECT_EQ(found.status().message(), absl::StrCat(At(c.path), ": ", c.says));
  }
  EXPECT_EQ(FindScenarios({"-"}).status().message(),
            "-: standard input is no file; a folder, or a file NAME.textproto");
  EXPECT_EQ(FindScenarios({""}).status().message(),
            "an empty path; a folder, or a file NAME.textproto");
  EXPECT_EQ(FindScenarios({"/dev/null"}).status().message(),
            "/dev/null: is no scenario by its name; a folder, or a file "
            "NAME.textproto");
}

}  // namespace
}  // namespace iovalab
