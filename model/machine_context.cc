// What the platform's IOMMU knows of the device, and damage to its tables.

#include <algorithm>

#include "model/iommu/page_table_source.h"
#include "model/machine_state.h"

namespace iovalab {
namespace {

constexpr StoreId kProcessStore{StoreKind::kProcess, 0};

// A directory entry of VT-d's is for 64 PASIDs (specification 9.5); the first
// is there for requests without, which Linux gives PASID 0.
constexpr int kPasidsOfEntry = 6;

ContextKind KindOf(ContextSpec spec) {
  static_assert(static_cast<int>(ContextSpec::kTranslated) ==
                static_cast<int>(ContextKind::kTranslated));
  return static_cast<ContextKind>(spec);
}

// What translates: the tables as one stage.
DeviceContext MakeContext(ContextKind kind, const PageTable& pages,
                          uint32_t domain,
                          const std::vector<ProcessSpec>& processes) {
  const Format& f = pages.format();
  const TableRoot root{&f, pages.TableAddress(f.root_level(), 0)};
  DeviceContext context;
  context.kind = kind;
  context.domain = static_cast<uint16_t>(domain);
  const bool first = f.family == Family::kRiscvS || f.family == Family::kLpaeS1;
  (first ? context.first : context.second) = root;
  context.has_processes = !processes.empty();
  for (const ProcessSpec& spec : processes) {
    ProcessContext process;
    process.pasid = spec.pasid;
    process.kind = KindOf(spec.kind);
    context.processes.push_back(process);
  }
  return context;
}

// The level, counted from the last; nothing where the format has none such.
std::optional<int> LevelOf(const PageTable& pages, const StepSpec& step) {
  const Format& f = pages.format();
  const uint64_t iova = step.iova.first.value;
  if (!f.Translates(iova)) return std::nullopt;
  if (!step.entry.level && !step.entry.above_last) {
    return WalkTable(pages, iova, {}).level;
  }
  for (int level = 0; level < f.levels; ++level) {
    if (step.entry.level ? f.native_level(level) == *step.entry.level
                         : level == static_cast<int>(*step.entry.above_last)) {
      return level;
    }
  }
  return std::nullopt;
}

}  // namespace

// A trace of a scenario in which they cannot matter says nothing of contexts.
bool Machine::UsesContexts() const {
  return !scenario_.iommu.processes.empty() ||
         std::any_of(scenario_.steps.begin(), scenario_.steps.end(),
                     [](const StepSpec& step) {
                       return step.kind == StepKind::kContext || step.pasid;
                     });
}

void Machine::StartContexts(Sink& sink) {
  if (!contexts_) return;
  TakeContext(ContextKind::kTranslated);
  for (const ProcessSpec& process : scenario_.iommu.processes) {
    sink.Add(kProcessStore,
             {process.pasid, process.pasid,
              static_cast<uint64_t>(KindOf(process.kind)),
              vdpa_.domain.flush.domain, kPermNone},
             Rule::kIommuProcess, Actor::kKernel);
    sink.Flush();  // an event each, to be read by PASID
  }
}

void Machine::TakeContext(ContextKind kind) {
  const IommuDomain& domain = vdpa_.domain;
  const auto make = [&](ContextKind k) {
    return MakeContext(k, domain.table.pages, domain.flush.domain,
                       scenario_.iommu.processes);
  };
  domain_kind_ = kind;
  const bool cleared = kind == ContextKind::kBlocked &&
                       domain.table.driver->blocked == BlockedDevice::kCleared;
  context_ = make(cleared ? ContextKind::kNone : kind);
  // In VT-d's scalable mode each PASID has an entry to itself, also that of
  // requests without one, which is what a domain of the device changes.
  const bool apart = dialect_ == FaultDialect::kVtdScalable;
  pasid_context_ = apart && kind != ContextKind::kNone
                       ? make(ContextKind::kTranslated)
                       : context_;
}

void Machine::BeginContext(int64_t now, uint32_t index, EventIndex event) {
  Sink& sink = Begin(now, event, /*watch=*/true);
  const ContextKind kind = KindOf(scenario_.steps[index].context);
  if (policies_.device.map_api == MapApi::kPlatform) {
    IommuSetContext(vdpa_.domain, kind, sink);
    TakeContext(kind);
  }
  EndOperation(sink, {});
  Return(now, index);
}

void Machine::BeginPoison(int64_t now, uint32_t index, EventIndex event) {
  Sink& sink = Begin(now, event, /*watch=*/true);
  const StepSpec& step = scenario_.steps[index];
  const uint64_t iova = step.iova.first.value;
  if (policies_.device.map_api == MapApi::kPlatform) {
    IommuTable& table = vdpa_.domain.table;
    const Format& f = table.pages.format();
    const std::optional<int> level = LevelOf(table.pages, step);
    std::optional<uint64_t> was;
    if (level) was = table.pages.EntryBits(*level, f.Position(iova));
    const int64_t native = level              ? f.native_level(*level)
                           : step.entry.level ? *step.entry.level
                                              : f.native_level(0);
    const EventIndex told =
        sink.Emit(Kind::kPoison, Actor::kScript,
                  was ? Rule::kIommuPoison : Rule::kIommuNoTable,
                  {iova, static_cast<uint64_t>(native),
                   was ? f.EntryAddress(*level, f.Position(iova)) : UINT64_MAX,
                   was.value_or(UINT64_MAX), step.value, was.has_value()});
    if (was) {
      sink.SetCause(told);
      IommuTablePoison(table, iova, *level, step.value, sink);
    }
  }
  EndOperation(sink, {});
  FinishStep(now, index);
}

// Where the refusal was found, in the structures of the family.
FaultPlace Machine::PlaceOf(const DmaPiece& piece) const {
  if (dialect_ != FaultDialect::kVtdScalable) return piece.place;
  if (!piece.pasid) {
    const bool blocked = piece.place == FaultPlace::kContext &&
                         domain_kind_ == ContextKind::kBlocked;
    return blocked ? FaultPlace::kPasidContext : piece.place;
  }
  if (piece.place < FaultPlace::kPasidDir) return piece.place;
  const uint32_t directory = *piece.pasid >> kPasidsOfEntry;
  const auto& known = scenario_.iommu.processes;
  const bool there =
      directory == 0 || std::any_of(known.begin(), known.end(), [&](auto& p) {
        return p.pasid >> kPasidsOfEntry == directory;
      });
  return there ? FaultPlace::kPasidContext : FaultPlace::kPasidDir;
}

}  // namespace iovalab
