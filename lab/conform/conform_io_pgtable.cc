#include "lab/conform/conform_io_pgtable.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/iommu/lpae.h"
#include "model/iommu/page_table.h"
#include "model/kernel/io_pgtable_arm.h"

namespace iovalab {
namespace {

using nlohmann::json;

// A row of the dump: leaves that follow each other in both addresses.
struct DumpRun {
  uint64_t iova = 0, size = 0, count = 0, paddr = 0;
  int64_t prot = 0;

  std::string Text() const {
    return absl::StrCat("[0x", absl::Hex(iova), ",0x", absl::Hex(size), ",",
                        count, ",0x", absl::Hex(paddr), ",", prot, "]");
  }
  friend bool operator==(const DumpRun&, const DumpRun&) = default;
};

void AddRun(const DumpRun& run, std::vector<DumpRun>* to) {
  if (!to->empty()) {
    DumpRun& last = to->back();
    const uint64_t bytes = last.size * last.count;
    if (last.size == run.size && last.prot == run.prot &&
        last.iova + bytes == run.iova && last.paddr + bytes == run.paddr) {
      last.count += run.count;
      return;
    }
  }
  to->push_back(run);
}

std::vector<DumpRun> Leaves(const PageTable& table) {
  std::vector<DumpRun> runs;
  table.ForEachRun(0, UINT64_MAX, [&](const LeafRun& r) {
    DumpRun run{r.first, uint64_t{1} << r.size_bits, r.leaves(), r.address,
                r.perm};
    // Stage 1 has no write-only.
    if (table.format().family == Family::kLpaeS1)
      run.prot = (r.perm & kAccessWrite) != 0 ? 3 : 1;
    if (!r.constant) return AddRun(run, &runs);
    run.count = 1;
    for (uint64_t i = 0; i < r.leaves(); ++i, run.iova += run.size)
      AddRun(run, &runs);
  });
  return runs;
}

std::optional<DumpRun> ParseRun(const json& row) {
  if (!row.is_array() || row.size() != 5 || !row[2].is_number_unsigned() ||
      !row[4].is_number_integer())
    return std::nullopt;
  const auto iova = HexValue(row[0]);
  const auto size = HexValue(row[1]);
  const auto paddr = HexValue(row[3]);
  if (!iova || !size || !paddr) return std::nullopt;
  return DumpRun{*iova, *size, row[2].get<uint64_t>(), *paddr,
                 row[4].get<int64_t>()};
}

class IoPgtableReplay : public CaseReplay {
 public:
  absl::Status Step(const JsonRecord& record,
                    StepComparison* comparison) override {
    JsonFields in(record);
    const std::string op = in.String("op");
    if (op == "init") {
      Init(in, *comparison);
    } else if (!table_) {
      if (in.ok()) in.Fail("op", "init is right in step 0");
    } else if (op == "map" || op == "unmap") {
      MapOrUnmap(in, *comparison, op == "map");
    } else if (op == "phys") {
      const uint64_t iova = in.Hex("iova");
      const uint64_t phys = in.Hex("phys");
      if (in.ok())
        comparison->Hex("phys", phys, IoPgtableArmPhys(*table_, iova));
    } else if (op == "dump") {
      Dump(in, *comparison);
    } else {
      in.Fail("op", "init, map, unmap, phys or dump is right");
    }
    return in.status();
  }

 private:
  void Init(JsonFields& in, StepComparison& out) {
    const std::string fmt = in.String("fmt");
    const uint64_t granule = in.Hex("granule");
    const int64_t ias = in.Int("ias");
    const int64_t oas = in.Int("oas");
    if (!in.ok()) return;
    if (fmt != "S1" && fmt != "S2") in.Fail("fmt", "S1 or S2 is right");
    if (granule != 0x1000 && granule != 0x4000 && granule != 0x10000)
      return in.Fail("granule", "0x1000, 0x4000 or 0x10000 is right");
    const int bits = granule == 0x1000 ? 12 : granule == 0x4000 ? 14 : 16;
    if (ias <= bits || ias > LpaeMostBits(bits))
      in.Fail("ias", "more than the granule's bits, at most 48 is right");
    if (oas <= bits || oas > LpaeMostBits(bits))
      in.Fail("oas", "more than the granule's bits, at most 48 is right");
    if (!in.ok()) return;
    format_ = LpaeFormat(fmt == "S1" ? 1 : 2, bits, static_cast<int>(ias),
                         static_cast<int>(oas));
    table_.emplace(&format_);
    uint64_t sizes = 0;
    for (const json& size : in.Array("pgsizes")) {
      const auto value = HexValue(size);
      if (!value) return in.Fail("pgsizes", "a list of hex strings is right");
      sizes |= *value;
    }
    const int root = format_.root_level();
    out.Hex("pgsizes", sizes, IoPgtableArmSizes(format_));
    out.Int("start_level", in.Int("start_level"), format_.native_level(root));
    out.Int("pgd_entries", in.Int("pgd_entries"),
            static_cast<int64_t>(format_.Entries(root)));
  }

  void MapOrUnmap(JsonFields& in, StepComparison& out, bool map) {
    const uint64_t iova = in.Hex("iova");
    const uint64_t size = in.Hex("pgsize");
    const uint64_t count = static_cast<uint64_t>(in.Int("pgcount"));
    const uint64_t paddr = map ? in.Hex("paddr") : 0;
    const uint32_t prot = map ? in.Uint32("prot") : 0;
    const int64_t ret = map ? in.Int("ret") : 0;
    const char* bytes_field = map ? "mapped" : "unmapped";
    const uint64_t bytes = in.Hex(bytes_field);
    if (!in.ok()) return;
    const IoPgtableResult r =
        map ? IoPgtableArmMap(*table_, iova, paddr, size, count, prot)
            : IoPgtableArmUnmap(*table_, iova, size, count);
    out.Int("ret", ret, r.ret);
    out.Hex(bytes_field, bytes, r.bytes);
    const std::pair<const char*, uint32_t> kCounts[] = {
        {"warn", r.warn}, {"tlb_page", r.tlb_page}, {"tlb_walk", r.tlb_walk}};
    for (const auto& [field, got] : kCounts)
      out.Int(field, in.Has(field) ? in.Int(field) : 0, got);
  }

  void Dump(JsonFields& in, StepComparison& out) {
    out.Int("tables", in.Int("tables"),
            static_cast<int64_t>(table_->counts().tables));
    const std::vector<DumpRun> got = Leaves(*table_);
    const json& expected = in.Array("leaves");
    out.Int("leaves", static_cast<int64_t>(expected.size()),
            static_cast<int64_t>(got.size()));
    for (size_t i = 0; i < expected.size(); ++i) {
      const auto run = ParseRun(expected[i]);
      if (!run) {
        return in.Fail("leaves",
                       "a run [iova, page size, count, paddr, prot] is right");
      }
      if (i < got.size() && !(*run == got[i])) {
        out.Differ(absl::StrCat("leaves[", i, "]"), run->Text(), got[i].Text());
      }
    }
  }

  Format format_;
  std::optional<PageTable> table_;
};

std::unique_ptr<CaseReplay> Begin() {
  return std::make_unique<IoPgtableReplay>();
}

bool IsInit(const JsonRecord& r) {
  return r.object.contains("granule") && r.object.contains("pgd_entries");
}

}  // namespace

const ConformKind kConformIoPgtable = {"L-io-pgtable-arm", IsInit, Begin,
                                       nullptr};

}  // namespace iovalab
