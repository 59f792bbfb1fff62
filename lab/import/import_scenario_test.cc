#include "lab/import/import_scenario.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "fmt/format.h"
#include "gtest/gtest.h"
#include "lab/import/import_report.h"
#include "lab/import/import_testing.h"
#include "lab/import/predict.h"
#include "lab/scenario/scenario_load.h"
#include "lab/scenario/scenario_print.h"
#include "model/vmm/memory.h"
#include "sim/random.h"

namespace iovalab {
namespace {

using Op = ImportOpKind;

absl::StatusOr<std::string> Scenario(const Import& import) {
  const ImportBlocks blocks(import.devices, import.names);
  const int chosen = ChooseImportDevice(import);
  if (chosen < 0) return absl::NotFoundError("no device");
  const auto pb =
      ScenarioFromImport(import.devices[chosen], blocks, {.source = "a test"});
  if (!pb.ok()) return pb.status();
  return CanonicalText(*pb);
}

// The listener's events of a scenario, by rendering its regions as the machine
// does, and those of the log: "+first-last" and "-first-last".
std::vector<std::string> EventsOf(const iovalab::Scenario& s) {
  std::vector<RegionState> states;
  for (const RegionSpec& r : s.regions)
    states.push_back({r.enabled, r.readonly});
  FlatView view = RenderFlatView(s.regions, states);
  EXPECT_TRUE(view.empty());
  std::vector<std::string> events;
  for (const StepSpec& step : s.steps) {
    if (step.kind == StepKind::kHostMap) events.push_back("host");
    if (step.kind == StepKind::kHostUnmap) events.push_back("unhost");
    if (step.kind != StepKind::kMemory) continue;
    for (const uint32_t r : step.enable) states[r].enabled = true;
    for (const uint32_t r : step.disable) states[r].enabled = false;
    FlatView next = RenderFlatView(s.regions, states);
    const FlatViewDiff diff = DiffFlatViews(view, next);
    for (const FlatRange& r : diff.del) {
      events.push_back(
          fmt::format("-{:x}-{:x}", r.gpa.first.value, r.gpa.last.value));
    }
    for (const FlatRange& r : diff.add) {
      events.push_back(
          fmt::format("+{:x}-{:x}", r.gpa.first.value, r.gpa.last.value));
    }
    view = std::move(next);
  }
  return events;
}

std::vector<std::string> EventsOf(const ImportDevice& d) {
  std::vector<std::string> events;
  for (const ImportOp& op : d.ops) {
    if (op.kind == Op::kRegionAdd || op.kind == Op::kRegionDel) {
      events.push_back(fmt::format("{}{:x}-{:x}",
                                   op.kind == Op::kRegionAdd ? "+" : "-",
                                   op.first, op.last));
    }
    if (op.kind == Op::kHostMap) events.push_back("host");
    if (op.kind == Op::kHostUnmap) events.push_back("unhost");
  }
  return events;
}

const char* const kCaptures[] = {
    "qemu72-q35-4g-novga-svq",     "qemu72-q35-4g-vga-svq",
    "qemu72-q35-4g-novga-nosvq",   "qemu100-q35-4g-novga-svq",
    "qemu100-q35-4g-vga-svq",      "qemu100-q35-4g-novga-nosvq",
    "qemu72-vhost-user-blk-q35-4g"};

// The machine's listener will see what QEMU's saw, in the same order.
TEST(ImportScenario, SameListenerEvents) {
  for (const char* capture : kCaptures) {
    const Import import = ImportQemuLog(ReadCapture(capture));
    const auto text = Scenario(import);
    ASSERT_TRUE(text.ok()) << text.status();
    const auto loaded = LoadScenario(capture, *text);
    ASSERT_TRUE(loaded.ok()) << loaded.status() << "\n" << *text;
    EXPECT_EQ(loaded->canonical, *text);
    EXPECT_EQ(EventsOf(loaded->spec), EventsOf(import.devices[0])) << capture;
  }
}

// Two runs of one machine differ in addresses and pointers only.
TEST(ImportScenario, AslrDoesNotShow) {
  const std::string log = ReadCapture("qemu72-q35-4g-novga-svq");
  std::string moved;
  for (absl::string_view line : absl::StrSplit(log, '\n')) {
    // pc.ram, the ROM, the rings' heap, each moved by its own distance.
    std::string text(line);
    for (const auto& [from, to] : {std::pair{"0x7f0f5be", "0x7aaa5be"},
                                   {"0x7f0f5bf", "0x7aaa5bf"},
                                   {"0x7f0fdbe", "0x7aaadbe"},
                                   {"0x7f10a9e", "0x7bbba9e"},
                                   {"0x7f10600", "0x71110a0"},
                                   {"0x7f10abc91190", "0x7f10abc00000"}}) {
      const size_t at = text.find(from);
      if (at != std::string::npos)
        text.replace(at, std::string(from).size(), to);
    }
    absl::StrAppend(&moved, text, "\n");
  }
  const auto a = Scenario(ImportQemuLog(log));
  const auto b = Scenario(ImportQemuLog(moved));
  ASSERT_NE(log, moved);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(*a, *b);
  EXPECT_EQ(*a, *Scenario(ImportQemuLog(log)));
}

TEST(ImportScenario, DmaAroundEachDeletion) {
  const auto text =
      Scenario(ImportQemuLog(ReadCapture("qemu72-q35-4g-novga-svq")));
  ASSERT_TRUE(text.ok());
  const auto loaded = LoadScenario("x", *text);
  ASSERT_TRUE(loaded.ok());
  std::map<StepKind, int> kinds;
  bool held_low = false;
  for (const StepSpec& s : loaded->spec.steps) {
    ++kinds[s.kind];
    held_low = held_low || (s.hold && s.buffers[0].gpa.first.value < 0xa0000);
  }
  EXPECT_EQ(kinds[StepKind::kMemory], 4);
  EXPECT_EQ(kinds[StepKind::kHostMap], 4);
  EXPECT_EQ(kinds[StepKind::kHostUnmap], 4);
  EXPECT_EQ(kinds[StepKind::kRelease], 8);
  // Held across the one deletion while the device runs, and posted after it;
  // nothing at the stop.
  EXPECT_EQ(kinds[StepKind::kPost], 8 + 9);
  EXPECT_TRUE(held_low);
}

TEST(ImportScenario, RandomLives) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    sim::Random random(seed, 5);
    std::string log;
    FakeQemuOptions o;
    o.shared = o.by_gpa = random.Below(2) == 0;
    FakeQemu q(o, &log);
    q.MapRings(0, 0x7e0000000000, 0x2000, 0x1000);
    std::map<uint64_t, FakeSection> live;
    // One transaction at a time: deletions, then additions, in address order.
    for (int tx = 0; tx < 40; ++tx) {
      std::map<uint64_t, FakeSection> del, add;
      for (int i = 0; i < 4; ++i) {
        const uint64_t slot = random.Below(16) * 0x100000;
        if (const auto it = live.find(slot); it != live.end()) {
          del[slot] = it->second;
        } else {
          const uint64_t size = (1 + random.Below(256)) * 0x1000;
          add[slot] = {slot, slot + size - 1,
                       0x7f0000000000 + random.Below(2) * 0x10000000000 + slot,
                       random.Below(3) == 0};
        }
      }
      for (const auto& [slot, s] : del) q.RegionDel(s), live.erase(slot);
      for (const auto& [slot, s] : add) q.RegionAdd(s), live[slot] = s;
      q.Commit();
    }
    const Import import = ImportQemuLog(log);
    const auto text = Scenario(import);
    ASSERT_TRUE(text.ok()) << text.status();
    const auto loaded = LoadScenario("x", *text);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_EQ(EventsOf(loaded->spec), EventsOf(import.devices[0])) << seed;
  }
}

