// The end of ImportBuilder: what was read, in order, becomes devices.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lab/import/import_events.h"

namespace iovalab {
namespace {

using Op = ImportOpKind;

bool OfListener(Op kind) {
  return kind == Op::kRegionAdd || kind == Op::kRegionDel;
}

}  // namespace

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

}  // namespace iovalab
