#include "model/kernel/vhost_vdpa.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

#include "model/host/vma.h"
#include "model/kernel/pin.h"
#include "model/store/stores.h"

namespace iovalab {
namespace {

constexpr uint64_t kPage = kPageSize;
constexpr uint64_t kMiB = 0x100000;
constexpr auto kUpdate = VdpaMsgType::kUpdate;
constexpr auto kInvalidate = VdpaMsgType::kInvalidate;
constexpr auto kBegin = VdpaMsgType::kBatchBegin;
constexpr auto kEnd = VdpaMsgType::kBatchEnd;
constexpr uint64_t kMax = UINT64_MAX;

// User memory: H two contiguous halves of 2 MiB, S 8 scattered pages, N private
// memory, P its protection removed.
constexpr uint64_t kH = 0x10000000;
constexpr uint64_t kS = 0x20000000;
constexpr uint64_t kN = 0x30000000;
constexpr uint64_t kP = 0x30004000;

struct Machine {
  explicit Machine(absl::string_view device_name,
                   absl::string_view kernel_name = "deb_6_12_117")
      : kernel(*FindKernelProfile(kernel_name)),
        profile(*FindDeviceProfile(device_name)) {
    sink.Emit(Kind::kStep, Actor::kScript, Rule::kNone, {kNoName, kNoName});
    sink.Begin(0, 0);
    Map("H", kH, 4 * kMiB, 2 * kMiB, 4 * kMiB, MemoryKind::kSharedFile, 3);
    Map("S", kS, 8 * kPage, kPage, 2 * kPage, MemoryKind::kSharedFile, 3);
    Map("N", kN, 4 * kPage, kPage, kPage, MemoryKind::kPrivateAnonymous, 3);
    Map("P", kP, 2 * kPage, kPage, kPage, MemoryKind::kPrivateAnonymous, 0);
    Open();
  }

  void Map(const char* name, uint64_t hva, uint64_t size, uint64_t chunk,
           uint64_t stride, MemoryKind kind, uint32_t prot) {
    MemoryObject o;
    o.name = name;
    o.size = size;
    o.kind = kind;
    o.layout = {{0, size - 1, chunk, host.end() + kPage, stride}};
    const auto index = host.AddObject(o);
    ASSERT_TRUE(index.ok()) << index.status();
    ASSERT_TRUE(MapVma(host, Hva(hva), size, *index, 0, prot, sink).ok());
  }
  void Open() {
    VdpaDeviceStart(device, profile, kernel, sink);
    VhostVdpaOpen(v, device, env(), sink);
    VhostVdpaSetOwner(v);
    VhostVdpaSetBackendFeatures(
        v, profile.backend_features & kernel.vdpa_backend_features, env());
  }
  VhostVdpaEnv env() const { return {&kernel, &profile, &host}; }
  VdpaAnswer Send(const VdpaMsg& msg) {
    return VhostVdpaStep(v, device, msg, env(), sink);
  }
  std::vector<Entry> Table(StoreKind kind) const {
    std::vector<Entry> entries;
    sink.table({kind, 0}).ForEach(
        [&](const Entry& e) { entries.push_back(e); });
    return entries;
  }
  // The last message's event.
  EventIndex LastMessage() const {
    for (EventIndex i = static_cast<EventIndex>(trace.size()); i-- > 0;) {
      if (trace.event(i).kind == Kind::kVdpaMsg) return i;
    }
    return kNoEventIndex;
  }