TEST(ImportScenario, WhatFitsNoScenarioIsAnError) {
  const auto huge = Scenario(
      ImportQemuLog("vhost_vdpa_listener_region_add vdpa: 0x5 iova 0x0 llend "
                    "0xffffffffffff0000 vaddr: 0x0 read-only: 0\n"));
  EXPECT_EQ(huge.status().code(), absl::StatusCode::kInvalidArgument);
  std::string log;
  for (int i = 0; i < 30000; ++i) {
    absl::StrAppend(&log, fmt::format("vfio_listener_region_add_ram region_add "
                                      "[ram] {:#x} - {:#x} [{:#x}]\n",
                                      i * 0x2000, i * 0x2000 + 0xfff,
                                      0x7f0000000000 + i * 0x2000));
  }
  const auto many = Scenario(ImportQemuLog(log));
  EXPECT_EQ(many.status().code(), absl::StatusCode::kResourceExhausted);
}

// Everything that reads a log, on whatever bytes.
void ReadAll(absl::string_view log) {
  const Import import = ImportQemuLog(log);
  const QemuLogCounts& n = import.counts;
  EXPECT_EQ(n.lines, n.known + n.other + n.foreign + n.damaged + n.blank);
  for (const Strategy* strategy : Strategies()) {
    const PredictResult r = PredictImport(import, *strategy);
    EXPECT_LE(r.predicted, r.total);
    PredictText("x", r, *strategy);
  }
  const ImportBlocks blocks(import.devices, import.names);
  ReportText("x", import, blocks, JudgeImport(import));
  const auto text = Scenario(import);
  if (!text.ok()) return;
  const auto loaded = LoadScenario("x", *text);
  EXPECT_TRUE(loaded.ok()) << loaded.status() << "\n" << log << *text;
}

