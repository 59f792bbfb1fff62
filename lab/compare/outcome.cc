#include "lab/compare/outcome.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>

#include "lab/trace/trace_fields.h"

namespace iovalab {
namespace {

// Worst first.
constexpr AccessClass kBySeverity[] = {
    AccessClass::kSilentCorrupt, AccessClass::kStale,    AccessClass::kLostLog,
    AccessClass::kPlatformError, AccessClass::kLeak,     AccessClass::kAbsorbed,
    AccessClass::kSwReject,      AccessClass::kDmaFault,
};
static_assert(std::size(kBySeverity) + 1 ==
              static_cast<size_t>(AccessClass::kCount));

std::optional<uint64_t> Address(uint64_t word) {
  if (word == UINT64_MAX) return std::nullopt;
  return word;
}

// Places of the fields, looked up once for the many events of a long run.
struct DmaFields {
  size_t request = FieldIndex(Kind::kDma, "request");
  size_t access_class = FieldIndex(Kind::kDma, "class");
  size_t deserved = FieldIndex(Kind::kDma, "deserved");
  size_t iova = FieldIndex(Kind::kDma, "iova");
  size_t length = FieldIndex(Kind::kDma, "len");
  size_t gpa = FieldIndex(Kind::kDma, "gpa");
  size_t meant = FieldIndex(Kind::kDma, "meant");
  size_t hva = FieldIndex(Kind::kDma, "hva");
  size_t meant_hva = FieldIndex(Kind::kDma, "meant_hva");
};

AccessOutcome ReadDma(const Trace& trace, EventIndex i, const DmaFields& f) {
  const absl::Span<const uint64_t> words = trace.words(i);
  AccessOutcome access;
  access.event = i;
  access.step = trace.name(words[f.request]);
  access.access_class = static_cast<AccessClass>(words[f.access_class]);
  access.deserved = words[f.deserved] != 0;
  access.iova = words[f.iova];
  access.length = words[f.length];
  access.lands_gpa = Address(words[f.gpa]);
  access.meant_gpa = Address(words[f.meant]);
  access.lands_hva = words[f.hva];
  access.meant_hva = words[f.meant_hva];
  return access;
}

AccessOutcome ReadReject(const Trace& trace, EventIndex i) {
  const EventFields f(trace, i);
  AccessOutcome access;
  access.event = i;
  access.step = trace.name(f["request"]);
  access.access_class = static_cast<AccessClass>(f["class"]);
  access.deserved = f["deserved"] != 0;
  access.length = f["len"];
  access.meant_gpa = Address(f["gpa"]);
  if (!access.meant_gpa) access.meant_hva = f["hva"];
  return access;
}

MessageOutcome ReadMessage(const Trace& trace, EventIndex i) {
  const EventFields f(trace, i);
  MessageOutcome message;
  message.event = i;
  message.step = StepOf(trace, i);
  message.type = f["type"];
  message.iova = f["iova"];
  message.size = f["size"];
  message.err = static_cast<int64_t>(f["err"]);
  message.entries = f["entries"];
  return message;
}

ViolationOutcome ReadViolation(const Trace& trace, EventIndex i) {
  const EventFields f(trace, i);
  ViolationOutcome violation;
  violation.event = i;
  violation.step = StepOf(trace, i);
  violation.store = StoreId::Unpack(f["store"]).value_or(StoreId());
  violation.against = StoreId::Unpack(f["against"]).value_or(StoreId());
  violation.first = f["first"];
  violation.last = f["last"];
  violation.why = trace.name(f["why"]);
  return violation;
}

// FNV-1a over words: order matters, layout in memory does not.
class Digest {
 public:
  // All eight bytes, low first. Those above the highest that is not 0 only
  // multiply.
  void Add(uint64_t word) {
    int left = 8;
    for (; word != 0; word >>= 8, --left) AddByte(static_cast<uint8_t>(word));
    hash_ *= kPowers[left];
  }
  void Add(absl::string_view bytes) {
    for (const char c : bytes) AddByte(static_cast<uint8_t>(c));
    Add(bytes.size());
  }
  uint64_t value() const { return hash_; }

