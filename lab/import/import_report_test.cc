#include "lab/import/import_report.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "lab/import/import_testing.h"

namespace iovalab {
namespace {

constexpr uint64_t kRam = 0x7f0000000000;
constexpr uint64_t kHost = 0x7e0000000000;

std::string Text(absl::string_view log) {
  const Import import = ImportQemuLog(log);
  const ImportBlocks blocks(import.devices, import.names);
  return ReportText("x.log", import, blocks, JudgeImport(import));
}

ImportReport Judged(absl::string_view log) {
  return JudgeImport(ImportQemuLog(log));
}

TEST(ImportReport, TheAliasCaptureIsHit) {
  EXPECT_EQ(
      Text(ReadCapture("qemu72-q35-4g-novga-svq")),
      "x.log: 1993 lines: 1993 events known, 0 other, 0 foreign, 0 damaged, 0 "
      "blank\n"
      "x.log: device fd 9: 10 region_add, 10 region_del, 28 maps and unmaps, "
      "up to 10 sections at one time\n"
      "x.log: device fd 9: HIT: 2 of its unmaps removed a mapping that was not "
      "its own\n"
      "  alias: GPA [0xfeda0000, 0xfedbffff] is the same memory as GPA "
      "[0xa0000, 0xbffff] (pc.ram + 0xa0000, 0x20000 bytes; since line 1903)\n"
      "         of the sections [0xfeda0000, 0xfedbffff] and [0x0, 0xbffff]\n"
      "  line 1920: for GPA [0xfeda0000, 0xfedbffff] it unmapped IOVA [0x7000, "
      "0x26fff]\n"
      "    which removed the mapping of GPA [0x0, 0xbffff], IOVA [0x7000, "
      "0xc6fff] (line 1817)\n"
      "    the guest still has that memory: the device's access to it faults "
      "from here on\n"
      "    its own mapping, IOVA [0x100047000, 0x100066fff] (line 1905), "
      "stays: "
      "stale\n"
      "  line 1972: for GPA [0x0, 0xbffff] it unmapped IOVA [0x100047000, "
      "0x100106fff]\n"
      "    which removed the mapping of GPA [0xfeda0000, 0xfedbffff], IOVA "
      "[0x100047000, 0x100066fff] (line 1905)\n"
      "    its own mapping, IOVA [0x7000, 0xc6fff] (line 1817), was gone "
      "before\n");
}

struct VerdictCase {
  const char* capture;
  HitVerdict verdict;
  const char* reason;
  size_t aliases;
};

TEST(ImportReport, Captures) {
  const VerdictCase kCases[] = {
      {"qemu100-q35-4g-novga-svq", HitVerdict::kNotHit, "looks up by GPA", 1},
      {"qemu72-q35-4g-vga-svq", HitVerdict::kNotHit, "share host memory", 0},
      {"qemu100-q35-4g-vga-svq", HitVerdict::kNotHit, "share host memory", 0},
      {"qemu72-q35-4g-novga-nosvq", HitVerdict::kNotHit, "no shadow queue", 1},
      {"qemu100-q35-4g-novga-nosvq", HitVerdict::kNotHit, "no shadow queue", 1},
      {"qemu72-vhost-user-blk-q35-4g", HitVerdict::kNotHit, "no tree", 0},
  };
  for (const VerdictCase& c : kCases) {
    const ImportReport r = Judged(ReadCapture(c.capture));
    ASSERT_EQ(r.devices.size(), 1u);
    EXPECT_EQ(r.verdict, c.verdict) << c.capture;
    EXPECT_TRUE(absl::StrContains(r.devices[0].reason, c.reason))
        << c.capture << ": " << r.devices[0].reason;
    EXPECT_EQ(r.devices[0].aliases.size(), c.aliases) << c.capture;
    EXPECT_EQ(r.devices[0].stale_count, 0u) << c.capture;
  }
  const ImportReport none = Judged(ReadCapture("qemu72-q35-2g-vtd-linux"));
  EXPECT_EQ(none.verdict, HitVerdict::kUnknown);
  EXPECT_TRUE(absl::StrContains(Text(ReadCapture("qemu72-q35-2g-vtd-linux")),
                                "30 faults of an intel-iommu"));
}

// Deletes the alias of `big`, in a QEMU that looks up by HVA or by GPA.
std::string AliasLog(bool by_gpa, bool delete_alias) {
  std::string log;
  FakeQemuOptions o;
  o.by_gpa = by_gpa;
  FakeQemu q(o, &log);
  q.MapRings(0, kHost, 0x2000, 0x1000);
  q.RegionAdd({0, 0x7fffffff, kRam, false});
  q.RegionAdd({0xfeda0000, 0xfedbffff, kRam + 0xa0000, false});
  q.Commit();
  if (delete_alias) {
    q.RegionDel({0xfeda0000, 0xfedbffff, kRam + 0xa0000, false});
    q.Commit();
  }
  return log;
}

TEST(ImportReport, WhatStaysAndWhatIsLost) {
  const ImportReport hit = Judged(AliasLog(false, true));
  EXPECT_EQ(hit.verdict, HitVerdict::kHit);
  const DeviceReport& d = hit.devices[0];
  ASSERT_EQ(d.wrong.size(), 1u);
  EXPECT_TRUE(d.wrong[0].self_stays);
  EXPECT_TRUE(d.wrong[0].removed_live);
  ASSERT_EQ(d.wrong[0].removed.size(), 1u);
  EXPECT_EQ(d.wrong[0].removed[0].last, 0x7fffffffu);
  ASSERT_EQ(d.stale.size(), 1u);
  EXPECT_EQ(d.stale[0].first, 0xfeda0000u);

  EXPECT_EQ(Judged(AliasLog(true, true)).verdict, HitVerdict::kNotHit);
  EXPECT_TRUE(absl::StrContains(Text(AliasLog(true, true)), "looks up by GPA"));
  EXPECT_TRUE(absl::StrContains(Text(AliasLog(false, false)),
                                "none of them was unmapped"));
}

TEST(ImportReport, LogsThatCannotTell) {
  EXPECT_TRUE(absl::StrContains(
      Text("vhost_vdpa_listener_region_add vdpa: 0x5 iova 0x0 llend 0x1000 "
           "vaddr: 0x7000 read-only: 0\n"),
      "cannot tell: the log has no vhost_vdpa_dma_map and _unmap lines"));
  EXPECT_TRUE(absl::StrContains(Text(""), "cannot tell"));
  // A log that begins in the middle accuses nobody, and clears nobody.
  EXPECT_EQ(Judged("vhost_vdpa_listener_region_del vdpa: 0x5 iova 0x2000 llend "
                   "0x2fff\n"
                   "vhost_vdpa_dma_unmap vdpa:0x5 fd: 9 msg_type: 2 iova: "
                   "0x1000 size: 0x1000 type: 3\n")
                .verdict,
            HitVerdict::kUnknown);
  // Maps whose sections the log lacks say nothing of a shadow queue.
  EXPECT_TRUE(absl::StrContains(
      Text("vhost_vdpa_dma_map vdpa:0x5 fd: 9 msg_type: 2 iova: 0x7000 size: "
           "0xc0000 uaddr: 0x7f0000000000 perm: 0x3 type: 2\n"),
      "cannot tell: none of its maps follows a region_add"));
}

TEST(ImportReport, VfioWithAliases) {
  const std::string text = Text(
      "vfio_listener_region_add_ram region_add [ram] 0x0 - 0x7fffffff "
      "[0x7f0000000000]\n"
      "vfio_listener_region_add_ram region_add [ram] 0xfeda0000 - 0xfedbffff "
      "[0x7f00000a0000]\n");
  EXPECT_TRUE(absl::StrContains(text, "device vfio: not hit")) << text;
  EXPECT_TRUE(absl::StrContains(text, "would be exposed")) << text;
  EXPECT_TRUE(absl::StrContains(text, "ram0 + 0xa0000")) << text;
}

TEST(ImportBlocks, FoundFromHostAddresses) {
  ImportDevice d;
  const auto add = [&](uint64_t line, uint64_t first, uint64_t size,
                       uint64_t hva, bool readonly = false) {
    ImportOp op;
    op.kind = ImportOpKind::kRegionAdd;
    op.line = line;
    op.first = first;
    op.last = first + size - 1;
    op.hva = hva;
    op.readonly = readonly;
    d.ops.push_back(op);
  };
  add(1, 0x100000000, 0x40000000, 0x7fb000000000);    // shown first
  add(2, 0, 0x80000000, 0x7fa000000000);              // low
  add(3, 0x140000000, 0x80000000, 0x7fa080000000);    // continues low
  add(4, 0xfeda0000, 0x20000, 0x7fa0000a0000);        // alias
  add(5, 0x1c0000000, 0x10000000, 0x7fa100000000);    // kept apart: other
  add(6, 0xfffc0000, 0x40000, 0x7fc000000000, true);  // ROM
  const std::vector<NamedSpan> names = {{0x7fa000000000, 0x1000, "pc.ram"},
                                        {0x7fc000000000, 0x1000, "pc.ram"}};
  const ImportBlocks blocks({&d, 1}, names);
  ASSERT_EQ(blocks.blocks().size(), 4u);
  EXPECT_EQ(blocks.blocks()[0].name, "ram0");
  EXPECT_EQ(blocks.blocks()[0].base, ImportBlocks::kFirstBase);
  EXPECT_EQ(blocks.blocks()[1].name, "pc.ram");
  EXPECT_EQ(blocks.blocks()[1].size, 0x100000000u);
  EXPECT_EQ(blocks.blocks()[2].hva, 0x7fa100000000u);
  EXPECT_EQ(blocks.blocks()[3].name, "pc.ram_3");
  EXPECT_EQ(blocks.Find(0x7fa0000a0000), &blocks.blocks()[1]);
  EXPECT_EQ(blocks.Find(0x7fa10fffffff), &blocks.blocks()[2]);
  EXPECT_EQ(blocks.Find(0x7fa110000000), nullptr);
  EXPECT_EQ(blocks.Find(0), nullptr);
  for (size_t i = 1; i < 4; ++i) {
    EXPECT_GT(blocks.blocks()[i].base,
              blocks.blocks()[i - 1].base + blocks.blocks()[i - 1].size);
  }
}

}  // namespace
}  // namespace iovalab
