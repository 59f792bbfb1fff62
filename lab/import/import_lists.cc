// The part of ImportBuilder that works out sections from lines that do not name
// a device: the lists of vhost_region_add_section, and vfio's.

#include <algorithm>
#include <iterator>
#include <utility>

#include "lab/import/import_events.h"

namespace iovalab {

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
  const bool aligned = e.kind == QemuEventKind::kVhostRegionAligned;
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
  if (!gone.empty() || !come.empty())
    Append(ImportOpKind::kCommit, e.line, origin);
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
  if (e.kind == QemuEventKind::kVfioAdd) {
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

}  // namespace iovalab
