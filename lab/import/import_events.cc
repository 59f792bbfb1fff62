#include "lab/import/import_events.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace iovalab {
namespace {

using K = QemuEventKind;
using Op = ImportOpKind;

bool OfListener(Op kind) {
  return kind == Op::kRegionAdd || kind == Op::kRegionDel;
}

}  // namespace

size_t ImportDevice::CountOps(ImportOpKind kind) const {
  return std::count_if(ops.begin(), ops.end(),
                       [&](const ImportOp& op) { return op.kind == kind; });
}

void ImportBuilder::Add(const QemuEvent& e) {
  const auto& w = e.word;
  switch (e.kind) {
    case K::kDmaMap:
      return DmaMap(e);
    case K::kDmaUnmap:
      return DmaUnmap(e);
    case K::kRegionAdd:
      // llend 0: 2^64, though QEMU would have stopped at printing it.
      return RegionAdd({ImportSource::kVdpa, w[0]}, e.line, w[1], w[2] - 1,
                       w[3], w[4] != 0);
    case K::kRegionDel:
      return RegionDel({ImportSource::kVdpa, w[0]}, e.line, w[1],
                       (w[2] & 1) != 0 ? w[2] : w[2] - 1);
    case K::kBatchEnd:
      return BatchEnd(e);
    case K::kIovaRange:
      return Range(PointerOfDev(w[0]), w[1], w[2]);
    case K::kSkipped:
      return Range(last_pointer_, w[4], w[5]);
    case K::kVringAddr:
      for (int64_t& i : OfVdpa(PointerOfDev(w[0]))->tail) {
        if (i >= 0) raw_[i].op.ring = true;
        i = -1;
      }
      return;
    case K::kDevInit:
      return DevInit(e);
    case K::kDevStart: {
      const uint64_t pointer = PointerOfDev(w[0]);
      if (pointer == 0) return;
      OfVdpa(pointer)->pending = -1;
      Append(w[1] != 0 ? Op::kStart : Op::kStop, e.line,
             {ImportSource::kVdpa, pointer});
      return;
    }
    case K::kVhostRegion:
    case K::kVhostRegionAligned:
      return VhostRegion(e);
    case K::kVhostCommit:
      return VhostCommit(e);
    case K::kVfioAdd:
    case K::kVfioDel:
      return Vfio(e);
    case K::kBatchBegin:
    case K::kDevCleanup:
    case K::kVfioSkip:
    case K::kVfioIommu:
    case K::kVtdFault:
    case K::kIgnored:
      return;
  }
}

ImportBuilder::Raw& ImportBuilder::Append(ImportOpKind kind, uint64_t line,
                                          const Origin& origin) {
  if (raw_.size() >= kMaxOps) {
    too_many_ = true;
    raw_.pop_back();
  }
  raw_.emplace_back();
  Raw& raw = raw_.back();
  raw.origin = origin;
  raw.op.kind = kind;
  raw.op.line = line;
  Pointer* p = Of(origin);
  p->tail = kind == Op::kHostMap
                ? std::array<int64_t, 2>{p->tail[1],
                                         static_cast<int64_t>(raw_.size() - 1)}
                : std::array<int64_t, 2>{-1, -1};
  if (origin.source == ImportSource::kVdpa) last_pointer_ = origin.pointer;
  return raw;
}

void ImportBuilder::RegionAdd(const Origin& origin, uint64_t line,
                              uint64_t first, uint64_t last, uint64_t hva,
                              bool readonly) {
  if (last < first || hva > UINT64_MAX - (last - first)) return;
  Raw& raw = Append(Op::kRegionAdd, line, origin);
  raw.op.first = first;
  raw.op.last = last;
  raw.op.hva = hva;
  raw.op.readonly = readonly;
  Pointer* p = Of(origin);
  p->pending = static_cast<int64_t>(raw_.size() - 1);
  p->live[first] = {last, hva, readonly, 1};
}

void ImportBuilder::RegionDel(const Origin& origin, uint64_t line,
                              uint64_t first, uint64_t last) {
  // Rounded to pages nothing was left of the section: no message either.
  if (last < first) return;
  Raw& raw = Append(Op::kRegionDel, line, origin);
  raw.op.first = first;
  raw.op.last = last;
  Pointer* p = Of(origin);
  p->pending = static_cast<int64_t>(raw_.size() - 1);
  const auto it = p->live.find(first);
  raw.op.known = it != p->live.end() && it->second.last == last;
  if (it == p->live.end()) return;
  raw.op.hva = it->second.hva;
  raw.op.readonly = it->second.readonly;
  p->live.erase(it);
}

