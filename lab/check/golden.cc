#include "lab/check/golden.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "lab/trace/diff.h"
#include "lab/trace/trace_text.h"

namespace iovalab {
namespace {

constexpr size_t kMostShown = 8;  // lines with one sign about one golden

using Lines = std::vector<absl::string_view>;

Lines LinesOf(absl::string_view text) {
  Lines lines = absl::StrSplit(text, '\n');
  if (lines.back().empty()) lines.pop_back();
  return lines;
}

// How many lines both begin with.
size_t CommonLines(const Lines& a, const Lines& b) {
  return static_cast<size_t>(
      std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

// At most so many of the lines; the rest is counted.
void AppendLines(absl::string_view sign,
                 absl::Span<const absl::string_view> lines, std::string* out) {
  const size_t shown = std::min(lines.size(), kMostShown);
  for (size_t i = 0; i < shown; ++i) {
    absl::StrAppend(out, sign, lines[i], "\n");
  }
  if (lines.size() > shown) {
    absl::StrAppend(out, sign, "… ", lines.size() - shown, " more\n");
  }
}

// The lines between what both begin and end with.
GoldenDifference DifferentLines(const Lines& golden, const Lines& now) {
  const size_t common = CommonLines(golden, now);
  const Lines a(golden.rbegin(), golden.rend() - static_cast<long>(common));
  const Lines b(now.rbegin(), now.rend() - static_cast<long>(common));
  const size_t tail = CommonLines(a, b);
  GoldenDifference difference;
  difference.line = static_cast<int>(common) + 1;
  const auto middle = [&](const Lines& lines) {
    return absl::MakeConstSpan(lines).subspan(common,
                                              lines.size() - common - tail);
  };
  AppendLines("- ", middle(golden), &difference.details);
  AppendLines("+ ", middle(now), &difference.details);
  return difference;
}

bool NamesThePath(absl::string_view line) {
  return absl::StartsWith(line, "again: ");
}

}  // namespace

std::optional<GoldenDifference> CompareTrace(absl::string_view file,
                                             absl::string_view golden,
                                             absl::string_view now) {
  if (golden == now) return std::nullopt;
  GoldenDifference difference = DifferentLines(LinesOf(golden), LinesOf(now));
  const absl::StatusOr<Trace> was = TraceFromText(file, golden);
  if (!was.ok()) {
    difference.says =
        absl::StrCat("the golden is no trace: ", was.status().message());
    return difference;
  }
  const absl::StatusOr<Trace> is = TraceFromText("now", now);
  if (!is.ok()) {  // longer than TraceLimits
    difference.says = "the trace changed";
    return difference;
  }
  const DiffResult diff = DiffTraces(*was, *is);
  if (diff.same) {
    difference.says = "the trace says the same in other bytes";
    return difference;
  }
  const std::string told = DiffText(diff);
  Lines lines = LinesOf(told);
  difference.says = absl::StrCat("the trace changed: ", lines.back());
  lines.pop_back();
  difference.details.clear();
  AppendLines("", lines, &difference.details);
  return difference;
}

std::optional<GoldenDifference> CompareTable(absl::string_view golden,
                                             absl::string_view now) {
  Lines was = LinesOf(golden);
  const Lines is = LinesOf(now);
  // Where both name a path, the line is the same line.
  for (size_t i = 0; i < std::min(was.size(), is.size()); ++i) {
    if (NamesThePath(was[i]) && NamesThePath(is[i])) was[i] = is[i];
  }
  if (was == is && absl::EndsWith(golden, "\n") == absl::EndsWith(now, "\n")) {
    return std::nullopt;
  }
  GoldenDifference difference = DifferentLines(was, is);
  difference.says = "the table changed";
  return difference;
}

}  // namespace iovalab
