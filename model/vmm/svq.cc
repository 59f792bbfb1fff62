#include "model/vmm/svq.h"

#include <algorithm>
#include <cerrno>
#include <optional>

#include "absl/numeric/int128.h"

namespace iovalab {
namespace {

// Rule::kSvqNeedle: R1, one byte too long.
uint64_t NeedleSize(const VmmSwitches& switches, uint64_t length) {
  return switches.needle_one_too_long ? length : length - 1;
}

// What the tree's answer for `length` bytes comes to.
SvqTranslation Translate(const SvqFound& at, uint64_t length,
                         const VmmSwitches& switches, Sink& sink) {
  EmitLookup(
      sink, at.store, at.needle, NeedleSize(switches, length), at.found,
      switches.needle_one_too_long ? Rule::kSvqNeedle : Rule::kTreeFindFirst);
  if (!at.found.map) return {-EINVAL, Rule::kSvqNoMap, 0};
  const DmaMap& node = *at.found.map;
  const absl::uint128 node_last =
      absl::uint128(node.translated_addr) + node.size;
  absl::uint128 needle_last = absl::uint128(at.needle) + length;
  if (!switches.end_off_by_one) needle_last -= 1;
  if (needle_last > node_last) return {-EINVAL, Rule::kSvqExpands, 0};
  // Modulo 2^64: with R1 the needle may lie below the node.
  return {0, Rule::kSvqTranslate,
          node.iova + (at.needle - node.translated_addr)};
}

}  // namespace

bool MapGuestBuffer(const IntervalTable& flat_view, const RamBlockIndex& blocks,
                    uint64_t gpa, uint64_t length,
                    std::vector<SvqBuffer>* pieces, uint64_t* bad_gpa) {
  while (length > 0) {
    const std::optional<Entry> section = flat_view.Find(gpa);
    if (!section) {
      *bad_gpa = gpa;
      return false;
    }
    // Compared as inclusive ends: a section may reach the end of the space.
    const uint64_t n = std::min(length - 1, section->last - gpa) + 1;
    const uint64_t hva = section->Translate(gpa);
    const std::optional<Entry> block = blocks.Find(hva);
    pieces->push_back({gpa, hva, block ? block->Translate(hva) : 0, n});
    gpa += n;
    length -= n;
  }
  return true;
}

SvqTranslation SvqTranslate(const Strategy& strategy,
                            const VmmSwitches& switches, const SvqBuffer& piece,
                            Sink& sink) {
  const uint64_t size_minus_1 = NeedleSize(switches, piece.length);
  return Translate(strategy.find(sink.stores(), piece, size_minus_1),
                   piece.length, switches, sink);
}

SvqTranslation SvqTranslateHost(const Strategy& strategy,
                                const VmmSwitches& switches, uint64_t hva,
                                uint64_t length, Sink& sink) {
  const uint64_t size_minus_1 = NeedleSize(switches, length);
  return Translate(strategy.find_host(sink.stores(), hva, size_minus_1), length,
                   switches, sink);
}

}  // namespace iovalab
