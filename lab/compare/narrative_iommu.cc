#include "lab/compare/narrative_iommu.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "lab/trace/trace_fields.h"
#include "model/iommu/fault_queue.h"
#include "model/kernel/iommu_fault_text.h"

namespace iovalab {
namespace {

std::string Lost(uint64_t fate) {
  return fate <= static_cast<uint64_t>(FaultFate::kSilent)
             ? std::string(FaultFateName(static_cast<FaultFate>(fate)))
             : absl::StrCat(fate);
}

// The record that the hardware wrote of a fault that was reported; nothing
// where we know of none.
std::optional<FaultRecord> RecordOf(const EventFields& f) {
  if (f["reported"] == 0 || f["dialect"] >= kFaultDialects) return std::nullopt;
  DmaFault fault;
  fault.dialect = static_cast<FaultDialect>(f["dialect"]);
  const FaultRowInfo* row =
      FaultRow(fault.dialect, static_cast<uint16_t>(f["code"]));
  if (row == nullptr) return std::nullopt;
  fault.cause.reason = static_cast<IommuFault>(f["reason"]);
  fault.cause.access = f["access"] == uint64_t{kAccessWrite}
                           ? FaultAccess::kWrite
                           : FaultAccess::kRead;
  fault.code = row->code;
  fault.source_id = static_cast<uint32_t>(f["source_id"]);
  fault.address = f["iova"];
  fault.has_pasid = f["pasid"] != UINT64_MAX;
  if (fault.has_pasid) fault.pasid = static_cast<uint32_t>(f["pasid"]);
  return ToRecord(fault);
}

// Its 64-bit words, the lowest address first.
std::string RecordWords(const FaultRecord& record) {
  std::string words;
  for (size_t i = 0; i < record.size / 8u; ++i) {
    absl::StrAppendFormat(&words, " 0x%016x", record.words[i]);
  }
  return words;
}

}  // namespace

std::vector<std::string> IommuFaultDmesg(const Trace& trace, EventIndex i) {
  const EventFields f(trace, i);
  const std::optional<FaultRecord> record = RecordOf(f);
  if (!record) return {};
  return FaultText(static_cast<FaultDialect>(f["dialect"]), *record);
}

std::string IommuFaultLine(const Trace& trace, EventIndex i) {
  const EventFields f(trace, i);
  std::string text = absl::StrFormat(
      "IOMMU %s refuses IOVA 0x%x: %s, code 0x%x", trace.name(f["format"]),
      f["iova"], IommuFaultName(static_cast<IommuFault>(f["reason"])),
      f["code"]);
  if (f["pasid"] != UINT64_MAX) {
    absl::StrAppendFormat(&text, ", PASID %d", f["pasid"]);
  }
  if (f["level"] != UINT64_MAX) {
    absl::StrAppendFormat(&text, ", entry 0x%x of level %d", f["pte"],
                          static_cast<int64_t>(f["level"]));
  }
  if (f["reported"] == 0) {
    return absl::StrCat(text, "; not reported (", Lost(f["fate"]), ")");
  }
  if (const std::optional<FaultRecord> record = RecordOf(f)) {
    absl::StrAppend(&text, "\n  record:", RecordWords(*record));
  }
  for (const std::string& line : IommuFaultDmesg(trace, i)) {
    absl::StrAppend(&text,
                    "\n  dmesg: ", absl::StrReplaceAll(line, {{"\t", "  "}}));
  }
  return text;
}

std::string InvalidatedLine(const Trace& trace, EventIndex i) {
  const EventFields f(trace, i);
  const uint64_t entries = f["iotlb"] + f["walk"] + f["atc"];
  if (entries == 0) return "";
  return absl::StrFormat("  the IOMMU forgets %d cached %s", entries,
                         entries == 1 ? "translation" : "translations");
}

std::string PoisonLine(const Trace& trace, EventIndex i) {
  const EventFields f(trace, i);
  const auto level = static_cast<int64_t>(f["level"]);
  if (f["done"] == 0) {
    return absl::StrFormat(
        "no table has an entry of level %d for IOVA 0x%x; nothing is damaged",
        level, f["iova"]);
  }
  return absl::StrFormat(
      "entry of level %d for IOVA 0x%x, at 0x%x, was 0x%x and is 0x%x", level,
      f["iova"], f["pte_at"], f["was"], f["pte"]);
}

}  // namespace iovalab
