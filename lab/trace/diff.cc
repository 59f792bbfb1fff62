#include "lab/trace/diff.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lab/trace/diff_align.h"
#include "lab/trace/diff_side.h"
#include "lab/trace/trace_columns.h"
#include "lab/trace/trace_text.h"
#include "lab/trace/trace_token.h"

namespace iovalab {
namespace {

class Differ {
 public:
  Differ(const Trace& a, const Trace& b, const DiffOptions& options)
      : ignored_(options),
        a_(&a, ignored_),
        b_(&b, ignored_),
        to_b_(a.size(), kNoEventIndex),
        to_a_(b.size(), kNoEventIndex),
        moved_(a.size(), false) {}

  DiffResult Run();

 private:
  void CompareHeaders();
  void MatchSteps();
  void MatchWithin(absl::Span<const EventIndex> in_a,
                   absl::Span<const EventIndex> in_b);
  void MatchLeft(absl::Span<const EventIndex> in_a,
                 absl::Span<const EventIndex> in_b, bool by_key);
  void MarkMoved();
  void Report();
  void ReportOne(ChangeKind kind, EventIndex a, EventIndex b, std::string text);

  void Match(EventIndex a, EventIndex b) {
    to_b_[a] = b;
    to_a_[b] = a;
  }
  // What is different between matched events: "" or "FIELD: WAS -> IS; ...".
  std::string Differences(EventIndex a, EventIndex b) const;
  bool SameReference(uint64_t a, uint64_t b) const;
  bool SameWord(FieldType type, uint64_t a, uint64_t b) const;

