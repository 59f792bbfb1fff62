#ifndef IOVALAB_SIM_RADIX_WHEEL_H_
#define IOVALAB_SIM_RADIX_WHEEL_H_

// RadixWheel: keeps entries by (time, priority, insertion) for a reader whose
// time never goes back. A radix heap with byte-wide digits. The middle layer of
// EventQueue.
//
// When not to use it: where an entry could be earlier than the last one
// popped; and it knows nothing of cancelled entries, EventQueue does.
//
// Invariants:
//  * base_ <= every entry. Whoever appends an entry earlier than base_ breaks
//    the order, so EventQueue checks that time never goes back;
//  * where an entry lives is a function of its time (and priority) and base_
//    alone: level 0, by priority, when it equals base_; else level 1 + i,
//    bucket b, where i is the highest byte in which it differs from base_ and b
//    that byte. So entries of one time share one list, and as lists are
//    read and rewritten in order only, ties need no sequence number;
//  * base_ moves only into the first bucket of the lowest level in use, which
//    is emptied into the levels below, all of them empty at that moment. An
//    entry so moves down at most eight times, however many others there are;
//    in practice once or twice. A bucket of a few entries is not worth
//    emptying: its lowest entry is picked out, and base_ stays.

#include <array>
#include <cstddef>
#include <cstdint>

#include "sim/entry_pool.h"

namespace iovalab::sim {

class RadixWheel {
 public:
  bool empty() const { return words_in_use_ == 0; }

  // No entry is earlier than this. Not for an empty wheel.
  std::uint64_t LowerBound() const { return BucketStart(FirstBucket()); }

  // An empty wheel may restart at any time: near `now`, entries start at lower
  // levels.
  void Append(Entry entry, std::uint64_t now) {
    if (empty()) base_ = now;
    Place(entry);
  }

  // Removes the first entry. Not for an empty wheel. Calls `soon` for entries
  // that will be first shortly, so that the caller can fetch what it keeps
  // about them.
  template <typename Soon>
  Entry PopFirst(Soon&& soon) {
    for (;;) {
      const std::uint32_t bucket = FirstBucket();
      EntryPool::Fifo& fifo = buckets_[bucket];
      Entry entry;
      if (Level(bucket) == 0) {
        if (pool_.RemoveFirst(fifo, entry)) MarkEmpty(bucket);
        return entry;
      }
      if (pool_.IsShort(fifo)) {
        if (pool_.RemoveLowest(fifo, entry)) {
          MarkEmpty(bucket);
          base_ = entry.time;
        }
        return entry;
      }
      base_ = BucketStart(bucket);
      MarkEmpty(bucket);
      const bool is_soon = Level(bucket) == 2;
      pool_.Drain(EntryPool::Fifo(fifo), [&](Entry e) {
        if (is_soon) soon(e);
        Place(e);
      });
    }
  }

  // Forgets every entry for which `dead` holds.
  template <typename Dead>
  void RemoveIf(Dead&& dead) {
    for (std::uint32_t bucket = 0; bucket < kBuckets; ++bucket) {
      if (!InUse(bucket)) continue;
      MarkEmpty(bucket);
      pool_.Drain(EntryPool::Fifo(buckets_[bucket]), [&](Entry e) {
        if (!dead(e)) AddTo(bucket, e);
      });
    }
  }

 private:
  static constexpr std::uint32_t kDigitBits = 8;
  static constexpr std::uint32_t kPerLevel = 1u << kDigitBits;
  static constexpr std::uint32_t kLevels = 1 + 64 / kDigitBits;
  static constexpr std::uint32_t kBuckets = kLevels * kPerLevel;
  static constexpr std::uint32_t kWordBits = 64;
  static constexpr std::uint32_t kWords = kBuckets / kWordBits;
  static_assert(kWords <= kWordBits, "words_in_use_ has a bit for each");

  // Buckets of all levels are numbered through, so that the first one in use is
  // found with two instructions.
  static std::uint32_t Level(std::uint32_t bucket) {
    return bucket >> kDigitBits;
  }

  std::uint64_t BucketStart(std::uint32_t bucket) const {
    if (Level(bucket) == 0) return base_;
    const std::uint32_t shift = kDigitBits * (Level(bucket) - 1);
    const std::uint64_t digit = bucket % kPerLevel;
    // For the highest level `kPerLevel << shift` is 2^64, that is 0, and no bit
    // of base_ is kept.
    return (base_ & ~((std::uint64_t{kPerLevel} << shift) - 1)) | digit
                                                                      << shift;
  }

  std::uint32_t FirstBucket() const {
    const auto word =
        static_cast<std::uint32_t>(__builtin_ctzll(words_in_use_));
    return word * kWordBits +
           static_cast<std::uint32_t>(__builtin_ctzll(bits_[word]));
  }

  void Place(Entry entry) {
    const std::uint64_t difference = entry.time ^ base_;
    if (difference == 0) {
      AddTo(entry.priority(), entry);
      return;
    }
    const std::uint32_t shift =
        static_cast<std::uint32_t>(63 - __builtin_clzll(difference)) &
        ~(kDigitBits - 1);
    AddTo((shift + kDigitBits) * (kPerLevel / kDigitBits) +
              static_cast<std::uint8_t>(entry.time >> shift),
          entry);
  }

  void AddTo(std::uint32_t bucket, Entry entry) {
    if (InUse(bucket)) {
      pool_.Append(buckets_[bucket], entry);
      return;
    }
    buckets_[bucket] = pool_.Start(entry);
    bits_[bucket / kWordBits] |= std::uint64_t{1} << (bucket % kWordBits);
    words_in_use_ |= std::uint64_t{1} << (bucket / kWordBits);
  }

  bool InUse(std::uint32_t bucket) const {
    return bits_[bucket / kWordBits] >> (bucket % kWordBits) & 1;
  }

  void MarkEmpty(std::uint32_t bucket) {
    const std::uint32_t word = bucket / kWordBits;
    bits_[word] &= ~(std::uint64_t{1} << (bucket % kWordBits));
    if (bits_[word] == 0) words_in_use_ &= ~(std::uint64_t{1} << word);
  }

  std::uint64_t base_ = 0;
  std::uint64_t words_in_use_ = 0;  // Bit w: bits_[w] is not 0.
  std::array<std::uint64_t, kWords> bits_{};
  std::array<EntryPool::Fifo, kBuckets> buckets_{};
  EntryPool pool_;
};

}  // namespace iovalab::sim

#endif  // IOVALAB_SIM_RADIX_WHEEL_H_
