#include "lab/import/qemu_log.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "lab/import/qemu_log_pattern.h"

namespace iovalab {
namespace {

using K = QemuEventKind;

struct Got {
  K kind;
  uint64_t line;
  std::string name;
  std::vector<uint64_t> words;  // up to the last present; absent ones 0xabad
};

std::vector<Got> Parse(absl::string_view log, QemuLogCounts* counts = nullptr,
                       size_t piece = absl::string_view::npos) {
  std::vector<Got> got;
  auto sink = [&](const QemuEvent& e) {
    Got g{e.kind, e.line, std::string(e.name), {}};
    for (int i = 0; i < static_cast<int>(e.word.size()); ++i) {
      if (e.present >> i == 0) break;
      g.words.push_back(e.Has(i) ? e.word[i] : 0xabad);
    }
    got.push_back(g);
  };
  QemuLogParser parser;
  for (size_t at = 0; at < log.size(); at += std::min(piece, log.size())) {
    parser.Feed(log.substr(at, piece), sink);
  }
  parser.Finish(sink);
  if (counts != nullptr) *counts = parser.counts();
  return got;
}

struct LineCase {
  const char* line;  // without prefix and newline
  K kind;
  std::vector<uint64_t> words;
  const char* name = "";
};

const std::vector<LineCase>& LineCases() {
  static const auto* const kCases = new std::vector<LineCase>{
      // QEMU 7.2
      {"vhost_vdpa_dma_map vdpa:0x7f10abc91190 fd: 9 msg_type: 2 iova: 0x1000 "
       "size: 0x2000 uaddr: 0x7f10600d4000 perm: 0x1 type: 2",
       K::kDmaMap,
       {0x7f10abc91190, 9, 2, 0xabad, 0x1000, 0x2000, 0x7f10600d4000, 1, 2}},
      {"vhost_vdpa_dma_unmap vdpa:0x7f10abc91190 fd: 9 msg_type: 2 iova: "
       "0x7000 size: 0x20000 type: 3",
       K::kDmaUnmap,
       {0x7f10abc91190, 9, 2, 0xabad, 0x7000, 0x20000, 3}},
      {"vhost_vdpa_listener_region_add vdpa: 0x7f10abc91190 iova 0xc0000 llend "
       "0xc1000 vaddr: 0x7f0f5bec0000 read-only: 1",
       K::kRegionAdd,
       {0x7f10abc91190, 0xc0000, 0xc1000, 0x7f0f5bec0000, 1}},
      {"vhost_vdpa_listener_region_del vdpa: 0x7f10abc91190 iova 0xfeda0000 "
       "llend 0xfedc0000",
       K::kRegionDel,
       {0x7f10abc91190, 0xfeda0000, 0xfedc0000}},
      {"vhost_vdpa_listener_begin_batch vdpa:0x7f10abc91190 fd: 9 msg_type: 2 "
       "type: 5",
       K::kBatchBegin,
       {0x7f10abc91190, 9, 2, 5}},
      {"vhost_vdpa_listener_commit vdpa:0x7f10abc91190 fd: 9 msg_type: 2 type: "
       "6",
       K::kBatchEnd,
       {0x7f10abc91190, 9, 2, 6}},
      {"vhost_vdpa_get_iova_range dev: 0x5572de825870 first: 0x0 last: "
       "0xffffffffffff",
       K::kIovaRange,
       {0x5572de825870, 0, 0xffffffffffff}},
      {"vhost_vdpa_init dev: 0x5572de825870 vdpa: 0x7f10abc91190",
       K::kDevInit,
       {0x5572de825870, 0xabad, 0x7f10abc91190}},
      {"vhost_vdpa_set_vring_addr dev: 0x5572de825870 index: 1 flags: 0x0 "
       "desc_user_addr: 0x4000 used_user_addr: 0x6000 avail_user_addr: 0x5000 "
       "log_guest_addr: 0x0",
       K::kVringAddr,
       {0x5572de825870, 1}},
      {"vfio_listener_region_add_skip SKIPPING region_add 0xfee00000 - "
       "0xfeefffff",
       K::kVfioSkip,
       {0xfee00000, 0xfeefffff}},
      {"vfio_listener_region_add_iommu region_add [iommu] 0x0 - 0xffffffff",
       K::kVfioIommu,
       {0, 0xffffffff}},
      // QEMU 10.0
      {"vhost_vdpa_dma_map vdpa_shared:0x55cf29976b50 fd: 9 msg_type: 2 asid: "
       "1 iova: 0x1000 size: 0x2000 uaddr: 0x7f123b7d9000 perm: 0x3 type: 2",
       K::kDmaMap,
       {0x55cf29976b50, 9, 2, 1, 0x1000, 0x2000, 0x7f123b7d9000, 3, 2}},
      {"vhost_vdpa_dma_unmap vdpa_shared:0x55cf29976b50 fd: -1 msg_type: 2 "
       "asid: 0 iova: 0x100047000 size: 0x20000 type: 3",
       K::kDmaUnmap,
       {0x55cf29976b50, ~0ull, 2, 0, 0x100047000, 0x20000, 3}},
      {"vhost_vdpa_listener_region_del vdpa: 0x55cf29976b50 iova 0xfeda0000 "
       "llend 0xfedbffff",
       K::kRegionDel,
       {0x55cf29976b50, 0xfeda0000, 0xfedbffff}},
      {"vhost_vdpa_init dev: 0x55cf29976c50, common dev: 0x55cf29976b50 vdpa: "
       "0x7f1238f35190",
       K::kDevInit,
       {0x55cf29976c50, 0x55cf29976b50, 0x7f1238f35190}},
      {"vhost_vdpa_skipped_memory_section is_ram=0, is_iommu=0, "
       "is_protected=0, is_ram_device=0 iova_min=0x0 iova_last=0xffffffffffff "
       "page_mask=0xfffff000",
       K::kSkipped,
       {0, 0, 0, 0, 0, 0xffffffffffff}},
      {"vhost_vdpa_dev_start dev: 0x55cf29976c50 started: 1",
       K::kDevStart,
       {0x55cf29976c50, 1}},
      {"vfio_listener_region_skip SKIPPING region_add 0xfee00000 - 0xfeefffff",
       K::kVfioSkip,
       {0xfee00000, 0xfeefffff},
       "region_add"},
      {"vfio_listener_region_add_iommu region_add [iommu] vtd 0 0x0 - "
       "0xffffffff",
       K::kVfioIommu,
       {0, 0xffffffff},
       "vtd 0"},
      // Lists' patches
      {"vhost_vdpa_map_batch_begin vdpa_shared:0x5 fd: 9 msg_type: 2 type: 5 "
       "asid: 1",
       K::kBatchBegin,
       {5, 9, 2, 5, 1}},
      {"vhost_vdpa_dma_batch_end vdpa_shared:0x5 fd: 9 msg_type: 2 type: 6",
       K::kBatchEnd,
       {5, 9, 2, 6}},
      // Both
      {"vhost_region_add_section pc.ram: 0x100000000+0x80000000 @ "
       "0x7f9753fff000",
       K::kVhostRegion,
       {0x100000000, 0x80000000, 0x7f9753fff000},
       "pc.ram"},
      {"vhost_region_add_section_aligned 0000:00:01.0/vga.vram: 0x1+0x2 @ 0x3",
       K::kVhostRegionAligned,
       {1, 2, 3},
       "0000:00:01.0/vga.vram"},
      {"vhost_commit Started: 1 Changed: 0", K::kVhostCommit, {1, 0}},
      {"vfio_listener_region_add_ram region_add [ram] 0x100000000 - "
       "0x17fffffff [0x7f0fdbe00000]",
       K::kVfioAdd,
       {0x100000000, 0x17fffffff, 0x7f0fdbe00000}},
      {"vfio_listener_region_del region_del 0x0 - 0xbffff",
       K::kVfioDel,
       {0, 0xbffff}},
      {"vtd_dmar_fault sid 0x28 fault 6 addr 0xdead0000 write 0",
       K::kVtdFault,
       {0x28, 6, 0xdead0000, 0}},
      {"vhost_vdpa_cleanup dev: 0x1 vdpa: (nil)", K::kDevCleanup, {1, 0}},
  };
  return *kCases;
}

TEST(QemuLog, EveryEventWithAndWithoutTimestamp) {
  for (const LineCase& c : LineCases()) {
    for (const char* prefix : {"", "7209@1795143945.906610:"}) {
      for (const absl::string_view end :
           {absl::string_view("\n"), absl::string_view("\r\n"),
            absl::string_view(" \n"), absl::string_view("\0\n", 2)}) {
        const std::string log = absl::StrCat(prefix, c.line, end);
        QemuLogCounts counts;
        const std::vector<Got> got = Parse(log, &counts);
        ASSERT_EQ(got.size(), 1u) << log;
        EXPECT_EQ(got[0].kind, c.kind) << log;
        EXPECT_EQ(got[0].line, 1u);
        EXPECT_EQ(got[0].words, c.words) << log;
        EXPECT_EQ(got[0].name, c.name) << log;
        EXPECT_EQ(counts.known, 1u);
        EXPECT_EQ(counts.damaged + counts.foreign + counts.trailing, 0u) << log;
      }
    }
  }
}

// Cut anywhere, a line gives either nothing or the very same numbers (but for
// an optional last one): never a number that lost digits.
TEST(QemuLog, CutLinesNeverLie) {
  for (const LineCase& c : LineCases()) {
    const std::string line = absl::StrCat("7209@1795143945.906610:", c.line);
    for (size_t n = 0; n < line.size(); ++n) {
      for (const Got& got : Parse(line.substr(0, n))) {
        for (size_t i = 0; i < got.words.size(); ++i) {
          // A permission, or a last type, has one digit; the page mask and
          // what follows a vring's index are not kept.
          EXPECT_TRUE(got.words[i] == c.words[i] ||
                      (c.kind == K::kDevInit && i == 2) ||
                      (c.kind == K::kDevCleanup && i == 1))
              << line.substr(0, n) << " word " << i;
        }
      }
    }
  }
}

struct CountCase {
  const char* what;
  absl::string_view log;
  size_t events;
  uint64_t known, other, foreign, damaged, blank, trailing;
};

TEST(QemuLog, EveryLineIsCountedOnce) {
  using absl::string_view;
  const CountCase kCases[] = {
      {"nothing", "", 0, 0, 0, 0, 0, 0, 0},
      {"blank", "\n \n\r\n", 0, 0, 0, 0, 0, 3, 0},
      {"foreign", "qemu-system-x86_64: warning: hello\n(qemu) info\n", 0, 0, 0,
       2, 0, 0, 0},
      {"unknown event", "1@2.000003:virtio_notify vdev 0x1 vq 0x2\n", 0, 0, 1,
       0, 0, 0, 0},
      {"a word that is no event", "hello world\n", 0, 0, 0, 1, 0, 0, 0},
      {"known, unused", "1@2.000003:vhost_section mem\n", 0, 1, 0, 0, 0, 0, 0},
      {"damaged",
       "1@2.000003:vhost_vdpa_listener_region_del vdpa: 0x1 iova 0x\n", 0, 0, 0,
       0, 1, 0, 0},
      {"too many digits",
       "vhost_vdpa_listener_region_del vdpa: 0x1 iova 0x0 llend "
       "0x10000000000000000\n",
       0, 0, 0, 0, 1, 0, 0},
      {"garbage on the last number",
       "vhost_vdpa_listener_region_del vdpa: 0x1 iova 0x0 llend 0x1000xyz\n", 0,
       0, 0, 0, 1, 0, 0},
      {"trailing text",
       "vhost_vdpa_dev_start dev: 0x1 started: 1 shadow: 1 x\n", 1, 1, 0, 0, 0,
       0, 1},
      {"first line cut in its stamp",
       "43945.906610:vhost_vdpa_dev_start dev: 0x1 started: 1\n", 1, 1, 0, 0, 0,
       0, 0},
      {"first line cut in its name", "_dev_start dev: 0x1 started: 1\n", 0, 0,
       0, 1, 0, 0, 0},
      {"text before the stamp",
       "hello 7@8.000009:vhost_vdpa_dev_start dev: 0x1 started: 1\n", 1, 1, 0,
       0, 0, 0, 0},
      {"a journal's prefix",
       "Nov 20 05:05 host qemu[1]: vhost_vdpa_dev_start dev: 0x1 started: 1\n",
       1, 1, 0, 0, 0, 0, 0},
      {"newline lost, nothing else",
       "vhost_vdpa_dev_start dev: 0x1 started: 1 7@8.000009:vhost_commit "
       "Started: 1 Changed: 0\n",
       2, 1, 0, 0, 0, 0, 0},
      {"newline and end lost",
       "vhost_vdpa_listener_region_del vdpa: 0x1 iova 0x0 llend "
       "0x17@8.000009:vhost_commit Started: 1 Changed: 0\n",
       1, 0, 0, 0, 1, 0, 0},
      {"a hole before a line",
       string_view("\0\0\0\0vhost_commit Started: 1 Changed: 0\n", 39), 1, 1, 0,
       0, 0, 0, 0},
      {"a hole in a line",
       string_view("vhost_commit Started: 1\0\0\0Changed: 0\n", 37), 0, 0, 0, 0,
       1, 0, 0},
      {"no newline at the end", "vhost_commit Started: 1 Changed: 0", 1, 1, 0,
       0, 0, 0, 0},
      {"no newline, a number that may go on",
       "vhost_vdpa_listener_region_del vdpa: 0x1 iova 0x0 llend 0x1000", 0, 0,
       0, 0, 1, 0, 0},
      {"no newline, an unmap without its end",
       "vhost_vdpa_dma_unmap vdpa:0x1 fd: 9 msg_type: 2 iova: 0x7000 size: 0x2",
       0, 0, 0, 0, 1, 0, 0},
  };
  for (const CountCase& c : kCases) {
    for (const size_t piece : {absl::string_view::npos, size_t{1}, size_t{7}}) {
      QemuLogCounts n;
      const size_t events = Parse(c.log, &n, piece).size();
      EXPECT_EQ(events, c.events) << c.what;
      EXPECT_EQ(n.known, c.known) << c.what;
      EXPECT_EQ(n.other, c.other) << c.what;
      EXPECT_EQ(n.foreign, c.foreign) << c.what;
      EXPECT_EQ(n.damaged, c.damaged) << c.what;
      EXPECT_EQ(n.blank, c.blank) << c.what;
      EXPECT_EQ(n.trailing, c.trailing) << c.what;
      EXPECT_EQ(n.lines, n.known + n.other + n.foreign + n.damaged + n.blank)
          << c.what;
      EXPECT_EQ(n.bytes, c.log.size()) << c.what;
    }
  }
}

TEST(QemuLog, LongLinesAreBounded) {
  const std::string spaces(1 << 20, ' ');
  const std::string log =
      absl::StrCat("vfio_listener_region_skip SKIPPING ", spaces, "0x1 - 0x2\n",
                   std::string(1 << 20, 'x'), "\n", std::string(1 << 20, '\0'),
                   "vhost_commit Started: 1 Changed: 0\n");
  for (const size_t piece : {absl::string_view::npos, size_t{4096}}) {
    QemuLogCounts n;
    EXPECT_EQ(Parse(log, &n, piece).size(), 1u);
    EXPECT_EQ(n.lines, 3u);
    EXPECT_EQ(n.damaged, 1u);
    EXPECT_EQ(n.foreign, 1u);
    EXPECT_EQ(n.known, 1u);
  }
}

TEST(QemuLogPattern, Language) {
  struct Case {
    const char* pattern;
    const char* text;
    size_t used;  // npos: does not fit
    std::vector<uint64_t> words;
  };
  constexpr size_t kNo = absl::string_view::npos;
  const Case kCases[] = {
      {"a %x b", "a 0x1f b", 8, {0x1f}},
      {"a %x z", "a1fbz", 5, {0x1fb}},
      {"a: %d", "a:12", 4, {12}},
      {"%d", "-3", 2, {~0ull - 2}},
      {"%d", "99999999999999999999999", kNo, {}},
      {"%x", "0x", kNo, {}},
      {"%x{ q %x} %x", "1 2", 3, {1, 0, 2}},
      {"%x{ q %x} %x", "1 q 3 2", 7, {1, 3, 2}},
      {"%n: %x", "a: b: 7", 7, {7}},
      {"x*", "x anything", 10, {}},
  };
  for (const Case& c : kCases) {
    QemuEvent event;
    EXPECT_EQ(MatchQemuPattern(c.pattern, c.text, &event), c.used)
        << c.pattern << " on " << c.text;
    if (c.used == kNo) continue;
    for (size_t i = 0; i < c.words.size(); ++i) {
      EXPECT_EQ(event.word[i], c.words[i]) << c.pattern << " on " << c.text;
    }
  }
}

}  // namespace
}  // namespace iovalab
