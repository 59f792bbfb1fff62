#include "model/vmm/listener.h"

#include <cerrno>

#include "absl/numeric/int128.h"
#include "model/addr/address.h"

namespace iovalab {
namespace {

uint32_t Perm(const FlatRange& flat) {
  return flat.readonly ? kPermRead : kPermReadWrite;
}

// vhost_vdpa_listener_skipped_section: kinds that are never mapped, and
// sections outside the device's IOVA range (which is compared with the guest
// address).
Rule SkipRule(const FlatRange& flat, const ListenerProfile& profile) {
  switch (flat.kind) {
    case RegionKind::kIo:
    case RegionKind::kContainer:
      return Rule::kLsnSkipNotRam;
    case RegionKind::kRamDevice:
      return Rule::kLsnSkipRamDevice;
    case RegionKind::kRam:
    case RegionKind::kIommu:
      break;
  }
  if (flat.is_protected) return Rule::kLsnSkipProtected;
  if (flat.gpa.first.value < profile.iova_range.first.value) {
    return Rule::kLsnBelowRange;
  }
  if (flat.kind != RegionKind::kIommu) {
    const absl::uint128 end = absl::uint128(flat.gpa.last.value) + 1;
    const absl::uint128 masked = end & ~absl::uint128(kPageSize - 1);
    const absl::uint128 last = profile.iova_range.last.value;
    if (profile.switches.range_check_mixes_ends ? masked > last
                                                : masked > last + 1) {
      return Rule::kLsnAboveRange;
    }
  }
  return Rule::kNone;
}

// Rule::kLsnBatchOnce, which no event of its own tells.
void BatchBeginOnce(ListenerState& state, const ListenerProfile& profile,
                    SendToKernel send) {
  if (!profile.batch || state.batch_open) return;
  send({VdpaMsgType::kBatchBegin, 0, 0, 0, 0});
  state.batch_open = true;
}

// vhost_vdpa_dma_unmap of `size_minus_1 + 1` bytes; 2^64 cannot be said in one.
void SendUnmap(uint64_t iova, uint64_t size_minus_1, SendToKernel send,
               uint8_t asid = 0) {
  constexpr uint64_t kHalf = uint64_t{1} << 63;
  if (size_minus_1 == UINT64_MAX) {
    send({VdpaMsgType::kInvalidate, iova, kHalf, 0, 0, asid});
    send({VdpaMsgType::kInvalidate, iova + kHalf, kHalf, 0, 0, asid});
    return;
  }
  send({VdpaMsgType::kInvalidate, iova, size_minus_1 + 1, 0, 0, asid});
}

void Skip(Sink& sink, Rule rule, const Section& section) {
  sink.Emit(Kind::kRegionSkip, Actor::kVmm, rule,
            {section.name, section.flat.gpa.first.value,
             section.flat.gpa.last.value});
}

}  // namespace

ListenerView ViewSection(const Section& section,
                         const ListenerProfile& profile) {
  const FlatRange& flat = section.flat;
  ListenerView view;
  view.skipped = SkipRule(flat, profile);
  if (view.skipped != Rule::kNone) return view;
  const uint64_t first = flat.gpa.first.value;
  if ((first & (kPageSize - 1)) != (flat.offset & (kPageSize - 1))) {
    view.skipped = Rule::kLsnMisaligned;
    return view;
  }
  const absl::uint128 begin =
      (absl::uint128(first) + (kPageSize - 1)) & ~absl::uint128(kPageSize - 1);
  const absl::uint128 end =
      (absl::uint128(flat.gpa.last.value) + 1) & ~absl::uint128(kPageSize - 1);
  if (begin >= end) {
    view.skipped = Rule::kLsnAlign;
    return view;
  }
  const uint64_t skipped = absl::Uint128Low64(begin) - first;
  view.span.section_gpa = first;
  view.span.gpa = absl::Uint128Low64(begin);
  view.span.hva = section.hva + skipped;
  view.span.ram_addr = section.ram_addr + skipped;
  view.span.size_minus_1 = absl::Uint128Low64(end - begin - 1);
  view.span.perm = Perm(flat);
  return view;
}

AddResult RegionAdd(ListenerState& state, const Section& section,
                    const ListenerProfile& profile, Sink& sink,
                    SendToKernel send) {
  const ListenerView view = ViewSection(section, profile);
  if (view.skipped != Rule::kNone) {
    Skip(sink, view.skipped, section);
    return {};
  }
  // Mapped notification by notification, not as a whole.
  if (section.flat.kind == RegionKind::kIommu) {
    Skip(sink, Rule::kLsnIommuRegion, section);
    return {};
  }
  const GuestSpan& span = view.span;
  uint64_t iova = span.gpa;
  if (profile.strategy->shadow_queue) {
    const IovaRange range = EffectiveIovaRange(profile.iova_range.first.value,
                                               profile.iova_range.last.value);
    const int err =
        profile.strategy->add(sink, range, span, profile.switches, &iova);
    if (err != kIovaOk) {
      Skip(sink, Rule::kTreeRefused, section);
      return {AddOutcome::kFailed, std::nullopt};
    }
  }
  BatchBeginOnce(state, profile, send);
  if (send({VdpaMsgType::kUpdate, iova, span.size_minus_1 + 1, span.hva,
            span.perm}) == 0) {
    return {AddOutcome::kMapped, iova};
  }
  if (profile.strategy->shadow_queue &&
      !profile.switches.failed_map_keeps_node) {
    profile.strategy->undo_add(sink, span, iova);
  }
  Skip(sink, Rule::kLsnMapFailed, section);
  return {AddOutcome::kFailed, iova};
}

DelOutcome RegionDel(ListenerState& state, const Section& section,
                     const ListenerProfile& profile, Sink& sink,
                     SendToKernel send) {
  const ListenerView view = ViewSection(section, profile);
  if (view.skipped != Rule::kNone) {
    Skip(sink, view.skipped, section);
    return DelOutcome::kSkipped;
  }
  // QEMU refuses to start a shadow queue together with a vIOMMU, so that
  // nothing was mapped for it.
  if (section.flat.kind == RegionKind::kIommu &&
      profile.strategy->shadow_queue) {
    Skip(sink, Rule::kLsnIommuRegion, section);
    return DelOutcome::kSkipped;
  }
  const GuestSpan& span = view.span;
  uint64_t iova = span.gpa;
  if (profile.strategy->shadow_queue) {
    const std::optional<uint64_t> found =
        profile.strategy->del(sink, span, profile.switches);
    if (!found) {
      Skip(sink, Rule::kLsnDelUnknown, section);
      return profile.switches.unknown_del_crashes ? DelOutcome::kCrashed
                                                  : DelOutcome::kUnknown;
    }
    iova = *found;
  }
  if (span.size_minus_1 == UINT64_MAX && profile.switches.full_unmap_asserts) {
    Skip(sink, Rule::kLsnUnmapAsserts, section);
    return DelOutcome::kCrashed;
  }
  BatchBeginOnce(state, profile, send);
  if (span.size_minus_1 == UINT64_MAX) {
    sink.SetRule(sink.cause(), Rule::kLsnUnmapHalves);
  }
  SendUnmap(iova, span.size_minus_1, send);
  return DelOutcome::kUnmapped;
}

void ListenerCommit(ListenerState& state, SendToKernel send) {
  if (!state.batch_open) return;
  send({VdpaMsgType::kBatchEnd, 0, 0, 0, 0});
  state.batch_open = false;
}

int IommuNotify(const IommuNotification& n, const ListenerProfile& profile,
                SendToKernel send, Rule* refused) {
  *refused = Rule::kNone;
  if (n.iova + n.size_minus_1 > profile.iova_range.last.value) {
    *refused = Rule::kLsnNotifyRange;
    return -EINVAL;
  }
  if (n.perm == kPermNone) {
    SendUnmap(n.iova, n.size_minus_1, send);
    return 0;
  }
  if (!n.hva) {
    *refused = Rule::kLsnNotifyNoRam;
    return -EINVAL;
  }
  const int err =
      send({VdpaMsgType::kUpdate, n.iova, n.size_minus_1 + 1, *n.hva, n.perm});
  if (err != 0) *refused = Rule::kLsnMapFailed;
  return err;
}

std::optional<uint64_t> MapHostMemory(const HostSpan& span,
                                      const ListenerProfile& profile,
                                      Sink& sink, SendToKernel send) {
  const IovaRange range = EffectiveIovaRange(profile.iova_range.first.value,
                                             profile.iova_range.last.value);
  uint64_t iova = 0;
  if (profile.strategy->host_map(sink, range, span, &iova) != kIovaOk) {
    return std::nullopt;
  }
  if (send({VdpaMsgType::kUpdate, iova, span.size_minus_1 + 1, span.hva,
            span.perm, span.asid}) != 0) {
    profile.strategy->host_remove(sink, iova, span.size_minus_1);
    return std::nullopt;
  }
  return iova;
}

std::optional<uint64_t> UnmapHostMemory(uint64_t hva,
                                        const ListenerProfile& profile,
                                        Sink& sink, SendToKernel send,
                                        uint8_t asid) {
  const IovaFound found = profile.strategy->host_find(sink, hva);
  if (!found.map) return std::nullopt;
  SendUnmap(found.map->iova, found.map->size, send, asid);
  profile.strategy->host_remove(sink, found.map->iova, found.map->size);
  return found.map->iova;
}

}  // namespace iovalab
