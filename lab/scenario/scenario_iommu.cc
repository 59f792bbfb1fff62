#include "lab/scenario/scenario_iommu.h"

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lab/scenario/format_lacks.h"
#include "model/kernel/iommu_driver.h"

namespace iovalab {
namespace {

constexpr absl::string_view kPlatform = "vdpa_platform_iommu";

// "0x1000, 0x200000"; three or more that double as "0x1000 to 0x8000 doubling".
std::string SizesText(uint64_t sizes) {
  std::vector<std::string> parts;
  while (sizes != 0) {
    const int from = std::countr_zero(sizes);
    const int count = std::countr_one(sizes >> from);
    const auto hex = [](int bits) { return HexNumber(uint64_t{1} << bits); };
    if (count < 3) {
      parts.push_back(hex(from));
      sizes &= sizes - 1;
      continue;
    }
    parts.push_back(
        absl::StrCat(hex(from), " to ", hex(from + count - 1), " doubling"));
    sizes &= from + count == 64 ? 0 : ~uint64_t{0} << (from + count);
  }
  return absl::StrJoin(parts, ", ");
}

// The axis, or null where the scenario has its default.
const pb::Axis* AxisOf(const Loading& l, absl::string_view name) {
  for (const pb::Axis& axis : l.in.axis()) {
    if (axis.name() == name) return &axis;
  }
  return nullptr;
}

// Of value "vtd", which leaves the number of levels to the device, any of
// VT-d's: they differ in neither leaves nor output addresses.
const IommuDriver* DriverOf(absl::string_view format) {
  return FindIommuDriver(format == "vtd" ? "vtd4" : format);
}

std::vector<const IommuDriver*> DriversOf(const Loading& l) {
  const pb::Axis* axis = AxisOf(l, "format");
  if (axis == nullptr) return {DriverOf("vtd")};
  std::vector<const IommuDriver*> drivers;
  for (const std::string& value : axis->value()) {
    drivers.push_back(DriverOf(value));
  }
  return drivers;
}

// Every row that is not n/a maps in a platform IOMMU: other backends have the
// format "vtd" alone.
bool OnlyPlatform(const Loading& l) {
  const pb::Axis* backends = AxisOf(l, "backend");
  if (backends == nullptr) return false;
  const auto is = [](const std::string& v) { return v == kPlatform; };
  if (std::all_of(backends->value().begin(), backends->value().end(), is)) {
    return true;
  }
  const pb::Axis* formats = AxisOf(l, "format");
  return formats != nullptr &&
         std::any_of(backends->value().begin(), backends->value().end(), is) &&
         std::find(formats->value().begin(), formats->value().end(), "vtd") ==
             formats->value().end();
}

absl::Status CheckWidth(const Loading& l,
                        const std::vector<const IommuDriver*>& drivers) {
  const IommuDriver* widest = *std::max_element(
      drivers.begin(), drivers.end(), [](const auto* a, const auto* b) {
        return a->format->output_mask() < b->format->output_mask();
      });
  const uint64_t limit = widest->format->output_mask();
  for (size_t b = 0; b < l.out->ram_blocks.size(); ++b) {
    const RamBlockSpec& block = l.out->ram_blocks[b];
    const bool declared = l.in.ram_block(static_cast<int>(b)).physical_size();
    for (size_t i = 0; i < block.physical.size(); ++i) {
      const PhysicalRunSpec& run = block.physical[i];
      const uint64_t chunks =
          (run.last_offset - run.first_offset) / run.chunk + 1;
      const uint64_t last =
          run.hpa.value + (chunks - 1) * run.stride + (run.chunk - 1);
      if (last <= limit) continue;
      const Place at = Place().At("ram_block", static_cast<int>(b));
      const std::string past = absl::StrCat(
          HexNumber(last), "; format ", widest->name, " addresses host memory ",
          drivers.size() > 1 ? "up to " : "no further than ", HexNumber(limit),
          drivers.size() > 1 ? ", the others of the axis no more" : "");
      if (!declared) {
        return l.where.Error(
            at, absl::StrCat("without `physical` it ends at host address ",
                             past, "; give an hpa"));
      }
      return l.where.Error(at.At("physical", static_cast<int>(i)).At("hpa"),
                           absl::StrCat("the run ends at ", past));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status LoadLeafBytes(Loading& l) {
  const pb::Iommu& iommu = l.in.iommu();
  const Place at = Place().At("iommu");
  uint64_t& sizes = l.out->iommu.leaf_sizes;
  for (int i = 0; i < iommu.leaf_bytes_size(); ++i) {
    const uint64_t bytes = iommu.leaf_bytes(i);
    const Place here = at.At("leaf_bytes", i);
    if (!std::has_single_bit(bytes)) {
      return l.where.Error(
          here, absl::StrCat(HexNumber(bytes), "; a leaf is a power of two"));
    }
    if ((sizes & bytes) != 0) {
      return l.where.Error(
          here, absl::StrCat(HexNumber(bytes), " again; each size once"));
    }
    sizes |= bytes;
  }
  if (sizes != 0 && (sizes & 0x1000) == 0) {
    return l.where.Error(at.At("leaf_bytes", 0),
                         "no leaf of 0x1000 bytes; a driver needs it");
  }
  return absl::OkStatus();
}

absl::Status CheckFormats(const Loading& l) {
  const std::vector<const IommuDriver*> drivers = DriversOf(l);
  for (int i = 0; i < l.in.iommu().leaf_bytes_size(); ++i) {
    const uint64_t bytes = l.in.iommu().leaf_bytes(i);
    for (const IommuDriver* driver : drivers) {
      if ((driver->leaf_sizes & bytes) != 0) continue;
      return l.where.Error(
          Place().At("iommu").At("leaf_bytes", i),
          absl::StrCat(HexNumber(bytes), "; of format ", driver->name,
                       " Linux writes leaves of ",
                       SizesText(driver->leaf_sizes)));
    }
  }
  for (const IommuDriver* driver : drivers) {
    const auto lacks = WhatFormatLacks(*l.out, *driver);
    if (!lacks) continue;
    const bool step = lacks->step != kNoIndex;
    Place at = step ? Place()
                          .At("step", static_cast<int>(lacks->step))
                          .At(lacks->field == "pasid" ? "probe" : "poison")
                    : Place().At("iommu").At("process",
                                             static_cast<int>(lacks->process));
    return l.where.Error(at.At(lacks->field), lacks->why);
  }
  return OnlyPlatform(l) ? CheckWidth(l, drivers) : absl::OkStatus();
}

}  // namespace iovalab
