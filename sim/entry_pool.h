#ifndef IOVALAB_SIM_ENTRY_POOL_H_
#define IOVALAB_SIM_ENTRY_POOL_H_

// EntryPool: first-in first-out lists of queue entries, all cut from one pool
// of small chunks. The bottom layer of EventQueue.
//
// When not to use it: outside RadixWheel. A Fifo means nothing without the
// pool it came from, and the pool trusts its caller not to mix them up.
//
// Invariants:
//  * a Fifo that exists holds at least one entry; "empty" is its owner's
//    business (RadixWheel has a bitmap for it);
//  * chunks are named by index, so a copy of the pool is a copy of every list;
//  * a freed chunk is the next one taken: it is still in the cache, and once
//    the pool has reached the size of the workload nothing is allocated.
//
// Why chunks: a linked list of entries costs a cache miss per entry when a
// bucket of a big queue is read, a vector per bucket keeps the memory of the
// fullest moment of each bucket.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/base/optimization.h"
#include "sim/check.h"

namespace iovalab::sim {

// One scheduled occurrence. Two whole words, so that it travels in registers:
// assembled from smaller fields in memory and then copied as 16 bytes, it would
// stall on store forwarding, which cost 8 of 12 ns in benchmark D1.
struct Entry {
  std::uint64_t time;
  std::uint64_t id;  // Priority (8 bits), stamp (24), slot (32).

  // What tells a live entry from one cancelled or moved since.
  std::uint32_t tag() const { return static_cast<std::uint32_t>(id >> 32); }
  std::uint32_t slot() const { return static_cast<std::uint32_t>(id); }
  std::uint32_t priority() const {
    return static_cast<std::uint32_t>(id >> 56);
  }
};

class EntryPool {
 public:
  struct Fifo {
    std::uint32_t head;
    std::uint32_t tail;
  };

  Fifo Start(Entry entry) {
    const std::uint32_t chunk = TakeChunk();
    Chunk& c = chunks_[chunk];
    c.entries[0] = entry;
    c.begin = 0;
    c.end = 1;
    c.next = kNone;
    return {chunk, chunk};
  }

  void Append(Fifo& fifo, Entry entry) {
    Chunk& tail = chunks_[fifo.tail];
    if (ABSL_PREDICT_TRUE(tail.end < kPerChunk)) {
      tail.entries[tail.end++] = entry;
      return;
    }
    const Fifo added = Start(entry);  // `tail` may have moved.
    chunks_[fifo.tail].next = added.head;
    fifo.tail = added.tail;
  }

  // Few enough entries that looking at each is cheaper than sorting them out.
  bool IsShort(Fifo fifo) const {
    const Chunk& c = chunks_[fifo.head];
    return c.next == kNone && c.end - c.begin <= kShort;
  }

  // Removes into `entry` the first of the lowest by (time, priority) of a short
  // list; true when that was the last one, and `fifo` is no more.
  bool RemoveLowest(Fifo fifo, Entry& entry) {
    Chunk& c = chunks_[fifo.head];
    std::uint32_t lowest = c.begin;
    std::uint64_t time = c.entries[lowest].time;
    std::uint32_t priority = c.entries[lowest].priority();
    for (std::uint32_t i = lowest + 1; i < c.end; ++i) {
      const std::uint64_t t = c.entries[i].time;
      const std::uint32_t p = c.entries[i].priority();
      // Not `&&`: a branch here is mispredicted half of the time.
      const bool lower = (t < time) | ((t == time) & (p < priority));
      lowest = lower ? i : lowest;
      time = lower ? t : time;
      priority = lower ? p : priority;
    }
    entry = c.entries[lowest];
    for (std::uint32_t i = lowest; i > c.begin; --i) {
      c.entries[i] = c.entries[i - 1];
    }
    if (++c.begin < c.end) return false;
    FreeChunk(fifo.head);
    return true;
  }

  // Removes the first entry into `entry`; true when that was the last one, and
  // `fifo` is no more.
  bool RemoveFirst(Fifo& fifo, Entry& entry) {
    const std::uint32_t chunk = fifo.head;
    Chunk& c = chunks_[chunk];
    entry = c.entries[c.begin++];
    if (c.begin < c.end) return false;
    const std::uint32_t next = c.next;
    FreeChunk(chunk);
    fifo.head = next;
    return next == kNone;
  }

  // Hands every entry to `visit`, in order; `fifo` is no more. `visit` may add
  // to other lists.
  template <typename Visit>
  void Drain(Fifo fifo, Visit&& visit) {
    for (std::uint32_t chunk = fifo.head; chunk != kNone;) {
      for (std::uint32_t i = chunks_[chunk].begin; i < chunks_[chunk].end;
           ++i) {
        const Entry entry = chunks_[chunk].entries[i];
        visit(entry);
      }
      const std::uint32_t next = chunks_[chunk].next;
      FreeChunk(chunk);
      chunk = next;
    }
  }

 private:
  // 256 bytes a chunk. Of 64, 128, 192 and 256 bytes the two larger ones were
  // the fastest with a million events, and no slower with a thousand.
  static constexpr std::uint32_t kPerChunk = 15;
  static constexpr int kShort = 4;  // 1 .. 8 measure alike; 15 is slower.
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  struct Chunk {
    std::uint32_t next;  // In its list, or in the list of free chunks.
    std::uint16_t begin;
    std::uint16_t end;
    Entry entries[kPerChunk];
  };

  std::uint32_t TakeChunk() {
    if (ABSL_PREDICT_FALSE(free_ == kNone)) {
      Check(chunks_.size() < kNone, "too many chunks of queue entries");
      chunks_.emplace_back();
      return static_cast<std::uint32_t>(chunks_.size() - 1);
    }
    const std::uint32_t chunk = free_;
    free_ = chunks_[chunk].next;
    return chunk;
  }

  void FreeChunk(std::uint32_t chunk) {
    chunks_[chunk].next = free_;
    free_ = chunk;
  }

  std::vector<Chunk> chunks_;
  std::uint32_t free_ = kNone;
};

}  // namespace iovalab::sim

#endif  // IOVALAB_SIM_ENTRY_POOL_H_
