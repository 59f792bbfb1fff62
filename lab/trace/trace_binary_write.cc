#include <algorithm>
#include <array>
#include <vector>

#include "lab/trace/checksum.h"
#include "lab/trace/trace_binary.h"
#include "lab/trace/trace_binary_format.h"
#include "lab/trace/wire.h"
#include "model/store/store_id.h"
#include "sim/check.h"

namespace iovalab {
namespace {

using namespace trace_binary;  // NOLINT: the field numbers

constexpr uint32_t kUnnumbered = UINT32_MAX;

// Gives small numbers in the order of first use.
class Numbering {
 public:
  explicit Numbering(size_t size) : number_(size, kUnnumbered) {}

  // True when `i` is new.
  bool Add(size_t i) {
    sim::Check(i < number_.size(), "a word of a trace names nothing");
    if (number_[i] != kUnnumbered) return false;
    number_[i] = static_cast<uint32_t>(order_.size());
    order_.push_back(i);
    return true;
  }
  uint32_t operator[](size_t i) const { return number_[i]; }
  const std::vector<size_t>& order() const { return order_; }

 private:
  std::vector<uint32_t> number_;
  std::vector<size_t> order_;
};

class Writer {
 public:
  explicit Writer(const Trace& trace)
      : trace_(trace),
        kinds_(static_cast<size_t>(Kind::kCount)),
        actors_(static_cast<size_t>(Actor::kCount)),
        rules_(static_cast<size_t>(Rule::kCount)),
        stores_(size_t{UINT16_MAX} + 1),
        names_(trace.names().size()) {}

  std::string Write();

 private:
  void NumberEverything();
  void AppendHeader();
  void AppendFooter();
  void CloseChunk();
  void AddEvent(EventIndex i);
  char* PutWords(EventIndex i, char* p);
  uint64_t Encode(FieldType type, EventIndex i, uint64_t word);

  // Appends the crc32 field of a part that begins at `begin`.
  void SealPart(size_t begin, uint32_t field);

