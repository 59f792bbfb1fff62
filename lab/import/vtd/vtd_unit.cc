#include "lab/import/vtd/vtd_unit.h"

#include <algorithm>

#include "fmt/format.h"
#include "model/iommu/iotlb_shape.h"
#include "util/fmt_absl.h"

namespace iovalab {

std::string VtdOutcome::Text() const {
  return reason != IommuFault::kNone
             ? fmt::format("a fault ({})", IommuFaultName(reason))
             : fmt::format("0x{:x}", found->target);
}

int VtdLevelsOf(const VtdCapture& capture) {
  uint64_t bits = 0;
  for (const VtdLine& l : capture.dmesg) {
    if (l.kind == VtdLineKind::kDmesgWidth) bits = l.address;
  }
  if (bits == 0) {
    uint64_t last = 0;
    for (const VtdLine& l : capture.guest) {
      if (l.kind == VtdLineKind::kMap) last = std::max(last, l.last);
    }
    while (bits < 64 && last >> bits != 0) ++bits;
  }
  return bits <= 39 ? 3 : bits <= 48 ? 4 : 5;
}

VtdUnit::VtdUnit(const VtdCapture& capture, absl::string_view cache)
    : capture_(capture),
      domains_(capture),
      tables_(VtdLevelsOf(capture)),
      iotlb_(IotlbShapeOf(cache)) {}

VtdUnit::Done VtdUnit::Guest(uint32_t guest, uint32_t qemu) {
  const VtdLine& l = capture_.guest[guest];
  if (l.kind == VtdLineKind::kCommand) return Done::kDone;
  const std::optional<uint32_t> domain = domains_.OfGuest(guest);
  if (!domain.has_value()) return Done::kNoDomain;
  if (l.kind == VtdLineKind::kUnmap) {
    tables_.Unmap(*domain, l.address, l.last);
    return Done::kDone;
  }
  return tables_.Map(*domain, l.address, l.last, l.target,
                     domains_.PermissionOf(l, qemu))
             ? Done::kDone
             : Done::kRefused;
}

VtdOutcome VtdUnit::Access(uint32_t source, uint64_t iova, bool write,
                           uint32_t qemu) {
  VtdOutcome o;
  const std::optional<uint32_t> domain = domains_.OfDevice(source, qemu);
  if (!domain.has_value()) {
    o.reason = IommuFault::kNoContext;
    o.place = FaultPlace::kContext;
    return o;
  }
  const uint32_t need = write ? kAccessWrite : kAccessRead;
  if (const IotlbEntry* const e = iotlb_.Find(*domain, kNoPasid, iova)) {
    o.hit = true;
    o.found = *e;
    if ((e->perm & need) == 0) o.reason = IommuFault::kPermission;
    return o;
  }
  const Walked walked = tables_.Translate(*domain, iova, write);
  if (!walked.ok) {
    o.reason = walked.reason;
    return o;
  }
  IotlbEntry e;
  e.shift = walked.size_bits;
  const uint64_t offset = (uint64_t{1} << e.shift) - 1;
  e.first = iova & ~offset;
  e.target = walked.pa & ~offset;
  e.domain = *domain;
  e.perm = walked.perm;
  e.generation = tables_.generation(*domain);
  iotlb_.Insert(e, iova);
  o.found = e;
  return o;
}

void VtdUnit::Reset() { iotlb_.Invalidate({.any_domain = true}); }

void VtdUnit::Flush(const VtdLine& l, bool unmaps) {
  IotlbMatch match;
  match.any_domain = l.kind == VtdLineKind::kFlushGlobal;
  match.domain = l.domain;
  match.any_address = l.kind != VtdLineKind::kFlushPages;
  match.address = l.address;
  match.mask = static_cast<uint8_t>(std::min<uint64_t>(l.mask, 52));
  iotlb_.Invalidate(match);
  // What the guest unmapped past the end of its ftrace.
  if (!unmaps || match.any_address) return;
  const uint64_t size = match.mask >= 52 ? 0 : uint64_t{0x1000} << match.mask;
  const uint64_t first = size == 0 ? 0 : l.address & ~(size - 1);
  tables_.Unmap(l.domain, first, first + size - 1);
}

}  // namespace iovalab
