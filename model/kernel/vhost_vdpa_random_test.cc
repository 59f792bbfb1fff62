// Random messages to the model and to the slow one (vhost_vdpa_slow.h): the
// same answers, tables, pins and accounting after each, and the deltas of the
// trace rebuild the stores.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "model/host/vma.h"
#include "model/kernel/pin.h"
#include "model/kernel/vhost_vdpa.h"
#include "model/kernel/vhost_vdpa_slow.h"
#include "model/store/stores.h"

namespace iovalab {
namespace {

constexpr uint64_t kPage = kPageSize;
constexpr uint64_t kGrain = 0x400;  // all addresses are multiples
constexpr uint64_t kIovaPages = 48;
constexpr uint64_t kUserPages = 64;

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Below(uint64_t n) {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return (state_ >> 33) % n;
  }

 private:
  uint64_t state_;
};

// What user space holds: name, pages, physical layout, kind, protection. A
// hole is where no object is named.
struct Part {
  const char* object;
  uint64_t pages;
  uint64_t page_offset;
  uint32_t prot;
};
struct ObjectRow {
  const char* name;
  uint64_t pages;
  uint64_t chunk, stride;  // pages
  MemoryKind kind;
};
constexpr ObjectRow kObjects[] = {
    {"scattered", 16, 1, 2, MemoryKind::kSharedFile},
    {"contiguous", 12, 12, 12, MemoryKind::kSharedFile},
    {"pairs", 8, 2, 3, MemoryKind::kSharedFile},
    {"private", 6, 6, 6, MemoryKind::kPrivateAnonymous},
    {"io", 2, 2, 2, MemoryKind::kPfnmap},
};
constexpr Part kParts[] = {
    {"contiguous", 6, 0, 3}, {"contiguous", 6, 6, 3},  // contiguous over VMAs
    {"scattered", 10, 0, 3}, {nullptr, 3, 0, 0},      {"private", 4, 0, 3},
    {"pairs", 8, 0, 3},      {"contiguous", 5, 3, 1},  // an alias, read-only
    {"io", 2, 0, 3},         {"scattered", 6, 10, 2},  // write-only
    {"private", 2, 4, 0},                              // PROT_NONE
    {nullptr, 4, 0, 0},      {"scattered", 8, 4, 3},
};

struct Config {
  const char* name;
  bool use_va;
  MapApi api;
  bool identity;
  bool unmaps_message = false;
};

// What VT-d's driver does, over tables of 64 bits: messages name any IOVA.
const IommuDriver* WideDriver() {
  static const auto* const driver = [] {
    auto* wide = new IommuDriver(*FindIommuDriver("vtd5"));
    wide->format = FindFormat("amdv1");
    return wide;
  }();
  return driver;
}

class RandomVdpa : public testing::TestWithParam<Config> {
 protected:
  RandomVdpa() : kernel_(KernelProfiles()[0]) {
    const Config& c = GetParam();
    device_profile_.map_api = c.api;
    device_profile_.use_va = c.use_va;
    device_profile_.identity = c.identity;
    device_profile_.reset_clears_table = true;
    device_profile_.table_limit = slow_.device_limit = 14;
    kernel_.vdpa_table_limit = slow_.table_limit = 17;
    kernel_.vdpa_pin_batch_pages = slow_.pin_batch = 4;
    slow_.use_va = c.use_va;
    slow_.set_map = c.api == MapApi::kSetMap;
    slow_.platform = c.api == MapApi::kPlatform;
    slow_.unmaps_message = kernel_.vdpa_unmaps_message =
        kernel_.vdpa_no_empty_invalidate = kernel_.vdpa_space_at_open =
            c.unmaps_message;
    slow_.identity = slow_.identity_at_reset = c.identity;
    sink_.Emit(Kind::kStep, Actor::kScript, Rule::kNone, {kNoName, kNoName});
    sink_.Begin(0, 0);
    MakeMemory();
    VdpaDeviceStart(device_, device_profile_, kernel_, sink_);
    v_.domain.table = IommuTable(WideDriver());
    VhostVdpaOpen(v_, device_, Env(), sink_);
    VhostVdpaSetOwner(v_);
    v_.memlock_limit_pages = slow_.memlock_pages = 40;
  }

  VhostVdpaEnv Env() const { return {&kernel_, &device_profile_, &memory_}; }

