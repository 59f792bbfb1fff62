// A steady run allocates nothing. A program of its own, as it replaces the
// global operator new.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "gtest/gtest.h"
#include "sim/event_queue.h"
#include "sim/hold.h"

namespace {

std::int64_t allocations = 0;

void* Allocate(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace iovalab::sim {
namespace {

TEST(EventQueueAllocationTest, SteadyRunAllocatesNothing) {
  Hold<EventQueue<HoldEvent>> hold(1000);
  hold.Run(100'000);
  const std::int64_t before = allocations;
  EXPECT_GT(before, 0) << "the counter does not count";
  hold.Run(1'000'000);
  EXPECT_EQ(allocations - before, 0);
}

TEST(EventQueueAllocationTest, TimersPushedBackForeverAllocateNothing) {
  EventQueue<int> queue;
  const Handle timer = queue.Schedule(Time{1'000'000}, 0, 1);
  queue.Schedule(Time{1}, 0, 2);
  const auto push_back = [&](int times) {
    for (int i = 0; i < times; ++i) {
      queue.Reschedule(timer, queue.now() + 1'000'000);
      queue.Schedule(queue.Pop().time + 10, 0, 2);
    }
  };
  push_back(10'000);
  const std::int64_t before = allocations;
  push_back(1'000'000);
  EXPECT_EQ(allocations - before, 0);
}

}  // namespace
}  // namespace iovalab::sim
