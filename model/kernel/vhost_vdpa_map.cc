#include "model/kernel/vhost_vdpa_map.h"

#include <algorithm>
#include <cerrno>
#include <optional>

#include "model/host/vma.h"
#include "model/kernel/pin.h"
#include "model/kernel/user_pages.h"

namespace iovalab {
namespace {

TableChanges& Changes(VdpaOp& op) { return op.v.spaces[op.asid].changes; }

// As set_map hands it over: without the file reference.
Entry Published(Entry e) {
  e.tag = 0;
  return e;
}

uint64_t Pages(const Entry& e) { return (e.last - e.first) / kPageSize + 1; }

int SetMap(VdpaOp& op) {
  return VdpaSetMap(op.device, op.asid, Changes(op), *op.env.device, op.sink);
}

// Tells the device of a new entry; 0 or -errno.
int TellDevice(VdpaOp& op, const Entry& entry) {
  int r = 0;
  Rule rule = Rule::kDevSetMapFull;
  switch (op.env.device->map_api) {
    case MapApi::kDmaMap:
      r = VdpaDmaMap(op.device, op.asid, entry, *op.env.device, op.sink);
      rule = Rule::kDevDmaMapFull;
      break;
    case MapApi::kSetMap:
      if (!op.v.in_batch) r = SetMap(op);
      break;
    case MapApi::kPlatform:
      r = IommuMap(op.v.domain, entry.first, Hpa(entry.target),
                   entry.last - entry.first + 1, entry.perm, *op.env.kernel,
                   op.sink, &rule);
      break;
  }
  if (r != 0) op.rule = rule;
  return r;
}

// The hardware forgets a whole entry.
void UntellEntry(VdpaOp& op, const Entry& e) {
  if (op.env.device->map_api == MapApi::kDmaMap) {
    VdpaDmaUnmap(op.device, op.asid, e.first, e.last, op.sink);
  } else if (op.env.device->map_api == MapApi::kPlatform) {
    IommuUnmap(op.v.domain, e.first, e.last - e.first + 1, Rule::kIommuUnmap,
               *op.env.kernel, op.sink);
  }
}

// It forgets what a message names, whatever the entries were.
void UntellMessage(VdpaOp& op, uint64_t iova, uint64_t size, Rule rule) {
  if (op.env.device->map_api == MapApi::kDmaMap) {
    VdpaDmaUnmap(op.device, op.asid, iova, iova + size - 1, op.sink);
  } else if (op.env.device->map_api == MapApi::kPlatform) {
    const uint64_t unmapped =
        IommuUnmap(op.v.domain, iova, size, Rule::kVdpaUnmapMessage,
                   *op.env.kernel, op.sink);
    // A roll-back keeps the rule of what failed.
    if (unmapped == 0 && rule == op.rule) op.rule = Rule::kIommuUnaligned;
  }
}

int VhostVdpaMap(VdpaOp& op, const Entry& entry, Rule rule) {
  if (op.sink.table(op.iotlb()).size() >= op.v.table_limit) {
    op.rule = Rule::kVdpaTableFull;
    return -ENOSPC;
  }
  op.sink.Add(op.iotlb(), entry, rule, Actor::kKernel);
  Changes(op).Added(Published(entry));
  if (const int r = TellDevice(op, entry); r != 0) {
    op.sink.Del(op.iotlb(), entry, Rule::kVdpaRollback, Actor::kKernel);
    Changes(op).Removed(Published(entry));
    return r;
  }
  if (!op.env.device->use_va) {
    op.v.pinned_pages += Pages(entry);
    op.pages += static_cast<int64_t>(Pages(entry));
  }
  ++op.added;
  return 0;
}

// The lowest entry for which the interval tree's test holds. With last < start
// that is an entry around both.
std::optional<Entry> IotlbFirst(const IntervalTable& iotlb, uint64_t start,
                                uint64_t last) {
  if (start <= last) return iotlb.FirstIn(start, last);
  const auto around = iotlb.Find(last);
  if (around && around->last >= start) return around;
  return std::nullopt;
}

// Pages are given back before the device is told.
void Unpin(VdpaOp& op, const Entry& entry) {
  UnpinPages(Hpa(entry.target), Hpa(entry.target_last()), Rule::kVdpaUnpinFirst,
             op.sink);
  op.v.pinned_pages -= Pages(entry);
  op.pages -= static_cast<int64_t>(Pages(entry));
}

// The runs of `pages` pages from uaddr, each an entry. Where `more` pages were
// to follow, the last run is not mapped: it might have gone on.
int MapRuns(VdpaOp& op, uint64_t iova, uint64_t uaddr, uint64_t pages,
            bool more, uint32_t perm) {
  PageRuns runs(op.sink.table(kVmaStore), *op.env.host, Hva(uaddr), pages);
  while (auto run = runs.Next()) {
    if (more && runs.done()) break;
    const Hpa last = run->hpa + (run->length - 1);
    PinPages(run->hpa, last, Rule::kVdpaPaMap, op.sink);
    const Entry entry{iova, iova + (run->length - 1), run->hpa.value, 0, perm};
    if (const int r = VhostVdpaMap(op, entry, Rule::kVdpaPaMap); r != 0) {
      UnpinPages(run->hpa, last, Rule::kVdpaRollback, op.sink);
      return r;
    }
    iova += run->length;
  }
  return 0;
}

}  // namespace

int VhostVdpaPaMap(VdpaOp& op, const VdpaMsg& msg) {
  const uint64_t in_page = msg.iova % kPageSize;
  // Modulo 2^64, as there: a size near 2^64 needs "no" pages.
  const uint64_t npages = (msg.size + in_page + (kPageSize - 1)) / kPageSize;
  if (npages == 0) {
    op.rule = Rule::kVdpaPaZeroPages;
    return -EINVAL;
  }
  if (npages + op.v.pinned_pages > op.v.memlock_limit_pages) {
    op.rule = Rule::kVdpaMemlock;
    return -ENOMEM;
  }
  // Both are rounded down, so different offsets in the page shift the data.
  const uint64_t uaddr = PageDown(msg.uaddr);
  const uint64_t pinnable =
      PinnablePages(op.sink.table(kVmaStore), *op.env.host, Hva(uaddr), npages,
                    (msg.perm & kPermWrite) != 0);
  const bool pin_fails = pinnable < npages;
  const uint64_t batch = op.env.kernel->vdpa_pin_batch_pages;
  const uint64_t pinned = pin_fails ? pinnable - pinnable % batch : npages;
  int r = MapRuns(op, PageDown(msg.iova), uaddr, pinned, pin_fails, msg.perm);
  if (r == 0 && pin_fails) {
    r = pinnable % batch == 0 ? -EFAULT : -ENOMEM;
    op.rule = Rule::kVdpaPinFailed;
  }
  if (r != 0) VhostVdpaUnmap(op, msg.iova, msg.size, Rule::kVdpaRollback);
  return r;
}

int VhostVdpaVaMap(VdpaOp& op, const VdpaMsg& msg) {
  uint64_t done = 0;
  int r = 0;
  while (done < msg.size && r == 0) {
    const uint64_t uaddr = msg.uaddr + done;
    const auto vma = FindVma(op.sink.table(kVmaStore), Hva(uaddr));
    if (!vma) {
      op.rule = Rule::kVdpaVaNoVma;
      r = -EINVAL;
      break;
    }
    const uint64_t length = std::min(msg.size - done, vma->last - uaddr + 1);
    const auto object = static_cast<ObjectIndex>(vma->tag);
    if (op.env.host->object(object).kind == MemoryKind::kSharedFile) {
      // uaddr may lie below the VMA that find_vma gave; the file offset then
      // wraps (A-vduse vduse/hole).
      const uint64_t iova = msg.iova + done;
      r = VhostVdpaMap(
          op,
          {iova, iova + (length - 1), uaddr, vma->Translate(uaddr), msg.perm},
          Rule::kVdpaVaMap);
      if (r != 0) break;
    }
    done += length;
  }
  if (r != 0) {
    // With nothing done, at IOVA 0, last is 2^64 - 1: everything goes.
    const bool all = done == 0 && msg.iova == 0;
    VhostVdpaUnmap(op, msg.iova, done,
                   all ? Rule::kVdpaRollbackAll : Rule::kVdpaRollback);
  }
  return r;
}

void VhostVdpaIotlbUnmap(VdpaOp& op, uint64_t start, uint64_t last, Rule rule) {
  while (auto e = IotlbFirst(op.sink.table(op.iotlb()), start, last)) {
    if (!op.env.device->use_va) Unpin(op, *e);
    if (!op.env.kernel->vdpa_unmaps_message) UntellEntry(op, *e);
    op.sink.Del(op.iotlb(), *e, rule, Actor::kKernel);
    Changes(op).Removed(Published(*e));
    ++op.removed;
  }
}

void VhostVdpaUnmap(VdpaOp& op, uint64_t iova, uint64_t size, Rule rule) {
  VhostVdpaIotlbUnmap(op, iova, iova + size - 1, rule);
  if (op.env.kernel->vdpa_unmaps_message) UntellMessage(op, iova, size, rule);
  if (op.env.device->map_api == MapApi::kSetMap && !op.v.in_batch) SetMap(op);
}

}  // namespace iovalab
