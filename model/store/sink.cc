#include "model/store/sink.h"

#include "sim/check.h"

namespace iovalab {
void Sink::Begin(int64_t time, EventIndex cause) {
  pending_.clear();
  changes_.clear();
  time_ = time;
  cause_ = cause;
}

EventIndex Sink::SetCause(EventIndex cause) {
  Flush();
  const EventIndex former = cause_;
  cause_ = cause;
  return former;
}

void Sink::Flush() { pending_.clear(); }

EventIndex Sink::Emit(Kind kind, Actor actor, Rule rule,
                      std::initializer_list<uint64_t> words) {
  Flush();
  if (trace_ == nullptr) return kNoEventIndex;
  return trace_->Append(time_, cause_, kind, actor, rule,
                        absl::MakeConstSpan(words.begin(), words.size()));
}

void Sink::SetWord(EventIndex event, size_t field, uint64_t value) {
  if (trace_ != nullptr) trace_->SetWord(event, field, value);
}

EventIndex Sink::Record(const Delta& d, Actor actor) {
  if (trace_ == nullptr) return kNoEventIndex;
  sim::Check(cause_ != kNoEventIndex, "a delta has a cause");
  return trace_->Append(time_, cause_, Kind::kDelta, actor, d.rule, ToWords(d));
}

bool Sink::Extends(const Pending& pending, const Delta& d) const {
  const Delta& run = pending.run;
  if (run.store != d.store || run.op != d.op || run.rule != d.rule ||
      run.entry.perm != d.entry.perm || run.entry.tag != d.entry.tag ||
      run.old_perm != d.old_perm || run.old_tag != d.old_tag ||
      run.entry.last - run.entry.first != d.entry.last - d.entry.first) {
    return false;
  }
  const uint64_t n = run.count;
  const uint64_t key_stride =
      n == 1 ? d.entry.first - run.entry.first : run.key_stride;
  const uint64_t target_stride =
      n == 1 ? d.entry.target - run.entry.target : run.target_stride;
  const uint64_t old_stride = d.op == DeltaOp::kSet ? target_stride : 0;
  return d.entry.first > run.entry.first + (n - 1) * key_stride &&
         d.entry.first == run.entry.first + n * key_stride &&
         d.entry.target == run.entry.target + n * target_stride &&
         d.old_target == run.old_target + n * old_stride;
}

void Sink::Apply(const Delta& delta, Actor actor) {
  sim::Check(delta.count == 1, "the sink joins runs itself");
  for (Pending& p : pending_) {
    if (p.run.store != delta.store) continue;
    // One run a store: were two actors' runs open at once, one that grows past
    // the other's changes would fold in another order than they happened.
    if (p.actor != actor || !Extends(p, delta)) {
      p = Pending{delta, actor, Record(delta, actor)};
    } else {
      if (p.run.count == 1) {
        p.run.key_stride = delta.entry.first - p.run.entry.first;
        p.run.target_stride = delta.entry.target - p.run.entry.target;
      }
      ++p.run.count;
      if (trace_ != nullptr) {
        trace_->SetWord(p.event, kDeltaCount, p.run.count);
        trace_->SetWord(p.event, kDeltaKeyStride, p.run.key_stride);
        trace_->SetWord(p.event, kDeltaTargetStride, p.run.target_stride);
      }
    }
    Finish(delta, p.event);
    return;
  }
  pending_.push_back(Pending{delta, actor, Record(delta, actor)});
  Finish(delta, pending_.back().event);
}

void Sink::Finish(const Delta& delta, EventIndex event) {
  stores_->Apply(delta, event);
  if (watch_) changes_.push_back({delta, event});
}

void Sink::Add(StoreId store, const Entry& entry, Rule rule, Actor actor) {
  Delta delta;
  delta.store = store;
  delta.op = DeltaOp::kAdd;
  delta.entry = entry;
  delta.rule = rule;
  Apply(delta, actor);
}

void Sink::Del(StoreId store, const Entry& entry, Rule rule, Actor actor) {
  Delta delta;
  delta.store = store;
  delta.op = DeltaOp::kDel;
  delta.entry = entry;
  delta.rule = rule;
  Apply(delta, actor);
}

void Sink::Set(StoreId store, const Entry& old, const Entry& now, Rule rule,
               Actor actor) {
  sim::Check(old.first == now.first && old.last == now.last,
             "set keeps the keys");
  Delta delta;
  delta.store = store;
  delta.op = DeltaOp::kSet;
  delta.entry = now;
  delta.old_target = old.target;
  delta.old_tag = old.tag;
  delta.old_perm = old.perm;
  delta.rule = rule;
  Apply(delta, actor);
}

std::vector<Sink::Change> Sink::TakeChanges() {
  std::vector<Change> taken;
  taken.swap(changes_);
  return taken;
}

}  // namespace iovalab
