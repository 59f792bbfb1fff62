#include "lab/import/vtd/vtd_capture.h"

#include <sys/stat.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "lab/import/log_pieces.h"
#include "model/iommu/invalidation.h"

namespace iovalab {
namespace {

constexpr size_t kMaxLine = 1 << 12;  // longer ones are not ours
constexpr size_t kDetectBytes = 1 << 16;

// Cuts pieces into lines and keeps the events of one file.
class LineTaker {
 public:
  LineTaker(absl::string_view path, VtdFileKind kind, VtdCapture& capture)
      : capture_(capture) {
    file_.path = std::string(path);
    file_.kind = kind;
  }

  bool Feed(absl::string_view piece) {
    while (!piece.empty()) {
      const size_t end = piece.find('\n');
      const bool whole = end != absl::string_view::npos;
      if (partial_.size() < kMaxLine) {
        absl::StrAppend(&partial_, piece.substr(0, std::min(end, kMaxLine)));
      }
      if (!whole) break;
      Line(true);
      piece.remove_prefix(end + 1);
    }
    return !full_;
  }

  absl::Status Finish() {
    if (!partial_.empty()) Line(false);
    capture_.files.push_back(file_);
    if (!full_) return absl::OkStatus();
    return absl::ResourceExhaustedError(
        absl::StrCat(file_.path, ": more than ", VtdCapture::kMaxEvents,
                     " events of an IOMMU; import a part of the file"));
  }

 private:
  void Line(bool whole) {
    ++file_.lines;
    VtdLine line = ParseVtdLine(partial_);
    // A number at the end of a cut line may have lost digits.
    if (!whole && line.kind > VtdLineKind::kDamaged &&
        absl::ascii_isxdigit(static_cast<unsigned char>(partial_.back()))) {
      line.kind = VtdLineKind::kDamaged;
    }
    line.line = file_.lines;
    if (file_.kind == VtdFileKind::kFtrace && !partial_.empty() &&
        partial_[0] != '#') {
      ++capture_.ftrace_lines;
    }
    partial_.clear();
    if (line.kind == VtdLineKind::kOther) return;
    if (line.kind == VtdLineKind::kDamaged) {
      if (file_.damaged++ == 0) file_.first_damaged_line = line.line;
      return;
    }
    ++file_.known;
    Keep(std::move(line));
  }

  void Keep(VtdLine line) {
    const VtdLineKind kind = line.kind;
    if (kind == VtdLineKind::kEntries) {
      capture_.ftrace_entries = line.target;
      return;
    }
    std::vector<VtdLine>& list = kind >= VtdLineKind::kDmesgFault
                                     ? capture_.dmesg
                                 : kind >= VtdLineKind::kMap ? capture_.guest
                                                             : capture_.qemu;
    full_ = full_ || list.size() >= VtdCapture::kMaxEvents;
    if (!full_) list.push_back(std::move(line));
  }

