// The platform's IOMMU: its tables' format, and what becomes of its faults.

#include "model/machine_state.h"
#include "model/profile/latency.h"
#include "sim/time.h"

namespace iovalab {
namespace {

// The last value of the field `dialect`: none of the table's.
constexpr uint64_t kNoDialect = kFaultDialects;

// Stream of random numbers (others: machine.cc).
constexpr uint64_t kWindowStream = 3;

FaultQueue QueueOf(const IommuDriver& driver,
                   std::optional<FaultDialect> dialect, const IommuSpec& spec) {
  FaultQueue queue;
  if (!dialect) return queue;
  queue.shape =
      FaultQueueOf(*dialect, spec.fault_records.value_or(driver.fault_records));
  queue.shape.compress_source =
      spec.compress_source.value_or(driver.compress_source);
  return queue;
}

FaultCause CauseOf(const Format& format, const Walked& walk, bool write,
                   FaultPlace place) {
  const bool first =
      format.family == Family::kRiscvS || format.family == Family::kLpaeS1;
  return {walk.reason, write ? FaultAccess::kWrite : FaultAccess::kRead,
          static_cast<uint8_t>(first ? 1 : 2), place};
}

// A stream table entry that says "abort".
bool Silent(const IommuDriver& driver, const FaultCause& cause) {
  return driver.blocked == BlockedDevice::kBlocksSilently &&
         cause.reason == IommuFault::kTypeBlocked &&
         cause.place == FaultPlace::kRoot;
}

}  // namespace

const IommuDriver* IommuDriverOf(const RunPolicies& policies) {
  if (policies.device.map_api != MapApi::kPlatform) return nullptr;
  return policies.iommu != nullptr ? policies.iommu
                                   : VtdDriverFor(policies.device.iova_last);
}

void Machine::SetUpIommu() {
  const IommuDriver* driver = IommuDriverOf(policies_);
  if (driver == nullptr) return;
  IommuDomain& domain = vdpa_.domain;
  const IommuSpec& spec = scenario_.iommu;
  domain.table = IommuTable(driver, spec.leaf_sizes);
  domain.has_hardware = true;
  domain.flush.shape.policy = policies_.invalidation;
  dialect_ = driver->dialect;
  // Processes are VT-d's in scalable mode alone.
  if (dialect_ == FaultDialect::kVtdLegacy && !spec.processes.empty()) {
    dialect_ = FaultDialect::kVtdScalable;
  }
  faults_ = QueueOf(*driver, dialect_, spec);
  contexts_ = UsesContexts();
  if (contexts_) domain.context_of = spec.source_id;
  unit_ = TranslationUnit(UnitShapeOf(spec), spec.source_id);
  unit_.shows_walks = spec.show_walks;
  unit_.window.mode = policies_.window;
  unit_.window.script = policies_.window_script;
  unit_.window.random = sim::Random(result_.trace.header.seed, kWindowStream);
  if (spec.atc) domain.ats = spec.source_id;
}

PlatformIommu Machine::Platform(std::optional<uint32_t> pasid) {
  const IommuTable& table = vdpa_.domain.table;
  const DeviceContext* context = pasid ? &pasid_context_ : &context_;
  return {&table.pages,
          &unit_,
          table.driver->msi_window,
          table.driver->is_vtd(),
          contexts_ ? context : nullptr,
          pasid};
}

void Machine::IommuRefuses(Sink& sink, uint32_t request, const DmaPiece& piece,
                           bool write) {
  const Walked& walk = piece.walk;
  if (walk.reason == IommuFault::kNone) return;
  const IommuDriver& driver = *vdpa_.domain.table.driver;
  const Format& format = *driver.format;
  // The driver is through with what it was told of.
  if (sink.time() >= faults_taken_) {
    while (FaultQueuePop(faults_)) {
    }
    FaultQueueClearOverflow(faults_);
  }
  FaultFate fate = FaultFate::kRecorded;
  uint64_t dialect = kNoDialect;
  const FaultCause cause = CauseOf(format, walk, write, PlaceOf(piece));
  const bool of_walk = piece.place == FaultPlace::kPages;
  uint32_t code = of_walk
                      ? walk.native_code
                      : format.ops->fault_code(
                            walk.reason, write ? kAccessWrite : kAccessRead);
  if (dialect_) {
    dialect = static_cast<uint64_t>(*dialect_);
    std::optional<DmaFault> fault =
        MakeFault(*dialect_, cause, scenario_.iommu.source_id, piece.iova);
    sim::Check(!of_walk || dialect_ != driver.dialect ||
                   (fault && fault->code == walk.native_code),
               "a format's codes are its dialect's");
    if (Silent(driver, cause)) fault.reset();
    code = fault ? fault->code : 0;
    fate = fault ? PushFault(sink, *fault, piece.pasid) : FaultFate::kSilent;
  }
  const bool walked = walk.level >= 0;
  const auto level =
      static_cast<uint64_t>(int64_t{format.native_level(walk.level)});
  sink.Emit(Kind::kIommuFault, Actor::kIommu, piece.rule,
            {request, piece.iova, write ? kPermWrite : kPermRead,
             sink.Intern(driver.name), static_cast<uint64_t>(walk.reason),
             dialect, code, walked ? level : UINT64_MAX,
             walked ? walk.pte_address : UINT64_MAX,
             walked ? walk.pte : UINT64_MAX, scenario_.iommu.source_id,
             fate == FaultFate::kRecorded, static_cast<uint64_t>(fate),
             piece.pasid ? uint64_t{*piece.pasid} : UINT64_MAX});
}

FaultFate Machine::PushFault(Sink& sink, DmaFault fault,
                             std::optional<uint32_t> pasid) {
  if (faults_.shape.capacity == 0) return FaultFate::kRecorded;
  fault.has_pasid = pasid.has_value();
  fault.pasid = pasid.value_or(0);
  const FaultReport report = FaultQueuePush(faults_, fault);
  if (report.interrupt) {
    faults_taken_ = sim::SaturatingAdd(sink.time(), kFaultHandlerNs);
  }
  return report.fate;
}

}  // namespace iovalab