// The lines of a capture that say something, in each form.
std::string SmallLog(absl::string_view capture) {
  std::string small;
  for (absl::string_view line : absl::StrSplit(ReadCapture(capture), '\n')) {
    if (absl::StrContains(line, "vhost_vdpa_dma") ||
        absl::StrContains(line, "vhost_vdpa_listener") ||
        absl::StrContains(line, "set_vring_addr") ||
        absl::StrContains(line, "dev_start")) {
      absl::StrAppend(&small, line, "\n");
    }
  }
  return small;
}

TEST(ImportRobust, CutAnywhere) {
  const std::string log = SmallLog("qemu72-q35-4g-novga-svq");
  const Import whole = ImportQemuLog(log);
  for (size_t n = 0; n < log.size(); ++n) {
    // The end is cut: what is left is predicted as before.
    const absl::string_view head = absl::string_view(log).substr(0, n);
    const PredictResult r =
        PredictImport(ImportQemuLog(head), *StrategyByName("hva"));
    ASSERT_EQ(r.predicted, r.total) << head.substr(head.rfind('\n') + 1);
    if (n % 97 == 0) {
      ReadAll(head);
      ReadAll(absl::string_view(log).substr(n));
    }
  }
}

TEST(ImportRobust, ForeignLinesChangeNothing) {
  sim::Random random(1, 1);
  const char* const kForeign[] = {
      "qemu-system-x86_64: warning: host doesn't support requested feature",
      "",
      "\r",
      "(qemu) info mtree -f",
      "1@2.000003:virtio_notify vdev 0x1",
      "7206@1795143946.227924 MARK high SMRAM open",
      "\xff\xfe\x80"};
  for (const char* capture :
       {"qemu72-q35-4g-novga-svq", "qemu100-q35-4g-novga-svq"}) {
    std::string log;
    for (absl::string_view line : absl::StrSplit(SmallLog(capture), '\n')) {
      absl::StrAppend(&log, line, random.Below(2) == 0 ? "\r\n" : "\n");
      absl::StrAppend(&log, kForeign[random.Below(7)], "\n");
    }
    const Import import = ImportQemuLog(log);
    EXPECT_GT(import.counts.foreign, 10u);
    const PredictResult r =
        PredictImport(import, *StrategyByName(GuessMapping(import)));
    EXPECT_EQ(r.total, 28u);
    EXPECT_EQ(r.predicted, 28u);
  }
}

