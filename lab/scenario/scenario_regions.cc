// Memory regions: what each may say, where it lies, and that a flat view of
// them can be rendered (scenario_render.cc).

#include <algorithm>
#include <utility>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "lab/scenario/scenario_check.h"
#include "lab/scenario/scenario_region_name.h"
#include "lab/scenario/scenario_render.h"

namespace iovalab {
namespace {

RegionKind ToKind(pb::Region::Kind kind) {
  switch (kind) {
    case pb::Region::RAM_DEVICE:
      return RegionKind::kRamDevice;
    case pb::Region::IO:
      return RegionKind::kIo;
    case pb::Region::IOMMU:
      return RegionKind::kIommu;
    case pb::Region::CONTAINER:
      return RegionKind::kContainer;
    default:
      return RegionKind::kRam;
  }
}

bool HasBlock(RegionKind kind) {
  return kind == RegionKind::kRam || kind == RegionKind::kRamDevice;
}

// Fields that make no sense together.
absl::Status CheckFields(const Loading& l, const Place& at,
                         const pb::Region& in, RegionKind kind) {
  const std::string name = pb::Region::Kind_Name(in.kind());
  if (!in.alias_of().empty()) {
    for (absl::string_view field : {"kind", "ram_block"}) {
      if (!l.where.Written(at.At(field))) continue;
      return l.where.Error(at.At(field),
                           "given beside alias_of; an alias has that of the "
                           "region it shows");
    }
    if (in.protected_()) {
      return l.where.Error(at.At("protected"),
                           "given beside alias_of; say it of the region that "
                           "the alias shows");
    }
    return absl::OkStatus();
  }
  if (HasBlock(kind) && in.ram_block().empty()) {
    return l.where.Error(
        at.At("ram_block"),
        absl::StrCat("missing; a region of kind ", name,
                     " is a piece of a RAM block, or an alias_of a region"));
  }
  if (HasBlock(kind)) return absl::OkStatus();
  if (!in.ram_block().empty()) {
    return l.where.Error(
        at.At("ram_block"),
        absl::StrCat("given for kind ", name,
                     "; only RAM and RAM_DEVICE have a block"));
  }
  if (in.offset() != 0) {
    return l.where.Error(at.At("offset"),
                         absl::StrCat("given for kind ", name,
                                      "; only RAM, RAM_DEVICE and aliases have "
                                      "an offset"));
  }
  if (in.protected_()) {
    return l.where.Error(at.At("protected"),
                         absl::StrCat("given for kind ", name,
                                      "; only RAM and RAM_DEVICE can be "
                                      "encrypted"));
  }
  if (in.readonly() && kind == RegionKind::kIo) {
    return l.where.Error(
        at.At("readonly"),
        "given for kind IO, which has no memory; a RAM region can be a ROM");
  }
  return absl::OkStatus();
}

// How many regions a block of the file stands for.
absl::Status CheckArray(const Loading& l, const Place& at,
                        const pb::Region& in) {
  const uint64_t more = in.count() == 0 ? 0 : in.count() - 1;
  if (in.count() == 0) {
    for (absl::string_view field : {"count", "stride", "offset_stride"}) {
      if (!l.where.Written(at.At(field))) continue;
      return l.where.Error(at.At(field),
                           "given without a count of at least 1; count says "
                           "how many regions the array has");
    }
  }
  const auto passes = [&](uint64_t first, uint64_t stride) {
    return absl::uint128(first) + absl::uint128(more) * stride > UINT64_MAX;
  };
  if (passes(in.addr().last(), in.stride())) {
    return l.where.Error(
        at.At("stride"),
        absl::StrCat(in.count(), " regions ", HexNumber(in.stride()),
                     " apart pass 2^64; fewer or closer ones"));
  }
  if (passes(in.offset(), in.offset_stride())) {
    return l.where.Error(
        at.At("offset_stride"),
        absl::StrCat(in.count(), " offsets ", HexNumber(in.offset_stride()),
                     " apart pass 2^64; fewer or closer ones"));
  }
  return absl::OkStatus();
}

// The region of the block, all of those of an array.
void AddRegions(Loading& l, uint32_t block, RegionKind kind) {
  const pb::Region& in = l.in.region(static_cast<int>(block));
  const uint32_t count = in.count() == 0 ? 1 : in.count();
  for (uint64_t i = 0; i < count; ++i) {
    RegionSpec region;
    region.name =
        in.count() == 0 ? in.name() : absl::StrCat(in.name(), "[", i, "]");
    region.kind = kind;
    region.addr = {Gpa(in.addr().first() + i * in.stride()),
                   Gpa(in.addr().last() + i * in.stride())};
    region.offset = in.offset() + i * in.offset_stride();
    region.priority = in.priority();
    region.readonly = in.readonly();
    region.enabled = !in.disabled();
    region.is_protected = in.protected_();
    l.out->regions.push_back(std::move(region));
    l.region_block.push_back(block);
  }
}

absl::Status LoadRegion(Loading& l, uint32_t i) {
  const pb::Region& in = l.in.region(static_cast<int>(i));
  const Place at = Place().At("region", static_cast<int>(i));
  if (absl::Status s = CheckName(l, at.At("name"), in.name()); !s.ok()) {
    return s;
  }
  const auto first = static_cast<uint32_t>(l.out->regions.size());
  if (const uint32_t taken = l.regions.Add(in.name(), first);
      taken != kNoIndex) {
    return l.where.Error(
        at.At("name"),
        absl::StrCat(Quote(in.name()), " is region[", l.region_block[taken],
                     "]'s name; names are unique"));
  }
  if (absl::Status s = CheckEnum(l, at.At("kind"),
                                 *pb::Region::Kind_descriptor(), in.kind());
      !s.ok()) {
    return s;
  }
  const RegionKind kind = ToKind(in.kind());
  if (absl::Status s = CheckFields(l, at, in, kind); !s.ok()) return s;
  if (absl::Status s =
          CheckRange(l, at.At("addr"), in.has_addr(), in.addr(), Align::kAny);
      !s.ok()) {
    return s;
  }
  if (absl::Status s = CheckArray(l, at, in); !s.ok()) return s;
  AddRegions(l, i, kind);
  return absl::OkStatus();
}

// No region has the name of an element of another, an array.
absl::Status CheckElementNames(const Loading& l) {
  for (int i = 0; i < l.in.region_size(); ++i) {
    const std::string& name = l.in.region(i).name();
    const size_t bracket = name.rfind('[');
    if (bracket == std::string::npos || name.back() != ']') continue;
    const uint32_t base = l.regions.Find(name.substr(0, bracket));
    if (base == kNoIndex ||
        l.in.region(static_cast<int>(l.region_block[base])).count() == 0) {
      continue;
    }
    return l.where.Error(
        Place().At("region", i).At("name"),
        absl::StrCat(Quote(name), " reads as one of the array region[",
                     l.region_block[base], "]; another name"));
  }
  return absl::OkStatus();
}

// Index of the name, or an error at the field that says it.
absl::Status ResolveBlock(const Loading& l, const Place& at,
                          absl::string_view name, uint32_t* index) {
  if (name.empty()) return absl::OkStatus();
  *index = l.ram_blocks.Find(name);
  if (*index != kNoIndex) return absl::OkStatus();
  return l.where.Error(at, l.ram_blocks.Unknown(name));
}

absl::Status ResolveRegion(const Loading& l, const Place& at,
                           absl::string_view name, uint32_t* index) {
  std::string error;
  if (name.empty() || FindRegion(l, name, index, &error)) {
    return absl::OkStatus();
  }
  return l.where.Error(at, error);
}

// `what` holds bytes [0, length_1]; the region shows them from its offset on.
absl::Status CheckFits(const Loading& l, const Place& at,
                       const RegionSpec& region, absl::string_view what,
                       absl::string_view name, uint64_t length_1) {
  const uint64_t region_1 = region.addr.last - region.addr.first;
  if (region.offset <= length_1 && region_1 <= length_1 - region.offset) {
    return absl::OkStatus();
  }
  const Place field =
      region.offset > length_1 ? at.At("offset") : at.At("addr");
  const bool wraps = region.offset > UINT64_MAX - region_1;
  return l.where.Error(
      field,
      absl::StrCat("bytes ", HexNumber(region.offset), " to ",
                   wraps ? "past 2^64" : HexNumber(region.offset + region_1),
                   " are not in ", what, " ", Quote(name),
                   "; its last byte is ", HexNumber(length_1)));
}

absl::Status Connect(Loading& l, uint32_t i) {
  const pb::Region& in = l.in.region(static_cast<int>(l.region_block[i]));
  const Place at = RegionPlace(l, i);
  RegionSpec& region = l.out->regions[i];
  if (absl::Status s = ResolveBlock(l, at.At("ram_block"), in.ram_block(),
                                    &region.ram_block);
      !s.ok()) {
    return s;
  }
  if (absl::Status s =
          ResolveRegion(l, at.At("alias_of"), in.alias_of(), &region.alias_of);
      !s.ok()) {
    return s;
  }
  if (absl::Status s = ResolveRegion(l, at.At("container"), in.container(),
                                     &region.container);
      !s.ok()) {
    return s;
  }
  if (region.ram_block != kNoIndex) {
    const RamBlockSpec& block = l.out->ram_blocks[region.ram_block];
    if (absl::Status s = CheckFits(l, at, region, "RAM block", block.name,
                                   block.hva.last - block.hva.first);
        !s.ok()) {
      return s;
    }
  }
  if (region.alias_of != kNoIndex) {
    const RegionSpec& target = l.out->regions[region.alias_of];
    if (absl::Status s = CheckFits(l, at, region, "region", target.name,
                                   target.addr.last - target.addr.first);
        !s.ok()) {
      return s;
    }
  }
  if (region.container == kNoIndex) return absl::OkStatus();
  const RegionSpec& container = l.out->regions[region.container];
  if (container.kind != RegionKind::kContainer) {
    return l.where.Error(at.At("container"),
                         absl::StrCat(Quote(container.name),
                                      " holds no regions; one of kind "
                                      "CONTAINER does"));
  }
  const uint64_t size_1 = container.addr.last - container.addr.first;
  if (region.addr.last.value > size_1) {
    return l.where.Error(
        at.At("addr").At("last"),
        absl::StrCat(HexNumber(region.addr.last.value),
                     " is outside the container ", Quote(container.name),
                     "; its last byte is ", HexNumber(size_1)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status LoadRegions(Loading& l) {
  if (absl::Status s = CheckCount(l, "region", l.in.region_size(),
                                  l.limits.max_regions, "max-regions");
      !s.ok()) {
    return s;
  }
  uint64_t regions = 0;
  for (int i = 0; i < l.in.region_size(); ++i) {
    regions += std::max(l.in.region(i).count(), 1u);
    if (regions <= l.limits.max_regions) continue;
    return l.where.Error(
        Place().At("region", i),
        absl::StrCat(regions,
                     " with it, arrays' elements counted; at "
                     "most ",
                     l.limits.max_regions, " (--max-regions raises it)"));
  }
  for (int i = 0; i < l.in.region_size(); ++i) {
    if (absl::Status s = LoadRegion(l, i); !s.ok()) return s;
  }
  if (absl::Status s = CheckElementNames(l); !s.ok()) return s;
  for (uint32_t i = 0; i < l.out->regions.size(); ++i) {
    if (absl::Status s = Connect(l, i); !s.ok()) return s;
  }
  return CheckRendering(l);
}

}  // namespace iovalab
