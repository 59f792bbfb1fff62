#include "lab/import/export_log.h"

#include <iterator>

#include "absl/numeric/int128.h"
#include "fmt/format.h"
#include "lab/scenario/scenario_parse.h"
#include "model/addr/address.h"
#include "model/addr/entry.h"
#include "util/fmt_absl.h"

namespace iovalab {
namespace {

constexpr uint64_t kDev = 0x555500001000;
constexpr uint64_t kVdpa = 0x555500002000;  // 10.0: what all queues share
constexpr int kFd = 9;
constexpr int kMsgV2 = 2;  // VHOST_IOTLB_MSG_V2

// Fields by their place in model/event/kinds.cc.
enum SectionField { kRegion, kFirst, kLast, kHva, kPerm };
enum MessageField { kType, kAsid, kIova, kSize, kUaddr, kMsgPerm, kErr };

// Whether QEMU's line of a skipped section is all that is said of it, and the
// flags of that line.
struct SkipRow {
  Rule rule;
  int is_ram, is_protected, is_ram_device;
};
constexpr SkipRow kSkips[] = {
    {Rule::kLsnSkipNotRam, 0, 0, 0},    {Rule::kLsnSkipRamDevice, 1, 0, 1},
    {Rule::kLsnSkipProtected, 1, 1, 0}, {Rule::kLsnBelowRange, 1, 0, 0},
    {Rule::kLsnAboveRange, 1, 0, 0},
};

class Writer {
 public:
  explicit Writer(const Trace& trace) : trace_(trace) {
    absl::string_view vmm, mapping;
    for (const auto& [axis, value] : trace.header.policies) {
      if (axis == "vmm") vmm = value;
      if (axis == "mapping") mapping = value;
    }
    recent_ = vmm.empty() ? mapping != "hva" : vmm != "qemu_7_2";
  }

  absl::StatusOr<ExportedLog> Run() {
    Head();
    uint64_t said = 0;
    for (EventIndex i = 0; i < trace_.size(); ++i) {
      time_ = trace_.event(i).time;
      switch (trace_.event(i).kind) {
        case Kind::kRegionAdd:
        case Kind::kRegionDel:
          Section(i);
          ++said;
          break;
        case Kind::kVdpaMsg:
          Message(trace_.words(i));
          ++said;
          break;
        case Kind::kReset:
          Line(recent_ ? fmt::format("vhost_vdpa_reset_device dev: {:#x}", kDev)
                       : fmt::format("vhost_vdpa_reset_device dev: {:#x} "
                                     "status: 0x0",
                                     kDev));
          break;
        case Kind::kRegionSkip:
          if (trace_.event(i).rule == Rule::kLsnIommuRegion) return Viommu();
          break;
        case Kind::kNotify:
          return Viommu();
        default:
          break;
      }
    }
    if (said == 0) {
      return absl::InvalidArgumentError(
          "the trace has no listener events and no messages to vhost-vdpa, "
          "which a QEMU log is about");
    }
    if (refused_ > 0) {
      log_.notes.push_back(
          fmt::format("{} messages that the kernel refused: a log has them as "
                      "if they had been obeyed",
                      refused_));
    }
    if (hidden_asids_ > 0) {
      log_.notes.push_back(
          fmt::format("{} messages are of an address space other than 0, which "
                      "QEMU 7.2 does not print",
                      hidden_asids_));
    }
    if (unaligned_ > 0) {
      log_.notes.push_back(
          fmt::format("{} sections with another in-page offset than their "
                      "memory: QEMU reports an error and traces nothing",
                      unaligned_));
    }
    return std::move(log_);
  }

 private:
  static absl::Status Viommu() {
    return absl::InvalidArgumentError(
        "the trace has a vIOMMU: a QEMU log does not tell what it maps from "
        "host-only memory");
  }

  // As `-msg timestamp=on` begins it, in simulated time.
  void Line(absl::string_view text) {
    const int64_t us = time_ / 1000;
    fmt::format_to(std::back_inserter(log_.text), "1@{}.{:06}:{}\n",
                   us / 1'000'000, us % 1'000'000, text);
  }

  void Head() {
    Line(recent_ ? fmt::format("vhost_vdpa_init dev: {:#x}, common dev: {:#x} "
                               "vdpa: {:#x}",
                               kDev, kVdpa, kVdpa + 0x1000)
                 : fmt::format("vhost_vdpa_init dev: {:#x} vdpa: {:#x}", kDev,
                               kVdpa));
    pb::Scenario scenario;
    Locations locations("scenario");
    if (!ParseScenarioText(trace_.header.scenario, LoadLimits(), &locations,
                           &scenario)
             .ok()) {
      return;
    }
    if (scenario.vmm().has_iova_range()) {
      iova_first_ = scenario.vmm().iova_range().first();
      iova_last_ = scenario.vmm().iova_range().last();
    }
    Line(fmt::format(
        "vhost_vdpa_get_iova_range dev: {:#x} first: {:#x} last: {:#x}", kDev,
        iova_first_, iova_last_));
  }