 private:
  static constexpr uint64_t kPrime = 0x100000001b3;
  static constexpr std::array<uint64_t, 9> kPowers = [] {
    std::array<uint64_t, 9> powers{1};
    for (size_t i = 1; i < powers.size(); ++i) {
      powers[i] = powers[i - 1] * kPrime;
    }
    return powers;
  }();

  void AddByte(uint8_t byte) { hash_ = (hash_ ^ byte) * kPrime; }
  uint64_t hash_ = 0xcbf29ce484222325;
};

uint64_t DigestOf(const Trace& trace) {
  Digest digest;
  for (EventIndex i = 0; i < trace.size(); ++i) {
    const EventRecord& e = trace.event(i);
    digest.Add(static_cast<uint64_t>(e.time));
    digest.Add(e.cause);
    digest.Add(static_cast<uint64_t>(e.kind) << 32 |
               static_cast<uint64_t>(e.rule) << 8 |
               static_cast<uint64_t>(e.actor));
    for (const uint64_t word : trace.words(i)) digest.Add(word);
  }
  for (const std::string& name : trace.names()) digest.Add(name);
  return digest.value();
}

RuleCounts CountRules(const Trace& trace) {
  std::array<bool, static_cast<size_t>(Rule::kCount)> used{};
  for (EventIndex i = 0; i < trace.size(); ++i) {
    used[static_cast<size_t>(trace.event(i).rule)] = true;
  }
  RuleCounts counts;
  for (size_t r = 0; r < used.size(); ++r) {
    if (!used[r]) continue;
    switch (GetRule(static_cast<Rule>(r)).evidence) {
      case Evidence::kRecorded:
        ++counts.recorded;
        break;
      case Evidence::kSource:
        ++counts.source;
        break;
      case Evidence::kDerived:
        ++counts.derived;
        break;
      case Evidence::kNone:
        break;
    }
  }
  return counts;
}

}  // namespace

Outcome ReadOutcome(const RunResult& result) {
  const Trace& trace = result.trace;
  Outcome outcome;
  outcome.verdict = result.verdict;
  outcome.ended = result.ended;
  outcome.counts = result.counts;
  outcome.deserved = result.deserved;
  const DmaFields dma_fields;
  for (EventIndex i = 0; i < trace.size(); ++i) {
    switch (trace.event(i).kind) {
      case Kind::kDma:
        outcome.accesses.push_back(ReadDma(trace, i, dma_fields));
        break;
      case Kind::kReject:
        outcome.accesses.push_back(ReadReject(trace, i));
        break;
      case Kind::kVdpaMsg:
        outcome.messages.push_back(ReadMessage(trace, i));
        break;
      case Kind::kViolation:
        if (!outcome.first_violation) {
          outcome.first_violation = ReadViolation(trace, i);
        }
        break;
      case Kind::kLeak:
        ++outcome.leaks;
        break;
      default:
        break;
    }
  }
  outcome.rules = CountRules(trace);
  outcome.digest = DigestOf(trace);
  return outcome;
}

int Severity(AccessClass access_class) {
  const auto* const at =
      std::find(std::begin(kBySeverity), std::end(kBySeverity), access_class);
  return static_cast<int>(std::end(kBySeverity) - at);
}

Worst WorstOf(const Outcome& outcome) {
  for (const AccessClass worst : kBySeverity) {
    if (outcome.counts[static_cast<size_t>(worst)] == 0) continue;
    for (const AccessOutcome& access : outcome.accesses) {
      if (access.access_class == worst && !access.deserved) {
        return {worst, access.event, access.step};
      }
    }
    return {worst, kNoEventIndex, "the end"};  // a leak
  }
  return {};
}

}  // namespace iovalab
