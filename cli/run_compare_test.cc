// run, compare and import on files, with their exit statuses.

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/command_testing.h"
#include "gtest/gtest.h"
#include "lab/compare/compare_testing.h"
#include "lab/trace/fold.h"
#include "lab/trace/trace_file.h"
#include "nlohmann/json.hpp"

namespace iovalab {
namespace {

using Json = nlohmann::json;

class Run : public CommandTest {};
class CompareRows : public CommandTest {};
class ImportLog : public CommandTest {};

TEST_F(Run, VerdictsAreNoFailure) {
  const std::string file = Put("ok.textproto", kAliasScenario);
  for (const char* mapping : {"gpa", "hva"}) {
    const Captured got =
        RunWords({"run", file, "--set", absl::StrCat("mapping=", mapping)});
    EXPECT_EQ(got.status, kFine) << got.err;
    EXPECT_EQ(got.err, "");
    EXPECT_TRUE(absl::StrContains(
        got.out, mapping[0] == 'g' ? "\nverdict SAFE: nothing went wrong\n"
                                   : "\nverdict UNSAFE: at del, "))
        << got.out;
    // The line that makes it again does.
    const std::string again = LastLine(got.out);
    ASSERT_TRUE(absl::StrContains(again, "again: ")) << again;
    Words words = absl::StrSplit(again.substr(again.find("run")), ' ');
    EXPECT_EQ(RunWords(words).out, got.out);
  }
}

TEST_F(Run, AFailedExpectationIsStatusOne) {
  const std::string file =
      Put("fails.textproto",
          absl::StrCat(kAliasScenario, "expect { verdict: SAFE }"));
  for (const Words& words :
       {Words{"run", file}, Words{"run", file, "--format", "json"},
        Words{"compare", file}, Words{"compare", file, "--format=markdown"}}) {
    const Captured got = RunWords(words);
    EXPECT_EQ(got.status, kDiffers);
    EXPECT_TRUE(absl::StrContains(got.out,
                                  "expect[0].verdict: wanted SAFE, got UNSAFE"))
        << got.out;
  }
  // The trace alone goes to standard output.
  const Captured got = RunWords({"run", file, "--trace", "-"});
  EXPECT_EQ(got.status, kDiffers);
  EXPECT_TRUE(absl::StartsWith(got.out, "iovalab-trace 1\n"));
  EXPECT_EQ(
      got.err,
      "iovalab: expectation expect[0].verdict: wanted SAFE, got UNSAFE\n");
}

TEST_F(Run, Trouble) {
  const std::string file = Put("ok.textproto", kAliasScenario);
  const std::string bad = Put("bad.textproto", "name: \"x\"\nnonsense: 1\n");
  const std::string no_va =
      Put("no_va.textproto",
          absl::StrCat("axis { name: \"kernel\" value: \"v5_17\" }",
                       kAliasScenario));
  // Without an axis, behind a vIOMMU.
  std::string viommu = kAliasScenario;
  const size_t axis = viommu.find("axis {");
  viommu.erase(axis, viommu.find('\n', axis) - axis);
  const std::string plain =
      Put("plain.textproto",
          absl::StrCat(viommu,
                       "step { label: \"v\" viommu { iova { first: 0x1000 "
                       "last: 0x1fff } gpa: 0 } }"));
  const std::string log = Put("qemu.log", "");
  std::filesystem::create_symlink(log, Path("link"));
  const struct {
    Words words;
    const char* says;
  } kCases[] = {
      {{"run", Path("none")}, "/none: "},
      {{"run", bad}, "bad.textproto:2: "},
      {{"run", file, "--set", "mapping=nonsense"}, "mapping"},
      {{"run", file, "--set", "maping=hva"}, "did you mean mapping"},
      {{"run", file, "--set", "mapping=hva,gpa"}, "one value for a run"},
      {{"run", file, "--set", "kernel=deb_6_1_192"}, "has no VA mode"},
      {{"run", file, "--set", "kernel=v5_17"},
       "--set: kernel=v5_17 mapping=hva does not apply: vdpa_sim of v5_17 has"},
      {{"run", no_va},
       "no_va.textproto:1: axis[0]: kernel=v5_17 mapping=hva does not apply: "},
      {{"run", plain}, "plain.textproto:1: the default does not apply: "},
      {{"run", file, "--seed", "x"}, "--seed"},
      {{"run", file, "--trace="}, "--trace: an empty name"},
      {{"run", file, "--trace", file}, "is read as well"},
      {{"compare", file, "--traces="}, "--traces: an empty name"},
      {{"compare", file, "--traces=-"}, "--traces: a folder is needed"},
      {{"import", log, "-o", ""}, "-o: an empty name"},
      {{"import", log, "-o", log}, "qemu.log is read as well"},
      {{"import", file, log, "-o", Path("link")}, "link is read as well"},
      {{"run", file, "--trace", "/nonexistent/x.trace"},
       "/nonexistent/x.trace"},
      {{"run", file, "--trace", testing::TempDir()}, ""},
      {{"run", file, "--max-bytes", "10"}, "10"},
      {{"compare", file, "--traces", file}, "ok.textproto: "},
      {{"compare", file, "--traces", file + "/x"}, "ok.textproto/x: "},
      {{"compare", file, "--set", "mapping=hva,hva"}, "hva"},
      {{"compare", file, "--set", "mapping=hva", "--set", "mapping=gpa"},
       "mapping"},
      {{"import", Path("none")}, "/none: "},
      {{"import", file, "--set", "backend=all"}, "import takes one mapping"},
      {{"import", file, file, "-o", "-"}, "-o: one scenario"},
      {{"import", Put("empty.log", ""), "-o", Path("new")},
       "no listener event"},
      {{"run", Path("none"), "--trace", Path("new")}, "none"},
  };
  for (const auto& c : kCases) {
    const Captured got = RunWords(c.words);
    SCOPED_TRACE(absl::StrCat(c.says, "\n", got.err));
    EXPECT_EQ(got.status, kTrouble);
    EXPECT_EQ(got.out, "");
    EXPECT_TRUE(absl::StartsWith(got.err, "iovalab: "));
    EXPECT_EQ(got.err.find('\n'), got.err.size() - 1) << "one line";
    EXPECT_TRUE(absl::StrContains(got.err, c.says));
  }
  EXPECT_FALSE(Exists(Path("new"))) << "nothing is written in trouble";
  EXPECT_EQ(Read("ok.textproto"), kAliasScenario);
}

TEST_F(Run, PhysicalRunsThatInterleave) {
  std::string text = kAliasScenario;
  const std::string hva = "last : 0x7f00000fffff}";
  text.insert(text.find(hva) + hva.size(),
              "physical { offset { first: 0 last: 0x7ffff } chunk: 0x1000 "
              "hpa: 0x100000000 stride: 0x2000 } "
              "physical { offset { first: 0x80000 last: 0xfffff } "
              "chunk: 0x1000 hpa: 0x100001000 stride: 0x2000 }");
  const Captured got =
      RunWords({"run", Put("a.textproto", text), "--set",
                "backend=vdpa_set_map_pa", "--set", "mapping=gpa"});
  EXPECT_EQ(got.status, kFine) << got.err;
  EXPECT_TRUE(absl::StrContains(got.out, "verdict SAFE")) << got.out;
}

TEST_F(Run, TracesOfBothForms) {
  const std::string file = Put("ok.textproto", kAliasScenario);
  const Captured text = RunWords({"run", file, "--trace=-"});
  for (const char* name : {"run.trace", "run.trace.pb"}) {
    EXPECT_EQ(RunWords({"run", file, "--trace", Path(name)}).status, kFine);
    EXPECT_EQ(RunWords({"convert", Path(name), "-"}).out, text.out);
    const absl::StatusOr<Trace> trace = ReadTraceFile(Path(name));
    ASSERT_TRUE(trace.ok()) << trace.status();
    EXPECT_TRUE(trace->header.complete);
    // What the run said of its stores is what they fold to.
    const absl::StatusOr<Stores> stores = Fold(*trace);
    ASSERT_TRUE(stores.ok());
    EXPECT_EQ(trace->words(static_cast<EventIndex>(trace->size() - 1)).back(),
              stores->fingerprint());
  }
}

TEST_F(Run, ABoundIsAnEndNotTrouble) {
  const std::string file = Put("ok.textproto", kAliasScenario);
  const Captured got = RunWords(
      {"run", file, "--max-events", "2", "--trace", Path("cut.trace")});
  EXPECT_EQ(got.status, kFine) << got.err;
  EXPECT_TRUE(absl::StrContains(got.out, "verdict FAULTS (BOUND): "))
      << got.out;
  const absl::StatusOr<Trace> trace = ReadTraceFile(Path("cut.trace"));
  ASSERT_TRUE(trace.ok()) << trace.status();
  EXPECT_FALSE(trace->header.complete);
}

TEST_F(CompareRows, TableMarkdownJson) {
  const std::string file = Put("ok.textproto", kAliasScenario);
  const Words base = {"compare", file,
                      "--set",   "mapping=hva,gpa",
                      "--set",   "kernel=deb_6_12_117,deb_6_1_192"};
  const Captured table = RunWords(base);
  EXPECT_EQ(table.status, kFine);
  EXPECT_TRUE(absl::StrContains(table.out, "n/a")) << table.out;
  EXPECT_TRUE(absl::StrContains(LastLine(table.out), "again: "));
  Words json = base;
  json.push_back("--format=json");
  const Json rows = Json::parse(RunWords(json).out)["rows"];
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0]["verdict"], "UNSAFE");
  EXPECT_TRUE(rows[1]["verdict"].is_null());
  EXPECT_EQ(rows[1]["not_applicable"],
            "vdpa_sim of deb_6_1_192 has no VA mode (recorded)");
  EXPECT_EQ(rows[2]["verdict"], "SAFE");
  Words markdown = base;
  markdown.push_back("--format=markdown");
  EXPECT_TRUE(absl::StrContains(RunWords(markdown).out, "| hva "));
}

