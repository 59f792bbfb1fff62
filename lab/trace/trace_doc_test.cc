// The examples of docs/trace.md are what the code writes.

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "lab/read_file.h"
#include "lab/trace/trace_binary.h"
#include "lab/trace/trace_testing.h"
#include "lab/trace/trace_text.h"

namespace iovalab {
namespace {

// What stands between ```KIND and ``` in the page.
std::string Block(absl::string_view kind) {
  const absl::StatusOr<std::string> page =
      ReadWholeFile("docs/trace.md", 1 << 20);
  EXPECT_TRUE(page.ok()) << page.status();
  if (!page.ok()) return "";
  const std::string open = absl::StrCat("```", kind, "\n");
  const size_t begin = page->find(open);
  EXPECT_NE(begin, std::string::npos) << kind;
  if (begin == std::string::npos) return "";
  const size_t text = begin + open.size();
  return page->substr(text, page->find("```", text) - text);
}

TEST(TraceDocTest, TheTextIsWhatIsWritten) {
  EXPECT_EQ(TraceToText(SmallTrace()), Block("trace"));
}

TEST(TraceDocTest, TheBytesAreInTheBinary) {
  std::string bytes;
  for (absl::string_view line : absl::StrSplit(Block("hex"), '\n')) {
    for (absl::string_view word : absl::StrSplit(line, ' ')) {
      if (word.size() != 2) break;  // the explanation begins
      bytes.push_back(
          static_cast<char>(std::stoi(std::string(word), nullptr, 16)));
    }
  }
  EXPECT_EQ(bytes.size(), 34u);
  EXPECT_NE(TraceToBinary(SmallTrace()).find(bytes), std::string::npos);
}

}  // namespace
}  // namespace iovalab
