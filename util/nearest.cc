#include "util/nearest.h"

#include <algorithm>
#include <array>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace iovalab {
namespace {

constexpr size_t kLongest = 64;

}  // namespace

size_t EditDistance(absl::string_view a, absl::string_view b, size_t limit) {
  if (a.size() > kLongest || b.size() > kLongest) return limit + 1;
  // Three rows of the usual table: a swap looks two rows back.
  std::array<std::array<size_t, kLongest + 1>, 3> rows;
  for (size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    const auto& above = rows[(i - 1) % 3];
    auto& row = rows[i % 3];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1,
                         above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], rows[(i - 2) % 3][j - 2] + 1);
      }
    }
  }
  return std::min(rows[a.size() % 3][b.size()], limit + 1);
}

absl::string_view Nearest(absl::string_view typed,
                          absl::Span<const absl::string_view> names) {
  if (typed.empty()) return "";
  for (absl::string_view name : names) {
    if (typed.size() > 1 && absl::StartsWith(name, typed)) return name;
  }
  absl::string_view best = "";
  size_t fewest = std::max<size_t>(1, typed.size() / 3) + 1;
  for (absl::string_view name : names) {
    const size_t edits = EditDistance(typed, name, fewest);
    // As many edits as letters would "mean" any short name.
    if (edits < fewest && edits < name.size()) {
      fewest = edits;
      best = name;
    }
  }
  return best;
}

std::string DidYouMean(absl::string_view typed,
                       absl::Span<const absl::string_view> names) {
  const absl::string_view name = Nearest(typed, names);
  return name.empty() ? "" : absl::StrCat("; did you mean ", name, "?");
}

}  // namespace iovalab
