#include "model/device/vdpa_device.h"

#include <cerrno>

#include "sim/check.h"

namespace iovalab {
namespace {

StoreId Table(uint8_t asid) { return {StoreKind::kDevice, asid}; }

// As the device holds it: a copy without the kernel's file reference.
Entry DeviceEntry(Entry e) {
  e.tag = 0;
  e.born = 0;
  return e;
}

void Log(VdpaDevice& device, const VdpaCall& call) {
  if (device.log_calls) device.calls.push_back(call);
}

void Empty(uint8_t asid, Rule rule, Sink& sink) {
  while (auto e = sink.table(Table(asid)).AtOrAfter(0)) {
    sink.Del(Table(asid), *e, rule, Actor::kDevice);
  }
}

// Identity of the whole space takes two entries, since one cannot hold 2^64
// bytes (A-simblk-setmap-pa info/defaults).
void Initial(VdpaDevice& device, uint8_t asid, Rule rule,
             const DeviceProfile& profile, const KernelProfile& kernel,
             Sink& sink) {
  VdpaDevice::Space& space = device.spaces[asid];
  space.published = false;
  const bool identity = profile.identity && kernel.vdpa_sim_identity;
  if (identity && space.passthrough) return;
  Empty(asid, rule, sink);
  space.passthrough = identity;
  if (!identity) return;
  constexpr uint64_t kHalf = uint64_t{1} << 63;
  const Entry low{0, kHalf - 1, 0, kPassthrough, kPermReadWrite};
  const Entry high{kHalf, UINT64_MAX, kHalf, kPassthrough, kPermReadWrite};
  sink.Add(Table(asid), low, Rule::kDevIdentity, Actor::kDevice);
  sink.Add(Table(asid), high, Rule::kDevIdentity, Actor::kDevice);
}

void EndPassthrough(VdpaDevice& device, uint8_t asid, Sink& sink) {
  VdpaDevice::Space& space = device.spaces[asid];
  if (!space.passthrough) return;
  Empty(asid, Rule::kDevIdentity, sink);
  space.passthrough = false;
}

void ApplyChanges(uint8_t asid, const TableChanges& changes, Sink& sink) {
  changes.ForEachRemoved([&](const Entry& e) {
    sink.Del(Table(asid), DeviceEntry(e), Rule::kDevSetMap, Actor::kDevice);
  });
  changes.ForEachAdded([&](const Entry& e) {
    sink.Add(Table(asid), DeviceEntry(e), Rule::kDevSetMap, Actor::kDevice);
  });
}

// The table becomes the address space, whatever it was.
void Rebuild(uint8_t asid, Sink& sink) {
  const IntervalTable& iotlb = sink.table({StoreKind::kVhostIotlb, asid});
  TableChanges difference;
  sink.table(Table(asid)).ForEach([&](const Entry& e) {
    difference.Removed(DeviceEntry(e));
  });
  iotlb.ForEach([&](const Entry& e) { difference.Added(DeviceEntry(e)); });
  ApplyChanges(asid, difference, sink);
}

}  // namespace

void VdpaDeviceStart(VdpaDevice& device, const DeviceProfile& profile,
                     const KernelProfile& kernel, Sink& sink) {
  sim::Check(profile.address_spaces <= UINT8_MAX, "too many address spaces");
  device.spaces.assign(profile.address_spaces, {});
  for (uint32_t asid = 0; asid < profile.address_spaces; ++asid) {
    Initial(device, static_cast<uint8_t>(asid), Rule::kDevReset, profile,
            kernel, sink);
  }
}

int VdpaSetMap(VdpaDevice& device, uint8_t asid, TableChanges& changes,
               const DeviceProfile& profile, Sink& sink) {
  VdpaDevice::Space& space = device.spaces[asid];
  const uint64_t nmaps = sink.table({StoreKind::kVhostIotlb, asid}).size();
  const int err = nmaps > profile.table_limit ? -ENOSPC : 0;
  Log(device, {VdpaCall::Op::kSetMap, asid, nmaps, {}, err});
  const EventIndex event =
      sink.Emit(Kind::kSetMap, Actor::kDevice,
                err == 0 ? Rule::kDevSetMap : Rule::kDevSetMapFull,
                {asid, nmaps, static_cast<uint64_t>(int64_t{err})});
  const EventIndex cause = sink.SetCause(event);
  EndPassthrough(device, asid, sink);
  if (err != 0) {
    Empty(asid, Rule::kDevSetMapFull, sink);
  } else if (space.published) {
    ApplyChanges(asid, changes, sink);
  } else {
    Rebuild(asid, sink);
  }
  space.published = err == 0;
  changes.Clear();
  sink.SetCause(cause);
  return err;
}

int VdpaDmaMap(VdpaDevice& device, uint8_t asid, const Entry& entry,
               const DeviceProfile& profile, Sink& sink) {
  EndPassthrough(device, asid, sink);
  const IntervalTable& table = sink.table(Table(asid));
  const int err = table.size() >= profile.table_limit ? -ENOSPC : 0;
  Log(device, {VdpaCall::Op::kDmaMap, asid, 0, entry, err});
  if (err != 0) return err;
  sink.Add(Table(asid), DeviceEntry(entry), Rule::kDevDmaMap, Actor::kDevice);
  return 0;
}

void VdpaDmaUnmap(VdpaDevice& device, uint8_t asid, uint64_t first,
                  uint64_t last, Sink& sink) {
  Entry range;
  range.first = first;
  range.last = last;
  Log(device, {VdpaCall::Op::kDmaUnmap, asid, 0, range, 0});
  EndPassthrough(device, asid, sink);
  const IntervalTable& table = sink.table(Table(asid));
  const auto next = [&] {
    if (first <= last) return table.FirstIn(first, last);
    auto around = table.Find(last);
    if (around && around->last < first) around.reset();
    return around;
  };
  while (const auto e = next()) {
    sink.Del(Table(asid), *e, Rule::kDevDmaMap, Actor::kDevice);
  }
}

void VdpaResetMap(VdpaDevice& device, uint8_t asid,
                  const DeviceProfile& profile, const KernelProfile& kernel,
                  Sink& sink) {
  Log(device, {VdpaCall::Op::kResetMap, asid, 0, {}, 0});
  Initial(device, asid, Rule::kDevReset, profile, kernel, sink);
}

void VdpaDeviceReset(VdpaDevice& device, bool clean_map,
                     const DeviceProfile& profile, const KernelProfile& kernel,
                     Sink& sink) {
  if (!clean_map || !profile.reset_clears_table) return;
  for (size_t asid = 0; asid < device.spaces.size(); ++asid) {
    Initial(device, static_cast<uint8_t>(asid), Rule::kDevReset, profile,
            kernel, sink);
  }
}

}  // namespace iovalab
