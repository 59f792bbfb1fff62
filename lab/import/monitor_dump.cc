#include "lab/import/monitor_dump.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "lab/import/monitor_row.h"
#include "lab/import/qemu_log_pattern.h"

namespace iovalab {
namespace {

constexpr size_t kNone = absl::string_view::npos;
constexpr size_t kMaxViews = 4096;
constexpr size_t kMaxAnswers = 20'000;

// A whole line by a pattern of qemu_log_pattern.h.
bool Fits(absl::string_view pattern, absl::string_view line, QemuEvent* event) {
  *event = {};
  return MatchQemuPattern(pattern, line, event) == line.size();
}

class Reader {
 public:
  Reader(absl::string_view file, MonitorDump* dump)
      : file_(file), dump_(*dump) {
    dump_.files.push_back({dump_.lines, std::string(file)});
  }

  absl::Status Read(absl::string_view text) {
    for (const absl::string_view line : absl::StrSplit(text, '\n')) {
      ++dump_.lines;
      if (absl::Status status = Pieces(line); !status.ok()) return status;
    }
    // What follows the last newline is no line.
    if (text.empty() || absl::EndsWith(text, "\n")) --dump_.lines;
    return EndMtree();
  }

 private:
  absl::Status Error(absl::string_view what, uint64_t line = 0) const {
    if (line == 0) line = dump_.lines;
    return absl::InvalidArgumentError(
        absl::StrCat(file_, ":", line - dump_.files.back().before, ": ", what));
  }

