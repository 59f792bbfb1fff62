// What a scenario says beside its lists: name, texts, VMM, kernel, device.

#include "absl/strings/str_cat.h"
#include "lab/scenario/scenario_check.h"
#include "lab/scenario/scenario_iommu.h"
#include "lab/scenario/scenario_time.h"

namespace iovalab {
namespace {

// A table of scattered pages has an entry for each, and its trace an event.
constexpr uint64_t kMostIotlbEntries = uint64_t{1} << 19;

absl::Status LoadVmm(Loading& l) {
  const pb::Vmm& vmm = l.in.vmm();
  if (vmm.has_iova_range()) {
    const Place at = Place().At("vmm").At("iova_range");
    if (absl::Status s = CheckRange(l, at, true, vmm.iova_range(), Align::kAny);
        !s.ok()) {
      return s;
    }
    l.out->iova_range = {Iova(vmm.iova_range().first()),
                         Iova(vmm.iova_range().last())};
  }
  l.out->listener_off_at_start = vmm.listener_off_at_start();
  l.out->no_batch = vmm.no_batch();
  return absl::OkStatus();
}

absl::Status LoadDevice(Loading& l) {
  const pb::Device& device = l.in.device();
  const Place at = Place().At("device");
  if (device.has_latency_ns()) l.out->latency_ns = device.latency_ns();
  l.out->jitter_ns = device.jitter_ns();
  if (device.has_in_flight()) l.out->in_flight = device.in_flight();
  if (l.out->in_flight == 0) {
    return l.where.Error(at.At("in_flight"),
                         "0; the device works on at least 1 request at a time");
  }
  if (absl::Status s = CheckTime(l, at.At("latency_ns"), l.out->latency_ns);
      !s.ok()) {
    return s;
  }
  return CheckTime(l, at.At("jitter_ns"), l.out->jitter_ns);
}

absl::Status LoadIommu(Loading& l) {
  const pb::Iommu& iommu = l.in.iommu();
  const Place at = Place().At("iommu");
  IommuSpec& out = l.out->iommu;
  if (iommu.has_fault_records()) {
    out.fault_records = iommu.fault_records();
    if (iommu.fault_records() == 0) {
      return l.where.Error(at.At("fault_records"),
                           "0; room for at least 1 record");
    }
  }
  if (iommu.has_compress_source()) {
    out.compress_source = iommu.compress_source();
  }
  if (absl::Status s = LoadLeafBytes(l); !s.ok()) return s;
  if (absl::Status s = LoadProcesses(l); !s.ok()) return s;
  if (!iommu.has_source_id()) return absl::OkStatus();
  out.source_id = iommu.source_id();
  if (out.source_id <= UINT16_MAX) return absl::OkStatus();
  return l.where.Error(
      at.At("source_id"),
      absl::StrCat(HexNumber(out.source_id), "; 16 bits, at most 0xffff"));
}

}  // namespace

absl::Status LoadHeader(Loading& l) {
  const Place at;
  if (absl::Status s = CheckIdentifier(l, at.At("name"), l.in.name());
      !s.ok()) {
    return s;
  }
  l.out->name = l.in.name();
  if (l.in.summary().empty()) {
    return l.where.Error(
        at.At("summary"),
        "missing; say in a sentence what is shown and why it matters");
  }
  if (absl::Status s = CheckProse(l, at.At("summary"), l.in.summary());
      !s.ok()) {
    return s;
  }
  if (absl::Status s = CheckProse(l, at.At("source"), l.in.source()); !s.ok()) {
    return s;
  }
  if (absl::Status s = LoadVmm(l); !s.ok()) return s;
  if (l.in.kernel().has_memlock()) l.out->memlock = l.in.kernel().memlock();
  if (l.in.kernel().has_max_iotlb_entries()) {
    l.out->max_iotlb_entries = l.in.kernel().max_iotlb_entries();
    if (*l.out->max_iotlb_entries > kMostIotlbEntries) {
      return l.where.Error(
          at.At("kernel").At("max_iotlb_entries"),
          absl::StrCat(*l.out->max_iotlb_entries, "; at most ",
                       kMostIotlbEntries, ", so that a run fits in memory"));
    }
    if (*l.out->max_iotlb_entries == 0) {
      return l.where.Error(at.At("kernel").At("max_iotlb_entries"),
                           "0; a table holds at least 1");
    }
  }
  l.out->seed = l.in.seed();
  if (absl::Status s = LoadIommu(l); !s.ok()) return s;
  if (absl::Status s = LoadCaches(l); !s.ok()) return s;
  return LoadDevice(l);
}

}  // namespace iovalab