  // The rule of the skip that is the whole answer to a section; kNone where it
  // is mapped or unmapped, or that was tried.
  Rule SkippedBy(EventIndex section) const {
    for (EventIndex i = section + 1; i < trace_.size(); ++i) {
      const EventRecord& e = trace_.event(i);
      if (e.kind == Kind::kRegionSkip && e.cause == section) return e.rule;
      if (e.kind == Kind::kRegionAdd || e.kind == Kind::kRegionDel ||
          e.kind == Kind::kStep) {
        break;
      }
    }
    return Rule::kNone;
  }

  void Section(EventIndex i) {
    const Rule skipped = SkippedBy(i);
    for (const SkipRow& row : kSkips) {
      if (row.rule == skipped) return Skipped(row);
    }
    const auto words = trace_.words(i);
    if (skipped == Rule::kLsnMisaligned) {
      ++unaligned_;
      return;
    }
    // Whole pages, as the listener has cut them before it is traced.
    constexpr absl::uint128 kMask = ~absl::uint128(kPageSize - 1);
    const absl::uint128 first =
        (absl::uint128(words[kFirst]) + (kPageSize - 1)) & kMask;
    const absl::uint128 end = (absl::uint128(words[kLast]) + 1) & kMask;
    if (first >= end) return;
    const uint64_t begin = absl::Uint128Low64(first);
    const uint64_t hva = words[kHva] + (begin - words[kFirst]);
    const uint64_t llend = absl::Uint128Low64(end);
    if (trace_.event(i).kind == Kind::kRegionAdd) {
      Line(fmt::format(
          "vhost_vdpa_listener_region_add vdpa: {:#x} iova {:#x} "
          "llend {:#x} vaddr: {:#x} read-only: {}",
          kVdpa, begin, llend, hva, (words[kPerm] & kPermWrite) == 0 ? 1 : 0));
    } else {
      Line(
          fmt::format("vhost_vdpa_listener_region_del vdpa: {:#x} iova {:#x} "
                      "llend {:#x}",
                      kVdpa, begin, recent_ ? llend - 1 : llend));
    }
  }

  void Skipped(const SkipRow& row) {
    if (!recent_) return;  // 7.2 says nothing
    Line(
        fmt::format("vhost_vdpa_skipped_memory_section is_ram={}, is_iommu=0, "
                    "is_protected={}, is_ram_device={} iova_min={:#x} "
                    "iova_last={:#x} page_mask=0xfffff000",
                    row.is_ram, row.is_protected, row.is_ram_device,
                    iova_first_, iova_last_));
  }

  void Message(absl::Span<const uint64_t> words) {
    const auto type = static_cast<VdpaMsgType>(words[kType]);
    refused_ += words[kErr] != 0;
    const absl::string_view pointer = recent_ ? "vdpa_shared" : "vdpa";
    const std::string who = fmt::format("{}:{:#x} fd: {} msg_type: {}", pointer,
                                        kVdpa, kFd, kMsgV2);
    const std::string asid =
        recent_ ? fmt::format(" asid: {}", words[kAsid]) : "";
    switch (type) {
      case VdpaMsgType::kUpdate:
        hidden_asids_ += !recent_ && words[kAsid] != 0;
        return Line(fmt::format(
            "vhost_vdpa_dma_map {}{} iova: {:#x} size: {:#x} uaddr: {:#x} "
            "perm: {:#x} type: {}",
            who, asid, words[kIova], words[kSize], words[kUaddr],
            words[kMsgPerm], static_cast<int>(type)));
      case VdpaMsgType::kInvalidate:
        hidden_asids_ += !recent_ && words[kAsid] != 0;
        return Line(fmt::format(
            "vhost_vdpa_dma_unmap {}{} iova: {:#x} size: {:#x} type: {}", who,
            asid, words[kIova], words[kSize], static_cast<int>(type)));
      case VdpaMsgType::kBatchBegin:
        return Line(fmt::format("vhost_vdpa_listener_begin_batch {} type: {}",
                                who, static_cast<int>(type)));
      case VdpaMsgType::kBatchEnd:
        return Line(fmt::format("vhost_vdpa_listener_commit {} type: {}", who,
                                static_cast<int>(type)));
      default:
        return;
    }
  }

  const Trace& trace_;
  ExportedLog log_;
  bool recent_ = false;  // 10.0's form
  int64_t time_ = 0;
  uint64_t iova_first_ = 0;
  uint64_t iova_last_ = 0xffffffffffff;  // scenario.proto's default
  uint64_t refused_ = 0;
  uint64_t hidden_asids_ = 0;
  uint64_t unaligned_ = 0;
};

}  // namespace

absl::StatusOr<ExportedLog> ExportQemuLog(const Trace& trace) {
  return Writer(trace).Run();
}

}  // namespace iovalab