  VtdCapture& capture_;
  VtdFile file_;
  std::string partial_;
  bool full_ = false;
};

// An invalidation as both sides tell it.
struct Flush {
  uint64_t kind = 0;
  uint64_t domain = 0, address = 0, mask = 0;
  friend bool operator==(const Flush&, const Flush&) = default;
};

Flush OfQemu(const VtdLine& l) {
  if (l.kind == VtdLineKind::kFlushPages) {
    return {2, l.domain, l.address & ~uint64_t{0xfff}, l.mask};
  }
  if (l.kind == VtdLineKind::kFlushDomain) return {1, l.domain, 0, 0};
  return {};
}

Flush OfGuest(const VtdLine& l) {
  const std::optional<Invalidation> i = FromVtdDescriptor({l.high, l.low});
  if (!i.has_value()) return {3, 0, 0, 0};
  if (i->kind == InvalidationKind::kPages) {
    return {2, i->domain, i->address, i->mask};
  }
  if (i->kind == InvalidationKind::kDomain) return {1, i->domain, 0, 0};
  return {};
}

bool IsFlush(const VtdLine& l) {
  return l.kind >= VtdLineKind::kFlushPages &&
         l.kind <= VtdLineKind::kFlushGlobal;
}

// Where `needle` begins in `hay` (Knuth, Morris, Pratt).
std::optional<size_t> Find(const std::vector<Flush>& hay,
                           const std::vector<Flush>& needle) {
  std::vector<size_t> back(needle.size(), 0);
  for (size_t i = 1, k = 0; i < needle.size(); ++i) {
    while (k > 0 && !(needle[i] == needle[k])) k = back[k - 1];
    if (needle[i] == needle[k]) ++k;
    back[i] = k;
  }
  for (size_t i = 0, k = 0; i < hay.size(); ++i) {
    while (k > 0 && !(hay[i] == needle[k])) k = back[k - 1];
    if (hay[i] == needle[k]) ++k;
    if (k == needle.size()) return i + 1 - k;
  }
  return std::nullopt;
}

// The guest's operations between two of its invalidations: those that come
// before the device's accesses, and those after.
struct Interval {
  std::vector<uint32_t> early, late;
};

bool Overlaps(const VtdLine& a, const VtdLine& b) {
  return a.address <= b.last && b.address <= a.last;
}

std::vector<Interval> Intervals(const std::vector<VtdLine>& guest) {
  std::vector<Interval> intervals(1);
  size_t begin = 0;
  for (size_t end = 0; end <= guest.size(); ++end) {
    if (end < guest.size() && guest[end].kind != VtdLineKind::kCommand) {
      continue;
    }
    Interval& interval = intervals.back();
    for (size_t i = begin; i < end; ++i) {
      bool again = guest[i].kind == VtdLineKind::kMap;
      // A range that is mapped again at once is unmapped where it stands. Far
      // ones are not looked for: lazy flushing does not use an IOVA again.
      for (size_t j = i + 1; !again && j < end && j < i + 64; ++j) {
        again =
            guest[j].kind == VtdLineKind::kMap && Overlaps(guest[i], guest[j]);
      }
      (again ? interval.early : interval.late)
          .push_back(static_cast<uint32_t>(i));
    }
    begin = end + 1;
    if (end < guest.size()) intervals.emplace_back();
  }
  return intervals;
}

}  // namespace

uint64_t VtdCapture::Count(VtdLineKind kind) const {
  uint64_t count = 0;
  for (const std::vector<VtdLine>* list : {&qemu, &guest, &dmesg}) {
    for (const VtdLine& line : *list) count += line.kind == kind;
  }
  return count;
}

absl::Status AddVtdText(absl::string_view path, VtdFileKind kind,
                        absl::string_view text, VtdCapture& capture) {
  LineTaker taker(path, kind, capture);
  taker.Feed(text);
  return taker.Finish();
}

absl::Status AddVtdFile(absl::string_view path, VtdFileKind kind,
                        VtdCapture& capture) {
  LineTaker taker(path, kind, capture);
  const absl::Status read =
      ReadLogPieces(path, kMaxLogBytes,
                    [&](absl::string_view piece) { return taker.Feed(piece); });
  return read.ok() ? taker.Finish() : read;
}

VtdFileKind DetectVtdFileAt(absl::string_view path) {
  struct stat info = {};
  if (path == "-" || path.find('\0') != absl::string_view::npos ||
      stat(std::string(path).c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return VtdFileKind::kNone;
  }
  VtdFileKind kind = VtdFileKind::kNone;
  const absl::Status read =
      ReadLogPieces(path, kMaxLogBytes, [&](absl::string_view piece) {
        kind = DetectVtdFile(piece.substr(0, kDetectBytes));
        return false;
      });
  return read.ok() ? kind : VtdFileKind::kNone;
}

absl::StatusOr<VtdOrder> OrderVtdCapture(const VtdCapture& capture) {
  std::vector<Flush> hay, needle;
  for (const VtdLine& l : capture.qemu) {
    if (IsFlush(l)) hay.push_back(OfQemu(l));
  }
  for (const VtdLine& l : capture.guest) {
    if (l.kind == VtdLineKind::kCommand) needle.push_back(OfGuest(l));
  }
  const std::optional<size_t> offset =
      needle.empty() ? std::nullopt : Find(hay, needle);
  if (!offset.has_value()) {
    return absl::FailedPreconditionError(
        capture.guest.empty() || capture.qemu.empty()
            ? "it needs QEMU's trace (vtd_*) and the guest's ftrace "
              "(iommu:map, iommu:unmap, intel_iommu:qi_submit) of one run"
        : needle.empty()
            ? "the guest's ftrace has no invalidations; trace "
              "intel_iommu:qi_submit beside iommu:map and iommu:unmap"
            : "the guest's invalidations are not in QEMU's trace in their "
              "order: files of one run are needed");
  }

  const std::vector<Interval> intervals = Intervals(capture.guest);
  VtdOrder order;
  order.matched = needle.size();
  size_t at = 0;  // the interval
  bool after = false;
  const auto guest_steps = [&](const std::vector<uint32_t>& list) {
    for (const uint32_t i : list) {
      order.steps.push_back({VtdStep::From::kGuest, i, false});
    }
  };
  size_t flushes = 0;
  guest_steps(intervals[0].early);
  for (size_t i = 0; i < capture.qemu.size(); ++i) {
    const bool flush = IsFlush(capture.qemu[i]);
    const bool ends = flush && flushes >= *offset && at < intervals.size();
    if (ends) guest_steps(intervals[at].late);
    order.steps.push_back(
        {VtdStep::From::kQemu, static_cast<uint32_t>(i), after});
    flushes += flush;
    if (!ends) continue;
    ++at;
    after = at >= intervals.size();
    if (!after) guest_steps(intervals[at].early);
    // Past the guest's last invalidation its last lines still hold; what came
    // after them is not known.
    after = at + 1 >= intervals.size();
  }
  if (at < intervals.size()) guest_steps(intervals[at].late);
  return order;
}

}  // namespace iovalab
