#include "model/kernel/vhost_vdpa_slow.h"

#include <cerrno>

namespace iovalab {
namespace {

uint64_t Pages(const Entry& e) { return (e.last - e.first + 1) / kPageSize; }

}  // namespace

const SlowUserPage* SlowVdpa::Page(uint64_t hva) const {
  if (hva < kSlowUserBase) return nullptr;
  const uint64_t i = (hva - kSlowUserBase) / kPageSize;
  if (i >= user.size() || user[i].vma < 0) return nullptr;
  return &user[i];
}

bool SlowVdpa::CanPin(uint64_t hva, uint32_t perm) const {
  const SlowUserPage* page = Page(hva);
  if (page == nullptr || page->kind == MemoryKind::kPfnmap) return false;
  const uint32_t need = (perm & kPermWrite) != 0 ? kPermWrite : kPermRead;
  return (page->prot & need) != 0;
}

int SlowVdpa::Publish() {
  identity = false;
  device.clear();
  if (iotlb.size() > device_limit) return -ENOSPC;
  device = iotlb;
  return 0;
}

void SlowVdpa::ResetDevice() {
  device.clear();
  identity = identity_at_reset;
}

int SlowVdpa::MapHardware(const Entry& entry) {
  if (platform) {
    if (entry.perm < 1 || entry.perm > 3) return -EINVAL;
    const uint32_t perm = entry.perm == 2 ? 3 : entry.perm;
    for (uint64_t i = 0; i < Pages(entry); ++i) {
      const uint64_t at = i * kPageSize;
      iommu.insert({entry.first + at, {entry.target + at, perm}});
    }
    return 0;
  }
  if (identity) device.clear();
  identity = false;
  if (device.size() >= device_limit) return -ENOSPC;
  device.push_back(entry);
  return 0;
}

// last < first: what is around both.
void SlowVdpa::UnmapHardware(uint64_t first, uint64_t last) {
  if (platform) {
    if (first % kPageSize != 0 || (last + 1) % kPageSize != 0) return;
    const auto gone = [&](const auto& page) {
      return page.first >= first && (page.first <= last || last < first);
    };
    std::erase_if(iommu, gone);
    return;
  }
  identity = false;
  std::erase_if(device, [&](const Entry& d) {
    return d.first <= last && d.last >= first;
  });
}

int SlowVdpa::Map(Entry entry) {
  if (iotlb.size() >= table_limit) return -ENOSPC;
  iotlb.push_back(entry);
  int r = 0;
  if (!set_map) {
    r = MapHardware(entry);
  } else if (!in_batch) {
    r = Publish();
  }
  if (r != 0) {
    iotlb.pop_back();
    return r;
  }
  if (!use_va) pinned += Pages(entry);
  return 0;
}

void SlowVdpa::Unmap(uint64_t iova, uint64_t size) {
  const uint64_t last = iova + size - 1;
  std::vector<Entry> left;
  for (const Entry& e : iotlb) {
    if (!(e.first <= last && e.last >= iova)) {
      left.push_back(e);
      continue;
    }
    if (!use_va) pinned -= Pages(e);
    if (!set_map && !unmaps_message) UnmapHardware(e.first, e.last);
  }
  iotlb = left;
  if (!set_map && unmaps_message && size != 0) UnmapHardware(iova, last);
  if (set_map && !in_batch) Publish();
}

int SlowVdpa::MapPa(const VdpaMsg& msg) {
  const uint64_t first_page = msg.iova / kPageSize;
  const uint64_t last_page = (msg.iova + msg.size - 1) / kPageSize;
  const uint64_t npages = last_page - first_page + 1;
  if (npages + pinned > memlock_pages) return -ENOMEM;
  int r = 0;
  Entry run;  // pages pinned, not yet mapped; run.first > run.last: none
  run.first = first_page * kPageSize;
  run.last = run.first - 1;
  bool empty = true;
  const uint64_t hva = msg.uaddr / kPageSize * kPageSize;
  for (uint64_t done = 0; done < npages && r == 0; done += pin_batch) {
    const uint64_t want = std::min(pin_batch, npages - done);
    uint64_t got = 0;
    while (got < want && CanPin(hva + (done + got) * kPageSize, msg.perm)) {
      ++got;
    }
    if (got < want) r = got == 0 ? -EFAULT : -ENOMEM;
    for (uint64_t i = 0; i < want && r == 0; ++i) {
      const uint64_t hpa = Page(hva + (done + i) * kPageSize)->hpa;
      if (!empty && hpa != run.target + (run.last - run.first) + 1) {
        r = Map(run);
        run.first = run.last + 1;
        empty = true;
      }
      if (empty) {
        run.target = hpa;
        run.perm = msg.perm;
        run.last = run.first - 1;
        empty = false;
      }
      run.last += kPageSize;
    }
  }
  if (r == 0) r = Map(run);
  if (r != 0) Unmap(msg.iova, msg.size);
  return r;
}

int SlowVdpa::MapVa(const VdpaMsg& msg) {
  uint64_t done = 0;
  int r = 0;
  while (done < msg.size && r == 0) {
    const uint64_t hva = msg.uaddr + done;
    // The first page at or above that has a VMA, then to the end of that VMA.
    uint64_t i = hva < kSlowUserBase ? 0 : (hva - kSlowUserBase) / kPageSize;
    while (i < user.size() && user[i].vma < 0) ++i;
    if (i >= user.size()) {
      r = -EINVAL;
      break;
    }
    const uint64_t here = i;
    while (i + 1 < user.size() && user[i + 1].vma == user[here].vma) ++i;
    const uint64_t end = kSlowUserBase + (i + 1) * kPageSize;
    const uint64_t length = std::min(msg.size - done, end - hva);
    if (user[here].kind == MemoryKind::kSharedFile) {
      const uint64_t iova = msg.iova + done;
      Entry e{iova, iova + length - 1, hva, 0, msg.perm};
      e.tag =
          user[here].object_offset + hva - (kSlowUserBase + here * kPageSize);
      r = Map(e);
    }
    if (r == 0) done += length;
  }
  if (r != 0) Unmap(msg.iova, done);
  return r;
}

int SlowVdpa::Update(const VdpaMsg& msg) {
  const uint64_t last = msg.iova + msg.size - 1;
  if (last < msg.iova) return -EINVAL;
  for (const Entry& e : iotlb) {
    if (e.first <= last && e.last >= msg.iova) return -EEXIST;
  }
  return use_va ? MapVa(msg) : MapPa(msg);
}

int SlowVdpa::Message(const VdpaMsg& msg) {
  if (msg.type == VdpaMsgType::kUpdate && msg.size == 0) return -EINVAL;
  if (unmaps_message) {  // of one era
    if (msg.type == VdpaMsgType::kInvalidate && msg.size == 0) return -EINVAL;
    exists = true;
  }
  exists |= msg.type == VdpaMsgType::kUpdate;
  exists |= msg.type == VdpaMsgType::kBatchBegin;
  if (!exists) return -EINVAL;
  if (msg.type == VdpaMsgType::kUpdate) return Update(msg);
  if (msg.type == VdpaMsgType::kInvalidate) {
    Unmap(msg.iova, msg.size);
  } else if (msg.type == VdpaMsgType::kBatchBegin) {
    in_batch = true;
  } else if (msg.type == VdpaMsgType::kBatchEnd) {
    if (in_batch && set_map) Publish();
    in_batch = false;
  } else {
    return -EINVAL;
  }
  return 0;
}

}  // namespace iovalab
