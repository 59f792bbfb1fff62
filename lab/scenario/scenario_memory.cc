// RAM blocks and host buffers: names, host virtual and ram_addr ranges.
// scenario_physical.cc puts them into host physical memory.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "lab/scenario/scenario_check.h"
#include "lab/scenario/scenario_physical.h"
#include "model/host/vma.h"

namespace iovalab {
namespace {

// A range that something occupies, and who.
struct Occupied {
  uint64_t first = 0;
  uint64_t last = 0;
  Place at;
  absl::string_view name;
};

// Error where two of them overlap: at the one that stands later in the file.
absl::Status CheckDisjoint(const Loading& l, absl::string_view space,
                           std::vector<Occupied> ranges) {
  // Stable: of those that begin at the same byte, file order.
  std::stable_sort(
      ranges.begin(), ranges.end(),
      [](const Occupied& a, const Occupied& b) { return a.first < b.first; });
  for (size_t i = 1; i < ranges.size(); ++i) {
    const Occupied* a = &ranges[i - 1];
    const Occupied* b = &ranges[i];
    if (a->last < b->first) continue;
    if (l.where.Line(a->at) > l.where.Line(b->at)) std::swap(a, b);
    return l.where.Error(
        b->at, absl::StrCat("[", HexNumber(b->first), ", ", HexNumber(b->last),
                            "] overlaps ", Quote(a->name), " at [",
                            HexNumber(a->first), ", ", HexNumber(a->last),
                            "] in ", space, "; they must be disjoint"));
  }
  return absl::OkStatus();
}

Range<Hva> ToHva(const pb::Range& range) {
  return {Hva(range.first()), Hva(range.last())};
}

// Default: blocks follow each other in file order.
absl::Status PlaceRamAddr(const Loading& l, const Place& at,
                          const pb::RamBlock& in, RamBlockSpec& block) {
  const uint64_t length_1 = block.hva.last - block.hva.first;
  if (in.has_ram_addr()) {
    block.ram_addr = RamAddr(in.ram_addr());
    if (absl::Status s = CheckPage(l, at.At("ram_addr"), in.ram_addr());
        !s.ok()) {
      return s;
    }
  } else if (!l.out->ram_blocks.empty()) {
    const RamBlockSpec& before = l.out->ram_blocks.back();
    block.ram_addr = before.ram_addr + (before.hva.last - before.hva.first) + 1;
    if (block.ram_addr.value == 0) {
      return l.where.Error(at.At("ram_addr"),
                           absl::StrCat("missing, and nothing is left behind ",
                                        Quote(before.name), "; say where"));
    }
  }
  if (block.ram_addr.value > UINT64_MAX - length_1) {
    return l.where.Error(
        at.At("ram_addr"),
        absl::StrCat(HexNumber(block.ram_addr.value), " + the block's ",
                     HexNumber(length_1), " passes 2^64; at most ",
                     HexNumber(PageDown(UINT64_MAX - length_1))));
  }
  return absl::OkStatus();
}

absl::Status LoadRamBlock(Loading& l, uint32_t i) {
  const pb::RamBlock& in = l.in.ram_block(i);
  const Place at = Place().At("ram_block", i);
  RamBlockSpec block;
  if (absl::Status s = CheckName(l, at.At("name"), in.name()); !s.ok()) {
    return s;
  }
  block.name = in.name();
  if (const uint32_t taken = l.ram_blocks.Add(in.name(), i);
      taken != kNoIndex) {
    return l.where.Error(at.At("name"),
                         absl::StrCat(Quote(in.name()), " is ram_block[", taken,
                                      "]'s name; names are unique"));
  }
  if (absl::Status s =
          CheckRange(l, at.At("hva"), in.has_hva(), in.hva(), Align::kPage);
      !s.ok()) {
    return s;
  }
  block.hva = ToHva(in.hva());
  if (block.hva.Length() > UINT64_MAX) {
    return l.where.Error(at.At("hva"),
                         "holds 2^64 bytes; a block is smaller than that");
  }
  if (absl::Status s = PlaceRamAddr(l, at, in, block); !s.ok()) return s;
  if (absl::Status s =
          CheckEnum(l, at.At("backing"), *pb::RamBlock::Backing_descriptor(),
                    in.backing());
      !s.ok()) {
    return s;
  }
  block.shared = in.backing() == pb::RamBlock::SHARED;
  if (absl::Status s = LoadPhysicalRuns(l, at, in, block); !s.ok()) return s;
  l.out->ram_blocks.push_back(std::move(block));
  return absl::OkStatus();
}

absl::Status LoadHostBuffer(Loading& l, uint32_t i) {
  const pb::HostBuffer& in = l.in.host_buffer(i);
  const Place at = Place().At("host_buffer", i);
  if (absl::Status s = CheckName(l, at.At("name"), in.name()); !s.ok()) {
    return s;
  }
  if (const uint32_t taken = l.host_buffers.Add(in.name(), i);
      taken != kNoIndex) {
    return l.where.Error(
        at.At("name"), absl::StrCat(Quote(in.name()), " is host_buffer[", taken,
                                    "]'s name; names are unique"));
  }
  if (l.ram_blocks.Find(in.name()) != kNoIndex) {
    return l.where.Error(at.At("name"),
                         absl::StrCat(Quote(in.name()),
                                      " is a RAM block's name; names of memory "
                                      "are unique"));
  }
  if (absl::Status s =
          CheckRange(l, at.At("hva"), in.has_hva(), in.hva(), Align::kPage);
      !s.ok()) {
    return s;
  }
  HostBufferSpec buffer;
  buffer.name = in.name();
  buffer.hva = ToHva(in.hva());
  if (buffer.hva.Length() > UINT64_MAX) {
    return l.where.Error(at.At("hva"),
                         "holds 2^64 bytes; a buffer is smaller than that");
  }
  l.out->host_buffers.push_back(std::move(buffer));
  return absl::OkStatus();
}

absl::Status CheckHvas(const Loading& l) {
  std::vector<Occupied> ranges;
  for (size_t i = 0; i < l.out->ram_blocks.size(); ++i) {
    const RamBlockSpec& block = l.out->ram_blocks[i];
    ranges.push_back({block.hva.first.value, block.hva.last.value,
                      Place().At("ram_block", i).At("hva"), block.name});
  }
  for (size_t i = 0; i < l.out->host_buffers.size(); ++i) {
    const HostBufferSpec& buffer = l.out->host_buffers[i];
    ranges.push_back({buffer.hva.first.value, buffer.hva.last.value,
                      Place().At("host_buffer", i).At("hva"), buffer.name});
  }
  for (const auto& range : ranges) {
    if (range.last < kTaskSize) continue;
    return l.where.Error(range.at, absl::StrCat(HexNumber(range.last),
                                                "; user addresses end with ",
                                                HexNumber(kTaskSize - 1)));
  }
  return CheckDisjoint(l, "the VMM's memory (hva)", std::move(ranges));
}

// They are disjoint.
void JoinHostHvas(Loading& l) {
  absl::btree_map<uint64_t, uint64_t> apart;
  for (const HostBufferSpec& buffer : l.out->host_buffers) {
    apart.insert({buffer.hva.first.value, buffer.hva.last.value});
  }
  auto& joined = l.host_hvas;
  for (const auto& [first, last] : apart) {
    if (!joined.empty() && joined.rbegin()->second + 1 == first) {
      joined.rbegin()->second = last;
    } else {
      joined.insert({first, last});
    }
  }
}

absl::Status CheckRamAddrs(const Loading& l) {
  std::vector<Occupied> ranges;
  for (size_t i = 0; i < l.out->ram_blocks.size(); ++i) {
    const RamBlockSpec& block = l.out->ram_blocks[i];
    const RamAddr last = block.ram_addr + (block.hva.last - block.hva.first);
    ranges.push_back({block.ram_addr.value, last.value,
                      Place().At("ram_block", i).At("ram_addr"), block.name});
  }
  return CheckDisjoint(l, "ram_addr", std::move(ranges));
}

}  // namespace

absl::Status LoadMemory(Loading& l) {
  size_t runs = l.in.ram_block_size();
  for (int i = 0; i < l.in.ram_block_size(); ++i) {
    runs += l.in.ram_block(i).physical_size();
  }
  if (runs + l.in.host_buffer_size() > l.limits.max_ram_blocks) {
    return l.where.Error(
        Place(),
        absl::StrCat(runs + l.in.host_buffer_size(),
                     " RAM blocks, physical runs and host buffers; "
                     "at most ",
                     l.limits.max_ram_blocks, " (--max-ram-blocks raises it)"));
  }
  for (int i = 0; i < l.in.ram_block_size(); ++i) {
    if (absl::Status s = LoadRamBlock(l, i); !s.ok()) return s;
  }
  for (int i = 0; i < l.in.host_buffer_size(); ++i) {
    if (absl::Status s = LoadHostBuffer(l, i); !s.ok()) return s;
  }
  if (absl::Status s = CheckHvas(l); !s.ok()) return s;
  JoinHostHvas(l);
  if (absl::Status s = CheckRamAddrs(l); !s.ok()) return s;
  if (absl::Status s = CheckPhysicalDisjoint(l); !s.ok()) return s;
  return PlacePhysical(l);
}

}  // namespace iovalab
