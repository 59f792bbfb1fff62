#ifndef IOVALAB_MODEL_STORE_SINK_H_
#define IOVALAB_MODEL_STORE_SINK_H_

// Sink: the one thing that a component's step function acts through. It changes
// stores by deltas, records events, and joins equal deltas at a stride into
// one.
//
// Without a trace (conform, explorers) it only changes the stores.
//
// Invariants: store and trace change together; a delta that continues the last
// one of its store grows that one's record, until any other event closes it.

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "model/event/trace.h"
#include "model/store/delta.h"
#include "model/store/stores.h"

namespace iovalab {

class Sink {
 public:
  explicit Sink(Stores* stores, Trace* trace = nullptr)
      : stores_(stores), trace_(trace) {}

  const Stores& stores() const { return *stores_; }
  const IntervalTable& table(StoreId id) const { return stores_->Get(id); }
  Trace* trace() const { return trace_; }

  // An operation begins; changes that nobody took are forgotten. What its
  // events have in common: their time, and their cause, until another is set.
  // `cause` may be kNoEventIndex for a
  // step; other events then take their root from it.
  void Begin(int64_t time, EventIndex cause);
  int64_t time() const { return time_; }
  EventIndex cause() const { return cause_; }
  // Events that follow are effects of `cause`; returns the former cause.
  EventIndex SetCause(EventIndex cause);

  // Records an event of this kind. Returns its index, kNoEventIndex without a
  // trace.
  EventIndex Emit(Kind kind, Actor actor, Rule rule,
                  std::initializer_list<uint64_t> words);
  void SetWord(EventIndex event, size_t field, uint64_t value);
  void SetRule(EventIndex event, Rule rule) {
    if (trace_ != nullptr) trace_->SetRule(event, rule);
  }
  uint32_t Intern(absl::string_view name) {
    return trace_ ? trace_->Intern(name) : 0;
  }

  // Changes a store and records it.
  void Apply(const Delta& delta, Actor actor);
  void Add(StoreId store, const Entry& entry, Rule rule, Actor actor);
  void Del(StoreId store, const Entry& entry, Rule rule, Actor actor);
  void Set(StoreId store, const Entry& old, const Entry& now, Rule rule,
           Actor actor);

  // Closes the runs: the next delta of any store is an event of its own.
  void Flush();

  // Deltas applied since the last call, for those who check invariants; kept
  // only while watching.
  struct Change {
    Delta delta;
    EventIndex event;  // that records it
  };
  std::vector<Change> TakeChanges();
  void WatchChanges(bool on) { watch_ = on; }

 private:
  struct Pending {
    Delta run;
    Actor actor;
    EventIndex event;  // the trace's record of it, whose count grows
  };

  bool Extends(const Pending& pending, const Delta& delta) const;
  EventIndex Record(const Delta& delta, Actor actor);
  void Finish(const Delta& delta, EventIndex event);

  Stores* stores_;
  Trace* trace_;
  int64_t time_ = 0;
  EventIndex cause_ = kNoEventIndex;
  std::vector<Pending> pending_;
  std::vector<Change> changes_;
  bool watch_ = false;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_STORE_SINK_H_
