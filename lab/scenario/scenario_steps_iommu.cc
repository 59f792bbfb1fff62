// What a scenario says of contexts, processes and damaged entries; what formats
// rule out is format_lacks.cc's.

#include <optional>

#include "absl/container/btree_map.h"
#include "absl/strings/str_cat.h"
#include "lab/scenario/scenario_check.h"

namespace iovalab {
namespace {

constexpr uint32_t kMostPasid = 0xfffff;  // 20 bits
constexpr int kMostProcesses = 1024;      // each is in the trace

absl::Status CheckPasid(const Loading& l, const Place& at, uint32_t pasid) {
  if (pasid > kMostPasid) {
    return l.where.Error(at,
                         absl::StrCat(HexNumber(pasid), "; 20 bits, at most ",
                                      HexNumber(kMostPasid)));
  }
  if (pasid != 0) return absl::OkStatus();
  return l.where.Error(at,
                       "0 is Linux's for requests without one; 1 to 0xfffff");
}

// The kind; `missing` where none was said.
absl::Status LoadKind(const Loading& l, const Place& at, int in,
                      std::optional<ContextSpec> missing, ContextSpec* out) {
  if (absl::Status s = CheckEnum(l, at, *pb::ContextKind_descriptor(), in);
      !s.ok()) {
    return s;
  }
  if (in != pb::NO_KIND) {
    *out = static_cast<ContextSpec>(in - pb::NONE);
    return absl::OkStatus();
  }
  if (missing) {
    *out = *missing;
    return absl::OkStatus();
  }
  return l.where.Error(at,
                       "missing; one of NONE, BLOCKED, IDENTITY, TRANSLATED");
}
static_assert(pb::TRANSLATED - pb::NONE ==
              static_cast<int>(ContextSpec::kTranslated));

}  // namespace

absl::Status LoadProcesses(Loading& l) {
  const pb::Iommu& iommu = l.in.iommu();
  absl::btree_map<uint32_t, int> known;
  for (int i = 0; i < iommu.process_size(); ++i) {
    const Place at = Place().At("iommu").At("process", i);
    if (i == kMostProcesses) {
      return l.where.Error(
          at, absl::StrCat(iommu.process_size(), " in all; at most ",
                           kMostProcesses));
    }
    ProcessSpec process;
    process.pasid = iommu.process(i).pasid();
    if (absl::Status s = CheckPasid(l, at.At("pasid"), process.pasid);
        !s.ok()) {
      return s;
    }
    const auto [it, added] = known.insert({process.pasid, i});
    if (!added) {
      return l.where.Error(at.At("pasid"),
                           absl::StrCat(process.pasid, " is process[",
                                        it->second, "]'s; each PASID once"));
    }
    if (absl::Status s = LoadKind(l, at.At("kind"), iommu.process(i).kind(),
                                  ContextSpec::kTranslated, &process.kind);
        !s.ok()) {
      return s;
    }
    if (process.kind == ContextSpec::kNone) {
      return l.where.Error(at.At("kind"),
                           "NONE; a process that the IOMMU does not know is "
                           "left out");
    }
    l.out->iommu.processes.push_back(process);
  }
  return absl::OkStatus();
}

absl::Status LoadPasid(const Loading& l, const Place& at, const pb::Probe& in,
                       StepSpec& step) {
  if (!in.has_pasid()) return absl::OkStatus();
  step.pasid = in.pasid();
  return CheckPasid(l, at.At("pasid"), in.pasid());
}

absl::Status LoadContext(Loading& l, const Place& at, const pb::Step& in,
                         StepSpec& step) {
  step.kind = StepKind::kContext;
  return LoadKind(l, at.At("context").At("kind"), in.context().kind(),
                  std::nullopt, &step.context);
}

absl::Status LoadPoison(Loading&, const Place&, const pb::Step& in,
                        StepSpec& step) {
  step.kind = StepKind::kPoison;
  const pb::Poison& poison = in.poison();
  step.iova = {Iova(poison.iova()), Iova(poison.iova())};
  if (poison.has_level()) step.entry.level = poison.level();
  if (poison.has_above_last()) step.entry.above_last = poison.above_last();
  step.value = poison.value();
  return absl::OkStatus();
}

}  // namespace iovalab
