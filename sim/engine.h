#ifndef IOVALAB_SIM_ENGINE_H_
#define IOVALAB_SIM_ENGINE_H_

// RunEvents(): the event loop. Pops events and hands each to a handler until
// none is left, the bound is reached or the handler has seen enough.
//
// When not to use it: to look into the middle of a run; pop by hand then, the
// queue is a value.
//
// Invariants:
//  * the bound counts events, not time: a machine that schedules itself at one
//    instant for ever still ends;
//  * a run cut at a bound and continued is the same run: nothing is popped and
//    not handled.

#include <cstdint>

#include "sim/event_queue.h"

namespace iovalab::sim {

enum class RunEnd : std::uint8_t {
  kDrained,  // No event is pending.
  kBound,    // As many events as allowed were handled, and more are pending.
  kStopped,  // The handler said so.
};

// What a handler answers.
enum class Flow : std::uint8_t { kContinue, kStop };

struct RunResult {
  RunEnd end;
  std::uint64_t handled;
};

// Handler: Flow(const EventQueue<Payload>::Popped&). It may schedule, cancel
// and reschedule in `queue`. That it is a template parameter, and no
// std::function, lets its code be inlined into the loop.
template <typename Payload, typename Handler>
RunResult RunEvents(EventQueue<Payload>& queue, std::uint64_t bound,
                    Handler&& handler) {
  for (std::uint64_t handled = 0;;) {
    if (queue.empty()) return {RunEnd::kDrained, handled};
    if (handled == bound) return {RunEnd::kBound, handled};
    const auto popped = queue.Pop();
    ++handled;
    if (handler(popped) == Flow::kStop) return {RunEnd::kStopped, handled};
  }
}

}  // namespace iovalab::sim

#endif  // IOVALAB_SIM_ENGINE_H_