TEST_F(CompareRows, WritesATraceARow) {
  const std::string file = Put("ok.textproto", kAliasScenario);
  const std::string dir = Path("new/traces");
  ASSERT_EQ(
      RunWords({"compare", file, "--set", "mapping=hva,gpa", "--traces", dir})
          .status,
      kFine);
  for (const char* mapping : {"hva", "gpa"}) {
    EXPECT_TRUE(Exists(absl::StrCat(
        dir, "/small.", mapping,
        ".vdpa_set_map_va.vdpa_sim.deb_6_12_117.as_merged.trace")));
  }
}

TEST_F(ImportLog, PredictingNothingIsSaid) {
  const std::string log = Put(
      "qemu.log",
      "vhost_vdpa_listener_region_add vdpa: 0x1 iova 0x0 llend 0x100000 vaddr: "
      "0x7f0000000000 read-only: 0\n");
  const Captured got =
      RunWords({"import", log, "--predict", "--set", "mapping=gpa"});
  EXPECT_EQ(got.status, kFine) << "nothing mismatched";
  EXPECT_EQ(LastLine(got.out), "predicted 0 of 0 map operations");
  EXPECT_TRUE(absl::StrContains(got.err, "so nothing was predicted"))
      << got.err;
}

TEST_F(ImportLog, ALogBecomesAScenarioThatRuns) {
  const std::string log = Put(
      "qemu.log",
      "vhost_vdpa_listener_region_add vdpa: 0x1 iova 0x0 llend 0x100000 vaddr: "
      "0x7f0000000000 read-only: 0\n"
      "vhost_vdpa_dma_map vdpa:0x1 fd: 3 msg_type: 2 asid: 0 iova: 0x1000 "
      "size: "
      "0x100000 uaddr: 0x7f0000000000 perm: 0x3 type: 2\n");
  const std::string scenario = Path("imported.textproto");
  ASSERT_EQ(
      RunWords({"import", log, "-o", scenario, "--set", "mapping=gpa"}).status,
      kFine);
  EXPECT_EQ(RunWords({"compare", scenario}).status, kFine);
  const Captured right =
      RunWords({"import", log, "--predict", "--set", "mapping=gpa"});
  EXPECT_EQ(right.status, kFine) << right.out;
  EXPECT_EQ(LastLine(right.out), "predicted 1 of 1 map operations");
  const Captured wrong =
      RunWords({"import", log, "--predict", "--set", "mapping=passthrough"});
  EXPECT_EQ(wrong.status, kDiffers) << wrong.out;
  EXPECT_EQ(LastLine(wrong.out), "predicted 0 of 1 map operations");
}