  void MakeMemory() {
    for (const ObjectRow& row : kObjects) {
      MemoryObject o;
      o.name = row.name;
      o.size = row.pages * kPage;
      o.kind = row.kind;
      o.layout = {{0, o.size - 1, row.chunk * kPage, memory_.end() + kPage,
                   row.stride * kPage}};
      ASSERT_TRUE(memory_.AddObject(o).ok());
    }
    int vma = 0;
    for (const Part& part : kParts) AddPart(part, vma++);
    ASSERT_LE(slow_.user.size(), kUserPages);
  }

  void AddPart(const Part& part, int vma) {
    const uint64_t hva = kSlowUserBase + slow_.user.size() * kPage;
    if (part.object == nullptr) {
      slow_.user.resize(slow_.user.size() + part.pages);
      return;
    }
    const ObjectIndex object = *memory_.FindByName(part.object);
    ASSERT_TRUE(MapVma(memory_, Hva(hva), part.pages * kPage, object,
                       part.page_offset * kPage, part.prot, sink_)
                    .ok());
    for (uint64_t i = 0; i < part.pages; ++i) {
      const uint64_t offset = (part.page_offset + i) * kPage;
      slow_.user.push_back({vma, memory_.Resolve(object, offset).hpa.value,
                            offset, memory_.object(object).kind, part.prot});
    }
  }

  VdpaMsg RandomMessage() {
    VdpaMsg msg;
    const uint64_t kind = random_.Below(100);
    msg.type = kind < 55   ? VdpaMsgType::kUpdate
               : kind < 86 ? VdpaMsgType::kInvalidate
               : kind < 91 ? VdpaMsgType::kBatchBegin
               : kind < 98 ? VdpaMsgType::kBatchEnd
                           : static_cast<VdpaMsgType>(random_.Below(256));
    msg.iova = random_.Below(kIovaPages * kPage / kGrain) * kGrain;
    msg.size = random_.Below(12 * kPage / kGrain) * kGrain;
    if (random_.Below(3) != 0) {
      msg.iova = msg.iova / kPage * kPage;
      msg.size = msg.size / kPage * kPage;
    }
    if (random_.Below(40) == 0) msg.iova = 0;
    if (random_.Below(40) == 0) msg.iova = 0 - msg.size;  // ends at 2^64
    if (random_.Below(40) == 0) msg.size = 0 - msg.size;  // wraps
    msg.uaddr = kSlowUserBase +
                random_.Below((kUserPages + 2) * kPage / kGrain) * kGrain;
    if (random_.Below(30) == 0) msg.uaddr = random_.Below(2) * kTaskSize;
    msg.perm = random_.Below(4) == 0 ? static_cast<uint32_t>(random_.Below(256))
                                     : kPermReadWrite;
    return msg;
  }

  std::vector<Entry> Table(StoreId id) const {
    std::vector<Entry> entries;
    sink_.table(id).ForEach([&](const Entry& e) { entries.push_back(e); });
    return entries;
  }

  static std::vector<Entry> Sorted(std::vector<Entry> entries, bool with_tag) {
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.first < b.first; });
    for (Entry& e : entries) e.tag = with_tag ? e.tag : 0;
    return entries;
  }

  void CompareIommu() {
    std::map<uint64_t, std::pair<uint64_t, uint32_t>> pages;
    sink_.table({StoreKind::kIommu, 0}).ForEach([&](const Entry& e) {
      for (uint64_t at = 0; at <= e.last - e.first; at += kPage) {
        pages[e.first + at] = {e.target + at, e.perm};
      }
    });
    ASSERT_EQ(pages, slow_.iommu);
  }

  void CompareDevice() {
    if (slow_.platform) return CompareIommu();
    const std::vector<Entry> device = Table({StoreKind::kDevice, 0});
    if (!slow_.identity) {
      ASSERT_EQ(device, Sorted(slow_.device, false));
      return;
    }
    ASSERT_EQ(device.size(), 2u);
    ASSERT_EQ(device[0].tag, kPassthrough);
    ASSERT_EQ(device[1].target, device[0].last + 1);
  }

  void ComparePins() {
    std::map<uint64_t, uint64_t> pages;
    for (const Entry& e : slow_.iotlb) {
      if (slow_.use_va) break;
      for (uint64_t hpa = e.target; hpa < e.target_last(); hpa += kPage) {
        ++pages[hpa];
      }
    }
    std::map<uint64_t, uint64_t> pinned;
    sink_.table(kPinStore).ForEach([&](const Entry& e) {
      for (uint64_t hpa = e.first; hpa < e.last; hpa += kPage) {
        pinned[hpa] = e.target;
      }
    });
    ASSERT_EQ(pinned, pages);
  }

  void Step(const VdpaMsg& msg) {
    const size_t entries = slow_.iotlb.size();
    const uint64_t pinned = slow_.pinned;
    const int expected = slow_.Message(msg);
    const VdpaAnswer got = VhostVdpaStep(v_, device_, msg, Env(), sink_);
    ASSERT_EQ(got.kernel_ret, expected);
    ASSERT_TRUE(IommuTableAgrees(v_.domain.table, sink_.table(kIommuStore),
                                 sink_.table(kPoisonStore)));
    if (expected == 0 && msg.type == VdpaMsgType::kUpdate) {
      ASSERT_EQ(got.entries, slow_.iotlb.size() - entries);
    } else if (expected == 0 && msg.type == VdpaMsgType::kInvalidate) {
      ASSERT_EQ(got.entries, entries - slow_.iotlb.size());
    }
    ASSERT_EQ(got.pages, static_cast<int64_t>(slow_.pinned - pinned));
    ASSERT_EQ(v_.pinned_pages, slow_.pinned);
    ASSERT_EQ(v_.in_batch, slow_.in_batch);
    ASSERT_EQ(Table({StoreKind::kVhostIotlb, 0}), Sorted(slow_.iotlb, true));
    CompareDevice();
    ComparePins();
  }

  KernelProfile kernel_;
  DeviceProfile device_profile_;
  HostMemory memory_;
  Stores stores_;
  Trace trace_;
  Sink sink_{&stores_, &trace_};
  VhostVdpa v_;
  VdpaDevice device_;
  SlowVdpa slow_;
  Random random_{7};
};