void ImportBuilder::DmaMap(const QemuEvent& e) {
  const uint64_t pointer = e.word[0];
  const int64_t fd = static_cast<int64_t>(e.word[1]);
  const uint64_t hva = e.word[6];
  Pointer* p = OfVdpa(pointer);
  p->shared = p->shared || e.Has(3);
  int64_t at = p->pending;
  if (at >= 0 && raw_[at].op.kind == Op::kRegionAdd && raw_[at].op.hva == hva) {
    p->pending = -1;
  } else {
    ImportOp& op =
        Append(Op::kHostMap, e.line, {ImportSource::kVdpa, pointer, fd}).op;
    op.hva = hva;
    op.size = e.word[5];
    op.perm = static_cast<uint32_t>(e.word[7]);
    at = static_cast<int64_t>(raw_.size() - 1);
    ++host_sizes_[op.size];
  }
  Raw& raw = raw_[at];
  raw.origin.fd = fd;
  raw.op.has_asid = e.Has(3);
  raw.op.asid = static_cast<uint32_t>(e.word[3]);
  raw.op.logged = 0;
  raw.logged = {e.line, e.word[4], e.word[5], raw.op.asid, true};
}

void ImportBuilder::DmaUnmap(const QemuEvent& e) {
  const uint64_t pointer = e.word[0];
  const int64_t fd = static_cast<int64_t>(e.word[1]);
  const uint64_t size = e.word[5];
  Pointer* p = OfVdpa(pointer);
  p->shared = p->shared || e.Has(3);
  int64_t at = p->pending;
  const bool of_section = at >= 0 && raw_[at].op.kind == Op::kRegionDel &&
                          (raw_[at].op.last - raw_[at].op.first + 1 == size ||
                           !HostMapOutstanding(size));
  if (of_section) {
    p->pending = -1;
  } else {
    ImportOp& op =
        Append(Op::kHostUnmap, e.line, {ImportSource::kVdpa, pointer, fd}).op;
    op.size = size;
    at = static_cast<int64_t>(raw_.size() - 1);
    if (HostMapOutstanding(size)) --host_sizes_[size];
  }
  Raw& raw = raw_[at];
  raw.origin.fd = fd;
  raw.op.has_asid = e.Has(3);
  raw.op.asid = static_cast<uint32_t>(e.word[3]);
  raw.op.logged = 0;
  raw.logged = {e.line, e.word[4], size, raw.op.asid, false};
}

bool ImportBuilder::HostMapOutstanding(uint64_t size) const {
  const auto it = host_sizes_.find(size);
  return it != host_sizes_.end() && it->second > 0;
}

void ImportBuilder::BatchEnd(const QemuEvent& e) {
  const Origin origin{ImportSource::kVdpa, e.word[0],
                      static_cast<int64_t>(e.word[1])};
  Of(origin)->pending = -1;
  Append(Op::kCommit, e.line, origin);
}

// 7.2's messages name the vhost_vdpa, 10.0's what all of a device share.
void ImportBuilder::DevInit(const QemuEvent& e) {
  const uint64_t pointer = e.Has(1) ? e.word[1] : e.word[2];
  pointer_of_dev_[e.word[0]] = pointer;
  Pointer* p = OfVdpa(pointer);
  p->init_line = e.line;
  p->pending = -1;
  p->shared = p->shared || e.Has(1);
}

uint64_t ImportBuilder::PointerOfDev(uint64_t dev) const {
  const auto it = pointer_of_dev_.find(dev);
  return it != pointer_of_dev_.end() ? it->second : last_pointer_;
}

void ImportBuilder::Range(uint64_t pointer, uint64_t first, uint64_t last) {
  Pointer* p = OfVdpa(pointer);
  if (p->has_range || last < first) return;
  p->has_range = true;
  p->iova_first = first;
  p->iova_last = last;
}

void ImportBuilder::VhostRegion(const QemuEvent& e) {
  const uint64_t first = e.word[0], size = e.word[1], hva = e.word[2];
  if (size == 0 || first > UINT64_MAX - (size - 1) ||
      hva > UINT64_MAX - (size - 1)) {
    return;
  }
  if (names_.size() < kMaxNames) {
    names_.try_emplace({hva, size}, std::string(e.name));
  }
  // Each section is said as it is, then widened to its block's pages: the first
  // is kept, the second only where the first was not traced.
  const bool aligned = e.kind == K::kVhostRegionAligned;
  if (aligned && !snapshot_.empty() && !snapshot_.back().aligned) return;
  if (snapshot_.size() >= kMaxOps) {
    too_many_ = true;
    return;
  }
  snapshot_.push_back({first, first + (size - 1), hva, aligned});
}

void ImportBuilder::VhostCommit(const QemuEvent& e) {
  std::sort(snapshot_.begin(), snapshot_.end());
  snapshot_.erase(std::unique(snapshot_.begin(), snapshot_.end()),
                  snapshot_.end());
  std::vector<VhostSection> gone, come;
  std::set_difference(last_snapshot_.begin(), last_snapshot_.end(),
                      snapshot_.begin(), snapshot_.end(),
                      std::back_inserter(gone));
  std::set_difference(snapshot_.begin(), snapshot_.end(),
                      last_snapshot_.begin(), last_snapshot_.end(),
                      std::back_inserter(come));
  const Origin origin{ImportSource::kVhost, 0};
  for (const VhostSection& s : gone) {
    RegionDel(origin, e.line, s.first, s.last);
  }
  for (const VhostSection& s : come) {
    RegionAdd(origin, e.line, s.first, s.last, s.hva, false);
  }
  if (!gone.empty() || !come.empty()) Append(Op::kCommit, e.line, origin);
  last_snapshot_.swap(snapshot_);
  snapshot_.clear();
}