  const DiffIgnored ignored_;
  const DiffSide a_, b_;
  std::vector<EventIndex> to_b_, to_a_;  // matched events
  std::vector<bool> moved_;              // of matched events, by a
  DiffResult result_;
};

// Events that are alike though not equal: of one actor and kind, and about the
// same store or name.
uint64_t LooseKey(const DiffSide& side, EventIndex i) {
  const EventRecord& record = side.trace.event(i);
  uint64_t about = 0;
  switch (GetKind(record.kind).fields[0].type) {
    case FieldType::kStore:
      about = side.trace.word(i, 0);
      break;
    case FieldType::kName:
      about = side.NameKey(side.trace.word(i, 0));
      break;
    default:
      break;
  }
  return about << 16 | static_cast<uint64_t>(record.kind) << 8 |
         static_cast<uint64_t>(record.actor);
}

std::string Body(const DiffSide& side, EventIndex i) {
  std::string body;
  AppendEventBody(side.trace, side.ids, i, &body);
  return body;
}

std::string IdOrNone(const DiffSide& side, EventIndex i) {
  return i == kNoEventIndex ? "-" : side.ids.Id(i);
}

std::string WordText(const DiffSide& side, EventIndex i, size_t field) {
  const FieldInfo& info = GetKind(side.trace.event(i).kind).fields[field];
  std::string text;
  AppendWord(side.trace, side.ids, info.type, info.values,
             side.trace.word(i, field), &text);
  return text;
}

bool Differ::SameReference(uint64_t a, uint64_t b) const {
  if (a >= to_b_.size() || b >= to_a_.size()) {
    return a >= to_b_.size() && b >= to_a_.size();
  }
  return to_b_[a] == b;
}

bool Differ::SameWord(FieldType type, uint64_t a, uint64_t b) const {
  if (type == FieldType::kEvent) return SameReference(a, b);
  if (type != FieldType::kName) return a == b;
  if (a == kNoName || b == kNoName) return a == b;
  return a_.trace.name(a) == b_.trace.name(b);
}

std::string Differ::Differences(EventIndex a, EventIndex b) const {
  const EventRecord& x = a_.trace.event(a);
  const EventRecord& y = b_.trace.event(b);
  std::vector<std::string> parts;
  const auto add = [&parts](absl::string_view field, absl::string_view was,
                            absl::string_view is) {
    parts.push_back(absl::StrCat(field, ": ", was, " -> ", is));
  };
  if (!ignored_.cause && !SameReference(x.cause, y.cause)) {
    add("cause", IdOrNone(a_, x.cause), IdOrNone(b_, y.cause));
  }
  if (!ignored_.time && a_.Delay(a) != b_.Delay(b)) {
    add("time", absl::StrCat("+", a_.Delay(a), "ns"),
        absl::StrCat("+", b_.Delay(b), "ns"));
  }
  const absl::Span<const FieldInfo> fields = GetKind(x.kind).fields;
  for (size_t f = 0; f < fields.size(); ++f) {
    if (ignored_.Field(x.kind, f)) continue;
    if (SameWord(fields[f].type, a_.trace.word(a, f), b_.trace.word(b, f))) {
      continue;
    }
    add(fields[f].name, WordText(a_, a, f), WordText(b_, b, f));
  }
  if (!ignored_.rule && x.rule != y.rule) {
    add("rule", GetRule(x.rule).name, GetRule(y.rule).name);
  }
  if (a_.trace.unknown(a) != b_.trace.unknown(b)) {
    parts.push_back("fields that this version does not know differ");
  }
  return absl::StrJoin(parts, "; ");
}

void Differ::CompareHeaders() {
  const Trace::Header& a = a_.trace.header;
  const Trace::Header& b = b_.trace.header;
  const auto compare = [this](bool ignored, absl::string_view field,
                              std::string was, std::string is) {
    if (ignored || was == is) return;
    result_.header.push_back(
        {std::string(field), std::move(was), std::move(is)});
  };
  const auto plain = [](absl::string_view name) {
    std::string text;
    AppendName(&text, name);
    return text;
  };
  compare(ignored_.scenario, "scenario", plain(a.scenario_name),
          plain(b.scenario_name));
  if (!ignored_.scenario && a.scenario_name == b.scenario_name &&
      a.scenario != b.scenario) {
    result_.header.push_back({"scenario", "its text", "another text"});
  }
  compare(ignored_.seed, "seed", absl::StrCat(a.seed), absl::StrCat(b.seed));
  std::map<std::string, std::pair<std::string, std::string>> policies;
  for (const auto& [axis, value] : a.policies) {
    policies[plain(axis)].first = plain(value);
  }
  for (const auto& [axis, value] : b.policies) {
    policies[plain(axis)].second = plain(value);
  }
  for (const auto& [axis, values] : policies) {
    compare(ignored_.policy, absl::StrCat("policy ", axis), values.first,
            values.second);
  }
  compare(ignored_.complete, "complete", a.complete ? "yes" : "no",
          b.complete ? "yes" : "no");
}

void Differ::MatchSteps() {
  for (const EventIndex step : a_.steps) {
    const EventIndex other = b_.StepOf(a_.LabelOf(step));
    if (other == kNoEventIndex) continue;
    Match(step, other);
    MatchWithin(a_.EventsOf(step), b_.EventsOf(other));
  }
}

void Differ::MatchWithin(absl::Span<const EventIndex> in_a,
                         absl::Span<const EventIndex> in_b) {
  const auto keys = [](const DiffSide& side,
                       absl::Span<const EventIndex> events) {
    std::vector<uint64_t> keys;
    keys.reserve(events.size());
    for (const EventIndex i : events) keys.push_back(side.keys[i]);
    return keys;
  };
  const Alignment pairs = AlignKeys(keys(a_, in_a), keys(b_, in_b));
  for (const auto& [i, j] : pairs) Match(in_a[i], in_b[j]);
  if (pairs.size() == in_a.size() || pairs.size() == in_b.size()) return;
  MatchLeft(in_a, in_b, true);
  MatchLeft(in_a, in_b, false);
}

// Pairs what the alignment left over, first with first: what is equal has
// moved, what is alike has changed.
void Differ::MatchLeft(absl::Span<const EventIndex> in_a,
                       absl::Span<const EventIndex> in_b, bool by_key) {
  const auto key = [by_key](const DiffSide& side, EventIndex i) {
    return by_key ? side.keys[i] : LooseKey(side, i);
  };
  absl::flat_hash_map<uint64_t, std::vector<EventIndex>> left;
  for (size_t j = in_b.size(); j-- > 0;) {
    if (to_a_[in_b[j]] == kNoEventIndex) {
      left[key(b_, in_b[j])].push_back(in_b[j]);
    }
  }
  for (const EventIndex i : in_a) {
    if (to_b_[i] != kNoEventIndex) continue;
    const auto at = left.find(key(a_, i));
    if (at == left.end() || at->second.empty()) continue;
    Match(i, at->second.back());
    at->second.pop_back();
  }
}

// Matched events that stand in another order: as few as can be.
void Differ::MarkMoved() {
  std::vector<EventIndex> events;
  std::vector<uint32_t> places;
  bool ordered = true;
  for (EventIndex i = 0; i < to_b_.size(); ++i) {
    if (to_b_[i] == kNoEventIndex) continue;
    ordered &= places.empty() || places.back() < to_b_[i];
    events.push_back(i);
    places.push_back(to_b_[i]);
  }
  if (ordered) return;
  for (const EventIndex i : events) moved_[i] = true;
  for (const uint32_t n : LongestIncreasing(places)) moved_[events[n]] = false;
}

void Differ::ReportOne(ChangeKind kind, EventIndex a, EventIndex b,
                       std::string text) {
  Change change;
  change.kind = kind;
  change.a = a;
  change.b = b;
  if (a != kNoEventIndex) change.a_id = a_.ids.Id(a);
  if (b != kNoEventIndex) change.b_id = b_.ids.Id(b);
  change.text = std::move(text);
  result_.changes.push_back(std::move(change));
}

void Differ::Report() {
  EventIndex next = 0;  // events of b before it are reported
  const auto report_added = [&](EventIndex until) {
    for (; next < until; ++next) {
      if (to_a_[next] != kNoEventIndex) continue;
      ReportOne(ChangeKind::kAdded, kNoEventIndex, next, Body(b_, next));
    }
  };
  for (EventIndex i = 0; i < to_b_.size(); ++i) {
    const EventIndex j = to_b_[i];
    if (j == kNoEventIndex) {
      ReportOne(ChangeKind::kRemoved, i, j, Body(a_, i));
      continue;
    }
    if (!moved_[i]) report_added(j);
    std::string differences = Differences(i, j);
    if (moved_[i]) {
      const std::string to =
          j == 0 ? "now first" : absl::StrCat("now after ", b_.ids.Id(j - 1));
      ReportOne(ChangeKind::kMoved, i, j,
                differences.empty() ? to : absl::StrCat(to, "; ", differences));
    } else if (!differences.empty()) {
      ReportOne(ChangeKind::kChanged, i, j, std::move(differences));
    }
  }
  report_added(static_cast<EventIndex>(to_a_.size()));
}

DiffResult Differ::Run() {
  result_.events_a = a_.trace.size();
  result_.events_b = b_.trace.size();
  CompareHeaders();
  MatchSteps();
  MarkMoved();
  Report();
  result_.same = result_.header.empty() && result_.changes.empty();
  return std::move(result_);
}

}  // namespace

DiffResult DiffTraces(const Trace& a, const Trace& b,
                      const DiffOptions& options) {
  return Differ(a, b, options).Run();
}

}  // namespace iovalab