// The delta that event i records (fields in the order of Kind::kDelta).
Delta DeltaAt(const Trace& trace, EventIndex i) {
  const absl::Span<const uint64_t> w = trace.words(i);
  Delta d;
  d.store = *StoreId::Unpack(w[0]);
  d.op = static_cast<DeltaOp>(w[1]);
  d.entry = Entry{w[2], w[3], w[4], w[5], static_cast<uint32_t>(w[6])};
  d.old_target = w[7];
  d.old_tag = w[8];
  d.old_perm = static_cast<uint32_t>(w[9]);
  d.count = w[10];
  d.key_stride = w[11];
  d.target_stride = w[12];
  return d;
}

TEST_P(RandomVdpa, AgreesWithTheSlowModel) {
  // 10^5 over the configurations; the trace is begun anew now and then, since
  // it would hold millions of events.
  constexpr int kRounds = 20;
  constexpr int kSteps = 1000;
  EventIndex begin = 0;
  Stores folded;
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kSteps; ++i) {
      if (random_.Below(200) == 0) {
        VhostVdpaSetStatus(v_, device_, 0, Env(), sink_);
        slow_.ResetDevice();
      }
      ASSERT_NO_FATAL_FAILURE(Step(RandomMessage())) << round << " " << i;
    }
    for (EventIndex i = begin; i < trace_.size(); ++i) {
      if (trace_.event(i).kind != Kind::kDelta) continue;
      const Delta d = DeltaAt(trace_, i);
      ASSERT_TRUE(folded.Fits(d)) << i;
      folded.Apply(d);
    }
    ASSERT_TRUE(SameContents(folded, stores_));
    ASSERT_EQ(folded.fingerprint(), stores_.fingerprint());
    const Trace fresh;
    trace_ = fresh;
    sink_.Begin(0, kNoEventIndex);
    sink_.Emit(Kind::kStep, Actor::kScript, Rule::kNone, {kNoName, kNoName});
    sink_.Begin(0, 0);
  }
  VhostVdpaRelease(v_, device_, Env(), sink_);
  EXPECT_TRUE(Table({StoreKind::kVhostIotlb, 0}).empty());
  EXPECT_TRUE(Table(kPinStore).empty());
  EXPECT_EQ(v_.pinned_pages, 0u);
}

INSTANTIATE_TEST_SUITE_P(
    All, RandomVdpa,
    testing::Values(
        Config{"set_map_pa", false, MapApi::kSetMap, true},
        Config{"set_map_va", true, MapApi::kSetMap, true},
        Config{"dma_map_pa", false, MapApi::kDmaMap, true},
        Config{"dma_map_va", true, MapApi::kDmaMap, true},
        Config{"set_map_va_empty", true, MapApi::kSetMap, false},
        Config{"dma_map_pa_v5", false, MapApi::kDmaMap, false, true},
        Config{"platform", false, MapApi::kPlatform, false},
        Config{"platform_v5", false, MapApi::kPlatform, false, true}),
    [](const testing::TestParamInfo<Config>& info) { return info.param.name; });

}  // namespace
}  // namespace iovalab
