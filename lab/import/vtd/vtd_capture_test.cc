#include "lab/import/vtd/vtd_capture.h"

#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fmt/format.h"
#include "gtest/gtest.h"
#include "lab/import/vtd/vtd_testing.h"

namespace iovalab {
namespace {

std::string Map(int n) {
  return fmt::format(
      "x-1 [000] ..... 1.{:06}: map: IOMMU: iova={:#x} - {:#x} "
      "paddr=0x10000 size=4096\n",
      n, n << 12, (n + 1) << 12);
}
std::string Unmap(int n) {
  return fmt::format(
      "x-1 [000] ..... 1.{:06}: unmap: IOMMU: iova={:#x} - {:#x} size=4096 "
      "unmapped_size=4096\n",
      n, n << 12, (n + 1) << 12);
}
std::string Command(int n) {
  return fmt::format(
      "x-1 [000] d..2. 1.{:06}: qi_submit: iotlb_inv dmar0: 0x300f2 {:#x} 0x0 "
      "0x0\n",
      n, n << 12);
}
std::string Flush(int n) {
  return fmt::format(
      "vtd_inv_desc_iotlb_pages iotlb invalidate domain 0x3 addr {:#x} mask "
      "0x0\n",
      n << 12);
}
std::string Access(int n) {
  return fmt::format("vtd_dmar_fault sid 0x28 fault 6 addr {:#x} write 0\n",
                     n << 12);
}

// The order as a text: m1 u1 maps and unmaps, c1 commands, f1 flushes, a1
// accesses, each with its page; capital letters past the guest's end.
std::string Order(const VtdTexts& texts) {
  const VtdCapture capture = texts.Capture();
  const auto order = OrderVtdCapture(capture);
  if (!order.ok()) return std::string(order.status().message());
  std::string text;
  for (const VtdStep& step : order->steps) {
    const bool guest = step.from == VtdStep::From::kGuest;
    const VtdLine& l =
        guest ? capture.guest[step.index] : capture.qemu[step.index];
    char letter = 'a';
    if (l.kind == VtdLineKind::kMap) letter = 'm';
    if (l.kind == VtdLineKind::kUnmap) letter = 'u';
    if (l.kind == VtdLineKind::kFlushPages) letter = 'f';
    if (step.after_guest) letter = static_cast<char>(letter - 32);
    text += fmt::format("{}{} ", letter, l.address >> 12);
  }
  return text;
}

TEST(OrderVtdCapture, BetweenInvalidations) {
  // Maps first, then accesses, then unmaps and their flush. Flush 9 was before
  // tracing began.
  EXPECT_EQ(Order({Flush(9) + Access(1) + Flush(1) + Access(2) + Flush(2) +
                       Access(3) + Flush(3),
                   Map(1) + Map(2) + Unmap(1) + Command(1) + Map(3) + Unmap(2) +
                       Command(2) + Map(4),
                   ""}),
            "m1 m2 f9 a1 u1 f1 m3 a2 u2 f2 m4 A3 F3 ");
  // A range that is mapped again between two invalidations: in the guest's
  // order.
  EXPECT_EQ(Order({Access(1) + Flush(7),
                   Unmap(1) + Map(1) + Unmap(7) + Command(7), ""}),
            "u1 m1 a1 u7 f7 ");
  // An unmap whose invalidation is past the end of the ftrace.
  EXPECT_EQ(Order({Flush(1) + Access(2) + Flush(2) + Access(2),
                   Map(1) + Map(2) + Unmap(1) + Command(1) + Unmap(2), ""}),
            "m1 m2 u1 f1 A2 u2 F2 A2 ");
}

TEST(OrderVtdCapture, FilesThatDoNotBelongTogether) {
  EXPECT_TRUE(absl::StrContains(
      Order({Flush(1) + Flush(3), Command(1) + Command(2), ""}),
      "not in QEMU's trace"));
  EXPECT_TRUE(absl::StrContains(Order({Flush(1), Map(1), ""}), "qi_submit"));
  EXPECT_TRUE(absl::StrContains(Order({Flush(1), "", ""}), "of one run"));
  EXPECT_TRUE(absl::StrContains(Order({"", Map(1), ""}), "of one run"));
}

// Repeated invalidations: the first place where all fit.
TEST(OrderVtdCapture, Repetitions) {
  EXPECT_EQ(Order({Flush(1) + Flush(1) + Access(5) + Flush(2),
                   Map(5) + Command(1) + Command(2), ""}),
            "m5 f1 f1 a5 f2 ");
}

TEST(VtdCapture, Recorded) {
  const VtdTexts texts = RecordedVtd();
  const VtdCapture capture = texts.Capture();
  ASSERT_EQ(capture.files.size(), 3u);
  EXPECT_EQ(DetectVtdFile(texts.qemu), VtdFileKind::kQemu);
  EXPECT_EQ(DetectVtdFile(texts.ftrace), VtdFileKind::kFtrace);
  EXPECT_EQ(DetectVtdFile(texts.dmesg), VtdFileKind::kDmesg);
  EXPECT_EQ(capture.Count(VtdLineKind::kTranslate), 50u);
  EXPECT_EQ(capture.Count(VtdLineKind::kFault), 30u);
  EXPECT_EQ(capture.Count(VtdLineKind::kMap), 273u);
  EXPECT_EQ(capture.Count(VtdLineKind::kUnmap), 53u);
  EXPECT_EQ(capture.Count(VtdLineKind::kDmesgFault), 3u);
  EXPECT_EQ(capture.ftrace_entries, 1098u);
  EXPECT_EQ(capture.ftrace_lines, 388u);
  for (const VtdFile& file : capture.files) {
    EXPECT_EQ(file.damaged, 0u) << file.path;
  }
  const auto order = OrderVtdCapture(capture);
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_EQ(order->matched, 53u);
  EXPECT_EQ(order->steps.size(), 684u + 273u + 53u);
}

TEST(VtdCapture, CutAndLongLines) {
  VtdCapture capture;
  std::string text = Access(1);
  text += std::string(100000, 'x') + "\n" + Access(2);
  text += "vtd_dmar_fault sid 0x28 fault 6 addr 0x1\n";
  std::string last = Access(3);
  last.resize(last.size() - 1);  // ends in a digit that may have lost others
  ASSERT_TRUE(AddVtdText("q", VtdFileKind::kQemu, text + last, capture).ok());
  EXPECT_EQ(capture.qemu.size(), 2u);
  EXPECT_EQ(capture.files[0].lines, 5u);
  EXPECT_EQ(capture.files[0].damaged, 2u);
  EXPECT_EQ(capture.files[0].first_damaged_line, 4u);
}

TEST(VtdCapture, Files) {
  const std::string path = absl::StrCat(testing::TempDir(), "/ftrace.txt");
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  const std::string text = Map(1) + Command(1);
  ASSERT_EQ(std::fwrite(text.data(), 1, text.size(), file), text.size());
  std::fclose(file);
  EXPECT_EQ(DetectVtdFileAt(path), VtdFileKind::kFtrace);
  EXPECT_EQ(DetectVtdFileAt("testdata/captures/qemu72-q35-2g-vtd-linux.log.gz"),
            VtdFileKind::kQemu);
  EXPECT_EQ(DetectVtdFileAt("/no/such"), VtdFileKind::kNone);
  EXPECT_EQ(DetectVtdFileAt("/"), VtdFileKind::kNone);
  EXPECT_EQ(DetectVtdFileAt("-"), VtdFileKind::kNone);
  VtdCapture capture;
  EXPECT_TRUE(AddVtdFile(path, VtdFileKind::kFtrace, capture).ok());
  EXPECT_EQ(capture.guest.size(), 2u);
  EXPECT_EQ(AddVtdFile("/no/such", VtdFileKind::kFtrace, capture).code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace iovalab
