#include "lab/trace/diff_align.h"

#include <algorithm>
#include <optional>

#include "absl/container/flat_hash_map.h"

namespace iovalab {
namespace {

using Keys = absl::Span<const uint64_t>;

// Furthest x on each diagonal k = x - y after d edits, for all d so far.
class Myers {
 public:
  Myers(Keys a, Keys b)
      : a_(a),
        b_(b),
        n_(static_cast<int>(a.size())),
        m_(static_cast<int>(b.size())) {}

  // The common subsequence, if at most max_edits elements are not in it.
  std::optional<Alignment> Run(int max_edits) {
    for (int d = 0; d <= max_edits && d <= n_ + m_; ++d) {
      rows_.emplace_back(d + 1);
      for (int k = -d; k <= d; k += 2) {
        int x = Start(d, k);
        while (x < n_ && x - k < m_ && a_[x] == b_[x - k]) ++x;
        rows_[d][(k + d) / 2] = x;
        if (x >= n_ && x - k >= m_) return Back(d);
      }
    }
    return std::nullopt;
  }

 private:
  // Row d holds the diagonals -d, -d + 2, ... d.
  int At(int d, int k) const { return rows_[d][(k + d) / 2]; }
  bool Down(int d, int k) const {
    return k == -d || (k != d && At(d - 1, k - 1) < At(d - 1, k + 1));
  }
  // Where the d-th edit lands on diagonal k.
  int Start(int d, int k) const {
    if (d == 0) return 0;
    return Down(d, k) ? At(d - 1, k + 1) : At(d - 1, k - 1) + 1;
  }

  Alignment Back(int d) const {
    Alignment pairs;
    int k = n_ - m_;
    for (; d >= 0; --d) {
      const int start = Start(d, k);
      for (int x = At(d, k); x > start;) {
        --x;
        pairs.emplace_back(x, x - k);
      }
      k += d > 0 && Down(d, k) ? 1 : -1;
    }
    std::reverse(pairs.begin(), pairs.end());
    return pairs;
  }

  const Keys a_, b_;
  const int n_, m_;
  std::vector<std::vector<int>> rows_;
};

// The n-th of equal elements with the n-th, and of these pairs as many as are
// in order.
Alignment AlignByOccurrence(Keys a, Keys b) {
  absl::flat_hash_map<uint64_t, std::vector<uint32_t>> places;
  for (size_t j = b.size(); j-- > 0;) {
    places[b[j]].push_back(static_cast<uint32_t>(j));
  }
  Alignment pairs;
  std::vector<uint32_t> in_b;
  for (size_t i = 0; i < a.size(); ++i) {
    const auto at = places.find(a[i]);
    if (at == places.end() || at->second.empty()) continue;
    pairs.emplace_back(static_cast<uint32_t>(i), at->second.back());
    in_b.push_back(at->second.back());
    at->second.pop_back();
  }
  Alignment ordered;
  for (const uint32_t i : LongestIncreasing(in_b)) ordered.push_back(pairs[i]);
  return ordered;
}

}  // namespace

Alignment AlignKeys(Keys a, Keys b, int max_edits) {
  size_t head = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  size_t tail = 0;
  while (tail < a.size() - head && tail < b.size() - head &&
         a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) {
    ++tail;
  }
  Alignment all;
  all.reserve(std::min(a.size(), b.size()));
  for (uint32_t i = 0; i < head; ++i) all.emplace_back(i, i);
  const Keys mid_a = a.subspan(head, a.size() - head - tail);
  const Keys mid_b = b.subspan(head, b.size() - head - tail);
  if (!mid_a.empty() && !mid_b.empty()) {
    std::optional<Alignment> middle = Myers(mid_a, mid_b).Run(max_edits);
    if (!middle) middle = AlignByOccurrence(mid_a, mid_b);
    for (const auto& [i, j] : *middle) {
      all.emplace_back(static_cast<uint32_t>(head + i),
                       static_cast<uint32_t>(head + j));
    }
  }
  for (size_t i = tail; i > 0; --i) {
    all.emplace_back(static_cast<uint32_t>(a.size() - i),
                     static_cast<uint32_t>(b.size() - i));
  }
  return all;
}

std::vector<uint32_t> LongestIncreasing(absl::Span<const uint32_t> values) {
  std::vector<uint32_t> ends;  // positions of the least end by length
  std::vector<uint32_t> before(values.size());
  for (uint32_t i = 0; i < values.size(); ++i) {
    const auto at = std::lower_bound(
        ends.begin(), ends.end(), values[i],
        [&](uint32_t end, uint32_t value) { return values[end] < value; });
    before[i] = at == ends.begin() ? i : *(at - 1);
    if (at == ends.end()) {
      ends.push_back(i);
    } else {
      *at = i;
    }
  }
  std::vector<uint32_t> chosen(ends.size());
  for (size_t n = ends.size(), i = n ? ends.back() : 0; n > 0; i = before[i]) {
    chosen[--n] = static_cast<uint32_t>(i);
  }
  return chosen;
}

}  // namespace iovalab
