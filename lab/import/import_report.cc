// The telling half of import_report.h.

#include "lab/import/import_report.h"

#include <iterator>

#include "fmt/format.h"
#include "util/fmt_absl.h"

namespace iovalab {
namespace {

using K = QemuEventKind;

class Teller {
 public:
  Teller(absl::string_view file, const Import& import,
         const ImportBlocks& blocks)
      : file_(file), import_(import), blocks_(blocks) {}

  std::string Tell(const ImportReport& report) {
    if (import_.files.empty()) {
      Contents();
    } else {
      DumpContents();
    }
    for (size_t i = 0; i < report.devices.size(); ++i) {
      Device(import_.devices[i], report.devices[i]);
    }
    if (report.devices.empty()) {
      Line(
          "{}: cannot tell: no vhost_vdpa_, vhost_region_ or vfio_listener_ "
          "events in the log",
          file_);
    }
    return std::move(text_);
  }

 private:
  template <typename... Args>
  void Line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format,
                   std::forward<Args>(args)...);
    text_ += '\n';
  }

  static std::string Range(uint64_t first, uint64_t last) {
    return fmt::format("[{:#x}, {:#x}]", first, last);
  }

  std::string Place(uint64_t hva) const {
    const ImportBlock* block = blocks_.Find(hva);
    if (block == nullptr) return "memory that no section shows";
    return fmt::format("{} + {:#x}", block->name, hva - block->hva);
  }

  static std::string Thing(const MappedThing& t) {
    if (!t.host_only) return "GPA " + Range(t.first, t.last);
    return t.line == 0 ? std::string("host-only memory (vring, control buffer)")
                       : "host-only memory at HVA " + Range(t.first, t.last);
  }

  void Contents() {
    const QemuLogCounts& n = import_.counts;
    Line(
        "{}: {} lines: {} events known, {} other, {} foreign, {} damaged, {} "
        "blank",
        file_, n.lines, n.known, n.other, n.foreign, n.damaged, n.blank);
    if (n.damaged > 0) {
      Line("{}:{}: the first damaged line; what it said is missing below",
           file_, n.first_damaged_line);
    }
    if (n.trailing > 0) {
      Line("{}:{}: unknown text after the event (\"{}\"), ignored on {} lines",
           file_, n.first_trailing_line, n.first_trailing, n.trailing);
    }
    const uint64_t faults = n.by_kind[static_cast<int>(K::kVtdFault)];
    if (faults > 0) Line("{}: {} faults of an intel-iommu", file_, faults);
  }

  void DumpContents() {
    Line("{}: {} memory map{}, {} RAM block{}", file_, import_.views,
         import_.views == 1 ? "" : "s", import_.names.size(),
         import_.names.size() == 1 ? "" : "s");
    if (import_.what_if == 0) return;
    Line(
        "{}: nothing goes in what was given; the scenario lets {} aliasing "
        "section{} go and come back",
        file_, import_.what_if, import_.what_if == 1 ? "" : "s");
  }

  // Of a log, or of several files of a dump.
  std::string LineText(uint64_t line) const {
    return PlaceOfLine(import_.files, line);
  }

  void Device(const ImportDevice& device, const DeviceReport& r) {
    static constexpr absl::string_view kVerdicts[] = {"not hit", "cannot tell",
                                                      "EXPOSED", "HIT"};
    const absl::string_view verdict = kVerdicts[static_cast<int>(r.verdict)];
    const size_t adds = device.CountOps(ImportOpKind::kRegionAdd);
    const size_t dels = device.CountOps(ImportOpKind::kRegionDel);
    if (device.source == ImportSource::kMonitor) {
      Line("{}: {} sections of RAM and ROM come, {} go, up to {} at one time",
           file_, adds, dels, r.sections_max);
      Line("{}: {}: {}", file_, verdict, r.reason);
    } else {
      Line(
          "{}: device {}: {} region_add, {} region_del, {} maps and unmaps, up "
          "to {} sections at one time",
          file_, r.device, adds, dels, device.logged.size(), r.sections_max);
      Line("{}: device {}: {}: {}", file_, r.device, verdict, r.reason);
    }
    for (const AliasPair& a : r.aliases) Alias(a);
    if (r.more_aliases) Line("  and more aliases");
    for (const WrongUnmap& w : r.wrong) Wrong(w);
    if (r.wrong_count > r.wrong.size()) {
      Line("  and {} more", r.wrong_count - r.wrong.size());
    }
    for (const MappedThing& t : r.stale) {
      Line("  still mapped at the end though deleted: IOVA {}, {} (line {})",
           Range(t.iova, t.iova_last), Thing(t), t.line);
    }
  }

  void Alias(const AliasPair& a) {
    Line(
        "  alias: GPA {} is the same memory as GPA {} ({}, {:#x} bytes; since "
        "{})",
        Range(a.shared_b_first, a.shared_b_first + (a.shared_size - 1)),
        Range(a.shared_a_first, a.shared_a_first + (a.shared_size - 1)),
        Place(a.hva), a.shared_size, LineText(a.line));
    Line("         of the sections {} and {}", Range(a.b_first, a.b_last),
         Range(a.a_first, a.a_last));
  }

  void Wrong(const WrongUnmap& w) {
    Line("  line {}: for {} it unmapped IOVA {}", w.line, Thing(w.self),
         Range(w.iova, w.iova_last));
    for (const MappedThing& t : w.removed) {
      Line("    which removed the mapping of {}, IOVA {} (line {})", Thing(t),
           Range(t.iova, t.iova_last), t.line);
    }
    if (w.removed_count > w.removed.size()) {
      Line("    and {} more", w.removed_count - w.removed.size());
    }
    if (w.removed_count == 0) Line("    where nothing was mapped");
    if (w.removed_live) {
      Line(
          "    the guest still has that memory: the device's access to it "
          "faults from here on");
    }
    if (w.self_stays) {
      Line("    its own mapping, IOVA {} (line {}), stays: stale",
           Range(w.self.iova, w.self.iova_last), w.self.line);
    } else if (!w.self.host_only && w.self.line != 0) {
      Line("    its own mapping, IOVA {} (line {}), was gone before",
           Range(w.self.iova, w.self.iova_last), w.self.line);
    }
  }

  absl::string_view file_;
  const Import& import_;
  const ImportBlocks& blocks_;
  std::string text_;
};

}  // namespace

std::string ReportText(absl::string_view file, const Import& import,
                       const ImportBlocks& blocks, const ImportReport& report) {
  return Teller(file, import, blocks).Tell(report);
}

}  // namespace iovalab
