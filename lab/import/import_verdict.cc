#include "lab/import/import_verdict.h"

#include "fmt/format.h"

namespace iovalab {
namespace {

struct Conclusion {
  HitVerdict verdict;
  absl::string_view reason;
};

Conclusion OfVdpa(const ImportDevice& device, const DeviceReport& r) {
  if (device.logged.empty()) {
    return {HitVerdict::kUnknown,
            "the log has no vhost_vdpa_dma_map and _unmap lines"};
  }
  if (!r.paired) {
    return {HitVerdict::kUnknown,
            "none of its maps follows a region_add of the log, so whose memory "
            "they are is not known"};
  }
  if (!r.shadowed) {
    return {HitVerdict::kNotHit,
            "no shadow queue: IOVA = GPA, so there is no tree to ask"};
  }
  if (r.aliases.empty()) {
    return {HitVerdict::kNotHit,
            "no two sections that were mapped at one time share host memory"};
  }
  if (r.told_by_gpa) {
    return {HitVerdict::kNotHit,
            "sections alias, but each unmap removed its own mapping where a "
            "look-up by HVA would have found another: this QEMU looks up by "
            "GPA"};
  }
  return {HitVerdict::kNotHit,
          "sections alias, but none of them was unmapped in a way that would "
          "tell a look-up by HVA from one by GPA"};
}

Conclusion OfMonitor(const DeviceReport& r) {
  if (r.aliases.empty()) {
    return {HitVerdict::kNotHit,
            "no two sections share host memory, so a look-up by HVA finds the "
            "right one"};
  }
  return {HitVerdict::kExposed,
          "sections alias: with x-svq=on a QEMU before 10.0 looks up by HVA, "
          "and unmaps another's memory when one of them goes"};
}

Conclusion OfOthers(ImportSource source) {
  return {HitVerdict::kNotHit,
          source == ImportSource::kVfio
              ? "vfio maps at IOVA = GPA, so there is no tree to ask"
              : "vhost-user and kernel vhost get the whole memory table, so "
                "there is no tree to ask"};
}

}  // namespace

void ConcludeDevice(const ImportDevice& device, DeviceReport* report) {
  if (report->wrong_count > 0) {
    report->verdict = HitVerdict::kHit;
    report->reason =
        fmt::format("{} of its unmaps removed a mapping that was not its own",
                    report->wrong_count);
    return;
  }
  const bool beside = device.source == ImportSource::kVhost ||
                      device.source == ImportSource::kVfio;
  const Conclusion c = device.source == ImportSource::kMonitor
                           ? OfMonitor(*report)
                       : beside ? OfOthers(device.source)
                                : OfVdpa(device, *report);
  report->verdict = c.verdict;
  report->reason = std::string(c.reason);
  if (!beside || report->aliases.empty()) return;
  report->reason +=
      "; a vDPA device with x-svq=on beside it, in a QEMU before 10.0, would "
      "be exposed by the aliases below";
}

}  // namespace iovalab
