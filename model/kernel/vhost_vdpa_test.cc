#include "model/kernel/vhost_vdpa.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

#include "model/kernel/pin.h"
#include "model/kernel/vhost_vdpa_testing.h"

namespace iovalab {
namespace {

// An UPDATE at IOVA 0 that finds no VMA rolls back "0 bytes from 0": all.
TEST(VhostVdpa, RollbackOfNothingAtZeroDropsEverything) {
  VdpaTestMachine m("vdpa_sim_set_map_va");
  m.Send({kUpdate, 0, 0x10000, kPage, kH, 3});
  EXPECT_EQ(m.Send({kUpdate, 0, 0, kPage, kTaskSize, 3}).kernel_ret, -EINVAL);
  EXPECT_TRUE(m.Table(StoreKind::kVhostIotlb).empty());
  EXPECT_TRUE(m.Table(StoreKind::kDevice).empty());
}

TEST(VhostVdpa, OnlyTheOwnerMaySend) {
  for (const bool has_owner : {false, true}) {
    VdpaTestMachine m("vdpa_sim_set_map_pa");
    m.v.has_owner = has_owner;
    m.v.caller_is_owner = false;
    EXPECT_EQ(m.Send({kUpdate, 0, 0, kPage, kH, 3}).kernel_ret, -EPERM);
    EXPECT_EQ(m.trace.event(m.LastMessage()).rule, Rule::kVdpaOwner);
    EXPECT_FALSE(m.v.spaces[0].exists);
    EXPECT_EQ(m.Send({kUpdate, 0, 0, 0, kH, 3}).user_ret, -EINVAL);
  }
}

TEST(VhostVdpa, IovaRangeOfTheDevice) {
  VdpaTestMachine m("vdpa_sim_set_map_pa");
  m.v.iova_first = 0x1000;
  m.v.iova_last = 0x7fffffffff;
  struct Case {
    uint64_t iova, size;
    int ret;
  };
  for (const Case& c :
       {Case{0, kPage, -EINVAL}, Case{0xfff, 1, -EINVAL},
        Case{0x1000, kPage, 0}, Case{0x7ffffff000, kPage + 1, -EINVAL},
        Case{0x7ffffff000, kPage, 0}, Case{0x8000000000, kPage, -EINVAL}}) {
    EXPECT_EQ(m.Send({kUpdate, 0, c.iova, c.size, kH, 3}).kernel_ret, c.ret)
        << c.iova;
  }
}

TEST(VhostVdpa, BatchBelongsToOneAddressSpace) {
  VdpaTestMachine m("vdpa_sim_net_pa");
  m.Send({kBegin, 0, 0, 0, 0, 0});
  EXPECT_EQ(m.Send({kUpdate, 1, 0, kPage, kH, 3}).kernel_ret, -EINVAL);
  EXPECT_EQ(m.trace.event(m.LastMessage()).rule, Rule::kVdpaBatchAsid);
  EXPECT_TRUE(m.v.spaces[1].exists);  // created all the same
  EXPECT_EQ(m.Send({kEnd, 0, 0, 0, 0, 0}).kernel_ret, 0);
  EXPECT_EQ(m.Send({kInvalidate, 1, 0, kPage, 0, 0}).kernel_ret, 0);
  // Without IOTLB_ASID the field is not looked at.
  VhostVdpaSetBackendFeatures(m.v, 0, m.env());
  EXPECT_EQ(m.Send({kUpdate, 9, 0, kPage, kH, 3}).kernel_ret, 0);
  EXPECT_EQ(m.Table(StoreKind::kVhostIotlb).size(), 1u);
}

// In a batch pages are given back while the device still has them; outside it
// they are given back first.
TEST(VhostVdpa, UnpinsBeforeTheDeviceLetsGo) {
  VdpaTestMachine m("vdpa_sim_set_map_pa");
  m.Send({kUpdate, 0, 0, 4 * kPage, kH, 3});
  m.Send({kBegin, 0, 0, 0, 0, 0});
  m.Send({kInvalidate, 0, 0, kPage, 0, 0});
  EXPECT_TRUE(m.Table(StoreKind::kPins).empty());
  EXPECT_EQ(m.Table(StoreKind::kDevice).size(), 1u);
  m.Send({kEnd, 0, 0, 0, 0, 0});
  EXPECT_TRUE(m.Table(StoreKind::kDevice).empty());

  for (const char* device : {"vdpa_sim_set_map_pa", "vdpa_sim_dma_map_pa"}) {
    VdpaTestMachine n(device);
    n.Send({kUpdate, 0, 0, 4 * kPage, kH, 3});
    n.sink.WatchChanges(true);
    n.Send({kInvalidate, 0, 0, kPage, 0, 0});
    const auto changes = n.sink.TakeChanges();
    ASSERT_EQ(changes.size(), 3u);
    EXPECT_EQ(changes[0].delta.store.kind, StoreKind::kPins);
    EXPECT_EQ(changes[0].delta.rule, Rule::kVdpaUnpinFirst);
  }
}

// All effects name the message, and the device's those of its set_map.
TEST(VhostVdpa, EffectsHaveTheirCause) {
  VdpaTestMachine m("vdpa_sim_set_map_pa");
  const EventIndex before = m.sink.cause();
  m.Send({kUpdate, 0, 0, 8 * kPage, kS, 3});
  EXPECT_EQ(m.sink.cause(), before);
  const EventIndex message = m.LastMessage();
  EventIndex set_map = kNoEventIndex;
  uint64_t published = 0;
  for (EventIndex i = message + 1; i < m.trace.size(); ++i) {
    const EventRecord& e = m.trace.event(i);
    if (e.kind == Kind::kSetMap) {
      EXPECT_EQ(e.cause, message);
      set_map = i;
      EXPECT_EQ(m.trace.word(i, 1), ++published);  // nmaps grows by one
    } else {
      EXPECT_EQ(e.cause, e.actor == Actor::kDevice ? set_map : message);
    }
  }
  EXPECT_EQ(published, 8u);
}

TEST(VhostVdpa, OverflowInABatchEmptiesTheDevice) {
  VdpaTestMachine m("vdpa_sim_set_map_pa");
  m.profile.table_limit = 6;
  m.Send({kUpdate, 0, 0, kPage, kH, 3});
  m.Send({kBegin, 0, 0, 0, 0, 0});
  m.Send({kUpdate, 0, kMiB, 8 * kPage, kS, 3});
  EXPECT_EQ(m.Send({kEnd, 0, 0, 0, 0, 0}).kernel_ret, 0);
  EXPECT_EQ(m.trace.event(m.LastMessage()).rule, Rule::kVdpaBatchEndIgnored);
  EXPECT_TRUE(m.Table(StoreKind::kDevice).empty());
  EXPECT_EQ(m.Table(StoreKind::kVhostIotlb).size(), 9u);
  // Anything that fits brings all of it back.
  m.Send({kInvalidate, 0, kMiB, 4 * kPage, 0, 0});
  EXPECT_EQ(m.Table(StoreKind::kDevice).size(), 5u);
}

TEST(VhostVdpa, FailedUpdateLeavesNothingButTheResync) {
  for (const char* device : {"vdpa_sim_set_map_pa", "vdpa_sim_dma_map_pa"}) {
    SCOPED_TRACE(device);
    VdpaTestMachine m(device);
    m.kernel.vdpa_table_limit = m.v.table_limit = 5;
    m.Send({kUpdate, 0, 0, kPage, kH, 3});
    const auto before = m.stores.fingerprint();
    EXPECT_EQ(m.Send({kUpdate, 0, kMiB, 8 * kPage, kS, 3}).kernel_ret, -ENOSPC);
    EXPECT_EQ(m.trace.event(m.LastMessage()).rule, Rule::kVdpaTableFull);
    EXPECT_EQ(m.stores.fingerprint(), before);
    EXPECT_EQ(m.v.pinned_pages, 1u);
  }
}

TEST(VhostVdpa, ResetByKernelAndFeature) {
  struct Case {
    const char* kernel;
    const char* device;
    bool persist;
    size_t device_entries;  // after the reset
    bool passthrough;
  };
  const Case kCases[] = {
      {"deb_6_12_117", "vdpa_sim_set_map_pa", true, 1, false},
      {"deb_6_12_117", "vdpa_sim_set_map_pa", false, 2, true},
      {"deb_6_1_192", "vdpa_sim_set_map_pa", false, 0, false},
      {"deb_6_12_117", "vduse", false, 1, false},
  };
  for (const Case& c : kCases) {
    VdpaTestMachine m(c.device, c.kernel);
    VhostVdpaSetBackendFeatures(m.v, c.persist ? kBackendIotlbPersist : 0,
                                m.env());
    m.Send({kUpdate, 0, 0, kPage, kH, 3});
    EXPECT_EQ(VhostVdpaSetStatus(m.v, m.device, 0, m.env(), m.sink), 0);
    const auto table = m.Table(StoreKind::kDevice);
    ASSERT_EQ(table.size(), c.device_entries);
    EXPECT_EQ(!table.empty() && table[0].tag == kPassthrough, c.passthrough);
    EXPECT_EQ(m.Table(StoreKind::kVhostIotlb).size(), 1u);
    // The next change brings a set_map device back.
    m.Send({kUpdate, 0, kMiB, kPage, kH, 3});
    EXPECT_EQ(m.Table(StoreKind::kDevice).size(), 2u);
    EXPECT_EQ(m.Table(StoreKind::kDevice)[0].tag, 0u);
  }
}

TEST(VhostVdpa, CloseDropsAllAndOpenBeginsAnew) {
  for (const DeviceProfile& profile : DeviceProfiles()) {
    SCOPED_TRACE(std::string(profile.name));
    VdpaTestMachine m(profile.name);
    const StoreKind l3 = profile.map_api == MapApi::kPlatform
                             ? StoreKind::kIommu
                             : StoreKind::kDevice;
    const size_t at_open = m.Table(l3).size();
    m.Send({kBegin, 0, 0, 0, 0, 0});
    m.Send({kUpdate, 0, 0, 8 * kPage, kS, 3});
    m.Send({kEnd, 0, 0, 0, 0, 0});
    VhostVdpaRelease(m.v, m.device, m.env(), m.sink);
    EXPECT_TRUE(m.Table(StoreKind::kVhostIotlb).empty());
    EXPECT_TRUE(m.Table(StoreKind::kPins).empty());
    const bool keeps = profile.name == "vduse";
    EXPECT_EQ(m.Table(l3).size(), keeps ? 1 : at_open);
    VhostVdpaOpen(m.v, m.device, m.env(), m.sink);
    VhostVdpaSetOwner(m.v);
    EXPECT_EQ(m.Send({kUpdate, 0, kMiB, kPage, kH, 3}).kernel_ret, 0);
    EXPECT_EQ(m.Table(l3).size(), 1u);
  }
}

TEST(VhostVdpa, OwnerFeaturesAndStatus) {
  VdpaTestMachine m("vdpa_sim_set_map_pa");
  EXPECT_EQ(VhostVdpaSetOwner(m.v), -EBUSY);
  struct Case {
    uint64_t features;
    int ret;
  };
  for (const Case& c :
       {Case{0x100000, -EOPNOTSUPP}, Case{0x80, -EINVAL},
        Case{0x88, -EOPNOTSUPP}, Case{0x17e, 0}, Case{0x40, 0}}) {
    EXPECT_EQ(VhostVdpaSetBackendFeatures(m.v, c.features, m.env()), c.ret);
  }
  EXPECT_EQ(VhostVdpaSetStatus(m.v, m.device, 3, m.env(), m.sink), 0);
  EXPECT_EQ(VhostVdpaSetStatus(m.v, m.device, 1, m.env(), m.sink), -EINVAL);
  EXPECT_EQ(m.v.status, 3);
}

// 2^47 bytes in single pages, and 2^64: answered without walking them.
TEST(VhostVdpa, HugeSizesCostWhatTheyMap) {
  VdpaTestMachine m("vdpa_sim_set_map_pa");
  const uint64_t size = uint64_t{1} << 46;
  MemoryObject o;
  o.name = "huge";
  o.size = size;
  o.layout = {{0, size - 1, kPage, Hpa(uint64_t{1} << 48), 2 * kPage}};
  const auto index = m.host.AddObject(o);
  ASSERT_TRUE(index.ok());
  ASSERT_TRUE(MapVma(m.host, Hva(size), size, *index, 0, 3, m.sink).ok());
  EXPECT_EQ(m.Send({kUpdate, 0, 0, size, size, 3}).kernel_ret, -ENOSPC);
  EXPECT_EQ(m.Send({kUpdate, 0, 0, kMax - kPage, size, 3}).kernel_ret, -ENOSPC);
  EXPECT_TRUE(m.Table(StoreKind::kPins).empty());
}

}  // namespace
}  // namespace iovalab