// Lines do not say which container they are about: what several of them add is
// one section, gone when all have deleted it.
void ImportBuilder::Vfio(const QemuEvent& e) {
  const Origin origin{ImportSource::kVfio, 0};
  auto& live = Of(origin)->live;
  const auto it = live.find(e.word[0]);
  const bool same = it != live.end() && it->second.last == e.word[1];
  if (e.kind == K::kVfioAdd) {
    if (same && it->second.hva == e.word[2]) {
      ++it->second.users;
    } else {
      RegionAdd(origin, e.line, e.word[0], e.word[1], e.word[2], false);
    }
  } else if (same && it->second.users > 1) {
    --it->second.users;
  } else if (same) {
    RegionDel(origin, e.line, e.word[0], e.word[1]);
  }
}

Import ImportBuilder::Finish(const QemuLogCounts& counts) {
  // A region_add says no fd; the message after it does.
  std::map<uint64_t, int64_t> fd_after, fd_ever;
  for (auto raw = raw_.rbegin(); raw != raw_.rend(); ++raw) {
    Origin& o = raw->origin;
    if (o.source != ImportSource::kVdpa) continue;
    const auto [after, is_new] = fd_after.try_emplace(o.pointer, o.fd);
    if (o.fd >= 0) after->second = o.fd;
    o.fd = after->second;
    if (o.fd >= 0) fd_ever.try_emplace(o.pointer, o.fd);
  }

  Import import;
  import.counts = counts;
  import.too_many = too_many_;
  const bool has_listener = std::any_of(raw_.begin(), raw_.end(), [](auto& r) {
    return r.origin.source != ImportSource::kVhost && OfListener(r.op.kind);
  });
  std::map<Origin, size_t> device_of;
  size_t without_fd = 0;
  for (Raw& raw : raw_) {
    Origin key = raw.origin;
    // The generic listener of a vDPA device says less than its own.
    if (key.source == ImportSource::kVhost && has_listener) continue;
    const Pointer& p = *Of(raw.origin);
    if (key.source == ImportSource::kVdpa) {
      if (key.fd < 0 && fd_ever.contains(key.pointer)) {
        key.fd = fd_ever[key.pointer];
      }
      if (key.fd >= 0) key.pointer = 0;
    }
    const auto [it, is_new] = device_of.try_emplace(key, import.devices.size());
    if (is_new) {
      import.devices.emplace_back();
      ImportDevice& d = import.devices.back();
      d.source = key.source;
      d.name = key.source == ImportSource::kVhost  ? "vhost"
               : key.source == ImportSource::kVfio ? "vfio"
               : key.fd >= 0                       ? absl::StrCat("fd ", key.fd)
                             : absl::StrCat("vdpa ", ++without_fd);
    }
    ImportDevice& d = import.devices[it->second];
    d.shared_pointer = d.shared_pointer || p.shared;
    if (p.has_range && !d.has_range) {
      d.has_range = true;
      d.iova_first = p.iova_first;
      d.iova_last = p.iova_last;
    }
    if (!d.ops.empty() && p.init_line > d.ops.back().line &&
        p.init_line < raw.op.line) {
      ImportOp reset;
      reset.kind = Op::kReset;
      reset.line = p.init_line;
      d.ops.push_back(reset);
    }
    if (raw.op.logged >= 0) {
      raw.op.logged = static_cast<int32_t>(d.logged.size());
      d.logged.push_back(raw.logged);
    }
    d.ops.push_back(raw.op);
  }
  std::erase_if(import.devices, [](const ImportDevice& d) {
    return d.logged.empty() && d.CountOps(Op::kRegionAdd) == 0 &&
           d.CountOps(Op::kRegionDel) == 0;
  });
  // A range said before any device was heard of.
  const Pointer& unknown = *OfVdpa(0);
  for (ImportDevice& d : import.devices) {
    if (d.has_range || !unknown.has_range) continue;
    d.has_range = true;
    d.iova_first = unknown.iova_first;
    d.iova_last = unknown.iova_last;
  }
  for (auto& [span, name] : names_) {
    import.names.push_back({span.first, span.second, std::move(name)});
  }
  return import;
}

Import ImportQemuLog(absl::string_view log) {
  QemuLogParser parser;
  ImportBuilder builder;
  auto sink = [&](const QemuEvent& event) { builder.Add(event); };
  parser.Feed(log, sink);
  parser.Finish(sink);
  return builder.Finish(parser.counts());
}

}  // namespace iovalab