TEST_F(ImportLog, AnyFileNameMakesAScenarioThatRuns) {
  const std::string log =
      Put("q\xff\n.log",
          "vhost_vdpa_listener_region_add vdpa: 0x1 iova 0x0 llend 0x100000 "
          "vaddr: 0x7f0000000000 read-only: 0\n");
  ASSERT_EQ(RunWords({"import", log, "-o", Path("a.textproto")}).status, kFine);
  EXPECT_TRUE(absl::StrContains(Read("a.textproto"), "q\\\\xff\\\\x0a.log"))
      << Read("a.textproto");
  EXPECT_EQ(RunWords({"run", Path("a.textproto")}).status, kFine);
}

// Three files of one run: what each holds, and one replay of all.
TEST_F(ImportLog, AGuestBehindAnIommu) {
  const std::string ftrace = Put(
      "ftrace.txt",
      "# tracer: nop\n"
      "a-1 [000] ..... 1.000001: map: IOMMU: iova=0x1000 - 0x2000 paddr=0xa000 "
      "size=4096\n"
      "a-1 [000] ..... 1.000002: unmap: IOMMU: iova=0x1000 - 0x2000 size=4096 "
      "unmapped_size=4096\n"
      "a-1 [000] ..... 1.000003: qi_submit: iotlb_inv dmar0: 0x300f2 0x1000 "
      "0x0 "
      "0x0\n");
  const std::string dmesg = Put(
      "dmesg.txt",
      "[   10.3] DMAR: [DMA Read NO_PASID] Request device [00:05.0] fault addr "
      "0x1000 [fault reason 0x06] PTE Read access is not set\n");
  const auto trace = [&](absl::string_view gpa) {
    return Put("vtd.log",
               absl::StrCat("vtd_iotlb_page_update IOTLB page update sid 0x28 "
                            "iova 0x1000 slpte 0xa003 domain 0x3\n"
                            "vtd_dmar_translate dev 00:05.00 iova 0x1000 -> "
                            "gpa ",
                            gpa,
                            " mask 0xfff\n"
                            "vtd_inv_desc_iotlb_pages iotlb invalidate domain "
                            "0x3 addr 0x1000 mask 0x0\n"
                            "vtd_dmar_fault sid 0x28 fault 6 addr 0x1010 write "
                            "0\n"
                            "vtd_frr_new index 0 high 0x40ffff0600000028 low "
                            "0x1000\n"));
  };
  const Captured right = RunWords({"import", trace("0xa000"), ftrace, dmesg});
  EXPECT_EQ(right.status, kFine) << right.out;
  EXPECT_EQ(LastLine(right.out), "faults: reproduced 1 of 1");
  EXPECT_TRUE(absl::StrContains(right.out, "translations: reproduced 1 of 1"));
  EXPECT_TRUE(absl::StrContains(right.out, "dmesg lines: reproduced 1 of 1"));
  const Captured wrong = RunWords({"import", trace("0xb000"), ftrace, dmesg});
  EXPECT_EQ(wrong.status, kDiffers) << wrong.out;
  EXPECT_TRUE(absl::StrContains(wrong.out, "0xb000, predicted 0xa000"));
  const Captured alone = RunWords({"import", ftrace});
  EXPECT_EQ(alone.status, kFine);
  EXPECT_TRUE(absl::StrContains(alone.out, "no replay: it needs QEMU's trace"));
}

}  // namespace
}  // namespace iovalab
