#ifndef IOVALAB_SIM_RANDOM_H_
#define IOVALAB_SIM_RANDOM_H_

// Random: a stream of numbers of which the i-th depends on (seed, actor, i)
// and on nothing else. Each actor owns one, so an actor that draws once more
// changes no number that another actor sees.
//
// When not to use it: for secrets, or as a hash. Never use <random>: its
// distributions differ between standard libraries.
//
// Invariants:
//  * value i is the first word of Philox2x64-10 (Salmon et al., "Parallel
//    Random Numbers: As Easy as 1, 2, 3", SC11) with counter (i, actor) and
//    key seed. Two streams differ in counter or key, so they never overlap as
//    windows of one sequence would;
//  * it is a value: a copied machine draws what the original would have drawn.

#include <cstdint>
#include <utility>

#include "absl/numeric/int128.h"
#include "sim/check.h"

namespace iovalab::sim {

class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t actor)
      : seed_(seed), actor_(actor) {}

  // Value i of the stream (seed, actor).
  static std::uint64_t At(std::uint64_t seed, std::uint64_t actor,
                          std::uint64_t i) {
    return Philox(i, actor, seed).first;
  }

  std::uint64_t Next64() { return At(seed_, actor_, next_++); }

  // Each of 0 .. n-1 with the same chance; n > 0. Lemire's method: the high
  // word of value * n, redrawn for the 2^64 mod n low words that would make
  // some results likelier than others.
  std::uint64_t Below(std::uint64_t n) {
    Check(n > 0, "Random::Below needs a bound above 0");
    absl::uint128 product = absl::uint128(Next64()) * n;
    if (absl::Uint128Low64(product) < n) {
      const std::uint64_t unfair = (0 - n) % n;
      while (absl::Uint128Low64(product) < unfair) {
        product = absl::uint128(Next64()) * n;
      }
    }
    return absl::Uint128High64(product);
  }

  // Each of first .. last, both included; all 2^64 values when they span that.
  std::uint64_t InRange(std::uint64_t first, std::uint64_t last) {
    Check(first <= last, "Random::InRange needs first <= last");
    const std::uint64_t span = last - first;
    if (span == ~std::uint64_t{0}) return Next64();
    return first + Below(span + 1);
  }

  // True in `numerator` of `denominator` cases; denominator > 0.
  bool Chance(std::uint64_t numerator, std::uint64_t denominator) {
    return Below(denominator) < numerator;
  }

  // How many values were drawn: with seed and actor, the whole state.
  std::uint64_t drawn() const { return next_; }

  // The block function, public so that a test can hold it to the published
  // vectors.
  static std::pair<std::uint64_t, std::uint64_t> Philox(std::uint64_t x0,
                                                        std::uint64_t x1,
                                                        std::uint64_t key) {
    constexpr int kRounds = 10;
    constexpr std::uint64_t kMultiplier = 0xD2B74407B1CE6E93;
    constexpr std::uint64_t kWeyl = 0x9E3779B97F4A7C15;
    for (int round = 0; round < kRounds; ++round) {
      const absl::uint128 product = absl::uint128(x0) * kMultiplier;
      x0 = absl::Uint128High64(product) ^ key ^ x1;
      x1 = absl::Uint128Low64(product);
      key += kWeyl;
    }
    return {x0, x1};
  }

 private:
  std::uint64_t seed_;
  std::uint64_t actor_;
  std::uint64_t next_ = 0;
};

}  // namespace iovalab::sim

#endif  // IOVALAB_SIM_RANDOM_H_
