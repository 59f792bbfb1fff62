// Round trip: every scenario under every mapping, exported as QEMU's log and
// imported again: the same operations, and the strategy predicts them all.

#include "lab/import/export_log.h"

#include <map>
#include <string>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fmt/format.h"
#include "gtest/gtest.h"
#include "lab/compare/compare.h"
#include "lab/compare/run_policies.h"
#include "lab/import/predict.h"
#include "lab/read_file.h"
#include "lab/scenario/scenario_load.h"
#include "lab/trace/trace_testing.h"
#include "model/addr/address.h"

namespace iovalab {
namespace {

using Op = ImportOpKind;

std::vector<std::string> g_files;

uint64_t Word(const Trace& t, EventIndex i, absl::string_view field) {
  const auto fields = GetKind(t.event(i).kind).fields;
  for (size_t f = 0; f < fields.size(); ++f) {
    if (fields[f].name == field) return t.word(i, f);
  }
  ADD_FAILURE() << field;
  return 0;
}

std::string Region(bool add, uint64_t first, uint64_t last, uint64_t hva) {
  return fmt::format("{} {:x}-{:x} {:x}", add ? "add" : "del", first, last,
                     hva);
}

// What happened, by the trace: sections that pass the listener's rules,
// host-only memory, messages.
struct Told {
  std::vector<std::string> ops;
  std::vector<std::string> messages;
};

bool Passes(const Trace& t, EventIndex section) {
  for (EventIndex i = section + 1; i < t.size(); ++i) {
    if (t.event(i).cause != section) continue;
    if (t.event(i).kind == Kind::kRegionSkip) {
      const Rule rule = t.event(i).rule;
      return rule == Rule::kLsnMapFailed || rule == Rule::kLsnDelUnknown ||
             rule == Rule::kTreeRefused || rule == Rule::kLsnUnmapAsserts;
    }
  }
  return true;
}

// The VMM asked the kernel for it, whatever the answer.
bool Asked(const Trace& t, EventIndex host_map) {
  for (EventIndex i = host_map + 1; i < t.size(); ++i) {
    if (t.event(i).cause == host_map && t.event(i).kind == Kind::kVdpaMsg) {
      return true;
    }
  }
  return false;
}

Told ByTrace(const Trace& t) {
  Told told;
  for (EventIndex i = 0; i < t.size(); ++i) {
    const Kind kind = t.event(i).kind;
    if (kind == Kind::kRegionAdd || kind == Kind::kRegionDel) {
      if (!Passes(t, i)) continue;
      const uint64_t first = PageUp(Word(t, i, "first"));
      const absl::uint128 end =
          (absl::uint128(Word(t, i, "last")) + 1) / kPageSize * kPageSize;
      told.ops.push_back(
          Region(kind == Kind::kRegionAdd, first, absl::Uint128Low64(end - 1),
                 Word(t, i, "hva") + (first - Word(t, i, "first"))));
    }
    if (kind == Kind::kHostMap &&
        (Word(t, i, "iova") != UINT64_MAX || Asked(t, i))) {
      told.ops.push_back(Word(t, i, "mapped") != 0
                             ? fmt::format("host {:x} {:x}", Word(t, i, "hva"),
                                           Word(t, i, "size"))
                             : fmt::format("unhost {:x}", Word(t, i, "size")));
    }
    if (kind != Kind::kVdpaMsg) continue;
    switch (static_cast<VdpaMsgType>(Word(t, i, "type"))) {
      case VdpaMsgType::kUpdate:
        told.messages.push_back(fmt::format("map {:x} {:x}", Word(t, i, "iova"),
                                            Word(t, i, "size")));
        break;
      case VdpaMsgType::kInvalidate:
        told.messages.push_back(fmt::format(
            "unmap {:x} {:x}", Word(t, i, "iova"), Word(t, i, "size")));
        break;
      case VdpaMsgType::kBatchEnd:
        told.ops.push_back("commit");
        break;
      default:
        break;
    }
  }
  return told;
}

Told ByImport(const Import& import) {
  Told told;
  if (import.devices.empty()) return told;
  EXPECT_EQ(import.devices.size(), 1u);
  const ImportDevice& d = import.devices[0];
  for (const ImportOp& op : d.ops) {
    switch (op.kind) {
      case Op::kRegionAdd:
      case Op::kRegionDel:
        told.ops.push_back(
            Region(op.kind == Op::kRegionAdd, op.first, op.last, op.hva));
        break;
      case Op::kHostMap:
        told.ops.push_back(fmt::format("host {:x} {:x}", op.hva, op.size));
        break;
      case Op::kHostUnmap:
        told.ops.push_back(fmt::format("unhost {:x}", op.size));
        break;
      case Op::kCommit:
        told.ops.push_back("commit");
        break;
      default:
        ADD_FAILURE() << "line " << op.line;
    }
  }
  for (const LoggedOp& l : d.logged) {
    told.messages.push_back(
        fmt::format("{} {:x} {:x}", l.map ? "map" : "unmap", l.iova, l.size));
  }
  return told;
}

void RoundTrip(const Trace& trace, const ExportedLog& log,
               const Policies& policies) {
  const Import import = ImportQemuLog(log.text);
  EXPECT_EQ(import.counts.known, import.counts.lines) << log.text;
  EXPECT_EQ(import.counts.trailing, 0u);
  const Told was = ByTrace(trace), is = ByImport(import);
  EXPECT_EQ(is.ops, was.ops) << log.text;
  EXPECT_EQ(is.messages, was.messages) << log.text;
  const Strategy& strategy = *StrategyByName(policies.Get("mapping"));
  const PredictResult result = PredictImport(import, strategy);
  // Whether the kernel refused a map is not in a log, and decides what becomes
  // of its node.
  if (!log.notes.empty() && absl::StrContains(log.notes[0], "refused")) return;
  EXPECT_EQ(result.predicted, result.total)
      << PredictText("log", result, strategy) << log.text;
  EXPECT_EQ(result.total, was.messages.size());
}

// Has events that a QEMU logs.
bool SaysAnything(const Trace& trace) {
  for (EventIndex i = 0; i < trace.size(); ++i) {
    const Kind kind = trace.event(i).kind;
    if (kind == Kind::kVdpaMsg || kind == Kind::kRegionAdd) return true;
  }
  return false;
}

TEST(ExportLog, EveryScenarioUnderEveryMapping) {
  int runs = 0, refused = 0;
  for (const std::string& file : g_files) {
    const absl::StatusOr<std::string> text = ReadWholeFile(file, 1 << 20);
    ASSERT_TRUE(text.ok()) << text.status();
    const absl::StatusOr<LoadedScenario> scenario = LoadScenario(file, *text);
    ASSERT_TRUE(scenario.ok()) << scenario.status();
    const auto product = Product(scenario->axes);
    ASSERT_TRUE(product.ok()) << product.status();
    for (const Policies& policies : *product) {
      // A strategy with another defect than its own is not what predicts.
      if (policies.Get("switches") != "as_merged") continue;
      const ResolvedPolicies resolved =
          ResolvePolicies(policies, scenario->spec);
      if (!resolved.not_applicable.empty()) continue;
      SCOPED_TRACE(absl::StrCat(file, " ", policies.Get("mapping"), " ",
                                policies.Get("backend")));
      RunOptions options;
      options.tool = "test";
      const RunResult result =
          RunOne(*scenario, policies, resolved.run, options);
      const absl::StatusOr<ExportedLog> log = ExportQemuLog(result.trace);
      if (!log.ok()) {
        EXPECT_TRUE(absl::StrContains(*text, "kind: IOMMU") ||
                    absl::StrContains(*text, "viommu {") ||
                    !SaysAnything(result.trace))
            << log.status();
        ++refused;
        continue;
      }
      RoundTrip(result.trace, *log, policies);
      ++runs;
    }
  }
  EXPECT_GT(runs, 20);
  EXPECT_GT(refused, 0);
}

TEST(ExportLog, FormsOfTwoVersions) {
  Trace trace = SmallTrace();
  const auto first_map = [&](absl::string_view axis, absl::string_view value) {
    trace.header.policies = {{std::string(axis), std::string(value)}};
    const absl::StatusOr<ExportedLog> log = ExportQemuLog(trace);
    EXPECT_TRUE(log.ok()) << log.status();
    const size_t at = log->text.find("vhost_vdpa_dma_");
    return log->text.substr(at, log->text.find('\n', at) - at);
  };
  const std::string old =
      "vhost_vdpa_dma_unmap vdpa:0x555500002000 fd: 9 msg_type: 2 iova: 0x1000 "
      "size: 0x20000 type: 3";
  const std::string recent =
      "vhost_vdpa_dma_unmap vdpa_shared:0x555500002000 fd: 9 msg_type: 2 asid: "
      "0 iova: 0x1000 size: 0x20000 type: 3";
  EXPECT_EQ(first_map("mapping", "hva"), old);
  EXPECT_EQ(first_map("mapping", "gpa"), recent);
  EXPECT_EQ(first_map("vmm", "qemu_7_2"), old);
  EXPECT_EQ(first_map("vmm", "qemu_10_1"), recent);
}

TEST(ExportLog, NothingToSay) {
  EXPECT_EQ(ExportQemuLog(Trace()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace iovalab

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  iovalab::g_files.assign(argv + 1, argv + argc);
  return RUN_ALL_TESTS();
}