  // QMP gives an output as one JSON string, in which newlines are written out.
  absl::Status Pieces(absl::string_view line) {
    if (!absl::StrContains(line, "\\n") || !absl::StrContains(line, '"')) {
      return Line(absl::StripTrailingAsciiWhitespace(line));
    }
    const std::string text = absl::StrReplaceAll(
        line,
        {{"\\r\\n", "\n"}, {"\\n", "\n"}, {"\\\"", "\""}, {"\\\\", "\\"}});
    bool is_first = true;
    for (absl::string_view piece : absl::StrSplit(text, '\n')) {
      const size_t view = piece.find("FlatView #");
      const size_t quote = piece.find(": \"");
      if (is_first && view != kNone) {
        piece.remove_prefix(view);
      } else if (is_first && quote != kNone) {
        piece.remove_prefix(quote + 3);
      }
      is_first = false;
      const absl::Status status =
          Line(absl::StripTrailingAsciiWhitespace(piece));
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status Line(absl::string_view line) {
    QemuEvent e;
    if (Fits("FlatView #%d", line, &e)) return BeginFlatView(e.word[0]);
    if (in_mtree_) {
      if (absl::StartsWith(line, " AS \"")) {
        is_memory_ = is_memory_ || absl::StartsWith(line, " AS \"memory\",");
        return absl::OkStatus();
      }
      if (BeginsLikeSection(line)) return Section(line);
      // Root, "No rendered FlatView", what -d appends.
      if (line.empty() ||
          (line[0] == ' ' && !absl::StrContains(line, "Block Name"))) {
        return absl::OkStatus();
      }
      if (absl::Status status = EndMtree(); !status.ok()) return status;
    }
    if (BeginsLikeSection(line)) {
      if (in_tree_) return absl::OkStatus();
      return Error(
          "a section outside of a flat view; `info mtree -f` begins "
          "with \"FlatView #0\"");
    }
    if (in_blocks_) {
      bool is_row = false;
      const absl::Status status = Block(line, &is_row);
      if (!status.ok() || is_row) return status;
      in_blocks_ = false;
    }
    return Rest(line);
  }

  absl::Status Rest(absl::string_view line) {
    QemuEvent e;
    if (absl::StrContains(line, "Block Name") &&
        absl::StrContains(line, "PSize")) {
      in_blocks_ = true;
      has_hva_ = absl::StrContains(line, "HVA");
      return absl::OkStatus();
    }
    if (absl::StartsWith(line, "Host virtual address for ")) {
      if (!Fits("Host virtual address for 0x%x (%n) is 0x%x", line, &e)) {
        return Error(
            "gpa2hva says \"Host virtual address for GPA (NAME) is "
            "HVA\"");
      }
      dump_.addresses.push_back(
          {dump_.lines, e.word[0], e.word[1], std::string(e.name)});
      if (dump_.addresses.size() <= kMaxAnswers) return absl::OkStatus();
      return Error(
          absl::StrCat("more than ", kMaxAnswers, " answers of gpa2hva"));
    }
    in_tree_ = absl::StartsWith(line, "address-space: ") ||
               absl::StartsWith(line, "memory-region: ") ||
               (in_tree_ && line.empty());
    if (in_tree_ && dump_.tree_line == 0) dump_.tree_line = dump_.lines;
    dump_.foreign += !line.empty();
    return absl::OkStatus();
  }

  absl::Status BeginFlatView(uint64_t number) {
    if (number == 0 || !in_mtree_) {
      if (absl::Status status = EndMtree(); !status.ok()) return status;
      in_mtree_ = true;
      mtree_line_ = dump_.lines;
    }
    if (dump_.views.size() > kMaxViews) {
      return Error(absl::StrCat("more than ", kMaxViews, " memory maps"));
    }
    TakeFlatView();
    in_blocks_ = in_tree_ = is_memory_ = false;
    view_ = {dump_.lines, {}};
    return absl::OkStatus();
  }

  void TakeFlatView() {
    if (!is_memory_ || found_) return;
    found_ = true;
    dump_.views.push_back(std::move(view_));
  }

  absl::Status EndMtree() {
    if (!in_mtree_) return absl::OkStatus();
    TakeFlatView();
    if (!found_) {
      return Error("`info mtree -f` without the flat view of AS \"memory\"",
                   mtree_line_);
    }
    in_mtree_ = found_ = is_memory_ = false;
    return absl::OkStatus();
  }

  absl::Status Section(absl::string_view line) {
    DumpSection s;
    s.line = dump_.lines;
    bool mapped = false;
    const std::string wrong = ParseSection(line, &s, &mapped);
    if (!wrong.empty()) return Error(wrong);
    if (!is_memory_) return absl::OkStatus();
    if (!view_.sections.empty() && s.first <= last_) {
      return Error("sections of a flat view ascend and do not overlap");
    }
    last_ = s.last;
    if (mapped) view_.sections.push_back(std::move(s));
    return absl::OkStatus();
  }

  absl::Status Block(absl::string_view line, bool* is_row) {
    DumpBlock block;
    block.line = dump_.lines;
    const std::string wrong = ParseBlock(line, has_hva_, &block, is_row);
    if (!wrong.empty()) return Error(wrong);
    if (*is_row) dump_.blocks.push_back(std::move(block));
    return absl::OkStatus();
  }

  absl::string_view file_;
  MonitorDump& dump_;
  bool in_mtree_ = false;
  uint64_t mtree_line_ = 0;
  bool is_memory_ = false;  // this flat view is the system's
  bool found_ = false;      // this output has had it
  DumpView view_;
  uint64_t last_ = 0;     // of the section before
  bool in_tree_ = false;  // `info mtree` without -f
  bool in_blocks_ = false;
  bool has_hva_ = false;
};

}  // namespace

bool LooksLikeMonitorDump(absl::string_view beginning) {
  for (const absl::string_view of_log :
       {"vhost_vdpa_dma_", "vhost_vdpa_listener_", "vhost_region_add_",
        "vfio_listener_"}) {
    if (absl::StrContains(beginning, of_log)) return false;
  }
  return absl::StrContains(beginning, "FlatView #") ||
         absl::StrContains(beginning, "Host virtual address for ") ||
         absl::StrContains(beginning, "address-space: ") ||
         (absl::StrContains(beginning, "Block Name") &&
          absl::StrContains(beginning, "PSize"));
}

absl::Status AddMonitorDump(absl::string_view file, absl::string_view text,
                            MonitorDump* dump) {
  return Reader(file, dump).Read(text);
}

std::string PlaceOfLine(absl::Span<const LinesOf> files, uint64_t line) {
  for (size_t i = files.size(); i-- > 0;) {
    if (line > files[i].before) {
      return absl::StrCat(files[i].file, ":", line - files[i].before);
    }
  }
  return absl::StrCat("line ", line);
}

}  // namespace iovalab
