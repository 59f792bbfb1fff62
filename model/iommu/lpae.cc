#include "model/iommu/lpae.h"

#include "sim/check.h"

namespace iovalab {

Format LpaeFormat(int stage, int granule_bits, int input_bits,
                  int output_bits) {
  static constexpr FormatOps kOps[] = {OpsOf<LpaeS1Family>(),
                                       OpsOf<LpaeS2Family>()};
  sim::Check(granule_bits == 12 || granule_bits == 14 || granule_bits == 16,
             "a granule is 4K, 16K or 64K");
  const int most = LpaeMostBits(granule_bits);
  sim::Check(input_bits > granule_bits && input_bits <= most &&
                 output_bits > granule_bits && output_bits <= most,
             "LPAE widths");
  const int bits = granule_bits - 3;
  Format f;
  f.family = stage == 1 ? Family::kLpaeS1 : Family::kLpaeS2;
  f.ops = &kOps[stage - 1];
  f.input_bits = static_cast<uint8_t>(input_bits);
  f.output_bits = static_cast<uint8_t>(output_bits);
  f.levels =
      static_cast<uint8_t>((input_bits - granule_bits + bits - 1) / bits);
  // Native levels are 0 to 3, the last one 3.
  if (stage == 2 && f.levels == 4 &&
      input_bits - granule_bits - 3 * bits <= 4) {
    f.levels = 3;
  }
  for (int l = 0; l < f.levels; ++l) {
    const int shift = granule_bits + l * bits;
    f.level[l] = {shift, l == f.root_level() ? input_bits - shift : bits};
  }
  f.native_last = 3;
  f.native_step = -1;
  // Blocks of levels 1 and 2 with 4K, of level 2 with the other granules.
  f.leaf_sizes = uint64_t{1} << granule_bits;
  if (f.levels > 1) f.leaf_sizes |= uint64_t{1} << (granule_bits + bits);
  if (f.levels > 2 && granule_bits == 12) f.leaf_sizes |= uint64_t{1} << 30;
  PlaceTables(f, uint64_t{1} << 47, 44);
  return f;
}

}  // namespace iovalab