  const Trace& trace_;
  Numbering kinds_, actors_, rules_, stores_, names_;
  std::string out_;
  std::string parts_;  // the crc32 of each part so far
  std::string chunk_names_, chunk_events_;
  uint64_t chunk_count_ = 0;
  uint64_t chunks_ = 0;
};

void Writer::NumberEverything() {
  for (EventIndex i = 0; i < trace_.size(); ++i) {
    const EventRecord& record = trace_.event(i);
    kinds_.Add(static_cast<size_t>(record.kind));
    if (record.kind != Kind::kStep) {
      actors_.Add(static_cast<size_t>(record.actor));
    }
    if (record.rule != Rule::kNone) {
      rules_.Add(static_cast<size_t>(record.rule));
    }
    const absl::Span<const FieldInfo> fields = GetKind(record.kind).fields;
    for (size_t f = 0; f < fields.size(); ++f) {
      const uint64_t word = trace_.word(i, f);
      if (fields[f].type == FieldType::kStore) stores_.Add(word);
      if (fields[f].type == FieldType::kRule && word != 0) rules_.Add(word);
    }
  }
}

void Writer::SealPart(size_t begin, uint32_t field) {
  const uint32_t crc = Crc32(absl::string_view(out_).substr(begin));
  wire::AppendFixed32(&out_, field, crc);
  wire::AppendRawFixed32(&parts_, crc);
}

void Writer::AppendHeader() {
  const Trace::Header& header = trace_.header;
  std::string body;
  wire::AppendField(&body, kSchemaVersion, kTraceSchema);
  wire::AppendBytes(&body, kTool, header.tool);
  wire::AppendBytes(&body, kScenarioName, header.scenario_name);
  wire::AppendBytes(&body, kScenario, header.scenario);
  wire::AppendField(&body, kSeed, header.seed);
  for (const auto& [axis, value] : header.policies) {
    std::string policy;
    wire::AppendBytes(&policy, kAxis, axis);
    wire::AppendBytes(&policy, kValue, value);
    wire::AppendBytes(&body, kPolicy, policy);
  }
  wire::AppendField(&body, kIncomplete, header.complete ? 0 : 1);
  for (const size_t kind : kinds_.order()) {
    wire::AppendBytes(&body, kKinds, GetKind(static_cast<Kind>(kind)).name);
  }
  for (const size_t actor : actors_.order()) {
    wire::AppendBytes(&body, kActors, ActorName(static_cast<Actor>(actor)));
  }
  for (const size_t rule : rules_.order()) {
    wire::AppendBytes(&body, kRules, GetRule(static_cast<Rule>(rule)).name);
  }
  for (const size_t store : stores_.order()) {
    const auto id = StoreId::Unpack(store);
    sim::Check(id.has_value(), "a word of a trace names no store");
    wire::AppendBytes(&body, kStores, id->Name());
  }
  body += header.unknown;

  wire::AppendPrefix(&out_, kHeader, body.size() + kCrcSize);
  const size_t begin = out_.size();
  out_ += body;
  SealPart(begin, kHeaderCrc);
}

uint64_t Writer::Encode(FieldType type, EventIndex i, uint64_t word) {
  switch (type) {
    case FieldType::kName:
      if (word == kNoName) return 0;
      if (names_.Add(word)) {
        wire::AppendBytes(&chunk_names_, kName, trace_.name(word));
      }
      return uint64_t{names_[word]} + 1;
    case FieldType::kEvent:
      if (word == kNoEvent) return 0;
      sim::Check(word < i, "a field names a later event");
      return i - word;
    case FieldType::kStore:
      return stores_[word];
    case FieldType::kRule:
      return word == 0 ? 0 : uint64_t{rules_[word]} + 1;
    case FieldType::kSigned:
    case FieldType::kErrno:
      return wire::ZigZag(static_cast<int64_t>(word));
    default:
      return word;
  }
}

char* Writer::PutWords(EventIndex i, char* p) {
  const absl::Span<const FieldInfo> fields =
      GetKind(trace_.event(i).kind).fields;
  const absl::Span<const uint64_t> words = trace_.words(i);
  size_t n = fields.size();
  while (n > 0 && fields[n - 1].optional &&
         words[n - 1] == fields[n - 1].absent) {
    --n;
  }
  for (size_t f = 0; f < n; ++f) {
    p = wire::PutVarint(p, Encode(fields[f].type, i, words[f]));
  }
  return p;
}

void Writer::AddEvent(EventIndex i) {
  constexpr size_t kMostFields = 32;
  const EventRecord& record = trace_.event(i);
  const bool step = record.kind == Kind::kStep;
  const bool caused = record.cause != kNoEventIndex;
  const int64_t since = caused ? trace_.event(record.cause).time : 0;
  sim::Check(GetKind(record.kind).fields.size() <= kMostFields,
             "a kind has more fields than the buffer has room for");

  char words[kMostFields * wire::kMaxVarint];
  const size_t words_size = PutWords(i, words) - words;
  char head[9 * 2 * wire::kMaxVarint];
  char* p = head;
  p = wire::PutField(p, kEventKind, kinds_[static_cast<size_t>(record.kind)]);
  if (!step) {
    p = wire::PutField(p, kEventActor,
                       actors_[static_cast<size_t>(record.actor)]);
  }
  p = wire::PutField(p, kEventCause, caused ? i - record.cause : 0);
  p = wire::PutField(p, kEventRoot, i - record.root);
  p = wire::PutField(p, kEventDelay,
                     static_cast<uint64_t>(record.time - since));
  if (record.rule != Rule::kNone) {
    p = wire::PutField(p, kEventRule,
                       rules_[static_cast<size_t>(record.rule)] + 1);
  }
  p = wire::PutTag(p, kEventWords, wire::Type::kBytes);
  p = wire::PutVarint(p, words_size);

  const absl::string_view unknown = trace_.unknown(i);
  wire::AppendPrefix(&chunk_events_, kEvent,
                     (p - head) + words_size + unknown.size());
  chunk_events_.append(head, p - head);
  chunk_events_.append(words, words_size);
  chunk_events_.append(unknown.data(), unknown.size());
  ++chunk_count_;
}

void Writer::CloseChunk() {
  if (chunk_count_ == 0) return;
  std::string count;
  wire::AppendField(&count, kCount, chunk_count_);
  wire::AppendPrefix(
      &out_, kChunk,
      chunk_names_.size() + chunk_events_.size() + count.size() + kCrcSize);
  const size_t begin = out_.size();
  out_ += chunk_names_;
  out_ += chunk_events_;
  out_ += count;
  SealPart(begin, kChunkCrc);
  chunk_names_.clear();
  chunk_events_.clear();
  chunk_count_ = 0;
  ++chunks_;
}

void Writer::AppendFooter() {
  std::string body;
  wire::AppendField(&body, kEvents, trace_.size());
  wire::AppendField(&body, kChunks, chunks_);
  wire::AppendFixed32(&body, kPartsCrc, Crc32(parts_));
  wire::AppendFixed32(&body, kFooterCrc, Crc32(body));
  wire::AppendBytes(&out_, kFooter, body);
}

std::string Writer::Write() {
  NumberEverything();
  out_ = std::string(kTraceMagic);
  out_.reserve(trace_.size() * 40 + 4096);
  AppendHeader();
  for (EventIndex i = 0; i < trace_.size(); ++i) {
    AddEvent(i);
    if (chunk_count_ == kChunkEvents ||
        chunk_names_.size() + chunk_events_.size() > kChunkBytes) {
      CloseChunk();
    }
  }
  CloseChunk();
  AppendFooter();
  return std::move(out_);
}

}  // namespace

std::string TraceToBinary(const Trace& trace) { return Writer(trace).Write(); }

}  // namespace iovalab
