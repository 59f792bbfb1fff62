#ifndef IOVALAB_MODEL_EVENT_CHUNKED_H_
#define IOVALAB_MODEL_EVENT_CHUNKED_H_

// Chunked: a sequence of plain records that only grows, in chunks that do not
// move once they are full: a trace of a million events is not copied about
// while it grows, nor is twice its memory ever held.
//
// Not for: sequences from which anything is taken away.
//
// Invariants: a run appended at once lies in one chunk, so a span names it; the
// numbers of its items are consecutive, those of two runs need not be. A copy
// is a value copy with the same numbers. A moved-from sequence is empty.

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace iovalab {

template <typename T>
class Chunked {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  // Items that a run may have.
  static constexpr size_t kMaxRun = size_t{1} << 15;

  Chunked() = default;
  Chunked(Chunked&& from) noexcept { Swap(from); }
  Chunked(const Chunked& from) : Chunked() {
    chunks_.reserve(from.chunks_.size());
    for (const T* chunk : from.chunks_) {
      const bool last = chunk == from.chunks_.back();
      capacity_ = last ? from.capacity_ : kChunk;
      chunks_.push_back(Allocate(capacity_));
      Copy(chunk, last ? from.used_ : kChunk, chunks_.back());
    }
    used_ = from.used_;
    size_ = from.size_;
  }
  Chunked& operator=(Chunked from) noexcept {
    Swap(from);
    return *this;
  }
  ~Chunked() {
    for (T* chunk : chunks_) std::free(chunk);
  }

  const T& operator[](size_t i) const {
    return chunks_[i / kChunk][i % kChunk];
  }
  T& operator[](size_t i) { return chunks_[i / kChunk][i % kChunk]; }
  absl::Span<const T> Run(size_t first, size_t n) const {
    if (n == 0) return {};
    return {&(*this)[first], n};
  }

  // Appends a run of at most kMaxRun items; the number of its first.
  size_t Append(const T* items, size_t n) {
    const Room room = Grow(n);
    for (size_t i = 0; i < n; ++i) room.to[i] = items[i];
    return room.first;
  }

  // Appends a run whose items the caller writes to `to` at once, so that they
  // need not be put together elsewhere first. The number of the first.
  struct Room {
    T* to;
    size_t first;
  };
  Room Grow(size_t n) {
    if (chunks_.empty() || capacity_ - used_ < n) [[unlikely]]
      MakeRoom(n);
    const Room room{chunks_.back() + used_,
                    (chunks_.size() - 1) * kChunk + used_};
    used_ += n;
    size_ += n;
    return room;
  }

  // Items appended; without the numbers that no item has.
  size_t size() const { return size_; }

 private:
  static constexpr size_t kFirstChunk = size_t{1} << 10;
  static constexpr size_t kChunk = size_t{1} << 18;
  static constexpr size_t kHugePage = size_t{1} << 21;

  static T* Allocate(size_t items) {
    const size_t bytes = items * sizeof(T);
    void* p;
    if (items == kChunk && bytes % kHugePage == 0) {
      p = std::aligned_alloc(kHugePage, bytes);
      // Filling fresh memory by small pages takes longer than writing to it. It
      // is a hint: nothing depends on whether it is taken.
      if (p != nullptr) madvise(p, bytes, MADV_HUGEPAGE);
    } else {
      p = std::malloc(bytes);
    }
    if (p == nullptr) throw std::bad_alloc();
    return static_cast<T*>(p);
  }

  static void Copy(const T* from, size_t n, T* to) {
    if (n > 0) std::memcpy(static_cast<void*>(to), from, n * sizeof(T));
  }

  // For a run of n. A short sequence stays small: its one chunk grows by
  // copies.
  void MakeRoom(size_t n) {
    if (chunks_.size() == 1 && capacity_ < kChunk) {
      const size_t capacity = std::min(2 * std::max(capacity_, n), kChunk);
      T* larger = Allocate(capacity);
      Copy(chunks_.back(), used_, larger);
      std::free(chunks_.back());
      chunks_.back() = larger;
      capacity_ = capacity;
      if (capacity_ - used_ >= n) return;
    }
    chunks_.reserve(chunks_.size() + 1);
    const size_t capacity = chunks_.empty() ? std::max(kFirstChunk, n) : kChunk;
    chunks_.push_back(Allocate(capacity));
    capacity_ = capacity;
    used_ = 0;
  }

  void Swap(Chunked& other) noexcept {
    std::swap(chunks_, other.chunks_);
    std::swap(used_, other.used_);
    std::swap(capacity_, other.capacity_);
    std::swap(size_, other.size_);
  }

  std::vector<T*> chunks_;
  size_t used_ = 0;      // items of the last chunk
  size_t capacity_ = 0;  // of the last chunk
  size_t size_ = 0;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_EVENT_CHUNKED_H_
