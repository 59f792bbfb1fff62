#include "lab/import/vtd/vtd_report.h"

#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fmt/format.h"
#include "lab/import/vtd/vtd_domains.h"
#include "lab/import/vtd/vtd_replay.h"
#include "model/kernel/iommu_fault_text.h"
#include "util/fmt_absl.h"

namespace iovalab {
namespace {

using K = VtdLineKind;

std::string OfFile(const VtdCapture& c, const VtdFile& file) {
  switch (file.kind) {
    case VtdFileKind::kQemu:
      return fmt::format(
          "{} translations ({} from the IOTLB), {} invalidations, {} faults "
          "({} recorded)",
          c.Count(K::kTranslate), c.Count(K::kCacheHit),
          c.Count(K::kFlushPages) + c.Count(K::kFlushDomain) +
              c.Count(K::kFlushGlobal),
          c.Count(K::kFault), c.Count(K::kRecord));
    case VtdFileKind::kFtrace:
      return fmt::format("{} maps, {} unmaps, {} invalidations{}",
                         c.Count(K::kMap), c.Count(K::kUnmap),
                         c.Count(K::kCommand),
                         c.ftrace_entries > c.ftrace_lines
                             ? fmt::format("; cut: {} of {} entries",
                                           c.ftrace_lines, c.ftrace_entries)
                             : "");
    default:
      return fmt::format("{} faults", c.Count(K::kDmesgFault));
  }
}

void Files(const VtdCapture& capture, std::string& text) {
  for (const VtdFile& file : capture.files) {
    absl::StrAppend(&text, fmt::format("{}: {}, {} lines: {}\n", file.path,
                                       VtdFileKindName(file.kind), file.lines,
                                       OfFile(capture, file)));
    if (file.damaged == 0) continue;
    absl::StrAppend(&text,
                    fmt::format("  {} damaged lines, the first is line {}\n",
                                file.damaged, file.first_damaged_line));
  }
}

void Devices(const VtdDomains& domains, std::string& text) {
  for (const uint32_t domain : domains.domains()) {
    std::set<std::string> devices;
    for (const auto& [source, of] : domains.devices()) {
      if (of == domain) devices.insert(DeviceText(source));
    }
    absl::StrAppend(
        &text, fmt::format("domain 0x{:x}: {}\n", domain,
                           devices.empty()
                               ? "no device's access in the trace"
                               : absl::StrCat("device ",
                                              absl::StrJoin(devices, ", "))));
  }
}

// Each kind of fault once, with how often.
void Faults(const VtdCapture& capture, std::string& text) {
  struct Seen {
    const VtdLine* first;
    uint64_t count;
  };
  std::vector<Seen> seen;
  constexpr size_t kMost = 20;
  for (const VtdLine& l : capture.qemu) {
    if (l.kind != K::kFault) continue;
    bool again = false;
    for (Seen& s : seen) {
      if (s.first->source != l.source || s.first->write != l.write ||
          s.first->address >> 12 != l.address >> 12) {
        continue;
      }
      ++s.count;
      again = true;
      break;
    }
    if (!again && seen.size() < kMost) seen.push_back({&l, 1});
  }
  for (const Seen& s : seen) {
    absl::StrAppend(
        &text,
        fmt::format("fault: {} of page 0x{:x} by {}, reason {}, {} times from "
                    "line {}\n",
                    s.first->write ? "write" : "read",
                    s.first->address & ~uint64_t{0xfff},
                    DeviceText(s.first->source), s.first->reason, s.count,
                    s.first->line));
  }
}

std::string Of(const VtdTally& t) {
  return fmt::format("reproduced {} of {}", t.reproduced, t.total);
}

void Replayed(const VtdCapture& capture, const VtdOrder& order,
              const VtdReplay& r, std::string& text) {
  const auto add = [&](const std::string& line) {
    absl::StrAppend(&text, line, "\n");
  };
  add(
      fmt::format("{} invalidations are in both the guest's ftrace and QEMU's "
                  "trace",
                  order.matched));
  add(
      fmt::format("tables: VT-d second stage, {} levels, {} maps; {} pages "
                  "mapped at most, {} where ftrace ends",
                  r.levels, r.maps, r.most_pages, r.mapped_pages));
  if (r.maps_without_domain > 0) {
    add(fmt::format("{} maps left out: nothing tells their domain",
                    r.maps_without_domain));
  }
  if (r.maps_refused > 0) {
    add(fmt::format("{} maps left out: they do not fit the tables",
                    r.maps_refused));
  }
  if (r.faults_after_guest > 0) {
    add(
        fmt::format("{} faults are later than the guest's ftrace: judged by "
                    "its last maps, less what was invalidated since",
                    r.faults_after_guest));
  }
  add(absl::StrCat("translations: ", Of(r.translations)));
  add(fmt::format("IOTLB hits and misses: {} (as {})", Of(r.hits), r.cache));
  add(
      fmt::format("fault records: {} ({} recorded, {} not: an earlier one of "
                  "the device waited; {} not: no room)",
                  Of(r.records), r.faults_reported, r.faults_compressed,
                  r.faults_overflowed));
  if (capture.dmesg.empty()) {
    add("dmesg: not among the files");
  } else {
    const uint64_t lines = capture.Count(K::kDmesgFault);
    add(fmt::format("dmesg lines: {}{}", Of(r.dmesg),
                    lines < r.faults_reported
                        ? fmt::format("; dmesg has {} of {} reported faults",
                                      lines, r.faults_reported)
                        : ""));
  }
  for (const VtdMismatch& m : r.mismatches) {
    add(fmt::format("  line {}: {}", m.line, m.what));
  }
  add(absl::StrCat("faults: ", Of(r.faults)));
}

}  // namespace

VtdReport ReportVtdCapture(const VtdCapture& capture) {
  VtdReport report;
  Files(capture, report.text);
  Devices(VtdDomains(capture), report.text);
  Faults(capture, report.text);
  const absl::StatusOr<VtdOrder> order = OrderVtdCapture(capture);
  if (!order.ok()) {
    absl::StrAppend(&report.text, "no replay: ", order.status().message(),
                    "\n");
    return report;
  }
  const VtdReplay replay = ReplayVtdCapture(capture, *order);
  report.differs = !replay.all();
  Replayed(capture, *order, replay, report.text);
  return report;
}

}  // namespace iovalab