  KernelProfile kernel;
  DeviceProfile profile;
  HostMemory host;
  Stores stores;
  Trace trace;
  Sink sink{&stores, &trace};
  VhostVdpa v;
  VdpaDevice device;
};

// The last message of a list, what it answers, and the rule that decides it.
struct RuleCase {
  const char* what;
  std::vector<VdpaMsg> messages;
  Rule rule;
  int kernel_ret = 0;
  uint64_t entries = 0;
  int64_t pages = 0;
};

void Check(const char* device, const std::vector<RuleCase>& cases) {
  for (const RuleCase& c : cases) {
    SCOPED_TRACE(c.what);
    Machine m(device);
    m.v.memlock_limit_pages = 600;
    VdpaAnswer answer;
    for (const VdpaMsg& msg : c.messages) answer = m.Send(msg);
    EXPECT_EQ(answer.kernel_ret, c.kernel_ret);
    const bool size_zero = c.rule == Rule::kVdpaSizeZero;
    EXPECT_EQ(answer.user_ret, c.kernel_ret == 0 ? 0
                               : size_zero       ? -EINVAL
                                                 : -EFAULT);
    EXPECT_EQ(answer.entries, c.entries);
    EXPECT_EQ(answer.pages, c.pages);
    const EventIndex event = m.LastMessage();
    EXPECT_EQ(GetRule(m.trace.event(event).rule).name, GetRule(c.rule).name);
    const auto words = m.trace.words(event);
    EXPECT_EQ(static_cast<int64_t>(words[6]), answer.kernel_ret);
    EXPECT_EQ(static_cast<int64_t>(words[7]), answer.user_ret);
    EXPECT_EQ(words[8], c.entries);
    EXPECT_EQ(static_cast<int64_t>(words[9]), c.pages);
  }
}

TEST(VhostVdpa, RulesOfBothModes) {
  const VdpaMsg update{kUpdate, 0, 0x10000, 0x4000, kH, 3};
  const std::vector<RuleCase> cases = {
      {"size 0",
       {{kUpdate, 0, 0x1000, 0, kH, 3}},
       Rule::kVdpaSizeZero,
       -EINVAL},
      {"no address space",
       {{kInvalidate, 0, 0, kPage, 0, 0}},
       Rule::kVdpaAsid,
       -EINVAL},
      {"END without an address space",
       {{kEnd, 0, 0, 0, 0, 0}},
       Rule::kVdpaAsid,
       -EINVAL},
      {"asid too high",
       {{kUpdate, 1, 0x1000, kPage, kH, 3}},
       Rule::kVdpaAsid,
       -EINVAL},
      {"unknown type",
       {update, {static_cast<VdpaMsgType>(7), 0, 0, 1, 0, 0}},
       Rule::kVdpaType,
       -EINVAL},
      {"a device's type",
       {update, {VdpaMsgType::kMiss, 0, 0, 1, 0, 0}},
       Rule::kVdpaType,
       -EINVAL},
      {"wraps",
       {{kUpdate, 0, 0 - kPage, 2 * kPage, kH, 3}},
       Rule::kVdpaRange,
       -EINVAL},
      {"duplicate", {update, update}, Rule::kVdpaOverlap, -EEXIST},
      {"last byte touches",
       {update, {kUpdate, 0, 0x13fff, 1, kH, 3}},
       Rule::kVdpaOverlap,
       -EEXIST},
      {"overlap before user memory",
       {update, {kUpdate, 0, 0x10000, 1, 0, 3}},
       Rule::kVdpaOverlap,
       -EEXIST},
      {"invalidate nothing",
       {update, {kInvalidate, 0, 0x90000, 1, 0, 0}},
       Rule::kVdpaInvalidate},
      {"begin", {{kBegin, 0, 0, 0, 0, 0}}, Rule::kVdpaBatch},
      {"end without begin", {update, {kEnd, 0, 0, 0, 0, 0}}, Rule::kVdpaBatch},
  };
  Check("vdpa_sim_set_map_pa", cases);
  Check("vdpa_sim_set_map_va", cases);
}

TEST(VhostVdpa, RulesOfPaMode) {
  const VdpaMsg update{kUpdate, 0, 0x10000, 0x4000, kH, 3};
  Check("vdpa_sim_set_map_pa",
        {
            {"a contiguous run", {update}, Rule::kVdpaPaMap, 0, 1, 4},
            {"over the middle of H",
             {{kUpdate, 0, 0, 2 * kPage, kH + 2 * kMiB - kPage, 3}},
             Rule::kVdpaPaMap,
             0,
             2,
             2},
            {"scattered",
             {{kUpdate, 0, 0, 8 * kPage, kS, 3}},
             Rule::kVdpaPaMap,
             0,
             8,
             8},
            {"half pages are whole",
             {{kUpdate, 0, 0x1800, 0x1000, kH, 3}},
             Rule::kVdpaPaMap,
             0,
             1,
             2},
            {"private memory",
             {{kUpdate, 0, 0, 4 * kPage, kN, 3}},
             Rule::kVdpaPaMap,
             0,
             1,
             4},
            {"size wraps to no pages",
             {{kUpdate, 0, 0, kMax, kH, 3}},
             Rule::kVdpaPaZeroPages,
             -EINVAL},
            {"memlock",
             {update, {kUpdate, 0, kMiB, 597 * kPage, kH, 3}},
             Rule::kVdpaMemlock,
             -ENOMEM},
            {"memlock, just",
             {update, {kUpdate, 0, kMiB, 596 * kPage, kH, 3}},
             Rule::kVdpaPaMap,
             0,
             2,
             596},
            {"hole",
             {{kUpdate, 0, 0, kPage, kS + 8 * kPage, 3}},
             Rule::kVdpaPinFailed,
             -EFAULT},
            {"half a hole",
             {{kUpdate, 0, 0, 2 * kPage, kS + 7 * kPage, 3}},
             Rule::kVdpaPinFailed,
             -ENOMEM},
            {"a hole where a batch begins",
             {{kUpdate, 0, 0, 513 * kPage, kH + 2 * kMiB, 3}},
             Rule::kVdpaPinFailed,
             -EFAULT},
            {"PROT_NONE",
             {{kUpdate, 0, 0, kPage, kP, 1}},
             Rule::kVdpaPinFailed,
             -EFAULT},
            {"invalidate a byte",
             {update, {kInvalidate, 0, 0x12345, 1, 0, 0}},
             Rule::kVdpaInvalidate,
             0,
             1,
             -4},
            {"invalidate (0, 0)",
             {update, {kInvalidate, 0, 0, 0, 0, 0}},
             Rule::kVdpaInvalidateWrap,
             0,
             1,
             -4},
            {"size 0 inside",
             {update, {kInvalidate, 0, 0x11000, 0, 0, 0}},
             Rule::kVdpaInvalidateWrap,
             0,
             1,
             -4},
            {"size 0 at its start",
             {update, {kInvalidate, 0, 0x10000, 0, 0, 0}},
             Rule::kVdpaInvalidateWrap},
            {"wrapping around it",
             {update, {kInvalidate, 0, 0x12000, kMax, 0, 0}},
             Rule::kVdpaInvalidateWrap,
             0,
             1,
             -4},
        });
}

TEST(VhostVdpa, RulesOfVaMode) {
  const VdpaMsg update{kUpdate, 0, 0x10000, 0x4000, kH, 3};
  Check(
      "vdpa_sim_set_map_va",
      {
          {"one VMA",
           {{kUpdate, 0, 0, 8 * kPage, kS, 3}},
           Rule::kVdpaVaMap,
           0,
           1},
          {"bytes",
           {{kUpdate, 0, 0x1801, 1, kH + 0x801, 3}},
           Rule::kVdpaVaMap,
           0,
           1},
          {"two VMAs and the gap between",
           {{kUpdate, 0, 0, kS - kH + kPage, kH, 3}},
           Rule::kVdpaVaMap,
           0,
           2},
          {"private memory",
           {{kUpdate, 0, 0, 4 * kPage, kN, 3}},
           Rule::kVdpaVaSkipped},
          {"below all", {{kUpdate, 0, 0, kPage, 0, 3}}, Rule::kVdpaVaMap, 0, 1},
          {"above all",
           {{kUpdate, 0, kPage, kPage, kP + 2 * kPage, 3}},
           Rule::kVdpaVaNoVma,
           -EINVAL},
          {"runs out of VMAs",
           {{kUpdate, 0, 0, 1 << 30, kH, 3}},
           Rule::kVdpaVaNoVma,
           -EINVAL},
          {"no accounting",
           {update, {kUpdate, 0, kMiB, 600 * kPage, kH, 3}},
           Rule::kVdpaVaMap,
           0,
           1},
      });
}

// An UPDATE at IOVA 0 that finds no VMA rolls back "0 bytes from 0": all.
TEST(VhostVdpa, RollbackOfNothingAtZeroDropsEverything) {
  Machine m("vdpa_sim_set_map_va");
  m.Send({kUpdate, 0, 0x10000, kPage, kH, 3});
  EXPECT_EQ(m.Send({kUpdate, 0, 0, kPage, kTaskSize, 3}).kernel_ret, -EINVAL);
  EXPECT_TRUE(m.Table(StoreKind::kVhostIotlb).empty());
  EXPECT_TRUE(m.Table(StoreKind::kDevice).empty());
}

TEST(VhostVdpa, OnlyTheOwnerMaySend) {
  for (const bool has_owner : {false, true}) {
    Machine m("vdpa_sim_set_map_pa");
    m.v.has_owner = has_owner;
    m.v.caller_is_owner = false;
    EXPECT_EQ(m.Send({kUpdate, 0, 0, kPage, kH, 3}).kernel_ret, -EPERM);
    EXPECT_EQ(m.trace.event(m.LastMessage()).rule, Rule::kVdpaOwner);
    EXPECT_FALSE(m.v.spaces[0].exists);
    EXPECT_EQ(m.Send({kUpdate, 0, 0, 0, kH, 3}).user_ret, -EINVAL);
  }
}

TEST(VhostVdpa, IovaRangeOfTheDevice) {
  Machine m("vdpa_sim_set_map_pa");
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
  Machine m("vdpa_sim_net_pa");
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
  Machine m("vdpa_sim_set_map_pa");
  m.Send({kUpdate, 0, 0, 4 * kPage, kH, 3});
  m.Send({kBegin, 0, 0, 0, 0, 0});
  m.Send({kInvalidate, 0, 0, kPage, 0, 0});
  EXPECT_TRUE(m.Table(StoreKind::kPins).empty());
  EXPECT_EQ(m.Table(StoreKind::kDevice).size(), 1u);
  m.Send({kEnd, 0, 0, 0, 0, 0});
  EXPECT_TRUE(m.Table(StoreKind::kDevice).empty());

  for (const char* device : {"vdpa_sim_set_map_pa", "vdpa_sim_dma_map_pa"}) {
    Machine n(device);
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
  Machine m("vdpa_sim_set_map_pa");
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
  Machine m("vdpa_sim_set_map_pa");
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
    Machine m(device);
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
    Machine m(c.device, c.kernel);
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
    Machine m(profile.name);
    const size_t at_open = m.Table(StoreKind::kDevice).size();
    m.Send({kBegin, 0, 0, 0, 0, 0});
    m.Send({kUpdate, 0, 0, 8 * kPage, kS, 3});
    m.Send({kEnd, 0, 0, 0, 0, 0});
    VhostVdpaRelease(m.v, m.device, m.env(), m.sink);
    EXPECT_TRUE(m.Table(StoreKind::kVhostIotlb).empty());
    EXPECT_TRUE(m.Table(StoreKind::kPins).empty());
    const bool keeps = profile.name == "vduse";
    EXPECT_EQ(m.Table(StoreKind::kDevice).size(), keeps ? 1 : at_open);
    VhostVdpaOpen(m.v, m.device, m.env(), m.sink);
    VhostVdpaSetOwner(m.v);
    EXPECT_EQ(m.Send({kUpdate, 0, kMiB, kPage, kH, 3}).kernel_ret, 0);
    EXPECT_EQ(m.Table(StoreKind::kDevice).size(), 1u);
  }
}

TEST(VhostVdpa, OwnerFeaturesAndStatus) {
  Machine m("vdpa_sim_set_map_pa");
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
  Machine m("vdpa_sim_set_map_pa");
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
