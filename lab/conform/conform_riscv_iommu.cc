#include "lab/conform/conform_riscv_iommu.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "model/iommu/context.h"
#include "model/iommu/format.h"
#include "model/iommu/raw_memory.h"
#include "model/iommu/riscv.h"
#include "model/iommu/two_stage.h"

namespace iovalab {
namespace {

using nlohmann::json;

// log2 of the range where no stage limits it, which no recording shows: the
// largest superpage.
constexpr int kBareSizeBits = 48;

// The memory, and the formats that the context points to: they stay where they
// are.
struct RiscvMachine {
  RawMemory memory;
  Format first, second;
  DeviceContext context;
};

// "Bare" or "Sv48", "Sv48x4"; null and a failure for anything else.
const Format* FindMode(JsonFields& in, const char* field) {
  const std::string mode = in.String(field);
  if (!in.ok() || mode == "Bare") return nullptr;
  absl::string_view bits(mode);
  if (absl::ConsumePrefix(&bits, "Sv")) {
    const Format* f = FindFormat(absl::StrCat("riscv", bits));
    const bool is_second = absl::EndsWith(bits, "x4");
    if (f != nullptr && is_second == (absl::string_view(field) == "gmode"))
      return f;
  }
  in.Fail(field, "Bare, Sv39, Sv48, Sv57 (gmode: Sv39x4 ...) is right");
  return nullptr;
}

// [[a, b], ...] of hex strings.
template <typename Fn>
void ForEachPair(JsonFields& in, const char* field, Fn f) {
  for (const json& item : in.Array(field)) {
    const bool pair = item.is_array() && item.size() == 2;
    const auto a = pair ? HexValue(item[0]) : std::nullopt;
    const auto b = pair ? HexValue(item[1]) : std::nullopt;
    if (!a || !b)
      return in.Fail(field, "a list of pairs of hex strings is right");
    f(*a, *b);
  }
}

// {"1": [ENS, SUM], ...}
void ReadProcesses(JsonFields& in, const TableRoot& first,
                   DeviceContext* context) {
  if (!in.Has("procs")) return;
  const json& procs = in.record().object.at("procs");
  constexpr char kRight[] = "{PID: [ENS, SUM], ...} is right";
  if (!procs.is_object()) return in.Fail("procs", kRight);
  for (const auto& [name, flags] : procs.items()) {
    ProcessContext process;
    if (!absl::SimpleAtoi(name, &process.pasid) || !flags.is_array() ||
        flags.size() != 2 || !flags[0].is_number_integer() ||
        !flags[1].is_number_integer()) {
      return in.Fail("procs", kRight);
    }
    process.supervisor = flags[0] != 0;
    process.supervisor_may_user = flags[1] != 0;
    process.first = first;
    context->processes.push_back(process);
  }
}

void Setup(JsonFields& in, RiscvMachine* m) {
  const Format* first = FindMode(in, "smode");
  const Format* second = FindMode(in, "gmode");
  const int64_t pas = in.Int("pas");
  if (in.ok() && (pas < 12 || pas > 64)) in.Fail("pas", "12 to 64 is right");
  const bool svpbmt = in.Int("svpbmt") != 0;
  const bool svrsw60t59b = in.Int("rsw60t59b") != 0;
  if (in.Has("hw_ad") && in.Int("hw_ad") != 0)
    in.Fail("hw_ad", "0 is right: hardware update of A and D is not modelled");
  TableRoot roots[2] = {{nullptr, in.Hex("sroot_ppn") << 12},
                        {nullptr, in.Hex("groot_ppn") << 12}};
  const std::pair<const Format*, Format*> formats[2] = {{first, &m->first},
                                                        {second, &m->second}};
  for (int i = 0; i < 2; ++i) {
    const auto& [from, to] = formats[i];
    if (from == nullptr) continue;
    *to = *from;
    to->svpbmt = svpbmt;
    to->svrsw60t59b = svrsw60t59b;
    roots[i].format = to;
  }
  m->context.kind = ContextKind::kTranslated;
  m->context.has_processes = in.Int("pdtv") != 0;
  m->context.first = roots[0];
  m->context.second = roots[1];
  ReadProcesses(in, roots[0], &m->context);
  m->memory.set_address_bits(static_cast<int>(pas));
  ForEachPair(in, "mem",
              [&](uint64_t at, uint64_t pte) { m->memory.Write(at, pte); });
  ForEachPair(in, "holes", [&](uint64_t first_byte, uint64_t last) {
    m->memory.AddHole(first_byte, last);
  });
  ForEachPair(in, "corrupt", [&](uint64_t first_byte, uint64_t last) {
    m->memory.AddPoison(first_byte, last);
  });
}

struct RiscvWalk {
  TwoStageWalked walked;
  // A pointer or the leaf of the first stage is global.
  bool global = false;
};

RiscvWalk WalkAnswer(const RiscvMachine& m, const ContextAnswer& a,
                     uint64_t iova) {
  RiscvWalk w;
  const auto trace = [&](const WalkStep& step) {
    w.global |= step.stage == 1 && (step.pte & RiscvBits::kGlobal) != 0;
  };
  const RawSource first{&m.memory, a.first.address};
  const RawSource second{&m.memory, a.second.address};
  if (a.first.format != nullptr && a.second.format != nullptr) {
    w.walked = WalkTwoStages<RiscvSFamily, RiscvGFamily>(
        *a.first.format, first, *a.second.format, second, iova, a.request,
        trace);
  } else if (a.first.format != nullptr) {
    w.walked = WalkOneStage<RiscvSFamily>(1, *a.first.format, first, iova,
                                          a.request, trace);
  } else if (a.second.format != nullptr) {
    w.walked = WalkOneStage<RiscvGFamily>(2, *a.second.format, second, iova,
                                          a.request);
  } else {
    w.walked.ok = true;
    w.walked.pa = w.walked.gpa = iova;
  }
  return w;
}

// The reference model reports one page for each page of a 64 KiB leaf.
int ReportedSizeBits(const Walked& w) {
  return w.size_bits == RiscvBits::kNapotBits ? 12 : w.size_bits;
}

void CompareOk(JsonFields& in, StepComparison& out, const RiscvWalk& w) {
  const TwoStageWalked& t = w.walked;
  int size_bits = kBareSizeBits;
  bool dirty = true;
  if (t.has_first) {
    size_bits = std::min(size_bits, ReportedSizeBits(t.first));
    dirty &= (t.first.pte & RiscvBits::kDirty) != 0;
  }
  if (t.has_second) {
    size_bits = std::min(size_bits, ReportedSizeBits(t.second));
    dirty &= (t.second.pte & RiscvBits::kDirty) != 0;
  }
  uint32_t pbmt = t.has_first ? RiscvBits::Pbmt(t.first.pte) : 0;
  if (pbmt == 0 && t.has_second) pbmt = RiscvBits::Pbmt(t.second.pte);
  out.Hex("pa", in.Hex("pa"), t.pa);
  out.Hex("size", in.Hex("size"), uint64_t{1} << size_bits);
  out.Int("perm", in.Int("perm"), t.perm);
  out.Int("wd", in.Int("wd"), dirty);
  out.Int("pbmt", in.Int("pbmt"), pbmt);
  out.Int("g", in.Int("g"), !t.has_first || w.global);
  out.Int("u", in.Int("u"),
          !t.has_first || (t.first.pte & RiscvBits::kUser) != 0);
  out.Int("reads", in.Int("reads"), t.reads);
}

// Of a guest page fault: the guest address, or the page of the table that was
// being read with bit 0 set.
uint64_t Iotval2(const TwoStageWalked& t) {
  const uint32_t cause = t.native_code();
  if (cause != 20 && cause != 21 && cause != 23) return 0;
  return t.implicit ? (t.gpa & ~uint64_t{0xfff}) | 1 : t.gpa & ~uint64_t{3};
}

// Of an untranslated request.
int Ttyp(uint32_t access) {
  return access == kAccessExec ? 1 : access == kAccessWrite ? 3 : 2;
}

void Translate(JsonFields& in, StepComparison& out, const RiscvMachine& m) {
  const uint64_t iova = in.Hex("iova");
  const std::string access = in.String("acc");
  DeviceRequest request;
  if (access == "W") {
    request.access = kAccessWrite;
  } else if (access == "X") {
    request.access = kAccessExec;
  } else if (access != "R") {
    in.Fail("acc", "R, W or X is right");
  }
  if (in.Has("pid")) request.pasid = in.Uint32("pid");
  if (in.Has("priv")) request.supervisor = in.Int("priv") != 0;
  const int64_t ok = in.Int("ok");
  if (!in.ok()) return;
  const ContextAnswer answer = ResolveContext(m.context, request);
  RiscvWalk w;
  if (answer.reason == IommuFault::kNone) w = WalkAnswer(m, answer, iova);
  out.Int("ok", ok, w.walked.ok);
  if (out.difference()) return;
  if (w.walked.ok) return CompareOk(in, out, w);
  const bool walked = answer.reason == IommuFault::kNone;
  out.Int("fault", in.Int("fault"),
          walked ? w.walked.native_code() : answer.riscv_cause);
  out.Hex("iotval", in.Hex("iotval"), iova);
  out.Hex("iotval2", in.Hex("iotval2"), walked ? Iotval2(w.walked) : 0);
  out.Int("ttyp", in.Int("ttyp"), Ttyp(request.access));
}

class RiscvReplay : public CaseReplay {
 public:
  absl::Status Step(const JsonRecord& record,
                    StepComparison* comparison) override {
    JsonFields in(record);
    const std::string op = in.String("op");
    if (op == "setup") {
      Setup(in, &machine_);
    } else if (op == "tr") {
      Translate(in, *comparison, machine_);
    } else {
      in.Fail("op", "setup or tr is right");
    }
    return in.status();
  }

 private:
  RiscvMachine machine_;
};

std::unique_ptr<CaseReplay> Begin() { return std::make_unique<RiscvReplay>(); }

bool IsSetup(const JsonRecord& r) {
  return r.object.contains("smode") && r.object.contains("gmode");
}

}  // namespace

const ConformKind kConformRiscvIommu = {"R-riscv-iommu", IsSetup, Begin,
                                        nullptr};

}  // namespace iovalab
