// vhost-vdpa over the platform's IOMMU: what the hardware is told, by kernel.

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "model/kernel/vhost_vdpa.h"
#include "model/kernel/vhost_vdpa_testing.h"

namespace iovalab {
namespace {

// The deltas since an event, as "store -": what a message does, in its order.
std::vector<std::string> DeltasOf(const VdpaTestMachine& m, EventIndex from) {
  std::vector<std::string> deltas;
  for (EventIndex i = from; i < m.trace.size(); ++i) {
    if (m.trace.event(i).kind != Kind::kDelta) continue;
    const auto words = m.trace.words(i);
    deltas.push_back(StoreId::Unpack(words[0])->Name() +
                     (words[1] == 1 ? " -" : " +"));
  }
  return deltas;
}

// Every build gives pages back before the hardware lets go of them.
TEST(VhostVdpaPlatform, UnpinsBeforeItUnmaps) {
  for (const KernelProfile& kernel : KernelProfiles()) {
    SCOPED_TRACE(std::string(kernel.name));
    VdpaTestMachine m("vp_vdpa", kernel.name);
    ASSERT_EQ(m.Send({kUpdate, 0, kMiB, 2 * kPage, kH, 3}).kernel_ret, 0);
    m.sink.Flush();
    const auto from = static_cast<EventIndex>(m.trace.size());
    const VdpaAnswer answer = m.Send({kInvalidate, 0, kMiB, 2 * kPage});
    EXPECT_EQ(answer.pages, -2);
    EXPECT_EQ(answer.flushes, 1u);
    std::vector<std::string> deltas = DeltasOf(m, from);
    ASSERT_EQ(deltas.size(), 3u);
    EXPECT_EQ(deltas[0], "pins -");
    EXPECT_TRUE(m.Table(StoreKind::kIommu).empty());
  }
}

// S0-12: two pages of one entry, of which the message names one.
TEST(VhostVdpaPlatform, OldKernelsUnmapTheMessageOnly) {
  struct Case {
    const char* kernel;
    uint64_t left;  // runs in the IOMMU
  };
  for (const Case& c :
       {Case{"v5_17", 1}, Case{"deb_6_1_192", 0}, Case{"deb_6_12_117", 0}}) {
    VdpaTestMachine m("vp_vdpa", c.kernel);
    ASSERT_EQ(m.Send({kUpdate, 0, kMiB, 2 * kPage, kH, 3}).kernel_ret, 0);
    EXPECT_EQ(m.Send({kInvalidate, 0, kMiB, kPage}).entries, 1u);
    EXPECT_TRUE(m.Table(StoreKind::kVhostIotlb).empty());
    EXPECT_TRUE(m.Table(StoreKind::kPins).empty());
    EXPECT_EQ(m.Table(StoreKind::kIommu).size(), c.left) << c.kernel;
    // Close frees the domain.
    VhostVdpaRelease(m.v, m.device, m.env(), m.sink);
    EXPECT_TRUE(m.Table(StoreKind::kIommu).empty());
  }
}

// An INVALIDATE that is not whole pages drops entries and unmaps nothing.
TEST(VhostVdpaPlatform, OldKernelsUnmapNothingForPartOfAPage) {
  VdpaTestMachine m("vp_vdpa", "v5_17");
  ASSERT_EQ(m.Send({kUpdate, 0, kMiB, kPage, kH, 3}).kernel_ret, 0);
  EXPECT_EQ(m.Send({kInvalidate, 0, kMiB, 0x800}).entries, 1u);
  EXPECT_EQ(m.trace.event(m.LastMessage()).rule, Rule::kIommuUnaligned);
  EXPECT_EQ(m.Table(StoreKind::kIommu).size(), 1u);
}

TEST(VhostVdpaPlatform, OldKernelsRefuseAnEmptyInvalidate) {
  VdpaTestMachine m("vp_vdpa", "v5_17");
  EXPECT_EQ(m.Send({kInvalidate, 0, 0, kPage}).kernel_ret, 0) << "no AS needed";
  const VdpaAnswer answer = m.Send({kInvalidate, 0, 0, 0});
  EXPECT_EQ(answer.user_ret, -EINVAL);
}

// A full table: everything of the message goes again, from the IOMMU too.
TEST(VhostVdpaPlatform, AFullTableRollsBack) {
  VdpaTestMachine m("vp_vdpa");
  m.v.table_limit = 4;
  ASSERT_EQ(m.Send({kUpdate, 0, 0, 2 * kPage, kS, 3}).kernel_ret, 0);
  const VdpaAnswer answer = m.Send({kUpdate, 0, kMiB, 4 * kPage, kS, 3});
  EXPECT_EQ(answer.kernel_ret, -ENOSPC);
  EXPECT_EQ(answer.flushes, 2u);
  EXPECT_EQ(m.Table(StoreKind::kVhostIotlb).size(), 2u);
  EXPECT_EQ(m.Table(StoreKind::kIommu).size(), 2u);
  EXPECT_EQ(m.v.pinned_pages, 2u);
}

// Batches mean nothing: what is sent in one takes effect at once.
TEST(VhostVdpaPlatform, IgnoresBatches) {
  VdpaTestMachine m("vp_vdpa");
  m.Send({kBegin, 0, 0, 0, 0, 0});
  m.Send({kUpdate, 0, 0, kPage, kH, 3});
  EXPECT_EQ(m.Table(StoreKind::kIommu).size(), 1u);
  m.Send({kInvalidate, 0, 0, kPage});
  EXPECT_TRUE(m.Table(StoreKind::kIommu).empty());
}

}  // namespace
}  // namespace iovalab
