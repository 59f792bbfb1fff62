#include "lab/import/monitor_dump.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "lab/import/import_testing.h"
#include "sim/random.h"

namespace iovalab {
namespace {

constexpr char kMap[] =
    "FlatView #0\n"
    " AS \"I/O\", root: io\n"
    " Root memory region: io\n"
    "  0000000000000000-0000000000000007 (prio 0, i/o): dma-chan\n"
    "\n"
    "FlatView #1\n"
    " AS \"memory\", root: system\n"
    " AS \"cpu-memory-0\", root: system\n"
    " Root memory region: system\n"
    "  0000000000000000-00000000000bffff (prio 0, ram): pc.ram\n"
    "  00000000000c0000-00000000000fffff (prio 1, rom): pc.ram "
    "@00000000000c0000\n"
    "  00000000fee00000-00000000feefffff (prio 4096, i/o): apic-msi\n"
    "  00000000fffc0000-00000000ffffffff (prio 0, romd): system.flash0\n"
    "  0000000100000000-000000017fffffff (prio -1, nv-ram): my dimm 0 KVM\n"
    "\n";

MonitorDump Read(absl::string_view text) {
  MonitorDump dump;
  EXPECT_EQ(AddMonitorDump("a.txt", text, &dump), absl::OkStatus());
  return dump;
}

std::string Told(const MonitorDump& dump) {
  std::string text;
  for (const DumpView& v : dump.views) {
    absl::StrAppend(&text, "view ", v.line, "\n");
    for (const DumpSection& s : v.sections) {
      absl::StrAppend(&text, s.line, " ", absl::Hex(s.first), "-",
                      absl::Hex(s.last), s.readonly ? " ro " : " rw ", s.name,
                      "+", absl::Hex(s.offset), "\n");
    }
  }
  for (const DumpBlock& b : dump.blocks) {
    absl::StrAppend(&text, b.line, " block ", b.name, "\n");
    if (b.has_hva) absl::StrAppend(&text, " at ", absl::Hex(b.hva), "\n");
  }
  for (const DumpAddress& a : dump.addresses) {
    absl::StrAppend(&text, a.line, " ", absl::Hex(a.gpa), " ", a.name, " ",
                    absl::Hex(a.hva), "\n");
  }
  return text;
}

TEST(MonitorDump, AFlatViewIsTheSystems) {
  const MonitorDump dump = Read(kMap);
  EXPECT_EQ(Told(dump),
            "view 6\n"
            "10 0-bffff rw pc.ram+0\n"
            "11 c0000-fffff ro pc.ram+c0000\n"
            "14 100000000-17fffffff rw my dimm 0+0\n");
  EXPECT_EQ(dump.lines, 15u);
  EXPECT_EQ(dump.foreign, 0u);
}

TEST(MonitorDump, SessionsAndFilesAreCountedThrough) {
  MonitorDump dump = Read(absl::StrCat(
      "QEMU 7.2 monitor\r\n(qemu) info mtree\n", kMap, "(qemu) quit\n"));
  EXPECT_EQ(dump.foreign, 3u);
  ASSERT_TRUE(AddMonitorDump("b.txt",
                             "     Block Name    PSize  Offset  Used  Total\n"
                             "  /objects/my mem    4 KiB  0x0000000000000000 "
                             "0x0000000100000000 0x0000000100000000\n"
                             "(qemu) gpa2hva 0x1000\n"
                             "Host virtual address for 0x1000 (pc.ram) is "
                             "0x7f0000001000\n"
                             "No memory is mapped at address 0xfeda0000",
                             &dump)
                  .ok());
  EXPECT_EQ(dump.blocks.size(), 1u);
  EXPECT_EQ(dump.blocks[0].name, "/objects/my mem");
  EXPECT_FALSE(dump.blocks[0].has_hva);
  ASSERT_EQ(dump.addresses.size(), 1u);
  EXPECT_EQ(dump.addresses[0].gpa, 0x1000u);
  EXPECT_EQ(dump.addresses[0].hva, 0x7f0000001000u);
  EXPECT_EQ(PlaceOfLine(dump.files, dump.views[0].line), "a.txt:8");
  EXPECT_EQ(PlaceOfLine(dump.files, dump.blocks[0].line), "b.txt:2");
  EXPECT_EQ(PlaceOfLine({}, 7), "line 7");
}

TEST(MonitorDump, QmpSaysItInOneString) {
  const std::string quoted = absl::StrCat(
      "{\"return\": \"",
      absl::StrReplaceAll(kMap, {{"\"", "\\\""}, {"\n", "\\r\\n"}}), "\"}\n",
      "{\"return\": {\"human-readable-text\": \"    Block Name    PSize    "
      "HVA  RO\\n    pc.ram    2 MiB  0x0000000000000000 0x0000000100000000 "
      "0x0000000100000000 0x00007f0000000000  rw\\n\"}}\n");
  const MonitorDump dump = Read(quoted);
  ASSERT_EQ(dump.views.size(), 1u);
  EXPECT_EQ(dump.views[0].sections.size(), 3u);
  ASSERT_EQ(dump.blocks.size(), 1u);
  EXPECT_EQ(dump.blocks[0].name, "pc.ram");
  EXPECT_EQ(dump.blocks[0].hva, 0x7f0000000000u);
}

TEST(MonitorDump, RealOnes) {
  const struct {
    const char* capture;
    size_t views, sections, blocks, addresses;
    bool has_hva;
  } cases[] = {
      {"qemu72-q35-4g-novga-svq", 3, 28, 21, 22, false},
      {"qemu72-q35-4g-novga-nosvq", 3, 28, 21, 22, false},
      {"qemu72-q35-4g-vga-svq", 3, 31, 27, 22, false},
      {"qemu100-q35-4g-novga-svq", 3, 28, 21, 22, true},
      {"qemu100-q35-4g-novga-nosvq", 3, 28, 21, 22, true},
      {"qemu100-q35-4g-vga-svq", 3, 31, 27, 22, true},
      {"qemu72-vhost-user-blk-q35-4g", 1, 7, 6, 0, false},
  };
  for (const auto& c : cases) {
    const std::string text = ReadMonitor(c.capture);
    EXPECT_TRUE(LooksLikeMonitorDump(text));
    EXPECT_FALSE(LooksLikeMonitorDump(ReadCapture(c.capture)));
    const MonitorDump dump = Read(text);
    size_t sections = 0;
    for (const DumpView& v : dump.views) sections += v.sections.size();
    EXPECT_EQ(dump.views.size(), c.views) << c.capture;
    EXPECT_EQ(sections, c.sections) << c.capture;
    EXPECT_EQ(dump.blocks.size(), c.blocks) << c.capture;
    EXPECT_EQ(dump.addresses.size(), c.addresses) << c.capture;
    for (const DumpBlock& b : dump.blocks) EXPECT_EQ(b.has_hva, c.has_hva);
  }
}

TEST(MonitorDump, Bad) {
  const std::string head = "FlatView #0\n AS \"memory\", root: system\n";
  const struct {
    std::string text, error;
  } cases[] = {
      {head + "  0000000000000000-00000000000bffff (prio 0, ra",
       "a.txt:3: a section is \"FIRST"},
      {head + "  0000000000000000-00000000000bff (prio 0, ram): pc.ram",
       "a.txt:3: a section is"},
      {head + "  0000000000001000-0000000000000fff (prio 0, ram): pc.ram",
       "a.txt:3: a section is"},
      {head + "  0000000000000000-0000000000000fff (prio 0, ram): pc.ram @0012",
       "a.txt:3: a section is"},
      {head + "  0000000000000000-0000000000001fff (prio 0, ram): a\n"
              "  0000000000001000-0000000000002fff (prio 0, ram): b",
       "a.txt:4: sections of a flat view ascend"},
      {"FlatView #0\n AS \"I/O\", root: io\n\n",
       "a.txt:1: `info mtree -f` without the flat view of AS \"memory\""},
      {"  0000000000000000-00000000000bffff (prio 0, ram): pc.ram",
       "a.txt:1: a section outside of a flat view"},
      {" Block Name PSize Offset Used Total\n pc.ram 4 KiB 0x00",
       "a.txt:2: a row of `info ramblock` is NAME, page size"},
      {" Block Name PSize Offset Used Total HVA RO\n pc.ram 4 KiB "
       "0x0000000000000000 0x0000000100000000 0x0000000100000000\n",
       "total, HVA, rw or ro; this is cut"},
      {"Host virtual address for 0x1000 (pc.ram) is 0x7f0000001000 or so",
       "a.txt:1: gpa2hva says"},
  };
  for (const auto& c : cases) {
    MonitorDump dump;
    const absl::Status status = AddMonitorDump("a.txt", c.text, &dump);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.text;
    EXPECT_TRUE(absl::StrContains(status.message(), c.error))
        << status.message() << "\nfor\n"
        << c.text;
  }
}

// Any bytes are read or refused, and a cut row is never taken for a whole one.
TEST(MonitorDump, DamagedOnes) {
  const std::string whole = ReadMonitor("qemu100-q35-4g-novga-svq");
  sim::Random random(7, 1);
  for (int round = 0; round < 400; ++round) {
    std::string text = whole;
    for (uint64_t n = random.Below(4) + 1; n > 0; --n) {
      const size_t at = random.Below(text.size());
      switch (random.Below(3)) {
        case 0:
          text[at] = static_cast<char>(random.Below(256));
          break;
        case 1:
          text.erase(at, random.Below(200));
          break;
        case 2:
          text.insert(at, text.substr(random.Below(text.size()), 40));
          break;
      }
    }
    MonitorDump dump;
    const absl::Status status = AddMonitorDump("a.txt", text, &dump);
    EXPECT_TRUE(status.ok() || absl::StartsWith(status.message(), "a.txt:"));
    for (const DumpView& v : dump.views) {
      for (size_t i = 0; i < v.sections.size(); ++i) {
        EXPECT_LE(v.sections[i].first, v.sections[i].last);
        if (i == 0) continue;
        EXPECT_LT(v.sections[i - 1].last, v.sections[i].first);
      }
    }
  }
}

}  // namespace
}  // namespace iovalab