TEST(ImportRobust, MutationsAndGarbage) {
  const std::string base =
      SmallLog("qemu72-q35-4g-novga-svq") + SmallLog("qemu100-q35-4g-vga-svq");
  const std::string vhost = ReadCapture("qemu72-vhost-user-blk-q35-4g");
  for (uint64_t seed = 0; seed < 300; ++seed) {
    sim::Random random(seed, 9);
    std::string log = seed % 4 == 0 ? vhost.substr(0, 9000) : base;
    const uint64_t changes = 1 + random.Below(60);
    for (uint64_t i = 0; i < changes; ++i) {
      const size_t at = random.Below(log.size());
      switch (random.Below(6)) {
        case 0:
          log[at] = static_cast<char>(random.Below(256));
          break;
        case 1:
          log.erase(at, random.Below(200));
          break;
        case 2:
          log[at] = "0123456789abcdef"[random.Below(16)];
          break;
        case 3:
          log.insert(at, "\n");
          break;
        case 4: {  // a line again, elsewhere
          const size_t line = log.rfind('\n', at) + 1;
          const std::string copy = log.substr(line, log.find('\n', at) - line);
          log.insert(log.rfind('\n', random.Below(log.size())) + 1,
                     copy + "\n");
          break;
        }
        default:
          log.insert(at, "ffffffff");
      }
    }
    ReadAll(log);
  }
  sim::Random random(3, 3);
  std::string garbage;
  for (int i = 0; i < 100000; ++i) {
    garbage += static_cast<char>(random.Below(256));
  }
  ReadAll(garbage);
}

TEST(ImportScenario, AControlQueueKeepsItsAddressSpace) {
  std::string log;
  FakeQemu qemu({.shared = true, .by_gpa = true, .cvq_asid = 1}, &log);
  qemu.Init();
  qemu.MapRings(0, 0x7e0000000000, 0x2000, 0x1000);
  qemu.MapBuffers(0x7e0000100000);
  qemu.RegionAdd({0, 0xfffff, 0x7f0000000000, false});
  qemu.Commit();
  const Import import = ImportQemuLog(log);
  ASSERT_EQ(import.devices.size(), 1u);
  const ImportBlocks blocks(import.devices, import.names);
  const auto scenario = ScenarioFromImport(import.devices[0], blocks, {});
  ASSERT_TRUE(scenario.ok()) << scenario.status();
  std::vector<uint32_t> asids;
  for (const pb::Step& step : scenario->step()) {
    if (step.has_host_map()) asids.push_back(step.host_map().asid());
  }
  EXPECT_EQ(asids, std::vector<uint32_t>({0, 0, 1, 1}));
  EXPECT_EQ(scenario->axis(1).name(), "device");
  EXPECT_EQ(scenario->axis(1).value(0), "vdpa_sim_net");
  const auto loaded = LoadScenario("s", CanonicalText(*scenario));
  EXPECT_TRUE(loaded.ok()) << loaded.status();
}

// QEMU maps the driver's part of a ring for reading, its own for both; another
// VMM's log may say writing alone.
TEST(ImportScenario, AHostBufferKeepsItsPermission) {
  std::string log;
  FakeQemu qemu({.shared = true, .by_gpa = true}, &log);
  qemu.Init();
  qemu.MapRings(0, 0x7e0000000000, 0x2000, 0x1000);
  qemu.RegionAdd({0, 0xfffff, 0x7f0000000000, false});
  qemu.Commit();
  log = absl::StrReplaceAll(log, {{"perm: 0x3", "perm: 0x2"}});
  const Import import = ImportQemuLog(log);
  ASSERT_EQ(import.devices.size(), 1u);
  const ImportBlocks blocks(import.devices, import.names);
  const auto pb = ScenarioFromImport(import.devices[0], blocks, {});
  ASSERT_TRUE(pb.ok()) << pb.status();
  const auto loaded = LoadScenario("s", CanonicalText(*pb));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  std::string perms;
  for (const StepSpec& step : loaded->spec.steps) {
    if (step.kind != StepKind::kHostMap) continue;
    perms += step.readonly ? " r" : step.write_only ? " w" : " rw";
  }
  EXPECT_EQ(perms, " r w");
}

}  // namespace
}  // namespace iovalab
