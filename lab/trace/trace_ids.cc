#include "lab/trace/trace_ids.h"

#include "lab/trace/trace_token.h"

namespace iovalab {

void EventIds::Extend() {
  for (auto i = static_cast<EventIndex>(numbers_.size()); i < trace_->size();
       ++i) {
    const EventRecord& record = trace_->event(i);
    if (record.kind == Kind::kStep) {
      numbers_.push_back(static_cast<uint32_t>(counts_.size()));
      counts_.push_back({});
    } else {
      Counts& counts = counts_[numbers_[record.root]];
      numbers_.push_back(++counts[static_cast<size_t>(record.actor)]);
    }
  }
}

void EventIds::Append(EventIndex i, std::string* out) const {
  const EventRecord& record = trace_->event(i);
  AppendLabel(out, trace_->name(trace_->word(record.root, kStepLabel)));
  if (record.kind == Kind::kStep) return;
  const absl::string_view actor = ActorName(record.actor);
  out->push_back('/');
  out->append(actor.data(), actor.size());
  out->push_back('.');
  AppendDecimal(out, numbers_[i]);
}

std::string EventIds::Id(EventIndex i) const {
  std::string id;
  Append(i, &id);
  return id;
}

uint32_t EventIds::NextNumber(EventIndex root, Actor actor) const {
  return counts_[numbers_[root]][static_cast<size_t>(actor)] + 1;
}

void EventFinder::Extend() {
  for (; known_ < trace_->size(); ++known_) {
    const EventRecord& record = trace_->event(known_);
    if (record.kind == Kind::kStep) {
      steps_.try_emplace(trace_->name(trace_->word(known_, kStepLabel)),
                         known_);
    } else {
      events_.emplace(MakeKey(record.root, record.actor, ids_->Number(known_)),
                      known_);
    }
  }
}

std::optional<EventIndex> EventFinder::FindStep(absl::string_view label) const {
  const auto at = steps_.find(label);
  if (at == steps_.end()) return std::nullopt;
  return at->second;
}

std::optional<EventIndex> EventFinder::Find(absl::string_view id) const {
  const std::optional<EventIndex> found = ConsumeId(&id);
  return id.empty() ? found : std::nullopt;
}

std::optional<EventIndex> EventFinder::ConsumeId(absl::string_view* in) const {
  absl::string_view rest = *in;
  std::string label;
  if (!ConsumeLabel(&rest, &label)) return std::nullopt;
  const std::optional<EventIndex> step = FindStep(label);
  if (!step) return std::nullopt;
  if (!Consume(&rest, "/")) {
    *in = rest;
    return step;
  }
  const size_t dot = rest.find('.');
  if (dot == absl::string_view::npos) return std::nullopt;
  const std::optional<Actor> actor = ActorByName(rest.substr(0, dot));
  rest.remove_prefix(dot + 1);
  uint64_t number = 0;
  if (!actor || !ConsumeDecimal(&rest, &number) || number > UINT32_MAX) {
    return std::nullopt;
  }
  const auto at = events_.find(MakeKey(*step, *actor, number));
  if (at == events_.end()) return std::nullopt;
  *in = rest;
  return at->second;
}

}  // namespace iovalab
