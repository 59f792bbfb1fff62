#include "lab/import/import_events.h"

#include <algorithm>
#include <utility>

namespace iovalab {
namespace {

using K = QemuEventKind;
using Op = ImportOpKind;

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

Import ImportQemuLog(absl::string_view log) {
  QemuLogParser parser;
  ImportBuilder builder;
  auto sink = [&](const QemuEvent& event) { builder.Add(event); };
  parser.Feed(log, sink);
  parser.Finish(sink);
  return builder.Finish(parser.counts());
}

}  // namespace iovalab
