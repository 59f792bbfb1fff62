#include "lab/scenario/scenario_physical.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "model/host/layout_overlap.h"
#include "model/host/memory_object.h"

namespace iovalab {
namespace {

using absl::uint128;

// Pairs of runs whose extents overlap, each looked at in O(log n). More than
// this many is no memory layout.
constexpr size_t kMaxInterleavedPairs = 2'000'000;

// Where host physical memory ends.
constexpr uint64_t kLastHpa = (uint64_t{1} << kHpaBits) - 1;

LayoutRun LayoutOf(const PhysicalRunSpec& run) {
  return {run.first_offset, run.last_offset, run.chunk, run.hpa, run.stride};
}

// Of a run whose length is a multiple of its chunk.
uint64_t ChunkCount(const PhysicalRunSpec& run) {
  return (run.last_offset - run.first_offset) / run.chunk + 1;
}

// The largest power of two up to `chunk` that divides `length`; both are
// multiples of the page.
uint64_t GoodChunk(uint64_t chunk, uint64_t length) {
  return std::min(std::bit_floor(chunk), length & (~length + 1));
}

absl::Status CheckChunks(const Loading& l, const Place& at,
                         const pb::PhysicalRun& in, PhysicalRunSpec& run) {
  const uint64_t length = run.last_offset - run.first_offset + 1;
  if (absl::Status s = CheckPage(l, at.At("chunk"), in.chunk()); !s.ok()) {
    return s;
  }
  run.chunk = in.chunk() == 0 ? length : in.chunk();
  if (run.chunk > length || length % run.chunk != 0) {
    return l.where.Error(
        at.At("chunk"),
        absl::StrCat(HexNumber(run.chunk), " does not divide the run's ",
                     HexNumber(length), " bytes; ",
                     HexNumber(GoodChunk(run.chunk, length)), " does"));
  }
  if (absl::Status s = CheckPage(l, at.At("stride"), in.stride()); !s.ok()) {
    return s;
  }
  run.stride = in.stride() == 0 ? run.chunk : in.stride();
  if (run.stride < run.chunk) {
    return l.where.Error(
        at.At("stride"),
        absl::StrCat(HexNumber(run.stride), " is less than the chunk's ",
                     HexNumber(run.chunk), "; chunks must not overlap"));
  }
  if (!l.where.Written(at.At("hpa"))) {
    return l.where.Error(at.At("hpa"),
                         "missing; the host physical address of chunk 0");
  }
  if (absl::Status s = CheckPage(l, at.At("hpa"), in.hpa()); !s.ok()) return s;
  run.hpa = Hpa(in.hpa());
  const uint128 last = uint128(in.hpa()) +
                       uint128(ChunkCount(run) - 1) * run.stride +
                       (run.chunk - 1);
  if (last > kLastHpa) {
    return l.where.Error(at.At("hpa"),
                         absl::StrCat("the last of ", ChunkCount(run),
                                      " chunks passes 2^", kHpaBits,
                                      ", the end of host physical memory; a "
                                      "lower address or a smaller stride"));
  }
  return absl::OkStatus();
}

struct Extent {
  const PhysicalRunSpec* run;
  uint64_t first, last;
  uint32_t block;
  int index;
};

std::vector<Extent> DeclaredExtents(const Loading& l) {
  std::vector<Extent> extents;
  for (size_t b = 0; b < l.out->ram_blocks.size(); ++b) {
    const RamBlockSpec& block = l.out->ram_blocks[b];
    for (size_t i = 0; i < block.physical.size(); ++i) {
      const PhysicalRunSpec& run = block.physical[i];
      extents.push_back({&run, run.hpa.value, LayoutOf(run).hull_last().value,
                         static_cast<uint32_t>(b), static_cast<int>(i)});
    }
  }
  std::stable_sort(
      extents.begin(), extents.end(),
      [](const Extent& a, const Extent& b) { return a.first < b.first; });
  return extents;
}

Place PlaceOf(const Extent& extent) {
  return Place()
      .At("ram_block", static_cast<int>(extent.block))
      .At("physical", extent.index);
}

absl::Status Shared(const Loading& l, const Extent* a, const Extent* b) {
  if (std::pair(a->block, a->index) > std::pair(b->block, b->index)) {
    std::swap(a, b);
  }
  return l.where.Error(
      PlaceOf(*b),
      absl::StrCat("shares host physical memory with ", PlaceOf(*a).Path(),
                   " at ", HexNumber(a->run->hpa.value),
                   "; runs must be disjoint"));
}

// Lowest multiple of kHpaAlign from `from` on where `length` bytes touch no
// extent from `next` on; moves `next` past those that lie below.
uint128 FreeSpot(const std::vector<Extent>& extents, size_t& next, uint128 from,
                 uint64_t length) {
  const auto up = [](uint128 v) {
    return (v + (kHpaAlign - 1)) / kHpaAlign * kHpaAlign;
  };
  uint128 spot = up(from);
  for (; next < extents.size(); ++next) {
    const Extent& extent = extents[next];
    if (extent.last < spot) continue;
    if (extent.first > spot + (length - 1)) break;
    spot = up(uint128(extent.last) + 1);
  }
  return spot;
}

}  // namespace

absl::Status LoadPhysicalRuns(Loading& l, const Place& block_at,
                              const pb::RamBlock& in, RamBlockSpec& block) {
  const uint64_t block_last = block.hva.last - block.hva.first;
  uint64_t expected = 0;
  for (int i = 0; i < in.physical_size(); ++i) {
    const pb::PhysicalRun& run_in = in.physical(i);
    const Place at = block_at.At("physical", i);
    if (absl::Status s = CheckRange(l, at.At("offset"), run_in.has_offset(),
                                    run_in.offset(), Align::kPage);
        !s.ok()) {
      return s;
    }
    if (run_in.offset().last() > block_last) {
      return l.where.Error(
          at.At("offset").At("last"),
          absl::StrCat(HexNumber(run_in.offset().last()),
                       " is outside the block; its last byte is ",
                       HexNumber(block_last)));
    }
    if (run_in.offset().first() != expected) {
      return l.where.Error(
          at.At("offset").At("first"),
          absl::StrCat(HexNumber(run_in.offset().first()),
                       run_in.offset().first() < expected
                           ? " overlaps the run before"
                           : " leaves a hole in the block",
                       "; ", HexNumber(expected), " comes next"));
    }
    PhysicalRunSpec run;
    run.first_offset = run_in.offset().first();
    run.last_offset = run_in.offset().last();
    if (absl::Status s = CheckChunks(l, at, run_in, run); !s.ok()) return s;
    expected = run.last_offset + 1;
    block.physical.push_back(run);
    if (run.last_offset == block_last && i + 1 < in.physical_size()) {
      return l.where.Error(block_at.At("physical", i + 1),
                           "the runs before it cover the whole block; leave it "
                           "out");
    }
  }
  if (in.physical_size() > 0 &&
      block.physical.back().last_offset != block_last) {
    return l.where.Error(
        block_at.At("physical", in.physical_size() - 1).At("offset").At("last"),
        absl::StrCat(HexNumber(block.physical.back().last_offset),
                     " leaves the end of the block without memory; its last "
                     "byte is ",
                     HexNumber(block_last)));
  }
  return absl::OkStatus();
}

absl::Status CheckPhysicalDisjoint(const Loading& l) {
  const std::vector<Extent> extents = DeclaredExtents(l);
  std::vector<const Extent*> open;  // those that reach the sweep's place
  size_t pairs = 0;
  for (const Extent& extent : extents) {
    std::erase_if(open,
                  [&](const Extent* e) { return e->last < extent.first; });
    for (const Extent* e : open) {
      if (ChunksOverlap(LayoutOf(*e->run), LayoutOf(*extent.run))) {
        return Shared(l, e, &extent);
      }
    }
    pairs += open.size();
    if (pairs > kMaxInterleavedPairs) {
      return l.where.Error(PlaceOf(extent),
                           "too many runs interleave in host physical memory; "
                           "fewer, longer runs");
    }
    open.push_back(&extent);
  }
  return absl::OkStatus();
}

absl::Status PlacePhysical(Loading& l) {
  const std::vector<Extent> extents = DeclaredExtents(l);
  size_t next = 0;
  uint128 free = kFirstFreeHpa;
  const auto place = [&](const Place& at, Range<Hva> hva,
                         std::vector<PhysicalRunSpec>& physical) {
    const uint64_t length = hva.last - hva.first + 1;
    const uint128 spot = FreeSpot(extents, next, free, length);
    if (spot + (length - 1) > kLastHpa) {
      return l.where.Error(
          at, absl::StrCat("no host physical memory is left for ",
                           HexNumber(length),
                           " bytes; smaller blocks, or lower hpa of runs"));
    }
    physical.push_back({.first_offset = 0,
                        .last_offset = length - 1,
                        .chunk = length,
                        .hpa = Hpa(static_cast<uint64_t>(spot)),
                        .stride = length});
    free = spot + length + 1;
    return absl::OkStatus();
  };
  // The declared runs must be known before any is placed; block by block, those
  // placed only move on.
  for (size_t i = 0; i < l.out->ram_blocks.size(); ++i) {
    RamBlockSpec& block = l.out->ram_blocks[i];
    if (!block.physical.empty()) continue;
    const Place at = Place().At("ram_block", static_cast<int>(i)).At("hva");
    if (absl::Status s = place(at, block.hva, block.physical); !s.ok()) {
      return s;
    }
  }
  for (size_t i = 0; i < l.out->host_buffers.size(); ++i) {
    HostBufferSpec& buffer = l.out->host_buffers[i];
    const Place at = Place().At("host_buffer", static_cast<int>(i)).At("hva");
    if (absl::Status s = place(at, buffer.hva, buffer.physical); !s.ok()) {
      return s;
    }
  }
  return absl::OkStatus();
}

}  // namespace iovalab
