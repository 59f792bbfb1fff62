#include "model/machine_random_caches.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "model/iommu/iotlb_shape.h"
#include "model/iommu/unit_shape.h"

namespace iovalab {
namespace {

constexpr uint64_t kStream = 91;
constexpr uint64_t k2M = 0x200000;
constexpr uint64_t kRam = 32 * k2M;

CacheSpec RandomCache(sim::Random& random) {
  CacheSpec spec;
  const auto shapes = IotlbShapes();
  spec.like = std::string(shapes[random.Below(shapes.size())].name);
  const bool one_set =
      IotlbShapeOf(spec.like).replacement == IotlbReplacement::kClear;
  if (random.Chance(1, 2) && !one_set) {
    spec.sets = uint32_t{1} << random.Below(5);
  }
  if (random.Chance(1, 2)) spec.ways = uint32_t{1} << random.Below(5);
  return spec;
}

StepSpec NextStep(const Scenario& s, absl::string_view label) {
  StepSpec step;
  step.label = std::string(label);
  if (!s.steps.empty()) step.after = static_cast<uint32_t>(s.steps.size() - 1);
  return step;
}

struct Mapped {
  uint64_t iova, gpa, size;
};

// A multiple of a page below `last`, or of 2 MiB.
uint64_t Place(sim::Random& random, uint64_t size, uint64_t last) {
  const uint64_t unit = size % k2M == 0 ? k2M : kPageSize;
  return random.Below((last - size) / unit + 1) * unit;
}

void AddRandomMap(Scenario& s, absl::string_view label,
                  std::vector<Mapped>& mapped, sim::Random& random) {
  uint64_t size = random.InRange(1, 6) * kPageSize;
  if (random.Chance(1, 2)) size = random.InRange(1, 4) * k2M;
  const uint64_t iova = k2M + Place(random, size, 12 * k2M);
  for (const Mapped& m : mapped) {
    if (iova < m.iova + m.size && m.iova < iova + size) return;
  }
  mapped.push_back({iova, Place(random, size, kRam), size});
  AddMap(s, label, iova, mapped.back().gpa, size);
}

// Mostly near what is mapped or was.
void AddRandomProbe(Scenario& s, absl::string_view label,
                    const std::vector<Mapped>& seen, sim::Random& random) {
  uint64_t iova = k2M + random.Below(12 * k2M);
  uint64_t size = random.InRange(1, 3 * kPageSize);
  if (!seen.empty() && random.Chance(7, 8)) {
    const Mapped& m = seen[random.Below(seen.size())];
    iova = m.iova + random.Below(m.size);
    if (random.Chance(1, 3)) size = random.InRange(1, 2 * m.size);
  }
  AddProbe(s, label, iova, size, random.Chance(1, 2));
}

}  // namespace

IommuSpec RandomCaches(sim::Random& random) {
  while (true) {
    IommuSpec spec;
    if (random.Chance(2, 3)) spec.iotlb = RandomCache(random);
    if (random.Chance(1, 2)) spec.walk_cache = RandomCache(random);
    if (random.Chance(1, 2)) spec.atc = RandomCache(random);
    if (random.Chance(1, 3)) spec.invalidation_ns = random.Below(20000);
    if (CheckUnitShape(UnitShapeOf(spec)).ok()) return spec;
  }
}

IommuSpec KeepingNothing(const IommuSpec& spec) {
  IommuSpec none = spec;
  none.iotlb = none.walk_cache = CacheSpec{"none", {}, {}};
  if (none.atc) none.atc = CacheSpec{"none", {}, {}};
  return none;
}

Scenario ViommuScenario() {
  Scenario s;
  s.name = "viommu";
  RamBlockSpec block;
  block.name = "pc.ram";
  block.hva = {Hva(0x7f0000000000), Hva(0x7f0000000000 + kRam - 1)};
  PhysicalRunSpec run;
  run.last_offset = kRam - 1;
  run.chunk = run.stride = kRam;
  run.hpa = Hpa(0x40000000);
  block.physical = {run};
  s.ram_blocks = {block};
  RegionSpec ram;
  ram.name = "ram";
  ram.addr = {Gpa(0), Gpa(kRam - 1)};
  ram.ram_block = 0;
  s.regions = {ram};
  s.listener_off_at_start = true;
  return s;
}

void AddMap(Scenario& s, absl::string_view label, uint64_t iova, uint64_t gpa,
            uint64_t size) {
  StepSpec step = NextStep(s, label);
  step.kind = StepKind::kViommu;
  step.iova = {Iova(iova), Iova(iova + size - 1)};
  step.gpa = {Gpa(gpa), Gpa(gpa + size - 1)};
  s.steps.push_back(step);
}

void AddUnmap(Scenario& s, absl::string_view label, uint64_t iova, uint64_t gpa,
              uint64_t size) {
  AddMap(s, label, iova, gpa, size);
  s.steps.back().unmap = true;
}

void AddProbe(Scenario& s, absl::string_view label, uint64_t iova,
              uint64_t size, bool write) {
  StepSpec step = NextStep(s, label);
  step.kind = StepKind::kProbe;
  step.iova = {Iova(iova), Iova(iova + size - 1)};
  step.writable = write;
  s.steps.push_back(step);
}

Scenario RandomViommuScenario(uint64_t seed, int steps) {
  sim::Random random(seed, kStream);
  Scenario s = ViommuScenario();
  s.latency_ns = random.InRange(0, 4000);
  std::vector<Mapped> mapped, seen;
  uint32_t last_change = kNoIndex;
  while (s.steps.size() < static_cast<size_t>(steps)) {
    const size_t before = s.steps.size();
    const std::string label = absl::StrCat("s", before);
    const uint64_t op = random.Below(8);
    if (op < 2 || mapped.empty()) {
      AddRandomMap(s, label, mapped, random);
      if (s.steps.size() > before) seen.push_back(mapped.back());
    } else if (op < 4) {
      const size_t i = random.Below(mapped.size());
      AddUnmap(s, label, mapped[i].iova, mapped[i].gpa, mapped[i].size);
      mapped.erase(mapped.begin() + static_cast<ptrdiff_t>(i));
    } else {
      AddRandomProbe(s, label, seen, random);
    }
    if (s.steps.size() == before) continue;
    StepSpec& step = s.steps.back();
    if (random.Chance(1, 2)) {
      step.delay_ns = random.Below(random.Chance(1, 6) ? 20'000'000 : 5000);
    }
    // Changes one after another; accesses also beside them.
    if (step.kind == StepKind::kViommu) {
      step.after = last_change;
      last_change = static_cast<uint32_t>(before);
    } else if (before > 1 && random.Chance(1, 3)) {
      step.after = static_cast<uint32_t>(before - 2);
    }
  }
  return s;
}

}  // namespace iovalab
