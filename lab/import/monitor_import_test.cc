#include "lab/import/monitor_import.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "fmt/format.h"
#include "gtest/gtest.h"
#include "lab/import/import_blocks.h"
#include "lab/import/import_report.h"
#include "lab/import/import_scenario.h"
#include "lab/import/import_testing.h"

namespace iovalab {
namespace {

using Op = ImportOpKind;

absl::StatusOr<Import> FromText(absl::string_view text) {
  MonitorDump dump;
  const absl::Status status = AddMonitorDump("m.txt", text, &dump);
  if (!status.ok()) return status;
  return ImportMonitorDump(dump);
}

Import Good(absl::string_view text) {
  absl::StatusOr<Import> import = FromText(text);
  EXPECT_TRUE(import.ok()) << import.status();
  return import.ok() ? *std::move(import) : Import();
}

std::string Map(absl::string_view sections) {
  return absl::StrCat("FlatView #0\n AS \"memory\", root: system\n", sections,
                      "\n");
}

// What the guest sees after each transaction: "GPA BLOCK+OFFSET [ro]"; blocks
// by number, for a log does not name all.
using View = std::set<std::string>;
std::vector<View> ViewsOf(const Import& import, bool with_readonly) {
  const ImportBlocks blocks(import.devices, import.names);
  std::vector<View> views;
  View now;
  for (const ImportOp& op : import.devices[ChooseImportDevice(import)].ops) {
    if (op.kind == Op::kCommit) views.push_back(now);
    if (op.kind != Op::kRegionAdd && op.kind != Op::kRegionDel) continue;
    const ImportBlock* block = blocks.Find(op.hva);
    const std::string text =
        fmt::format("{:x}-{:x} {}+{:x}{}", op.first, op.last,
                    block - blocks.blocks().data(), op.hva - block->hva,
                    with_readonly && op.readonly ? " ro" : "");
    if (op.kind == Op::kRegionAdd) {
      EXPECT_TRUE(now.insert(text).second) << text;
    } else {
      EXPECT_EQ(now.erase(text), 1u) << text;
    }
  }
  return views;
}

std::set<std::string> AliasesOf(const Import& import) {
  const ImportBlocks blocks(import.devices, import.names);
  std::set<std::string> out;
  for (const DeviceReport& r : JudgeImport(import).devices) {
    for (const AliasPair& a : r.aliases) {
      const ImportBlock& block = *blocks.Find(a.hva);
      out.insert(fmt::format("{:x} {:x} {:x} {}+{:x}", a.shared_a_first,
                             a.shared_b_first, a.shared_size, block.name,
                             a.hva - block.hva));
    }
  }
  return out;
}

// The strong check: the monitor and the listener of one run saw one machine.
TEST(MonitorImport, AgreesWithTheLogOfTheSameRun) {
  for (const char* capture :
       {"qemu72-q35-4g-novga-svq", "qemu72-q35-4g-novga-nosvq",
        "qemu72-q35-4g-vga-svq", "qemu100-q35-4g-novga-svq",
        "qemu100-q35-4g-novga-nosvq", "qemu100-q35-4g-vga-svq"}) {
    const Import log = ImportQemuLog(ReadCapture(capture));
    const Import dump = Good(ReadMonitor(capture));
    const std::vector<View> of_log = ViewsOf(log, true);
    const std::vector<View> of_dump = ViewsOf(dump, true);
    ASSERT_EQ(of_dump.size(), 3u) << capture;
    EXPECT_NE(of_dump[0], of_dump[1]);
    EXPECT_EQ(of_dump[0], of_dump[2]);
    size_t at = 0;  // the log has more: the device stops in the end
    for (const View& view : of_dump) {
      while (at < of_log.size() && of_log[at] != view) ++at;
      EXPECT_LT(at, of_log.size()) << capture << ": " << view.size();
    }
    EXPECT_EQ(AliasesOf(dump), AliasesOf(log)) << capture;
  }
}

TEST(MonitorImport, AgreesWithVhostUsersLists) {
  const char* capture = "qemu72-vhost-user-blk-q35-4g";
  const std::vector<View> of_dump = ViewsOf(Good(ReadMonitor(capture)), false);
  ASSERT_EQ(of_dump.size(), 1u);
  // A backend gets RAM that has an fd alone, so not the firmware's.
  View ram = of_dump[0];
  EXPECT_EQ(std::erase_if(ram,
                          [](const auto& s) {
                            return absl::StrContains(s,
                                                     "fffc0000-ffffffff 1+0");
                          }),
            1u);
  EXPECT_EQ(ViewsOf(ImportQemuLog(ReadCapture(capture)), false).back(), ram);
}

TEST(MonitorImport, OneMomentLetsTheAliasGoAndComeBack) {
  const std::string all = ReadMonitor("qemu100-q35-4g-novga-svq");
  const size_t second = all.find("(qemu) info mtree", 10);
  const size_t third = all.find("(qemu) info mtree", second + 10);
  const Import open = Good(all.substr(second, third - second));
  EXPECT_EQ(open.what_if, 1u);
  const std::vector<View> views = ViewsOf(open, true);
  ASSERT_EQ(views.size(), 3u);
  EXPECT_EQ(views[0].size(), views[1].size() + 1);
  EXPECT_TRUE(views[0].contains("feda0000-fedbffff 0+a0000"));
  EXPECT_FALSE(views[1].contains("feda0000-fedbffff 0+a0000"));
  EXPECT_EQ(views[2], views[0]);
  EXPECT_EQ(JudgeImport(open).verdict, HitVerdict::kExposed);

  const Import closed = Good(all.substr(0, second));
  EXPECT_EQ(closed.what_if, 0u);
  EXPECT_EQ(JudgeImport(closed).verdict, HitVerdict::kNotHit);
}

// Host addresses differ from run to run: one scenario.
TEST(MonitorImport, TheScenarioIsOfTheLayout) {
  std::string first;
  for (const char* capture :
       {"qemu72-q35-4g-novga-svq", "qemu72-q35-4g-novga-nosvq"}) {
    const Import import = Good(ReadMonitor(capture));
    const ImportBlocks blocks(import.devices, import.names);
    const auto scenario = ScenarioFromImport(import.devices[0], blocks, {});
    ASSERT_TRUE(scenario.ok()) << scenario.status();
    if (first.empty()) first = scenario->SerializeAsString();
    EXPECT_EQ(scenario->SerializeAsString(), first);
  }
}

TEST(MonitorImport, PagesAsTheListenerCutsThem) {
  const Import import =
      Good(Map("  0000000000000800-00000000000047ff (prio 0, ram): a "
               "@0000000000000800\n"
               "  0000000000005000-0000000000005fff (prio 0, ram): b "
               "@0000000000000800\n"
               "  0000000000006800-0000000000006fff (prio 0, ram): c "
               "@0000000000000800\n"
               "  fffffffffffff000-ffffffffffffffff (prio 0, ram): d\n"));
  EXPECT_EQ(ViewsOf(import, true),
            std::vector<View>({{"1000-3fff 0+0",
                                "fffffffffffff000-"
                                "ffffffffffffffff 1+0"}}));
}

constexpr char kTwoRoms[] =
    "  0000000000000000-0000000000000fff (prio 0, ram): pc.ram\n"
    "  0000000000010000-0000000000010fff (prio 0, rom): nic.rom\n"
    "  0000000000020000-0000000000020fff (prio 0, rom): nic.rom\n";
constexpr char kRows[] =
    " Block Name PSize Offset Used Total\n"
    " pc.ram 4 KiB 0x0000000000000000 0x0000000000001000 0x0000000000001000\n"
    " 00:05.0/nic.rom 4 KiB 0x0000000000001000 0x0000000000001000 "
    "0x0000000000001000\n"
    " 00:06.0/nic.rom 4 KiB 0x0000000000002000 0x0000000000001000 "
    "0x0000000000001000\n";

TEST(MonitorImport, BlocksOfOneName) {
  const absl::Status unknown =
      FromText(absl::StrCat(Map(kTwoRoms), kRows)).status();
  EXPECT_EQ(unknown.message(),
            "m.txt:4: \"nic.rom\" may be 00:05.0/nic.rom or 00:06.0/nic.rom; "
            "add what `gpa2hva 0x10000` says");
  // Told apart by gpa2hva: two blocks, no alias.
  const std::string told = absl::StrCat(
      Map(kTwoRoms), kRows,
      "Host virtual address for 0x10000 (nic.rom) is 0x7f0000010000\n"
      "Host virtual address for 0x20000 (nic.rom) is 0x7f0000070000\n");
  EXPECT_EQ(Good(told).names.size(), 3u);
  EXPECT_TRUE(AliasesOf(Good(told)).empty());
  // The same block twice is one, and an alias.
  const std::string same = absl::StrReplaceAll(told, {{"70000", "10000"}});
  EXPECT_EQ(Good(same).names.size(), 2u);
  EXPECT_EQ(AliasesOf(Good(same)).size(), 1u);
}

TEST(MonitorImport, OutputsOfTwoQemusAreRefused) {
  const std::string a = ReadMonitor("qemu72-q35-4g-novga-svq");
  const std::string b = ReadMonitor("qemu72-q35-4g-novga-nosvq");
  const std::string c = ReadMonitor("qemu100-q35-4g-novga-svq");
  const std::string d = ReadMonitor("qemu100-q35-4g-novga-nosvq");
  for (const std::string& both : {a + b, c + d, a + c, c + a}) {
    const absl::Status status = FromText(both).status();
    EXPECT_TRUE(absl::StrContains(status.message(), "outputs of two QEMUs?"))
        << status;
  }
  EXPECT_TRUE(FromText(a + a).ok());
}

TEST(MonitorImport, Bad) {
  const struct {
    std::string text, error;
  } cases[] = {
      {kRows, "m.txt:1: no `info mtree -f`, which says what lies where"},
      {"\naddress-space: memory\n  0000000000000000-ffffffffffffffff (prio 0, "
       "i/o): system\n",
       "m.txt:2: this is `info mtree`; the flat view is needed"},
      {Map("  0000000000000000-0000000000000fff (prio 0, ram): a "
           "@0000100000000000\n"),
       "m.txt:3: an offset or a size of 2^44 and more"},
  };
  for (const auto& c : cases) {
    const absl::Status status = FromText(c.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(absl::StrContains(status.message(), c.error)) << status;
  }
}

}  // namespace
}  // namespace iovalab
